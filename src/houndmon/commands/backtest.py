"""Run a rule over the past, and print when it would have fired, for how long, and how often.

The rule is judged by the very code that judges it now, on the source's rows as they stood at each instant.
"""

import argparse
import asyncio
import os
import sys
from datetime import timedelta
from typing import get_args

import msgspec
from tqdm import tqdm

from houndmon.commands.database import database
from houndmon.config.load import load, path_of
from houndmon.config.model import Config, RuleName
from houndmon.counts.read import Counts
from houndmon.evaluator.backtest import PARTS, Firing, backtest, instants, source_now
from houndmon.kit.clock import SPANS
from houndmon.kit.filters import ENVIRONMENTS, RANGES, Environment
from houndmon.kit.settings import Settings
from houndmon.kit.source import Source, open_pool, retired
from houndmon.running import identity_of

STEPS = {"1h": 15, "6h": 60, "24h": 120, "7d": 600}  # seconds; shorter ones are asked for with --step


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which rule, over what."""
    parser.add_argument("rule", choices=sorted(PARTS), metavar="RULE", help=", ".join(sorted(PARTS)))
    parser.add_argument("--range", choices=RANGES, default="24h", help="how far back (default: 24h)")
    parser.add_argument("--environment", choices=ENVIRONMENTS, default="prod")
    parser.add_argument("--threshold", type=float, metavar="X", help="another threshold than the configured one")
    parser.add_argument("--step", type=float, metavar="SECONDS", help="how far apart to judge; default by the range")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Judge and report."""
    config = load(path_of(os.environ))
    if options.threshold is not None:
        rule = msgspec.structs.replace(config.rules[options.rule], threshold=options.threshold)
        config = msgspec.structs.replace(config, rules=config.rules | {options.rule: rule})
    step = timedelta(seconds=max(1.0, options.step or STEPS[options.range]))
    with database(settings) as url:
        firings = asyncio.run(judged(settings, url, config, options, step))
    print(report(options.rule, options.range, step, firings))
    return 0


async def judged(
    settings: Settings, url: str, config: Config, options: argparse.Namespace, step: timedelta
) -> list[Firing]:
    """Every firing of the range."""
    rule: RuleName = next(name for name in get_args(RuleName) if name == options.rule)
    environment: Environment = options.environment
    pool, state_pool = await open_pool(settings.source_url or url, size=6), await open_pool(url, size=6)
    try:
        moments = instants(await source_now(pool), SPANS[options.range], step)
        counts = Counts(state_pool, identity_of(settings))
        source = Source(pool, settings.source_schema, settings.timezone, counts=counts)
        with tqdm(total=len(moments), unit="instant", disable=not sys.stderr.isatty()) as bar:
            return await backtest(source, config, rule, environment, moments, told=bar.update)
    finally:
        await retired(pool)
        await retired(state_pool)


def report(rule: str, span: str, step: timedelta, firings: list[Firing]) -> str:
    """What came of it, as a table."""
    every = f"judged each {step.total_seconds():g} s over the last {span}"
    if not firings:
        return f"{rule} would not have fired, {every}."
    rows = [line(firing) for firing in firings]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    table = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]) for row in rows
    ]
    times = "once" if len(firings) == 1 else f"{len(firings)} times"
    return "\n".join([f"{rule} would have fired {times}, {every}:", *table])


def line(firing: Firing) -> tuple[str, str, str, str]:
    """When, for how long, of what, and why."""
    lasted = "still firing"
    if firing.recovered_at:
        lasted = f"for {(firing.recovered_at - firing.fired_at).total_seconds() / 60:.1f} min"
    worst = f" (worst {firing.worst:.4g})" if firing.worst is not None else ""
    return f"{firing.fired_at:%Y-%m-%d %H:%M:%S} UTC", lasted, firing.subject or "", firing.reason + worst
