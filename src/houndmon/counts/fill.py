"""Fills the counts from the source: the last minutes each tick, the past once, and all of it again now and then."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import structlog

from houndmon.counts.blocks import MINUTE, Reach, floor, minutes
from houndmon.counts.checks import Checks
from houndmon.counts.pace import Pace
from houndmon.counts.series import Cells, Series, gathered
from houndmon.counts.store import SQL, Counted, forget, put_coverage, read_coverage, record_counts, runs_of
from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import ENVIRONMENTS, Environment, Filters
from houndmon.kit.lease import Lease
from houndmon.kit.source import Snapshot, Source, plain

STATEMENT_SECONDS = 2.0  # no statement on the source takes longer
HELD_BACK = timedelta(seconds=30)  # rows need a moment to be committed; until then the live tail has them
LATE = timedelta(minutes=15)  # rows that arrive this late are right after the next tick
KEPT = timedelta(days=9)  # what the longest comparison needs: the last 24 h, a week before
NEAR = timedelta(minutes=10)
MOST_UNSETTLED, MOST_IN_TURN = 100, 100
TRUSTED_SECONDS = 3.0  # a reader may trust for so long what it knows to be covered
PAST_SECONDS = 0.3  # of each tick, for the past of one series

log = structlog.get_logger()


class Follower:
    """Keeps the counts of one series up to date; the lease is the caller's."""

    def __init__(self, source: Source, state: Source, series: Series, identity: str, lease: Lease) -> None:
        self.source, self.state, self.series, self.lease = source, state, series, lease
        self.fingerprint = f"{series.fingerprint}:{identity}"
        self.pace = Pace()
        self._checks: Checks | None = None
        self._turn: dict[Environment, datetime] = {}
        self._forgotten_at: float | None = None

    async def follow(self) -> bool:
        """Count what came last, what may have changed, then some of the past; whether some of that is left.

        Raises SourceUnreadable, LeaseLost.
        """
        async with self.state.borrowed() as conn:
            coverage = await read_coverage(conn, self.series, self.fingerprint)
        if coverage is None and not await self._forget():
            return True
        reach, now = await self.count_last(coverage.reach if coverage else None)
        deadline = time.monotonic() + PAST_SECONDS
        await self.count_unsettled(reach, deadline)
        goal = floor(now - KEPT, self.series.grains[-1])
        while reach.start > goal:
            reach = await self.extend(reach, goal)
            if time.monotonic() > deadline:
                return True
        await self.prune(reach, goal)
        await self.check_again(reach, now, deadline)
        return False

    async def count_last(self, known: Reach | None) -> tuple[Reach, datetime]:
        """Count the last minutes, those that rows may still come late for; what is covered then, and the time."""
        async with self.source.snapshot(STATEMENT_SECONDS) as snapshot:
            now = snapshot.clock.now
            end = floor(now - HELD_BACK, MINUTE)
            known = known or Reach(end - LATE, end - LATE)
            if known.end > end:  # the source's clock went back, or a replica lags
                return known, now
            start = max(known.start, min(known.end, end - LATE))
            # After a long absence as much as one statement may take; the rest in the next ticks.
            stop = min(end, start + max(LATE, floor_span(self.pace.span)) + LATE)
            counted = await self.count(snapshot, Reach(start, stop))
        reach = Reach(known.start, stop)
        fresh = Reach(known.end, stop) if known.end < stop else None
        async with self._writing() as conn:
            await record_counts(conn, self.series, counted, Reach(start, stop), reach, fresh)
            await put_coverage(conn, self.series, self.fingerprint, reach)
        return reach, now

    async def count(self, snapshot: Snapshot, stretch: Reach) -> Counted:
        """Count a stretch of whole minutes in both environments. Raises SourceUnreadable."""
        slices = Slices(*(Window(at, at + timedelta(minutes=1)) for at in minutes(stretch.start, stretch.end)))
        return {environment: await self._count(snapshot, slices, environment) for environment in ENVIRONMENTS}

    async def _count(self, snapshot: Snapshot, slices: Slices, environment: Environment) -> dict[datetime, Cells]:
        series = self.series
        args = (environment, snapshot.clock.soon, slices.edges, slices.start, slices.stop, *series.extra)
        records = await snapshot.rows(series.statement, series.record or series.row, *args, filters=Filters())
        return {slices.edges[number - 1]: cells for number, cells in gathered(series, records).items()}

    async def count_unsettled(self, reach: Reach, deadline: float) -> None:
        """Count again the minutes whose rows are known to change later, as tracks do that are not live yet.

        Some of them in turn, then the newest: however many there are, each is looked at before long.
        """
        if self.series.unsettled is None:
            return
        in_turn, newest = set[datetime](), set[datetime]()
        async with self.state.borrowed() as conn:
            for environment in ENVIRONMENTS:
                in_turn |= await self._next_in_turn(conn, environment, reach.end - LATE)
                newest |= await self._unsettled(conn, environment, reach.end - LATE, MOST_UNSETTLED)
        for stretch in (*neighbours(sorted(in_turn)), *reversed(neighbours(sorted(newest - in_turn)))):
            await self.recount(stretch, reach)
            if time.monotonic() > deadline:
                return

    async def _next_in_turn(self, conn: asyncpg.Connection, environment: Environment, end: datetime) -> set[datetime]:
        """The unsettled minutes before those of the last tick, from the newest on again once none are left."""
        found = await self._unsettled(conn, environment, self._turn.get(environment, end), MOST_IN_TURN)
        self._turn[environment] = min(found) if len(found) == MOST_IN_TURN else end
        return found

    async def _unsettled(
        self, conn: asyncpg.Connection, environment: Environment, before: datetime, most: int
    ) -> set[datetime]:
        """The newest unsettled minutes before a time."""
        return {row["at"] for row in await conn.fetch(SQL["unsettled"], self.series.name, environment, before, most)}

    async def extend(self, reach: Reach, goal: datetime) -> Reach:
        """Count a slice of the past, next to what is covered; what is covered then."""
        start = max(goal, floor(reach.start - self.pace.span, MINUTE))
        stretch, wider = Reach(start, reach.start), Reach(start, reach.end)
        with self.pace.learning() as told:
            async with self.source.snapshot(STATEMENT_SECONDS) as snapshot:
                counted = await self.count(snapshot, stretch)
            told(groups(counted))
        async with self._writing() as conn:
            await record_counts(conn, self.series, counted, stretch, wider, stretch)
            await put_coverage(conn, self.series, self.fingerprint, wider)
        return wider

    async def recount(self, stretch: Reach, reach: Reach, told: Callable[[int], None] = lambda number: None) -> int:
        """Count a covered stretch again; how many minutes were not as they are now."""
        async with self.source.snapshot(STATEMENT_SECONDS) as snapshot:
            counted = await self.count(snapshot, stretch)
        told(groups(counted))
        async with self._writing() as conn:
            return await record_counts(conn, self.series, counted, stretch, reach)

    async def check_again(self, reach: Reach, now: datetime, deadline: float) -> None:
        """Hold some of the past against the source, slice by slice, where a check is due."""
        checks = self._checks = self._checks or await self._read_checks()
        while stretch := checks.next_stretch(reach, self.pace.span, now):
            with self.pace.learning() as told:
                changed = await self.recount(stretch, reach, told)
            if changed:
                log.info("counts_corrected", series=self.series.name, minutes=changed)
            if checks.passed(stretch):
                async with self._writing() as conn:
                    args = (self.series.name, checks.day_checked_at, checks.week_checked_at)
                    await conn.execute(SQL["put_checked"], *args)
            if time.monotonic() > deadline:
                return

    async def prune(self, reach: Reach, goal: datetime) -> None:
        """Drop what no range needs any more, a day at a time."""
        if reach.start > goal - timedelta(days=1):
            return
        async with self._writing() as conn:
            await put_coverage(conn, self.series, self.fingerprint, Reach(goal, reach.end))
            await conn.execute(SQL["prune"], self.series.name, goal)

    async def _read_checks(self) -> Checks:
        async with self.state.borrowed() as conn:
            return plain(await conn.fetch(SQL["checked"], self.series.name), Checks)[0]

    async def _forget(self) -> bool:
        """Forget what another statement has counted, or this one on another source; whether that is done.

        What is covered goes first and the blocks some seconds later: readers may hold on to it for so long.
        """
        async with self._writing() as conn:
            await conn.execute(SQL["forget_coverage"], self.series.name)
            if not await conn.fetchval(SQL["any_block"], self.series.name):
                return True
            self._forgotten_at = self._forgotten_at or time.monotonic()
            if time.monotonic() - self._forgotten_at < TRUSTED_SECONDS:
                return False
            await forget(conn, self.series.name)
        self._forgotten_at = None
        return True

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that holds the lease. Raises LeaseLost."""
        async with self.state.borrowed() as conn, conn.transaction():
            await conn.execute("set local statement_timeout = '30s'; set local lock_timeout = '3s'")
            await self.lease.check(conn)
            yield conn


def groups(counted: Counted) -> int:
    """How many groups there are in what was counted."""
    return sum(len(cells) for minutes in counted.values() for cells in minutes.values())


def floor_span(span: timedelta) -> timedelta:
    """A span in whole minutes."""
    return timedelta(minutes=span // timedelta(minutes=1))


def neighbours(found: list[datetime]) -> list[Reach]:
    """Minutes as few stretches: what lies near is counted in one go."""
    stretches: list[Reach] = []
    for start, end in runs_of(found, timedelta(minutes=1)):
        if stretches and start - stretches[-1].end <= NEAR:
            stretches[-1] = Reach(stretches[-1].start, end)
        else:
            stretches.append(Reach(start, end))
    return stretches
