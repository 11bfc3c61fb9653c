"""The rows that the bench makes."""

import itertools

import pytest

from bench.console import NAMES, console
from bench.database import connection
from bench.events import insert_batch
from bench.raw import differences, raw
from bench.world import Stage, artists_of
from factories import NOW
from houndmon.core.filters import RANGES, Filters

PLAYS = 20_000
INDEXED = """
select indexname from pg_indexes where schemaname = 'hound' and indexname not like '%pkey' order by 1
"""


@pytest.fixture
async def conn(world):
    async with connection(world) as conn:
        yield conn


@pytest.mark.parametrize(
    ("relation", "rows"),
    [
        ("play_attempts", 20_000),
        ("upload_attempts", 142 + 1285),
        ("transcode_jobs", 133 + 1200),
        ("tracks", 133 + 1200),
        ("api_requests", 100 + 900),
        ("worker_heartbeats", 80 + 720),
        ("releases", 400),
    ],
)
async def test_it_makes_the_rows_that_it_promises(conn, relation, rows) -> None:
    """Both stages together hold every row that belongs to so many plays."""
    assert await conn.fetchval(f"select count(*) from hound.{relation}") == rows


async def test_it_makes_every_kind_of_play(conn) -> None:
    """Both environments, ten clients, eight error codes; 1.5 % of the plays fail, within what chance allows."""
    row = await conn.fetchrow(
        "select count(distinct environment) as environments, count(distinct (platform, browser)) as clients,"
        " count(distinct error_code) as codes, count(*) filter (where outcome = 'failed') as failed,"
        " bool_and((outcome = 'failed') = (error_code is not null)) as matched from hound.play_attempts"
    )
    assert (row["environments"], row["clients"], row["codes"], row["matched"]) == (2, 10, 8, True)
    assert 200 < row["failed"] < 400


async def test_it_spreads_the_plays_over_a_week(conn) -> None:
    """Every day of seven has its plays, and none lies in the future."""
    row = await conn.fetchrow(
        "select count(distinct date_bin('1 day', occurred_at, (select min(occurred_at) from hound.play_attempts))),"
        " max(occurred_at) <= clock_timestamp(), max(occurred_at) - min(occurred_at) <= interval '7 days'"
        " from hound.play_attempts"
    )
    assert tuple(row) == (7, True, True)


async def test_it_makes_jobs_that_can_have_been(conn) -> None:
    """Times come in their order, as far as they have come; whatever has ended says so."""
    wrong = await conn.fetchval(
        "select count(*) from hound.transcode_jobs where not coalesce(queued_at <= claimed_at, true)"
        " or not coalesce(claimed_at <= started_at, true) or not coalesce(started_at <= finished_at, true)"
        " or (finished_at is not null) <> (status in ('failed', 'completed'))"
        " or (error_code is not null) <> (status = 'failed')"
    )
    assert wrong == 0


async def test_it_makes_every_index_anew(conn, database) -> None:
    """After the load the relations have the indexes that Hound's own definition gives them."""
    async with connection(database) as fresh:
        expected = [row[0] for row in await fresh.fetch(INDEXED)]
    assert len(expected) > 10
    assert [row[0] for row in await conn.fetch(INDEXED)] == expected


@pytest.mark.parametrize("range", RANGES)
@pytest.mark.parametrize("name", NAMES)
async def test_it_compares_like_with_like(world, name, range) -> None:
    """The raw SQL counts what the panel counts, in every range."""
    async with console(world) as read, read.source.snapshot() as snapshot:
        panel = await read.specs[name].load(snapshot, Filters(range=range), read.config())
        found = await raw(snapshot.conn, name, "prod", panel.window.start, snapshot.clock.soon)
        assert differences(panel, found) == {}


async def test_it_sees_a_difference(world) -> None:
    """Raw rows of another window are told apart from the panel's, figure by figure."""
    async with console(world) as read, read.source.snapshot() as snapshot:
        panel = await read.specs["playback"].load(snapshot, Filters(range="7d"), read.config())
        found = await raw(snapshot.conn, "playback", "prod", snapshot.clock.since("24h"), snapshot.clock.soon)
        said, counted = differences(panel, found)["attempts"]
        assert said > counted > 0


async def test_it_lets_events_come_in(world, conn) -> None:
    """A batch holds as many events as it is asked for, of every relation, and the panels count them at once."""
    transaction = conn.transaction()
    await transaction.start()
    before = await conn.fetchval("select count(*) from hound.play_attempts")
    now = await conn.fetchval("select clock_timestamp()")
    done = await insert_batch(conn, now, now, 100, artists_of(PLAYS))
    assert done == 100
    assert await conn.fetchval("select count(*) from hound.play_attempts") == before + 80
    assert await conn.fetchval("select count(*) from hound.transcode_jobs where finished_at = $1", now) == 5
    await transaction.rollback()


def test_it_cuts_the_rows_into_slices_without_a_gap() -> None:
    """The slices of a statement follow one another from the first row to the last."""
    stage = Stage(1, 1_234_567, 100, NOW)
    for name, rows in stage.rows.items():
        own = [(first, last) for named, first, last in stage.slices() if named == name]
        assert own[0][0] == 1
        assert own[-1][1] == rows
        assert all(left[1] + 1 == right[0] for left, right in itertools.pairwise(own))
