"""Answers from counts, and from the source's own rows where there are no counts: before them, and after."""

import time
from datetime import datetime
from itertools import groupby

import asyncpg

from houndmon.core.clock import Row, SlicedRow, Slices
from houndmon.core.filters import Environment, Filters
from houndmon.core.series import CountSeries, Interval, Totals
from houndmon.core.source import DOWN, Snapshot
from houndmon.counts.block_cache import BlockCache
from houndmon.counts.blocks import clip, plan_blocks
from houndmon.counts.series import add_measures, fingerprint_of, group_rows
from houndmon.counts.store import Coverage, read_blocks, read_coverage

READ_WAIT_SECONDS = 0.5  # counts are the short way: one that is blocked must not cost the answer
RETRY_AFTER_SECONDS = 5.0
COVERAGE_SECONDS = 2.0


class Counts:
    """The counts of one source, as readers see them. `identity` tells this source from others."""

    def __init__(self, pool: asyncpg.Pool, identity: str) -> None:
        self._pool, self.identity = pool, identity
        self._avoided_until = 0.0
        self._known: dict[str, tuple[float, Coverage | None]] = {}
        self._fingerprints: dict[str, tuple[CountSeries[SlicedRow], str, str]] = {}
        self._block_cache = BlockCache()

    async def add_to(
        self,
        totals: Totals,
        series: CountSeries[SlicedRow],
        environment: Environment,
        slices: Slices,
        now: datetime,
        definition: str,
    ) -> Interval | None:
        """Add what is counted to the totals; the stretch that is served by it. None where that is nothing."""
        if time.monotonic() < self._avoided_until:
            return None
        try:
            async with self._pool.acquire(timeout=READ_WAIT_SECONDS) as conn:
                return await self._add(conn, totals, series, environment, slices, now, definition)
        except DOWN:
            self._avoided_until = time.monotonic() + RETRY_AFTER_SECONDS
            self._known.clear()
            return None

    async def _add(
        self,
        conn: asyncpg.Connection,
        totals: Totals,
        series: CountSeries[SlicedRow],
        environment: Environment,
        slices: Slices,
        now: datetime,
        definition: str,
    ) -> Interval | None:
        coverage = await self._coverage(conn, series, self._fingerprint(series, definition))
        covered = clip(slices, coverage.interval, now, series.tail) if coverage else None
        if covered is None:
            return None
        runs = plan_blocks(slices, covered, series.grains)
        for run, blocks in zip(runs, await read_blocks(conn, series, environment, runs), strict=True):
            for number, theirs in groupby(blocks, lambda block: slices.at(block[0])):
                cells = totals.setdefault(number, {})
                self._block_cache.add_to(cells, series, environment, run.grain, list(theirs))
        return covered

    async def _coverage(
        self, conn: asyncpg.Connection, series: CountSeries[SlicedRow], fingerprint: str
    ) -> Coverage | None:
        """What a series covers; known for two seconds, for it only grows: what is old costs a longer tail."""
        at, coverage = self._known.get(series.name, (float("-inf"), None))
        if coverage is None or coverage.fingerprint != fingerprint or time.monotonic() - at > COVERAGE_SECONDS:
            coverage = await read_coverage(conn, series)
            self._known[series.name] = (time.monotonic(), coverage)
        return coverage if coverage and coverage.fingerprint == fingerprint else None

    def _fingerprint(self, series: CountSeries[SlicedRow], definition: str) -> str:
        """The fingerprint of a series, taken once for as long as it and its relation stay what they are."""
        known = self._fingerprints.get(series.name)
        if known is None or known[:2] != (series, definition):
            known = series, definition, fingerprint_of(series, self.identity, definition)
            self._fingerprints[series.name] = known
        return known[2]

    def invalidate(self) -> None:
        """Look anew at what is covered."""
        self._known.clear()


async def read_rows(snapshot: Snapshot, series: CountSeries[Row], filters: Filters, slices: Slices) -> list[Row]:
    """A series' rows by slice; no two of a slice have the same key. Raises SourceUnreadable.

    With a support filter, and where nothing is counted, they come from the source alone.
    """
    totals, merges = Totals(), series.merges
    covered, counts = None, snapshot.source.counts
    if counts is not None and not filters.has_ids:
        definition = await snapshot.definition(series.statement)
        covered = await counts.add_to(totals, series, filters.environment, slices, snapshot.clock.now, definition)
    for start, end in uncounted_windows(slices, covered):
        args = (filters.environment, snapshot.clock.soon, slices.edges, start, end, *series.extra)
        records = await snapshot.rows(series.statement, series.read_as, *args, filters=filters)
        for number, cells in group_rows(series, records).items():
            mine = totals.setdefault(number, {})
            for key, values in cells.items():
                add_measures(mine, key, values, merges)
    return [row for number, cells in totals.items() for row in series.rows(number, cells)]


def uncounted_windows(slices: Slices, covered: Interval | None) -> list[tuple[datetime, datetime | None]]:
    """The stretches that the source itself must answer: those that are not counted."""
    if covered is None:
        return [(slices.start, slices.stop)]
    found: list[tuple[datetime, datetime | None]] = []
    if slices.start < covered.start:
        found.append((slices.start, covered.start))
    if slices.stop is None or covered.end < slices.stop:
        found.append((covered.end, slices.stop))
    return found
