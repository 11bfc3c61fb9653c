"""Keeps blocks of counts in houndmon's own tables."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from houndmon.core.clock import SlicedRow
from houndmon.core.filters import ENVIRONMENTS, Environment
from houndmon.core.series import Cells, CountSeries, Interval
from houndmon.core.source import as_structs
from houndmon.core.sql import load_statements
from houndmon.counts.blocks import MINUTE, BlockRun, affected_blocks
from houndmon.counts.series import decode_cells, encode_cells, merge_cells

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("query.sql")).items()}
RUN_QUERY = """
select {place} as run, at, cells
from houndmon.counts
where series = $1 and environment = $2 and grain = {grain} and at >= ${start} and at < ${stop}
"""
MinuteCells = dict[Environment, dict[datetime, Cells]]


class Coverage(msgspec.Struct, frozen=True):
    """What a series covers, and which statement on which source counted it."""

    covered_from: datetime
    covered_to: datetime
    fingerprint: str

    @property
    def interval(self) -> Interval:
        return Interval(self.covered_from, self.covered_to)


async def read_coverage(conn: asyncpg.Connection, series: CountSeries[SlicedRow]) -> Coverage | None:
    """What a series covers, whatever counted it; None where it covers nothing."""
    rows = as_structs(await conn.fetch(SQL["coverage"], series.name), Coverage)
    return rows[0] if rows else None


async def read_blocks(
    conn: asyncpg.Connection, series: CountSeries[SlicedRow], environment: Environment, runs: list[BlockRun]
) -> list[list[tuple[datetime, bytes]]]:
    """The blocks of each run, in order: one statement, each run a range of the primary key."""
    if not runs:
        return []
    parts, values = [], list[datetime]()
    for place, run in enumerate(runs):
        first = 3 + 2 * place
        parts.append(RUN_QUERY.format(place=place, grain=run.grain, start=first, stop=first + 1))
        values += [run.start, run.end]
    records = await conn.fetch(" union all ".join(parts), series.name, environment, *values)
    found: list[list[tuple[datetime, bytes]]] = [[] for _ in runs]
    for place, at, cells in records:
        found[place].append((at, cells))
    return [sorted(blocks) for blocks in found]


async def record_counts(
    conn: asyncpg.Connection,
    series: CountSeries[SlicedRow],
    counted: MinuteCells,
    stretch: Interval,
    covered: Interval,
    fresh: Interval | None = None,
) -> int:
    """Replace the minutes of a stretch and what is made of them; how many minutes changed.

    `interval` is what the series covers once this is written, `fresh` what of it was not covered before.
    The caller's transaction holds the lease.
    """
    changed = 0
    for environment in ENVIRONMENTS:
        minutes = await put_minutes(conn, series, environment, counted.get(environment, {}), stretch)
        changed += len(minutes)
        for grain, part in zip(series.grains[1:], series.grains, strict=False):
            blocks = affected_blocks(minutes, fresh, covered, grain)
            await put_coarse(conn, series, environment, blocks, grain, part)
    return changed


async def put_minutes(
    conn: asyncpg.Connection,
    series: CountSeries[SlicedRow],
    environment: Environment,
    counted: dict[datetime, Cells],
    stretch: Interval,
) -> list[datetime]:
    """Write the minutes of a stretch; those that changed."""
    kept = {at: merge_cells(series, [(at, cells)], at, MINUTE) for at, cells in counted.items() if cells}
    starts = list(kept)
    key = (series.name, environment, MINUTE)
    gone = await conn.fetch(SQL["drop_blocks"], *key, stretch.start, stretch.end, starts)
    bodies = [encode_cells(series, cells) for cells in kept.values()]
    flags = [is_unsettled(series, cells) for cells in kept.values()]
    news = await conn.fetch(SQL["put_blocks"], *key, starts, bodies, flags) if starts else []
    return [record["at"] for record in (*gone, *news)]


def is_unsettled(series: CountSeries[SlicedRow], cells: Cells) -> bool:
    """Whether some of the cells are of a kind that changes by itself."""
    if series.unsettled is None:
        return False
    name, value = series.unsettled
    place = series.place(name)
    return any(key[place] == value for key in cells)


async def put_coarse(
    conn: asyncpg.Connection,
    series: CountSeries[SlicedRow],
    environment: Environment,
    blocks: list[datetime],
    grain: int,
    part: int,
) -> None:
    """Make blocks anew from their parts."""
    if not blocks:
        return
    step, key = timedelta(seconds=grain), (series.name, environment)
    found: dict[datetime, list[tuple[datetime, Cells]]] = {at: [] for at in blocks}
    for start, end in runs_of(blocks, step):
        for record in await conn.fetch(SQL["parts"], *key, part, start, end):
            at = start + (record["at"] - start) // step * step
            found[at].append((record["at"], dict(decode_cells(record["cells"]))))
    whole = {at: merge_cells(series, parts, at, grain) for at, parts in found.items() if parts}
    empty = [at for at in blocks if at not in whole]
    if empty:
        await conn.execute(SQL["drop_block_list"], *key, grain, empty)
    if whole:
        bodies = [encode_cells(series, cells) for cells in whole.values()]
        await conn.fetch(SQL["put_blocks"], *key, grain, list(whole), bodies, [False] * len(whole))


def runs_of(blocks: Iterable[datetime], step: timedelta) -> list[tuple[datetime, datetime]]:
    """Blocks in order as stretches without gaps."""
    found: list[tuple[datetime, datetime]] = []
    for at in blocks:
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], at + step)
        else:
            found.append((at, at + step))
    return found


async def put_coverage(
    conn: asyncpg.Connection, series: CountSeries[SlicedRow], fingerprint: str, covered: Interval
) -> None:
    """Note what a series covers."""
    await conn.execute(SQL["put_coverage"], series.name, fingerprint, covered.start, covered.end)


async def forget_coverage(conn: asyncpg.Connection) -> None:
    """Let every series be counted anew, as after an import into the past."""
    for record in await conn.fetch(SQL["coverages"]):
        await conn.execute(SQL["forget_coverage"], record["series"])


async def forget_series(conn: asyncpg.Connection, name: str) -> None:
    """Forget all that a series has counted."""
    await conn.execute(SQL["forget_coverage"], name)
    await conn.execute(SQL["forget"], name)
