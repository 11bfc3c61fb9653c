"""A demo that began with a shorter past gets all of it."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from demo.conftest import DDL
from factories import Hound
from houndmon.commands.demo import fill_in_earlier
from houndmon.demo.history import load_earlier, load_history

NOW = datetime(2026, 11, 24, 18, 3, 17, tzinfo=UTC)
SHORT, SPAN = timedelta(days=2), timedelta(days=10)
EVENTS = {
    "play_attempts": "occurred_at",
    "upload_attempts": "occurred_at",
    "api_requests": "occurred_at",
    "worker_heartbeats": "beat_at",
}
INDEXES = "select indexdef from pg_indexes where schemaname = 'hound' order by indexname"
ACTIVE = """
select job_id from hound.transcode_jobs where status in ('queued', 'scheduled', 'in_progress', 'retrying') order by 1
"""


@pytest.fixture
async def short(hound: asyncpg.Connection) -> asyncpg.Connection:
    """Give a connection to a Hound of two days, as an older demo left it."""
    await load_history(hound, seed=7, now=NOW, progress=False, scale=0.2, span=SHORT)
    return hound


async def extend(conn: asyncpg.Connection) -> datetime | None:
    return await load_earlier(conn, seed=7, now=NOW, progress=False, scale=0.2, span=SPAN)


async def rows_after(conn: asyncpg.Connection, at: datetime) -> dict[str, int]:
    """How many events each relation has after a time."""
    return {
        name: await conn.fetchval(f"select count(*) from hound.{name} where {column} > $1", at)
        for name, column in EVENTS.items()
    }


async def listed(conn: asyncpg.Connection, query: str) -> list[str]:
    return [row[0] for row in await conn.fetch(query)]


async def longest_gap(conn: asyncpg.Connection, relation: str) -> timedelta:
    """The longest stretch of the span without an event of prod."""
    gap: timedelta = await conn.fetchval(
        f"""
        select max(at - before) from (
            select at, lag(at) over (order by at) as before from (
                select {EVENTS[relation]} as at from hound.{relation} where environment = 'prod'
                union all select unnest(array[$1, $2]::timestamptz[])
            ) as events
        ) as steps
        """,
        NOW - SPAN,
        NOW,
    )
    return gap


@pytest.mark.long
async def test_it_fills_in_what_is_missing_of_the_past(short: asyncpg.Connection) -> None:
    """There is no hole where the past was joined, nothing is written twice, and no old job is left undone."""
    joined_at = min(
        [await short.fetchval(f"select min({column}) from hound.{name}") for name, column in EVENTS.items()]
    )
    before = await rows_after(short, joined_at)
    active, indexed = await listed(short, ACTIVE), await listed(short, INDEXES)
    assert await extend(short) == joined_at
    assert await rows_after(short, joined_at) == before
    assert await listed(short, INDEXES) == indexed
    for relation in EVENTS:
        assert await longest_gap(short, relation) < timedelta(hours=3), relation
    assert await listed(short, ACTIVE) == active
    late = "select count(*) from hound.tracks where live_at > $1 or live_at < greatest(uploaded_at, publish_at)"
    assert await short.fetchval(late, NOW) == 0


@pytest.mark.long
async def test_it_fills_in_once(short: asyncpg.Connection) -> None:
    """What has all of its past stays as it is, also a while later."""
    await extend(short)
    whole = await rows_after(short, NOW - SPAN)
    assert await extend(short) is None
    assert await load_earlier(short, seed=7, now=NOW + timedelta(days=1), progress=False, span=SPAN) is None
    assert await rows_after(short, datetime.min.replace(tzinfo=UTC)) == whole


@pytest.mark.long
async def test_it_is_whole_after_a_kill_while_it_fills(short: asyncpg.Connection, database: str) -> None:
    """A session that is killed amid the filling has written nothing; the next start writes all of it, once."""
    before, indexed = await rows_after(short, NOW - SPAN), await listed(short, INDEXES)
    victim = await asyncpg.connect(database)
    filling = asyncio.create_task(extend(victim))
    killed = None
    while not (filling.done() or killed):
        killed = await short.fetchval(
            "select pg_terminate_backend(pid) from pg_stat_progress_copy"
            " where datname = current_database() and tuples_processed > 1000"
        )
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await filling
    assert killed
    assert await rows_after(short, NOW - SPAN) == before
    assert await listed(short, INDEXES) == indexed
    await extend(short)
    again = await rows_after(short, NOW - SPAN)
    await short.execute("truncate hound.releases, hound.tracks, hound.play_attempts, hound.upload_attempts")
    await short.execute("truncate hound.transcode_jobs, hound.api_requests, hound.worker_heartbeats")
    await load_history(short, seed=7, now=NOW, progress=False, scale=0.2, span=SHORT)
    await extend(short)
    assert again == await rows_after(short, NOW - SPAN)


async def test_it_lets_the_counts_begin_anew(conn: asyncpg.Connection) -> None:
    """What was counted before the past was filled in is counted again; where nothing was missing it stays."""
    await conn.execute(DDL.read_text())
    hound = await Hound.on_clock(conn)
    await hound.play(occurred_at="-500h")
    await conn.execute(
        "insert into houndmon.counts_coverage (series, fingerprint, covered_from, covered_to)"
        " values ('plays', 'any', now() - interval '15 d', now())"
    )
    now = await conn.fetchval("select now()")
    covered = "select count(*) from houndmon.counts_coverage"
    await fill_in_earlier(conn, 7, now + timedelta(days=2), progress=False)
    assert await conn.fetchval(covered) == 1
    await fill_in_earlier(conn, 7, now, progress=False)
    assert await conn.fetchval(covered) == 0
