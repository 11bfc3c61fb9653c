"""The Hounds that browser tests watch: one that is well, and one that is broken in several places."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from alerting import NOTES, new_alert
from evaluator.conftest import Watch
from factories import LEASE_KEPT, Hound
from houndmon.alerts.model import Closing
from houndmon.alerts.store import acknowledge_alert, close_alert
from houndmon.core.connections import close_pool, open_pool
from houndmon.demo.history import load_history

# Nothing comes any more, and nothing is missed: a week after the history's beginning is hours after its end.
HISTORY = timedelta(days=6, hours=20)
# Beats that never end: a worker that lives is a row each 15 s up to now, whatever the time.
BEATING = """
alter table hound.worker_heartbeats rename to beats;
create table hound.last_beats as select distinct on (worker_id) * from hound.beats order by worker_id, beat_at desc;
create view hound.worker_heartbeats as
select * from hound.beats
union all
select last.worker_id, last.environment, at, last.process_started_at
from hound.last_beats as last,
    generate_series(last.beat_at + interval '15 seconds', now(), interval '15 seconds') as at
"""
SETTLED = """
update hound.transcode_jobs set status = 'completed', worker_id = coalesce(worker_id, 'worker-1'), error_code = null,
    claimed_at = coalesce(claimed_at, queued_at), started_at = coalesce(started_at, claimed_at, queued_at),
    finished_at = greatest(queued_at, claimed_at, started_at) + interval '1 second', available_at = null
where status in ('queued', 'scheduled', 'in_progress', 'retrying');
update hound.tracks set state = 'live', live_at = uploaded_at + interval '40 seconds'
where state in ('uploaded', 'processing', 'ready') and publish_at is null
"""
HELD = f"""
{LEASE_KEPT}
insert into houndmon.ticks (term, started_at, duration_ms, judged, unknown) values (7, clock_timestamp(), 10, 20, 0)
"""


async def calm(conn: asyncpg.Connection) -> None:
    """Nearly a week of a small Hound where nothing is wrong, now or hours later; its workers beat on."""
    now = await conn.fetchval("select clock_timestamp()")
    await load_history(conn, seed=1, now=now, span=HISTORY, scale=0.1, progress=False)
    await conn.execute(SETTLED)
    await conn.execute(BEATING)


async def broken(dsn: str) -> None:
    """A calm Hound breaks: iOS Safari fails, jobs wait and fail, the gateway answers 5xx; one alert is over."""
    async with watching(dsn) as watch:
        hound, conn = watch.hound, watch.conn
        await watch.tick()
        await hound.job("queued", 3, queued_at="-25m", artist_id="artist-1")
        await hound.job("failed", 40, finished_at="-3m", error_message="ffmpeg exited with 1: moov atom not found")
        fails = {"outcome": "failed", "platform": "ios", "browser": "safari", "error_code": "MEDIA_ERR_DECODE"}
        await hound.play(120, occurred_at="-3m", **fails, error_message="The stream could not be decoded.")
        await hound.play(60, occurred_at="-4m")
        await hound.requests(occurred_at="-3m", status_code=503, requests=4000)
        for _ in range(3):
            await watch.tick()
            await watch.later(minutes=2)
        firing = [row["id"] for row in await watch.alerts() if row["state"] == "firing"]
        await acknowledge_alert(conn, firing[0], "I look at the queue.", "operator")
        await over(conn)


async def over(conn: asyncpg.Connection) -> None:
    """Two alerts of other days: one that has recovered, one that was closed."""
    await new_alert(conn, "worker_heartbeat_missing", minutes=90, state="recovered")
    closed = await new_alert(conn, "traffic_absent", minutes=900, state="recovered", owner_role="platform on-call")
    await close_alert(conn, closed, Closing(**NOTES), "operator")


@asynccontextmanager
async def watching(dsn: str) -> AsyncIterator[Watch]:
    """An evaluator that ticks when it is told to."""
    conn, pool = await asyncpg.connect(dsn), await open_pool(dsn, size=8)
    watch = Watch(pool, await Hound.on_clock(conn))
    try:
        yield watch
        await watch.expire()
    finally:
        await asyncio.shield(close_pool(pool))
        await conn.close()
