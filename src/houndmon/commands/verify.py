"""Hold what is served against the source's own rows: every figure of every panel, range and environment.

Prints a table. Exit status 1 where a figure differs, or could not be held against the rows.
"""

import argparse
import asyncio
import os
import sys

import msgspec
from tqdm import tqdm

from houndmon.app import PANELS
from houndmon.commands.check import table
from houndmon.commands.database import database
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.counts.read import Counts
from houndmon.evaluator.verify import Held, held
from houndmon.kit.filters import ENVIRONMENTS, RANGES, Filters
from houndmon.kit.settings import Settings
from houndmon.kit.source import Source, open_pool, retired
from houndmon.running import identity_of, rooms_of
from houndmon.web.display import clamp, plural

STATEMENT_SECONDS = 600.0
AGAIN_SECONDS = 6.0  # a row that came late is counted in the next tick


def arguments(parser: argparse.ArgumentParser) -> None:
    """How much of it."""
    parser.add_argument("--range", choices=RANGES, action="append", help="only this range; may be given again")
    parser.add_argument("--environment", choices=ENVIRONMENTS, action="append", help="only this environment")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Compare and report."""
    asked = [(span, where) for span in options.range or RANGES for where in options.environment or ENVIRONMENTS]
    with database(settings) as url:
        found = asyncio.run(verified(settings, url, asked))
    print(report(found))
    return 1 if any(one.differences or one.problem for one in found) else 0


async def verified(settings: Settings, url: str, asked: list[tuple[str, str]]) -> list[Held]:
    """Every panel that reads the source, for what is asked."""
    source_pool = await open_pool(settings.source_url or url, size=2, command_timeout=STATEMENT_SECONDS)
    state_pool = await open_pool(url, size=4)
    counts = Counts(state_pool, identity_of(settings))
    raw = Source(source_pool, settings.source_schema, settings.timezone, STATEMENT_SECONDS)
    served = Source(source_pool, settings.source_schema, settings.timezone, STATEMENT_SECONDS, counts)
    rooms = [room for room in rooms_of(PANELS, LiveConfig(path_of(os.environ))) if room.reads == "source"]
    questions = [(room, msgspec.convert(one, Filters)) for room in rooms for one in map(named, asked)]
    found = []
    try:
        for room, filters in tqdm(questions, unit="answer", disable=not sys.stderr.isatty()):
            one = await held(served, raw, room, filters)
            if one.differences:
                await asyncio.sleep(AGAIN_SECONDS)
                counts.forget()
                one = await held(served, raw, room, filters)
            found.append(one)
    finally:
        await retired(source_pool)
        await retired(state_pool)
    return found


def named(question: tuple[str, str]) -> dict[str, str]:
    """A range and an environment by their names."""
    return {"range": question[0], "environment": question[1]}


def report(found: list[Held]) -> str:
    """What came of it: a line an answer, then each difference."""
    heads = ("panel", "range", "environment", "figures", "differ")
    rows = [
        (one.panel, one.range, one.environment, f"{one.figures:,}", one.problem or f"{len(one.differences):,}")
        for one in found
    ]
    lines = [table([heads, *rows])]
    for one in found:
        for path, served, counted in one.differences:
            where = f"{one.panel} {one.range} {one.environment} {path}"
            lines.append(f"{where}: served {clamp(repr(served), 120)}, the rows say {clamp(repr(counted), 120)}")
    figures, differing = sum(one.figures for one in found), sum(len(one.differences) for one in found)
    verdict = plural(differing, "differs", "differ") if differing else "none differs"
    return "\n".join([*lines, f"{plural(figures, 'figure', 'figures')}: {verdict} from the source's rows"])
