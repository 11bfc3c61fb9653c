"""Show what is counted of the source, or count it anew.

`rebuild` forgets all counts and fills them again, with a progress bar. Until then a running service answers from rows.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

import asyncpg
import msgspec
from tqdm import tqdm

from houndmon.app import PANELS
from houndmon.commands.check import align_table
from houndmon.commands.database import database
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.settings import Settings
from houndmon.core.source import as_structs
from houndmon.core.text import listing
from houndmon.counts.fill import RETENTION
from houndmon.counts.loop import CountsTask
from houndmon.counts.store import SQL
from houndmon.lifespan import counted_series, make_source, make_state, source_identity
from houndmon.notify.channels import CHANNELS
from houndmon.rulebook.units import duration

TURN_SECONDS = 0.05


class CoverageRow(msgspec.Struct):
    """What a series covers."""

    series: str
    covered_from: datetime
    covered_to: datetime
    day_checked_at: datetime
    week_checked_at: datetime
    lag_seconds: float


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to do."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    acts.add_parser("show", help="what each series covers, and when it was last held against the source")
    acts.add_parser("rebuild", help="forget all counts and fill them again")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do it."""
    with database(settings) as url:
        config = LiveConfig(path_of(os.environ), CHANNELS)
        print(
            asyncio.run(show_coverage(url, config) if options.act == "show" else rebuild_counts(settings, url, config))
        )
    return 0


async def show_coverage(url: str, config: LiveConfig) -> str:
    """What is covered, as a table."""
    pool = await open_pool(url, size=1)
    try:
        found = await read_coverage_rows(pool)
    finally:
        await close_pool(pool)
    return (
        coverage_table(found, {series.name for series in counted_series(PANELS, config)})
        if found
        else "nothing is counted yet: `houndmon serve` does so, or `houndmon counts rebuild`"
    )


async def read_coverage_rows(pool: asyncpg.Pool) -> list[CoverageRow]:
    """What each series covers."""
    return as_structs(await pool.fetch(SQL["coverages"]), CoverageRow)


def coverage_table(found: list[CoverageRow], counted: Collection[str]) -> str:
    """Series as lines of a table; those that are not counted by this configuration are named below it."""
    heads = ("series", "from", "up to", "behind", "24 h checked", "7 d checked")
    rows = [
        (
            one.series,
            f"{one.covered_from:%Y-%m-%d %H:%M}",
            f"{one.covered_to:%Y-%m-%d %H:%M}",
            duration(one.lag_seconds),
            f"{one.day_checked_at:%Y-%m-%d %H:%M}",
            f"{one.week_checked_at:%Y-%m-%d %H:%M}",
        )
        for one in found
        if one.series in counted
    ]
    left = [one.series for one in found if one.series not in counted]
    note = f"\nCounted no more, by houndmon.toml: {listing(left)}." if left else ""
    return align_table([heads, *rows]) + "\nTimes are in UTC." + note


async def rebuild_counts(settings: Settings, url: str, config: LiveConfig) -> str:
    """Count everything anew; what is covered then."""
    source_pool, state_pool = await open_pool(settings.source_url or url, size=1), await open_pool(url, size=2)
    source, state = make_source(source_pool, settings, config=config), make_state(state_pool, settings)
    counts_task = CountsTask(source, state, partial(counted_series, PANELS, config), source_identity(settings))
    try:
        async with state.connection() as conn, conn.transaction():
            await counts_task.lease.force_acquire(conn)
            for series in counts_task.series():
                await conn.execute(SQL["forget_coverage"], series.name)
        await fill_counts(counts_task, state_pool)
        counted = {series.name for series in counts_task.series()}
        return coverage_table(await read_coverage_rows(state_pool), counted)
    finally:
        await counts_task.release_lease()
        await close_pool(source_pool)
        await close_pool(state_pool)


async def fill_counts(counts_task: CountsTask, pool: asyncpg.Pool) -> None:
    """Fill everything, and show how far it has come."""
    counted = {series.name for series in counts_task.series()}
    days = round(RETENTION / timedelta(days=1) * len(counted))
    with tqdm(total=days, unit="day", disable=not sys.stderr.isatty()) as bar:
        while await counts_task.tick():
            await asyncio.sleep(TURN_SECONDS)
            covered = [one for one in await read_coverage_rows(pool) if one.series in counted]
            done = sum((one.covered_to - one.covered_from) / timedelta(days=1) for one in covered)
            bar.update(min(round(done), days) - bar.n)
        bar.update(days - bar.n)
