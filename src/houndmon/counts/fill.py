"""Fills the counts from the source: the last minutes each tick, the past once, and all of it again now and then."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import msgspec
import structlog

from houndmon.core.clock import SlicedRow, Slices, Window
from houndmon.core.filters import ENVIRONMENTS, Environment, Filters
from houndmon.core.lease import Lease
from houndmon.core.problems import SourceUnreadable
from houndmon.core.series import Cells, CountSeries, Interval
from houndmon.core.source import Snapshot, Source, as_structs
from houndmon.core.state_database import StateDatabase
from houndmon.counts.batch_size import BatchSize
from houndmon.counts.blocks import MINUTE, block_start, minutes_between
from houndmon.counts.checks import Checks
from houndmon.counts.series import fingerprint_of, group_rows
from houndmon.counts.store import SQL, MinuteCells, forget_series, put_coverage, read_coverage, record_counts, runs_of

STATEMENT_SECONDS = 2.0  # no statement on the source takes longer
COMMIT_DELAY = timedelta(seconds=30)  # rows need a moment to be committed; until then the live tail has them
LATE_ROWS = timedelta(minutes=15)  # rows that arrive this late are right after the next tick
RETENTION = timedelta(days=15)  # what the longest comparison needs: the last 7 d, a week before by local time
MERGE_GAP = timedelta(minutes=10)
MOST_UNSETTLED, MOST_IN_TURN = 100, 100
MOVED_EVERY = timedelta(minutes=1)  # rows that were moved in time are looked for this often
MOVED_RETRY = timedelta(minutes=10)  # where that cannot be read: a check has found them by then
TRUSTED_SECONDS = 3.0  # a reader may trust for so long what it knows to be covered
PAST_SECONDS = 0.3  # of each tick, for the past of one series

log = structlog.get_logger()


class UnsettledMinute(msgspec.Struct):
    """A minute of the source with rows that are known to change later."""

    at: datetime


class SeriesUpdater:
    """Keeps the counts of one series up to date; the lease is the caller's."""

    def __init__(
        self, source: Source, state: StateDatabase, series: CountSeries[SlicedRow], identity: str, lease: Lease
    ) -> None:
        self.source, self.state, self.series, self.identity, self.lease = source, state, series, identity, lease
        self.fingerprint = ""  # of each update, before which the source's catalogue is asked
        self.batch_size = BatchSize()
        self._checks: Checks | None = None
        self._turn: dict[Environment, datetime] = {}
        self._moved: set[datetime] = set()
        self._moved_due_at: datetime | None = None
        self._forgotten_at: float | None = None

    async def update(self) -> bool:
        """Count what came last, what may have changed, then some of the past; whether some of that is left.

        Raises SourceUnreadable, StateUnreadable, LeaseLost.
        """
        async with self.state.connection() as conn:
            coverage = await read_coverage(conn, self.series)
        definition = await self.source.definition(self.series.statement)
        self.fingerprint = fingerprint_of(self.series, self.identity, definition)
        if coverage and coverage.fingerprint != self.fingerprint:
            coverage = None
        if coverage is None and not await self._forget():
            return True
        covered, now = await self.count_last(coverage.interval if coverage else None)
        deadline = time.monotonic() + PAST_SECONDS
        await self.count_unsettled(covered, now, deadline)
        goal = block_start(now - RETENTION, self.series.grains[-1])
        while covered.start > goal:
            covered = await self.extend(covered, goal)
            if time.monotonic() > deadline:
                return True
        await self.prune(covered, goal)
        await self.check_again(covered, now, deadline)
        return False

    async def count_last(self, known: Interval | None) -> tuple[Interval, datetime]:
        """Count the last minutes, those that rows may still come late for; what is covered then, and the time."""
        async with self.source.snapshot(STATEMENT_SECONDS) as snapshot:
            now = snapshot.clock.now
            end = block_start(now - COMMIT_DELAY, MINUTE)
            known = known or Interval(end - LATE_ROWS, end - LATE_ROWS)
            if known.end > end:  # the source's clock went back, or a replica lags
                return known, now
            start = max(known.start, min(known.end, end - LATE_ROWS))
            # After a long absence as much as one statement may take; the rest in the next ticks.
            stop = min(end, start + max(LATE_ROWS, floor_span(self.batch_size.span)) + LATE_ROWS)
            counted = await self.count(snapshot, Interval(start, stop))
        covered = Interval(known.start, stop)
        fresh = Interval(known.end, stop) if known.end < stop else None
        async with self._leased_transaction() as conn:
            await record_counts(conn, self.series, counted, Interval(start, stop), covered, fresh)
            await put_coverage(conn, self.series, self.fingerprint, covered)
        return covered, now

    async def count(self, snapshot: Snapshot, stretch: Interval) -> MinuteCells:
        """Count a stretch of whole minutes in both environments. Raises SourceUnreadable."""
        slices = Slices(*(Window(at, at + timedelta(minutes=1)) for at in minutes_between(stretch.start, stretch.end)))
        return {environment: await self._count(snapshot, slices, environment) for environment in ENVIRONMENTS}

    async def _count(self, snapshot: Snapshot, slices: Slices, environment: Environment) -> dict[datetime, Cells]:
        series = self.series
        args = (environment, snapshot.clock.soon, slices.edges, slices.start, slices.stop, *series.extra)
        records = await snapshot.rows(series.statement, series.read_as, *args, filters=Filters())
        return {slices.edges[number - 1]: cells for number, cells in group_rows(series, records).items()}

    async def count_unsettled(self, covered: Interval, now: datetime, deadline: float) -> None:
        """Count again the minutes whose rows are known to change later, as tracks do that are not live yet.

        Those that rows were moved into, then some in turn, then the newest: however many there are, each is looked at
        before long.
        """
        if self.series.unsettled is None:
            return
        await self._look_for_moved(Interval(covered.start, covered.end - LATE_ROWS), now)
        in_turn, newest = set[datetime](), set[datetime]()
        async with self.state.connection() as conn:
            for environment in ENVIRONMENTS:
                in_turn |= await self._next_in_turn(conn, environment, covered.end - LATE_ROWS)
                newest |= await self._unsettled(conn, environment, covered.end - LATE_ROWS, MOST_UNSETTLED)
        newest_first = (reversed(merge_neighbours(sorted(some))) for some in (self._moved, newest - in_turn))
        moved, others = newest_first
        for stretch in (*moved, *merge_neighbours(sorted(in_turn)), *others):
            await self.recount(stretch, covered)
            self._moved -= {at for at in self._moved if stretch.start <= at < stretch.end}
            if time.monotonic() > deadline:
                return

    async def _look_for_moved(self, stretch: Interval, now: datetime) -> None:
        """Note the minutes that hold such rows in the source and not in the counts: a track's plan was moved."""
        statement, due_at = self.series.unsettled_minutes, self._moved_due_at
        if statement is None or (due_at is not None and now < due_at <= now + MOVED_RETRY):
            return
        self._moved_due_at = now + MOVED_EVERY
        try:
            async with self.source.snapshot(STATEMENT_SECONDS) as snapshot, self.state.connection() as conn:
                for environment in ENVIRONMENTS:
                    args = (environment, stretch.start, stretch.end)
                    there = {row.at for row in await snapshot.rows(statement, UnsettledMinute, *args)}
                    self._moved |= there - await self._unsettled(conn, environment, stretch.end, None)
        except SourceUnreadable as error:
            self._moved_due_at = now + MOVED_RETRY  # the counts are filled all the same
            log.warning("moved_rows_not_looked_for", series=self.series.name, error=str(error))

    async def _next_in_turn(self, conn: asyncpg.Connection, environment: Environment, end: datetime) -> set[datetime]:
        """The unsettled minutes before those of the last tick, from the newest on again once none are left."""
        found = await self._unsettled(conn, environment, self._turn.get(environment, end), MOST_IN_TURN)
        self._turn[environment] = min(found) if len(found) == MOST_IN_TURN else end
        return found

    async def _unsettled(
        self, conn: asyncpg.Connection, environment: Environment, before: datetime, most: int | None
    ) -> set[datetime]:
        """The newest unsettled minutes before a time, or all."""
        return {row["at"] for row in await conn.fetch(SQL["unsettled"], self.series.name, environment, before, most)}

    async def extend(self, covered: Interval, goal: datetime) -> Interval:
        """Count a slice of the past, next to what is covered; what is covered then."""
        start = max(goal, block_start(covered.start - self.batch_size.span, MINUTE))
        stretch, wider = Interval(start, covered.start), Interval(start, covered.end)
        with self.batch_size.measured() as report_groups:
            async with self.source.snapshot(STATEMENT_SECONDS) as snapshot:
                counted = await self.count(snapshot, stretch)
            report_groups(group_count(counted))
        async with self._leased_transaction() as conn:
            await record_counts(conn, self.series, counted, stretch, wider, stretch)
            await put_coverage(conn, self.series, self.fingerprint, wider)
        return wider

    async def recount(
        self, stretch: Interval, covered: Interval, report_groups: Callable[[int], None] = lambda number: None
    ) -> int:
        """Count a covered stretch again; how many minutes were not as they are now."""
        async with self.source.snapshot(STATEMENT_SECONDS) as snapshot:
            counted = await self.count(snapshot, stretch)
        report_groups(group_count(counted))
        async with self._leased_transaction() as conn:
            return await record_counts(conn, self.series, counted, stretch, covered)

    async def check_again(self, covered: Interval, now: datetime, deadline: float) -> None:
        """Hold some of the past against the source, slice by slice, where a check is due."""
        checks = self._checks = self._checks or await self._read_checks()
        while stretch := checks.next_stretch(covered, self.batch_size.span, now):
            with self.batch_size.measured() as report_groups:
                changed = await self.recount(stretch, covered, report_groups)
            if changed:
                log.info("counts_corrected", series=self.series.name, minutes=changed)
            if checks.advance(stretch):
                async with self._leased_transaction() as conn:
                    args = (self.series.name, checks.day_checked_at, checks.week_checked_at)
                    await conn.execute(SQL["put_checked"], *args)
            if time.monotonic() > deadline:
                return

    async def prune(self, covered: Interval, goal: datetime) -> None:
        """Drop what no range needs any more, a day at a time."""
        if covered.start > goal - timedelta(days=1):
            return
        async with self._leased_transaction() as conn:
            await put_coverage(conn, self.series, self.fingerprint, Interval(goal, covered.end))
            await conn.execute(SQL["prune"], self.series.name, goal)

    async def _read_checks(self) -> Checks:
        async with self.state.connection() as conn:
            return as_structs(await conn.fetch(SQL["checked"], self.series.name), Checks)[0]

    async def _forget(self) -> bool:
        """Forget what another statement has counted, or this one on another source; whether that is done.

        What is covered goes first and the blocks some seconds later: readers may hold on to it for so long.
        """
        async with self._leased_transaction() as conn:
            await conn.execute(SQL["forget_coverage"], self.series.name)
            if not await conn.fetchval(SQL["any_block"], self.series.name):
                return True
            self._forgotten_at = self._forgotten_at or time.monotonic()
            if time.monotonic() - self._forgotten_at < TRUSTED_SECONDS:
                return False
            await forget_series(conn, self.series.name)
        self._forgotten_at = None
        return True

    @asynccontextmanager
    async def _leased_transaction(self) -> AsyncIterator[asyncpg.Connection]:
        """A transaction that holds the lease. Raises LeaseLost."""
        async with self.state.connection() as conn, conn.transaction():
            await conn.execute("set local statement_timeout = '30s'; set local lock_timeout = '3s'")
            await self.lease.check(conn)
            yield conn


def group_count(counted: MinuteCells) -> int:
    """How many groups there are in what was counted."""
    return sum(len(cells) for minutes in counted.values() for cells in minutes.values())


def floor_span(span: timedelta) -> timedelta:
    """A span in whole minutes."""
    return timedelta(minutes=span // timedelta(minutes=1))


def merge_neighbours(found: list[datetime]) -> list[Interval]:
    """Minutes as few stretches: what lies near is counted in one go."""
    stretches: list[Interval] = []
    for start, end in runs_of(found, timedelta(minutes=1)):
        if stretches and start - stretches[-1].end <= MERGE_GAP:
            stretches[-1] = Interval(stretches[-1].start, end)
        else:
            stretches.append(Interval(start, end))
    return stretches
