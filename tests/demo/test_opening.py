from datetime import datetime, timedelta

import asyncpg
import pytest

from demo.conftest import HOURS, QUIETEST, WEEK, drive
from houndmon.demo.fleet import LOST
from houndmon.demo.history import has_gap_to_fill, load_history
from houndmon.demo.schedule import Schedule
from houndmon.demo.world import World

pytestmark = pytest.mark.long


async def staging_silent(conn: asyncpg.Connection, now: datetime) -> bool:
    query = (
        "select count(*) from hound.play_attempts where environment = 'staging' "
        "and occurred_at >= date_trunc('minute', $1::timestamptz - interval '30 min') and occurred_at <= $2"
    )
    week = timedelta(days=7)
    last, before = await conn.fetchval(query, now, now), await conn.fetchval(query, now - week, now - week)
    return bool(last == 0 and before >= 20)


async def staging_stalled(conn: asyncpg.Connection, now: datetime) -> bool:
    finished = "select max(finished_at) from hound.transcode_jobs where environment = 'staging'"
    queued = "select min(queued_at) from hound.transcode_jobs where environment = 'staging' and status = 'queued'"
    oldest = await conn.fetchval(queued)
    if oldest is None:
        return False
    newest = await conn.fetchval(finished)
    return bool(now - newest > timedelta(minutes=16) and now - oldest > timedelta(minutes=15))


@HOURS
async def test_it_finds_staging_still_and_heals_it(hound: asyncpg.Connection, start: datetime) -> None:
    """A newcomer sees within three minutes that nobody has played in staging for half an hour, and its heal."""
    await load_history(hound, seed=7, now=start, progress=False, scale=0.1, span=WEEK, opening=True)
    world = World(Schedule(seed=7, started_at=start, first="uploads-rejected", opening=True), seed=7)
    await world.resume(hound, start)
    assert {one.environment for one in world.schedule.on(start)} == {"prod", "staging"}
    assert not await staging_silent(hound, start)
    now = await drive(hound, world, 60, step=5.0)
    assert await staging_stalled(hound, now)
    now = await drive(hound, world, 120, step=5.0)
    assert await staging_silent(hound, now)
    now = await drive(hound, world, 480, step=5.0)
    assert not await staging_silent(hound, now)
    assert not await staging_stalled(hound, now)


async def test_it_leaves_jobs_stuck_and_retrying_in_staging(hound: asyncpg.Connection) -> None:
    """In the opening a dead worker holds jobs, and others retry for more than an hour; once healed all of them end."""
    await load_history(hound, seed=7, now=QUIETEST, progress=False, span=timedelta(hours=3), opening=True)
    jobs = "from hound.transcode_jobs where environment = 'staging' and status ="
    world = World(Schedule(seed=7, started_at=QUIETEST, first="uploads-rejected", opening=True), seed=7)
    await world.resume(hound, QUIETEST)
    for opening, seconds in ((True, 5), (True, 400), (False, 900)):
        await world.resume(hound, world.ticked_at)  # as after a connection that was lost
        now = await drive(hound, world, seconds, step=5.0)
        beat_at = "select max(beat_at) from hound.worker_heartbeats where worker_id = $1"
        assert (now - await hound.fetchval(beat_at, LOST) > timedelta(minutes=60)) is opening
        stuck = await hound.fetchval(f"select count(*) {jobs} 'in_progress' and worker_id = $1", LOST)
        retrying = await hound.fetchrow(f"select min(queued_at) as at, max(attempt) as attempt {jobs} 'retrying'")
        if opening:
            assert stuck >= 3
            assert now - retrying["at"] > timedelta(minutes=60)
            assert retrying["attempt"] > 6
            finished = f"select count(*) {jobs} any('{{completed,failed}}') and finished_at > $1"
            assert await hound.fetchval(finished, now - timedelta(minutes=61)) == 0
    active = "status = any('{queued,in_progress,retrying}') and queued_at < $1"
    assert await hound.fetchval(f"select count(*) from hound.transcode_jobs where {active}", QUIETEST) == 0


async def test_it_stands_still_over_the_seconds_before_it_lives(hound: asyncpg.Connection) -> None:
    """What is filled in between history and the living Hound adds no beat or job of the dead worker."""
    await load_history(hound, seed=7, now=QUIETEST, progress=False, span=timedelta(hours=3), opening=True)
    counted = (
        "select count(*) from hound.worker_heartbeats where worker_id = $1",
        "select count(*) from hound.transcode_jobs where worker_id = $1 and status = 'in_progress'",
    )
    before = [await hound.fetchval(query, LOST) for query in counted]
    await load_history(hound, seed=7, now=QUIETEST + timedelta(seconds=40), progress=False, opening=True)
    assert [await hound.fetchval(query, LOST) for query in counted] == before
    beats = "select count(*) from hound.worker_heartbeats where beat_at > $1"
    assert await hound.fetchval(beats, QUIETEST) > 0


async def test_it_has_no_room_for_an_opening_in_a_short_gap(hound: asyncpg.Connection) -> None:
    """Staging has stood still for an hour only where that hour is still to be written."""
    assert await has_gap_to_fill(hound, QUIETEST)
    await load_history(hound, seed=7, now=QUIETEST, progress=False, span=timedelta(minutes=20))
    assert not await has_gap_to_fill(hound, QUIETEST + timedelta(minutes=20))
    assert await has_gap_to_fill(hound, QUIETEST + timedelta(minutes=90))
