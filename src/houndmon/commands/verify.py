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
from houndmon.commands.check import align_table
from houndmon.commands.database import database
from houndmon.config.load import load, path_of
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import ENVIRONMENTS, RANGES, Filters
from houndmon.core.neutral import quoted
from houndmon.core.settings import Settings
from houndmon.core.source import Source
from houndmon.counts.read import Counts
from houndmon.counts_check.compare import Comparison, compare_panel
from houndmon.lifespan import source_identity
from houndmon.notify.channels import CHANNELS
from houndmon.panels.workers.arrivals import Arrivals
from houndmon.web.display import plural

STATEMENT_SECONDS = 600.0
RETRY_SECONDS = 6.0  # a row that came late is counted in the next tick


def arguments(parser: argparse.ArgumentParser) -> None:
    """How much of it."""
    parser.add_argument("--range", choices=RANGES, action="append", help="only this range; may be given again")
    parser.add_argument("--environment", choices=ENVIRONMENTS, action="append", help="only this environment")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Compare and report."""
    asked = [(span, where) for span in options.range or RANGES for where in options.environment or ENVIRONMENTS]
    with database(settings) as url:
        found = asyncio.run(verify_panels(settings, url, asked))
    print(report(found))
    return 1 if any(one.differences or (one.problem and not one.is_absent) for one in found) else 0


async def verify_panels(settings: Settings, url: str, asked: list[tuple[str, str]]) -> list[Comparison]:
    """Every panel that reads the source, for what is asked."""
    source_pool = await open_pool(settings.source_url or url, size=2, command_timeout=STATEMENT_SECONDS)
    state_pool = await open_pool(url, size=4)
    identity = source_identity(settings)
    counts, arrivals = Counts(state_pool, identity), Arrivals(state_pool, identity)
    config = load(path_of(os.environ), CHANNELS)
    known = (source_pool, settings.source_schema, settings.timezone, STATEMENT_SECONDS)
    raw = Source(*known, arrivals=arrivals, absent=lambda: config.absent)
    served = Source(*known, counts=counts, arrivals=arrivals, absent=lambda: config.absent)
    specs = [spec for spec in PANELS if spec.reads == "source"]
    questions = [(spec, msgspec.convert(one, Filters)) for spec in specs for one in map(parse_question, asked)]
    found = []
    try:
        for spec, filters in tqdm(questions, unit="answer", disable=not sys.stderr.isatty()):
            one = await compare_panel(served, raw, spec, filters, config)
            if one.differences:
                await asyncio.sleep(RETRY_SECONDS)
                counts.invalidate()
                one = await compare_panel(served, raw, spec, filters, config)
            found.append(one)
    finally:
        await close_pool(source_pool)
        await close_pool(state_pool)
    return found


def parse_question(question: tuple[str, str]) -> dict[str, str]:
    """A range and an environment by their names."""
    return {"range": question[0], "environment": question[1]}


def report(found: list[Comparison]) -> str:
    """What came of it: a line an answer, then each difference."""
    heads = ("panel", "range", "environment", "figures", "differ")
    rows = [
        (one.panel, one.range, one.environment, f"{one.figures:,}", one.problem or f"{len(one.differences):,}")
        for one in found
    ]
    lines = [align_table([heads, *rows])]
    for one in found:
        for path, served, counted in one.differences:
            where = f"{one.panel} {one.range} {one.environment} {path}"
            lines.append(f"{where}: served {quoted(repr(served), 120)}, the rows say {quoted(repr(counted), 120)}")
    figures, differing = sum(one.figures for one in found), sum(len(one.differences) for one in found)
    verdict = plural(differing, "differs", "differ") if differing else "none differs"
    return "\n".join([*lines, f"{plural(figures, 'figure', 'figures')}: {verdict} from the source's rows"])
