"""Show what is counted of the source, or count it anew.

`rebuild` forgets all counts and fills them again, with a progress bar. Until then a running service answers from rows.
"""

import argparse
import asyncio
import os
import sys
from datetime import datetime, timedelta
from functools import partial

import asyncpg
import msgspec
from tqdm import tqdm

from houndmon.commands.check import table
from houndmon.commands.database import database
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.counts.fill import KEPT
from houndmon.counts.loop import Filler
from houndmon.counts.store import SQL
from houndmon.kit.settings import Settings
from houndmon.kit.source import open_pool, plain, retired
from houndmon.running import counted, identity_of, source_of, state_of
from houndmon.web.display import duration

TURN_SECONDS = 0.05


class Covered(msgspec.Struct):
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
        print(asyncio.run(shown(url) if options.act == "show" else rebuilt(settings, url)))
    return 0


async def shown(url: str) -> str:
    """What is covered, as a table."""
    pool = await open_pool(url, size=1)
    try:
        found = await read(pool)
    finally:
        await retired(pool)
    return listing(found) if found else "nothing is counted yet: `houndmon serve` does so, or `houndmon counts rebuild`"


async def read(pool: asyncpg.Pool) -> list[Covered]:
    """What each series covers."""
    return plain(await pool.fetch(SQL["coverages"]), Covered)


def listing(found: list[Covered]) -> str:
    """Series as lines of a table."""
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
    ]
    return table([heads, *rows]) + "\nTimes are in UTC."


async def rebuilt(settings: Settings, url: str) -> str:
    """Count everything anew; what is covered then."""
    source_pool, state_pool = await open_pool(settings.source_url or url, size=1), await open_pool(url, size=2)
    config = LiveConfig(path_of(os.environ))
    source, state = source_of(source_pool, settings), state_of(state_pool, settings)
    filler = Filler(source, state, partial(counted, config), identity_of(settings))
    try:
        async with state.borrowed() as conn, conn.transaction():
            await filler.lease.seize(conn)
            for series in filler.series():
                await conn.execute(SQL["forget_coverage"], series.name)
        await fill(filler, state_pool)
        return listing(await read(state_pool))
    finally:
        await filler.leave()
        await retired(source_pool)
        await retired(state_pool)


async def fill(filler: Filler, pool: asyncpg.Pool) -> None:
    """Fill everything, and show how far it has come."""
    days = round(KEPT / timedelta(days=1) * len(filler.series()))
    with tqdm(total=days, unit="day", disable=not sys.stderr.isatty()) as bar:
        while await filler.tick():
            await asyncio.sleep(TURN_SECONDS)
            done = sum((one.covered_to - one.covered_from) / timedelta(days=1) for one in await read(pool))
            bar.update(min(round(done), days) - bar.n)
        bar.update(days - bar.n)
