"""Answers from counts, and from the source's own rows where counts do not reach: before them, and after."""

import time
from datetime import datetime
from itertools import groupby
from typing import Any

import asyncpg

from houndmon.counts.blocks import Reach, clipped, plan
from houndmon.counts.folds import Folds
from houndmon.counts.series import Cells, Key, Series, add, gathered
from houndmon.counts.store import Coverage, read_blocks, read_coverage
from houndmon.kit.clock import Sliced, Slices
from houndmon.kit.filters import Environment, Filters
from houndmon.kit.source import DOWN, Snapshot

PATIENCE_SECONDS = 0.5  # counts are the short way: one that is blocked must not cost the answer
AVOIDED_SECONDS = 5.0
KNOWN_SECONDS = 2.0
Totals = dict[int, Cells]


class Counts:
    """The counts of one source, as readers see them. `identity` tells this source from others."""

    def __init__(self, pool: asyncpg.Pool, identity: str) -> None:
        self._pool, self.identity = pool, identity
        self._avoided_until = 0.0
        self._known: dict[str, tuple[float, Coverage | None]] = {}
        self._folds = Folds()

    def fingerprint(self, series: Series) -> str:
        """Tells counts of this series on this source from all others."""
        return f"{series.fingerprint}:{self.identity}"

    async def add_to(
        self, totals: Totals, series: Series, environment: Environment, slices: Slices, now: datetime
    ) -> Reach | None:
        """Add what is counted to the totals; the stretch that is served by it. None where that is nothing."""
        if time.monotonic() < self._avoided_until:
            return None
        try:
            async with self._pool.acquire(timeout=PATIENCE_SECONDS) as conn:
                return await self._add(conn, totals, series, environment, slices, now)
        except DOWN:
            self._avoided_until = time.monotonic() + AVOIDED_SECONDS
            self._known.clear()
            return None

    async def _add(
        self,
        conn: asyncpg.Connection,
        totals: Totals,
        series: Series,
        environment: Environment,
        slices: Slices,
        now: datetime,
    ) -> Reach | None:
        coverage = await self._coverage(conn, series)
        reach = clipped(slices, coverage.reach, now, series.tail) if coverage else None
        if reach is None:
            return None
        runs = plan(slices, reach, series.grains)
        for run, blocks in zip(runs, await read_blocks(conn, series, environment, runs), strict=True):
            for number, theirs in groupby(blocks, lambda block: slices.at(block[0])):
                cells = totals.setdefault(number, {})
                self._folds.add_to(cells, series, environment, run.grain, list(theirs))
        return reach

    async def _coverage(self, conn: asyncpg.Connection, series: Series) -> Coverage | None:
        """What a series covers; known for two seconds, for it only grows: what is old costs a longer tail."""
        at, coverage = self._known.get(series.name, (float("-inf"), None))
        if coverage is None or time.monotonic() - at > KNOWN_SECONDS:
            coverage = await read_coverage(conn, series, self.fingerprint(series))
            self._known[series.name] = (time.monotonic(), coverage)
        return coverage

    def forget(self) -> None:
        """Look anew at what is covered."""
        self._known.clear()


async def read_rows(snapshot: Snapshot, series: Series, filters: Filters, slices: Slices) -> list[Any]:
    """A series' rows by slice, as `series.row`; no two of a slice have the same key. Raises SourceUnreadable.

    With a support filter, and where nothing is counted, they come from the source alone.
    """
    totals: Totals = {}
    reach, counts = None, snapshot.source.counts
    if counts is not None and not filters.has_ids:
        reach = await counts.add_to(totals, series, filters.environment, slices, snapshot.clock.now)
    for start, end in beyond(slices, reach):
        args = (filters.environment, snapshot.clock.soon, slices.edges, start, end, *series.extra)
        records = await snapshot.rows(series.statement, series.record or series.row, *args, filters=filters)
        for number, cells in gathered(series, records).items():
            mine = totals.setdefault(number, {})
            for key, values in cells.items():
                add(mine, key, values, series.merges)
    return [made(series, number, key, values) for number, cells in totals.items() for key, values in cells.items()]


def made(series: Series, number: int, key: Key, values: list[Any]) -> Sliced:
    """One row."""
    return series.row(number, *key, *values)


def beyond(slices: Slices, reach: Reach | None) -> list[tuple[datetime, datetime | None]]:
    """The stretches that the source itself must answer: those that are not counted."""
    if reach is None:
        return [(slices.start, slices.stop)]
    found: list[tuple[datetime, datetime | None]] = []
    if slices.start < reach.start:
        found.append((slices.start, reach.start))
    if slices.stop is None or reach.end < slices.stop:
        found.append((reach.end, slices.stop))
    return found
