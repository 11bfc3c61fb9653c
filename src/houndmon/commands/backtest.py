"""Run a rule over the past, and print when it would have fired, for how long, and how often.

The rule is judged by the very code that judges it now, on the source's rows as they stood at each instant.
Exit status 1 where it could not be judged.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import timedelta

import msgspec
from tqdm import tqdm

from houndmon.commands.database import database
from houndmon.config.load import load, path_of
from houndmon.config.model import Config
from houndmon.core.clock import SPANS
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import ENVIRONMENTS, RANGES, Environment
from houndmon.core.neutral import neutral
from houndmon.core.settings import Settings
from houndmon.core.source import Source
from houndmon.counts.read import Counts
from houndmon.evaluator.backtest import PARTS_OF_RULES, Firing, backtest, instants_to_judge, source_now
from houndmon.lifespan import source_identity
from houndmon.notify.channels import CHANNELS
from houndmon.panels.workers.arrivals import Arrivals
from houndmon.rulebook.book import NAMES, RuleName
from houndmon.rulebook.parts import RELATION_OF_PART

STEP_SECONDS = {"1h": 15, "6h": 60, "24h": 120, "7d": 600}  # seconds; shorter ones are asked for with --step


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which rule, over what."""
    parser.add_argument("rule", choices=sorted(PARTS_OF_RULES), metavar="RULE", help=", ".join(sorted(PARTS_OF_RULES)))
    parser.add_argument("--range", choices=RANGES, default="24h", help="how far back (default: 24h)")
    parser.add_argument("--environment", choices=ENVIRONMENTS, default="prod")
    parser.add_argument("--threshold", type=float, metavar="X", help="another threshold than the configured one")
    parser.add_argument("--step", type=float, metavar="SECONDS", help="how far apart to judge; default by the range")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Judge and report."""
    config = load(path_of(os.environ), CHANNELS)
    if options.threshold is not None:
        rule = config.rules_in(options.environment)[options.rule]
        config = config.with_rule(options.environment, msgspec.structs.replace(rule, threshold=options.threshold))
    step = timedelta(seconds=max(1.0, options.step or STEP_SECONDS[options.range]))
    unknown: list[str] = []
    with database(settings) as url:
        firings = asyncio.run(judge_range(settings, url, config, options, step, unknown))
    print(report(options.rule, options.range, step, firings))
    for text in unjudged(config, options.rule, options.environment):
        print(text)
    if unknown:
        print(f"It could not be judged {len(unknown):,} times; last: {unknown[-1]}.")
    return 1 if unknown else 0


async def judge_range(
    settings: Settings,
    url: str,
    config: Config,
    options: argparse.Namespace,
    step: timedelta,
    unknown: list[str],
) -> list[Firing]:
    """Every firing of the range; why a rule could not be judged goes into `unknown`."""
    rule: RuleName = next(name for name in NAMES if name == options.rule)
    environment: Environment = options.environment
    pool, state_pool = await open_pool(settings.source_url or url, size=6), await open_pool(url, size=6)
    try:
        moments = instants_to_judge(await source_now(pool), SPANS[options.range], step)
        identity = source_identity(settings)
        counts = Counts(state_pool, identity)
        absent = config.absent
        source = Source(
            pool,
            settings.source_schema,
            settings.timezone,
            counts=counts,
            arrivals=Arrivals(state_pool, identity),
            absent=lambda: absent,
        )
        with tqdm(total=len(moments), unit="instant", disable=not sys.stderr.isatty()) as bar:
            return await backtest(
                source, config, rule, environment, moments, on_instant=bar.update, on_unknown=unknown.append
            )
    finally:
        await close_pool(pool)
        await close_pool(state_pool)


def report(rule: str, span: str, step: timedelta, firings: list[Firing]) -> str:
    """What came of it, as a table."""
    every = f"judged each {step.total_seconds():g} s over the last {span}"
    if not firings:
        return f"{rule} would not have fired, {every}."
    rows = [firing_line(firing) for firing in firings]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    times = "once" if len(firings) == 1 else f"{len(firings)} times"
    return "\n".join([f"{rule} would have fired {times}, {every}:", *table])


def unjudged(config: Config, rule: RuleName, environment: Environment) -> Iterator[str]:
    """What the configuration keeps from being judged."""
    if gone := sorted({RELATION_OF_PART[part] for part in PARTS_OF_RULES[rule]} & config.absent):
        yield f"houndmon.toml says that the source has no {', no '.join(gone)}: nothing was judged by it."
    if not config.rules_in(environment)[rule].enabled:
        yield f"{rule} is switched off in {config.called(environment)}: nothing of this is told now."


def firing_line(firing: Firing) -> tuple[str, str, str, str]:
    """When, for how long, of what, and why."""
    lasted = "still firing"
    if firing.recovered_at:
        lasted = f"for {(firing.recovered_at - firing.fired_at).total_seconds() / 60:.1f} min"
    worst = f" (worst {firing.worst:.4g})" if firing.worst is not None else ""
    return f"{firing.fired_at:%Y-%m-%d %H:%M:%S} UTC", lasted, neutral(firing.subject or ""), firing.reason + worst
