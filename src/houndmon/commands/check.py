"""Check the configuration, print what it means, and say what the source lacks.

Exit status 1 where the configuration is refused or the source leaves figures unread; warnings leave it at 0.
"""

import argparse
import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from houndmon.commands.database import data_dir
from houndmon.config.detection import BURN_SPANS_OF, TICK_SECONDS, blind, burn_seconds, detection_seconds
from houndmon.config.durations import write
from houndmon.config.load import load, path_of
from houndmon.config.model import BURN_RULES, Config, Rule, ServiceLevel
from houndmon.config.words import condition, hold, owner
from houndmon.kit import embedded
from houndmon.kit.contract import Lack, lacks
from houndmon.kit.settings import Settings
from houndmon.kit.source import reason
from houndmon.web.display import duration, percent, plural

MOST_PLAN_LINES = 12
RULE_HEADS = (
    "rule", "severity", "fires when", "for", "sample", "owner", "respond", "total failure in", "runbook"
)  # fmt: skip
LEVEL_HEADS = ("service level", "objective", "window", "owner", *BURN_RULES, "runbook")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which file."""
    parser.add_argument(
        "--config", type=Path, metavar="PATH", help="the file; default: HOUNDMON_CONFIG, else houndmon.toml here"
    )


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the configuration, then the state of the source."""
    path = options.config or path_of(os.environ)
    config = load(path)
    print(f"configuration: {path or 'no file, the defaults'}: accepted\n")
    print(described(config))
    for text in unheard(config):
        print(f"warning: {text}")
    return inspected(settings)


def described(config: Config) -> str:
    """The whole configuration; of receivers, names and kinds only."""
    parts = [
        table([RULE_HEADS, *(rule_line(rule, config) for rule in config.rules.values())]),
        table([LEVEL_HEADS, *(level_line(level, config) for level in config.levels.values())]),
        f"The times are those to see a total failure, where traffic is ample. {' '.join(unseen(config))}".strip(),
    ]
    if config.receivers:
        parts.append(table([("receiver", "kind", "told of"), *receiver_lines(config)]))
    return "\n\n".join(parts) + "\n"


def unseen(config: Config) -> Iterator[str]:
    """Which failures a burn rule never sees, and why."""
    for rule in config.rules.values():
        for name in blind(rule, config):
            yield f"{rule.name} never sees {name} fail: its {BURN_SPANS_OF[rule.name][1]} end before a track is late."


def rule_line(rule: Rule, config: Config) -> tuple[str, ...]:
    """A rule as a line of the table."""
    sample = f"{rule.minimum_sample:,}" if rule.minimum_sample > 1 else "—"
    return (
        rule.name,
        rule.severity,
        condition(rule),
        hold(rule),
        sample,
        owner(rule),
        write(rule.response_target_minutes * 60),
        duration(detection_seconds(rule, config)),
        rule.runbook_url,
    )


def level_line(level: ServiceLevel, config: Config) -> tuple[str, ...]:
    """A service level as a line of the table, with the time in which each burn rule sees it fail."""
    waits = [
        None if (known := burn_seconds(rule, level)) is None else known + rule.hold_seconds + TICK_SECONDS
        for rule in (config.rules[name] for name in BURN_RULES)
    ]
    objective = percent(level.objective)
    if level.name == "upload_to_live":
        objective += f" in {write(level.limit_minutes * 60)}"
    seen = ("never" if wait is None else duration(wait) for wait in waits)
    return level.name, objective, level.window, level.owner_role, *seen, level.runbook_url


def receiver_lines(config: Config) -> Iterator[tuple[str, ...]]:
    """The receivers, each with what it is told of."""
    for name, receiver in config.receivers.items():
        routes = [route for route in config.routes if name in route.receivers]
        parts = [", ".join((*route.rules, *route.environments, *route.severities)) or "everything" for route in routes]
        yield name, receiver.kind, "; ".join(parts) or "nothing"


def unheard(config: Config) -> Iterator[str]:
    """What the configuration leaves nobody to hear of."""
    if not config.receivers:
        yield "there is no receiver: alerts show on the page alone"
    for name in config.receivers:
        if not any(name in route.receivers for route in config.routes):
            yield f"the receiver {name} is in no route: it is told of nothing"


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows with their columns aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def inspected(settings: Settings) -> int:
    """Print what the source lacks; the exit status."""
    url = settings.source_url or settings.database_url or embedded.attach(data_dir(settings))
    if not url:
        print("source: not looked at: HOUNDMON_DATABASE_URL is not set, and no embedded database runs")
        return 0
    try:
        found = asyncio.run(looked_at(url, settings.source_schema))
    except ValueError:
        print("error: source: its address is not one of PostgreSQL")
        return 1
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        print(f"error: source: {reason(error)}")
        return 1
    for lack in found:
        print(lack_lines(lack))
    errors = sum(lack.grave for lack in found)
    verdict = f"{plural(errors, 'error', 'errors')}, {plural(len(found) - errors, 'warning', 'warnings')}"
    print(f"source {settings.source_schema}: {verdict if found else 'all there'}")
    return 1 if errors else 0


async def looked_at(url: str, schema: str) -> list[Lack]:
    """What the source lacks."""
    conn = await asyncpg.connect(url, timeout=5, command_timeout=10, statement_cache_size=0)
    try:
        return await lacks(conn, schema)
    finally:
        await conn.close(timeout=2)


def lack_lines(lack: Lack) -> str:
    """One lack, with the plan that shows it."""
    lines = [f"{'error' if lack.grave else 'warning'}: source: {lack.what}"]
    lines += [f"    {line}" for line in lack.plan[:MOST_PLAN_LINES]]
    return "\n".join(lines)
