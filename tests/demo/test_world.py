import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from math import sqrt

import asyncpg
import pytest

from deadlines import HANG_SECONDS
from demo.conftest import BUSIEST, HOURS, QUIETEST, drive
from houndmon.demo.history import load_history
from houndmon.demo.incidents import INCIDENTS
from houndmon.demo.relations import hide, unhide
from houndmon.demo.schedule import Announcement, Schedule
from houndmon.demo.world import World, run_world

pytestmark = pytest.mark.long


def wilson_low(bad: float | None, total: float | None) -> float:
    """Return the lower end of the 95 % interval of bad / total, 0 where there is nothing."""
    if not bad or not total or bad < 3:
        return 0.0
    z, share = 1.959963984540054, bad / total
    middle = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return (middle - spread) / (1 + z * z / total)


async def settle_in(conn: asyncpg.Connection, start: datetime, first: str | None = None, seed: int = 7) -> World:
    """Load some hours of history and return a world that goes on from there, at most with one incident."""
    await load_history(conn, seed=seed, now=start, progress=False, span=timedelta(hours=3))
    world = World(Schedule(seed=seed, started_at=start, calm=True, first=first), seed=seed)
    await world.resume(conn, start)
    return world


async def playback_failure_ratio(conn: asyncpg.Connection, now: datetime) -> bool:
    row = await conn.fetchrow(
        "select count(*) filter (where outcome = 'failed') as bad, count(*) as total "
        "from hound.play_attempts where environment = 'prod' and outcome in ('started', 'failed') "
        "and occurred_at >= date_trunc('minute', $1::timestamptz - interval '15 min')",
        now,
    )
    return bool(row["total"] >= 50) and wilson_low(row["bad"], row["total"]) > 0.03


async def worker_heartbeat_missing(conn: asyncpg.Connection, now: datetime) -> bool:
    query = "select max(beat_at) from hound.worker_heartbeats where environment = 'prod'"
    return bool(now - await conn.fetchval(query) > timedelta(seconds=120))


async def api_5xx_spike(conn: asyncpg.Connection, now: datetime) -> bool:
    query = (
        "select sum(requests) filter (where status_code >= 500)::float8 as bad, "
        "sum(requests)::float8 as total from hound.api_requests "
        "where environment = 'prod' and service = 'gateway' and occurred_at > $1 and occurred_at <= $2"
    )
    recent = await conn.fetchrow(query, now - timedelta(minutes=6), now)
    before = await conn.fetchrow(query, now - timedelta(hours=24), now - timedelta(minutes=6))
    low, share = wilson_low(recent["bad"], recent["total"]), (recent["bad"] or 0) / recent["total"]
    baseline = (before["bad"] or 0) / before["total"]
    return bool(recent["total"] >= 100 and low > 0.02 and share > 3 * baseline)


async def queue_age(conn: asyncpg.Connection, now: datetime) -> bool:
    query = "select min(queued_at) from hound.transcode_jobs where environment = 'prod' and status = 'queued'"
    oldest = await conn.fetchval(query)
    return oldest is not None and now - oldest > timedelta(minutes=15)


async def queue_stalled(conn: asyncpg.Connection, now: datetime) -> bool:
    query = "select max(finished_at) from hound.transcode_jobs where environment = 'prod'"
    # The window begins at a whole minute.
    idle = now - await conn.fetchval(query) > timedelta(minutes=16)
    return idle and await queue_age(conn, now)


async def queue_failure_ratio(conn: asyncpg.Connection, now: datetime) -> bool:
    row = await conn.fetchrow(
        "select count(*) filter (where status = 'failed') as bad, count(*) as total "
        "from hound.transcode_jobs where environment = 'prod' and status in ('failed', 'completed') "
        "and finished_at >= date_trunc('minute', $1::timestamptz - interval '1 h')",
        now,
    )
    return bool(row["total"] >= 20) and wilson_low(row["bad"], row["total"]) > 0.05


async def rejections(conn: asyncpg.Connection, now: datetime) -> bool:
    row = await conn.fetchrow(
        "select count(*) filter (where outcome = 'rejected') as bad, count(*) as total, "
        "mode() within group (order by rejection_reason) as reason from hound.upload_attempts "
        "where environment = 'prod' and occurred_at >= $1::timestamptz - interval '1 h'",
        now,
    )
    return wilson_low(row["bad"], row["total"]) > 0.15 and row["reason"] == "unsupported_codec"


async def playback_abandoned(conn: asyncpg.Connection, now: datetime) -> bool:
    row = await conn.fetchrow(
        "select count(*) filter (where outcome = 'aborted') as bad, count(*) as total "
        "from hound.play_attempts where environment = 'prod' and outcome in ('started', 'failed', 'aborted') "
        "and occurred_at >= date_trunc('minute', $1::timestamptz - interval '15 min')",
        now,
    )
    return bool(row["total"] >= 50) and wilson_low(row["bad"], row["total"]) > 0.25


async def late_plays(conn: asyncpg.Connection, now: datetime) -> bool:
    # Rows lie in a table as they came: behind the newest play there are some that are hours old.
    query = (
        "select count(*) from hound.play_attempts where environment = 'prod' and occurred_at < $1 "
        "and ctid > (select ctid from hound.play_attempts where occurred_at < $2 order by occurred_at desc limit 1)"
    )
    return bool(await conn.fetchval(query, now - timedelta(minutes=16), now - timedelta(minutes=15)))


async def api_4xx_spike(conn: asyncpg.Connection, now: datetime) -> bool:
    row = await conn.fetchrow(
        "select sum(requests) filter (where status_code / 100 = 4)::float8 as bad, sum(requests)::float8 as total "
        "from hound.api_requests where environment = 'prod' and service = 'gateway' "
        "and occurred_at >= date_trunc('minute', $1::timestamptz - interval '5 min')",
        now,
    )
    # The baseline is a fiftieth, of which three times is less than a tenth.
    return bool(row["total"] >= 100 and row["bad"] / row["total"] > 0.1)


async def source_unreadable(conn: asyncpg.Connection, now: datetime) -> bool:
    return await conn.fetchval("select to_regclass('hound.api_requests')") is None


Condition = Callable[[asyncpg.Connection, datetime], Awaitable[bool]]

# Seconds from an incident's begin by which its rule's condition must hold at the latest.
CONDITIONS: dict[str, tuple[Condition, int]] = {
    "ios-safari-decode": (playback_failure_ratio, 40),
    "listeners-leave": (playback_abandoned, 50),
    "plays-late": (late_plays, 5),
    "workers-die": (worker_heartbeat_missing, 135),
    "gateway-5xx": (api_5xx_spike, 40),
    "sessions-lost": (api_4xx_spike, 40),
    "relation-hidden": (source_unreadable, 2),
    "queue-stalls": (queue_age, 2),
    "uploads-rejected": (rejections, 35),
    "transcode-failures": (queue_failure_ratio, 50),
    "queue-dead": (queue_stalled, 1140),
}


@HOURS
@pytest.mark.parametrize("name", INCIDENTS)
async def test_it_moves_the_figure_that_an_incident_is_about(
    hound: asyncpg.Connection, name: str, start: datetime
) -> None:
    """Before the incident no rule's condition holds; during it its own does, soon enough to be seen."""
    condition, within = CONDITIONS[name]
    world = await settle_in(hound, start, first=name)
    for other, _ in CONDITIONS.values():
        assert not await other(hound, start), other.__name__
    now = await drive(hound, world, within, step=5.0 if within > 300 else 1.0)
    assert await condition(hound, now)
    assert world.schedule.current(now) is not None


@HOURS
@pytest.mark.parametrize("name", ["workers-die", "relation-hidden", "queue-stalls", "queue-dead"])
async def test_it_heals(hound: asyncpg.Connection, name: str, start: datetime) -> None:
    """Some minutes after the incident the workers beat, and what had piled up is done."""
    condition, _ = CONDITIONS[name]
    until_done = 900 if name == "queue-dead" else 240
    world = await settle_in(hound, start, first=name)
    now = await drive(hound, world, INCIDENTS[name].seconds + until_done, step=5.0)
    assert not await condition(hound, now)
    assert not await queue_age(hound, now)
    if name == "workers-die":
        query = "select distinct worker_id from hound.worker_heartbeats where process_started_at >= $1"
        rows = await hound.fetch(query, start + timedelta(seconds=INCIDENTS[name].seconds))
        assert len(rows) == 3


async def test_it_brings_back_what_a_demo_that_ended_had_hidden(hound: asyncpg.Connection) -> None:
    """A relation that was renamed away when the demo was killed is there again, with its rows."""
    await load_history(hound, seed=7, now=QUIETEST, progress=False, span=timedelta(minutes=20))
    rows = await hound.fetchval("select count(*) from hound.api_requests")
    async with hound.transaction():
        await hide(hound, "api_requests")
    assert await source_unreadable(hound, QUIETEST)
    await unhide(hound)
    assert await hound.fetchval("select count(*) from hound.api_requests") == rows > 0
    await unhide(hound)


async def test_it_announces_the_beginning_and_the_end(hound: asyncpg.Connection) -> None:
    """An incident is told twice: as begun and as healed."""
    world = await settle_in(hound, QUIETEST, first="uploads-rejected")
    told: list[Announcement] = []
    while world.ticked_at < QUIETEST + timedelta(seconds=90):
        told += await world.tick(hound, world.ticked_at + timedelta(seconds=5))
    assert [(one.name, one.phase) for one in told] == [
        ("uploads-rejected", "began"),
        ("uploads-rejected", "healed"),
    ]


async def test_it_joins_history_without_a_step(hound: asyncpg.Connection) -> None:
    """Ten calm minutes have about as much of everything as the ten before, and no condition holds."""
    world = await settle_in(hound, BUSIEST)
    now = await drive(hound, world, 600, step=2.0)
    for relation, value in (("play_attempts", "1"), ("upload_attempts", "1"), ("api_requests", "requests")):
        query = f"select sum({value})::float8 from hound.{relation} where occurred_at > $1 and occurred_at <= $2"
        before = await hound.fetchval(query, BUSIEST - timedelta(minutes=10), BUSIEST)
        after = await hound.fetchval(query, BUSIEST, now)
        assert abs(after - before) < 5 * sqrt(before + after), relation
    for condition, _ in CONDITIONS.values():
        assert not await condition(hound, now), condition.__name__


async def test_it_takes_every_upload_to_the_listeners(hound: asyncpg.Connection) -> None:
    """After an hour of calm the uploads of its first half are live, through jobs that make sense."""
    world = await settle_in(hound, BUSIEST)
    now = await drive(hound, world, 3600, step=5.0)
    wrong = "finished_at < started_at or started_at < claimed_at or claimed_at < queued_at or finished_at > $1"
    assert await hound.fetchval(f"select count(*) from hound.transcode_jobs where {wrong}", now) == 0
    rows = await hound.fetch(
        "select state, count(*) from hound.tracks "
        "where uploaded_at between $1 and $1::timestamptz + interval '30 min' and publish_at is null group by state",
        BUSIEST,
    )
    states = dict(rows)
    assert states["live"] / sum(states.values()) > 0.9
    assert not {"uploaded", "processing"} & set(states)


async def test_it_goes_on_where_it_was_stopped(hound: asyncpg.Connection) -> None:
    """A new world takes up the jobs and processes that the old one left."""
    world = await settle_in(hound, BUSIEST)
    stopped_at = await drive(hound, world, 120)
    left = await hound.fetch(
        "select job_id from hound.transcode_jobs where status in ('queued', 'scheduled', 'in_progress', 'retrying')"
    )
    assert left
    heir = World(Schedule(seed=8, started_at=stopped_at, calm=True), seed=8)
    await heir.resume(hound, stopped_at)
    await drive(hound, heir, 1200, step=5.0)
    ids = [row["job_id"] for row in left]
    done = "select count(*) from hound.transcode_jobs where job_id = any($1) and finished_at is not null"
    assert await hound.fetchval(done, ids) == len(ids)
    started = "select count(*) from hound.worker_heartbeats where process_started_at = $1"
    assert await hound.fetchval(started, stopped_at) == 0


async def test_it_survives_the_loss_of_its_connection(hound: asyncpg.Connection, database: str) -> None:
    """After its session is killed the world connects again and goes on beating, whoever listens."""
    now = await hound.fetchval("select now()")
    await load_history(hound, seed=7, now=now, progress=False, span=timedelta(minutes=5))
    told = asyncio.Event()

    async def announce(announcement: Announcement) -> None:
        told.set()
        raise RuntimeError("whoever listens may fail")

    world = asyncio.create_task(
        run_world(database, seed=7, speed=1.0, calm=True, incident="workers-die", announce=announce)
    )
    try:
        await asyncio.wait_for(told.wait(), HANG_SECONDS)
        before = await hound.fetchval("select count(*) from hound.worker_heartbeats")
        killed = await hound.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert killed == 1
        async with asyncio.timeout(HANG_SECONDS):
            while await hound.fetchval("select count(*) from hound.worker_heartbeats") == before:
                await asyncio.sleep(0.1)
        assert not world.done()
    finally:
        world.cancel()
        await asyncio.gather(world, return_exceptions=True)
