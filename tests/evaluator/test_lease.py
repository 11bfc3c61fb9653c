import asyncio
import os
import random
import signal
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from deadlines import HANG_SECONDS
from houndmon.core import lease as leases
from houndmon.core.lease import LEASE_SECONDS, LeaseLost
from houndmon.evaluator.loop import LONGEST_TICK_SECONDS, TickResult
from houndmon.rulebook.detection import TICK_SECONDS

CHANGES = 100


async def leader(watch):
    """Who holds the lease, and the term."""
    row = await watch.conn.fetchrow("select holder, term from houndmon.leases")
    return row["holder"], row["term"]


async def until(pool, query):
    """Return once a query about this database's sessions is true."""
    async with asyncio.timeout(HANG_SECONDS), pool.acquire() as conn:
        while not await conn.fetchval(query):
            await asyncio.sleep(0.005)


WAITS = "select count(*) > 0 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


def test_it_is_taken_over_in_time():
    """A leader that dies is followed within 20 s; one that lives never loses its lease to a tick that is long."""
    assert LEASE_SECONDS + TICK_SECONDS < 20
    assert LONGEST_TICK_SECONDS < LEASE_SECONDS


async def test_it_lets_one_evaluate_at_a_time(watch):
    """Of two evaluators one ticks, and the other does nothing; the term stays while the holder does."""
    one, other = watch.evaluator, watch.another()
    for _ in range(3):
        assert await one.tick()
        assert await other.tick() is None
    assert await leader(watch) == (one.lease.holder, 1)
    assert other.lease.term is None


async def test_it_is_one_even_when_many_start_at_once(watch):
    """Eight evaluators that start in the same moment are one leader and seven that wait."""
    many = [watch.another() for _ in range(8)]
    done = await asyncio.gather(*(one.tick() for one in many))
    assert sum(one is not None for one in done) == 1
    assert await watch.conn.fetchval("select count(*) from houndmon.ticks") == 1


async def test_it_is_taken_over_once_it_expires(watch):
    """After the lease ran out another takes it, with a higher term; the first one waits, even with its old term."""
    one, other = watch.evaluator, watch.another()
    await one.tick()
    await watch.expire()
    assert await other.tick()
    assert await leader(watch) == (other.lease.holder, 2)
    assert await one.tick() is None
    await watch.expire()
    assert await one.tick()
    assert await leader(watch) == (one.lease.holder, 3)


async def test_it_raises_the_term_of_a_holder_that_came_late(watch):
    """A holder that renews after its lease ran out has a new term: what it began under the old one is void."""
    await watch.tick()
    await watch.expire()
    await watch.tick()
    assert (await leader(watch))[1] == 2


@pytest.mark.parametrize("seconds", [-86_400, -1, 1, LEASE_SECONDS - 1, LEASE_SECONDS + 30, 3600, 366 * 86_400])
async def test_it_is_valid_for_no_longer_than_its_length(watch, seconds):
    """A lease that a clock gave while it was ahead is over: another takes it at once, and it is no hold to write by."""
    mine, other, conn = watch.evaluator.lease, watch.another().lease, watch.conn
    moved = "update houndmon.leases set expires_at = clock_timestamp() + make_interval(secs => $1)"
    is_valid = 0 < seconds <= LEASE_SECONDS
    assert await mine.acquire(conn)
    await conn.execute(moved, seconds)
    if is_valid:
        assert await mine.check(conn)
    else:
        with pytest.raises(LeaseLost):
            await mine.check(conn)
    assert await other.acquire(conn) is not is_valid
    assert await leader(watch) == ((mine.holder, 1) if is_valid else (other.holder, 2))


async def test_it_goes_on_under_a_new_term_once_the_clock_went_back(watch):
    """One that is alone ticks on after the clock went back by an hour, at once, and says so once."""
    await watch.tick()
    await watch.conn.execute("update houndmon.leases set expires_at = expires_at + interval '1 hour'")
    with capture_logs() as said:
        await watch.tick()
        await watch.tick()
    assert [(one["task"], one["term"]) for one in said if one["event"] == "clock_went_back"] == [("evaluator", 2)]
    assert await leader(watch) == (watch.evaluator.lease.holder, 2)


async def test_it_forgets_ticks_of_a_clock_that_was_ahead(watch):
    """Ticks that lie ahead are dropped with those that are a day old; what was just written stays."""
    await watch.tick()
    await watch.conn.execute("update houndmon.ticks set finished_at = finished_at + interval '1 hour'")
    watch.evaluator = watch.another()
    await watch.expire()
    await watch.tick()
    assert [row["term"] for row in await watch.rows("select term from houndmon.ticks")] == [2]


async def test_it_gives_the_lease_up_as_it_leaves(watch):
    """An evaluator that is stopped in good order lets another take over at once."""
    running = asyncio.create_task(watch.evaluator.run())
    await until(watch.pool, "select count(*) > 0 from houndmon.ticks")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await watch.another().tick()


async def overtaken(watch, old, new):
    """Let `new` take the lease over while `old` is in the middle of a tick; what `old` came to."""
    async with watch.pool.acquire() as holder, holder.transaction():
        await holder.execute("lock table hound.tracks in access exclusive mode")  # the tick reads, and waits here
        ticking = asyncio.create_task(old.tick())
        await until(watch.pool, WAITS)
        await watch.expire()
        new.lease.term = await taken(watch, new)
    return (await asyncio.gather(ticking, return_exceptions=True))[0]


async def taken(watch, evaluator):
    """Take the lease for an evaluator; its term."""
    async with watch.pool.acquire() as conn:
        assert await evaluator.lease.acquire(conn)
    return evaluator.lease.term


async def written(watch):
    """Everything that evaluators write."""
    tables = ("alerts", "rule_states", "transitions", "incidents", "outbox", "ticks")
    return {table: await watch.rows(f"select * from houndmon.{table} order by 1, 2, 3") for table in tables}


async def test_it_writes_nothing_once_another_took_over(watch):
    """A tick whose lease was taken over in its middle writes nothing at all."""
    await watch.fire()
    await watch.unstuck()
    before = await written(watch)
    assert isinstance(await overtaken(watch, watch.evaluator, watch.another()), LeaseLost)
    assert await written(watch) == before


async def test_it_would_catch_a_lease_without_a_term(watch, monkeypatch):
    """A tick that does not look at its lease before it writes fails the test above: that can fail."""

    async def trusting(self, conn):
        return await conn.fetchval("select clock_timestamp()")

    monkeypatch.setattr(leases.Lease, "check", trusting)
    with pytest.raises(AssertionError):
        await test_it_writes_nothing_once_another_took_over(watch)


async def test_it_holds_the_lease_until_its_tick_is_written(watch):
    """Nobody can take the lease over between a tick's last look at it and its commit."""
    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=60)
    other = watch.another()
    async with watch.pool.acquire() as holder, holder.transaction():
        await holder.execute("lock table houndmon.outbox in access exclusive mode")  # the tick writes, and waits here
        ticking = asyncio.create_task(watch.evaluator.tick())
        await until(watch.pool, WAITS)
        expiring = asyncio.create_task(watch.expire())
        await until(watch.pool, WAITS.replace("> 0", "> 1"))
        assert not expiring.done()
    assert await ticking
    await expiring
    assert await other.tick()
    assert [row["term"] for row in await watch.rows("select term from houndmon.ticks order by id")] == [1, 1, 2]


async def test_it_changes_hands_a_hundred_times(watch):
    """Over 100 forced changes there is one open alert a key, no write by an old term, and nothing is told twice."""
    rng = random.Random(3)
    crew = [watch.another() for _ in range(3)]
    await watch.stuck()
    for _ in range(CHANGES):
        await watch.expire()
        await watch.later(seconds=20)
        done = await asyncio.gather(*(one.tick() for one in rng.sample(crew, 2)), return_exceptions=True)
        assert all(one is None or isinstance(one, LeaseLost | TickResult) for one in done)
        assert all(one.judged for one in done if isinstance(one, TickResult))
    terms = [row["term"] for row in await watch.rows("select term from houndmon.ticks order by id")]
    assert terms == sorted(terms)
    assert len(set(terms)) >= CHANGES * 0.9
    alert = await watch.alert("queue_age")
    assert (await watch.timeline(alert["id"])).count("fired") == 1
    assert [kind for kind, _ in await watch.told("queue_age")] == ["fired", "overdue"]


CHILD = """
import asyncio, sys
from houndmon.config.defaults import DEFAULTS
from houndmon.evaluator.loop import Evaluator
from houndmon.core.connections import open_pool
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase

async def main():
    pool = await open_pool(sys.argv[1], size=8)
    evaluator = Evaluator(Source(pool, "hound", "UTC", 30), StateDatabase(pool, "UTC", 30), lambda: DEFAULTS, "any")
    try:
        print("ticked", await evaluator.tick())
    except Exception as error:
        print(type(error).__name__)

asyncio.run(main())
"""


async def test_it_writes_nothing_after_it_slept_past_its_lease(watch, database):
    """A process stopped in the middle of a tick past its lease, and continued, writes nothing: it lost the lease."""
    async with watch.pool.acquire() as holder, holder.transaction():
        await holder.execute("lock table hound.tracks in access exclusive mode")
        path = os.pathsep.join([str(Path(leases.__file__).parents[2]), *sys.path])
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CHILD, database),
            stdout=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": path},
        )
        try:
            await until(watch.pool, WAITS)
            child.send_signal(signal.SIGSTOP)
            await watch.expire()
            await taken(watch, watch.evaluator)
        finally:
            child.send_signal(signal.SIGCONT)
    said, _ = await asyncio.wait_for(child.communicate(), HANG_SECONDS)
    assert said.strip() == b"LeaseLost"
    assert await watch.conn.fetchval("select count(*) from houndmon.ticks") == 0
    assert await watch.tick()
