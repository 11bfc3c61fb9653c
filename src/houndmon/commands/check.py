"""Check the configuration, print what it means, and say whether the source says what houndmon takes it to say.

Of the source it looks at relations, columns, rights and indexes, at the plans of views, and at the rows of the last
day: their environments, words, times and ids. It only reads, and each question ends after a few seconds. Exit status 1
where the configuration is refused, figures stay unread, or a mapping makes them lie; warnings leave it at 0.

houndmon check                          # the configuration, then the source
houndmon check --json | jq .source      # for programs: census, findings
houndmon check --seconds 30             # more time for each question, for a large source
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import msgspec
from tqdm import tqdm

from houndmon.commands.database import data_dir
from houndmon.config.defaults import DEFAULTS
from houndmon.config.durations import format_duration
from houndmon.config.load import load, path_of
from houndmon.config.model import Config
from houndmon.config.rule_text import hold_text, owner_text
from houndmon.config.warnings import configuration_warnings
from houndmon.core import embedded
from houndmon.core.connections import open_connection
from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.settings import Settings
from houndmon.core.source import failure_reason
from houndmon.core.sql import RELATIONS
from houndmon.notify.channels import CHANNELS
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.budget import BURN_RULES, BURN_SPANS_OF, burn_seconds, unseen_levels
from houndmon.rulebook.detection import TICK_SECONDS
from houndmon.rulebook.levels import LEVEL_BOOK, ServiceLevel
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import duration, percent
from houndmon.source_check.inspection import inspected
from houndmon.source_check.model import Report
from houndmon.source_check.text import report_lines

MOST_SECONDS = 600.0
RULE_HEADS = (
    "rule", "severity", "fires when", "for", "sample", "owner", "respond", "total failure in", "runbook"
)  # fmt: skip
LEVEL_HEADS = ("service level", "objective", "window", "owner", *BURN_RULES, "runbook")


class Unread(msgspec.Struct):
    """A source that was not looked at, and whether it should have been."""

    why: str
    is_wrong: bool


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which file, in which form, and how patiently."""
    parser.add_argument(
        "--config", type=Path, metavar="PATH", help="the file; default: HOUNDMON_CONFIG, else houndmon.toml here"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--seconds", type=patience, default=5.0, metavar="N", help="how long a question may take; default: 5"
    )


def patience(text: str) -> float:
    """Seconds that a question may take. Raises ArgumentTypeError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"must be a number of seconds up to {MOST_SECONDS:.0f}")
    return seconds


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Print the configuration, then the state of the source."""
    path = options.config or path_of(os.environ)
    config = load(path, CHANNELS)
    if not options.json:
        print(f"configuration: {path or 'no file, the defaults'}: accepted\n")
        print(describe_config(config))
        for text in configuration_warnings(config):
            print(f"warning: {text}")
    found = read_gaps(settings, options.seconds, config)
    is_wrong = found.is_wrong if isinstance(found, Unread) else found.errors > 0
    print(as_json(path, config, found) if options.json else as_text(found))
    return 1 if is_wrong else 0


def describe_config(config: Config) -> str:
    """The whole configuration; of receivers, names and kinds only."""
    parts = [
        align_table(
            [RULE_HEADS, *(rule_line(rule.name, rule, config) for rule in config.rules.values()), *own_lines(config)]
        ),
        align_table([LEVEL_HEADS, *(level_line(level, config) for level in config.levels.values())]),
        f"The times are those to see a total failure, where traffic is ample. {' '.join(unseen_notes(config))}".strip(),
    ]
    parts += [", ".join(house)] if (house := list(house_lines(config))) else []
    if config.receivers:
        parts.append(align_table([("receiver", "kind", "told of"), *receiver_lines(config)]))
    return "\n\n".join(parts) + "\n"


def unseen_notes(config: Config) -> Iterator[str]:
    """Which failures a burn rule never sees, and why."""
    for rule in (config.rules[name] for name in BURN_RULES):
        for name in unseen_levels(rule, config.levels):
            yield f"{rule.name} never sees {name} fail: its {BURN_SPANS_OF[rule.name][1]} end before a track is late."


def own_lines(config: Config) -> Iterator[tuple[str, ...]]:
    """The rules that an environment has otherwise, each as a line of the table."""
    for environment, rules in config.own_rules.items():
        for rule in rules.values():
            yield rule_line(f"{rule.name}, {environment}", rule, config)


def house_lines(config: Config) -> Iterator[str]:
    """What this house calls things, and what its source does not have."""
    if config.absent:
        yield f"the source has no {', no '.join(sorted(config.absent))}"
    for environment, name in config.environment_names.items():
        yield f"{environment} is called {name}"
    for name, template in config.links.items():
        yield f"{name} are at {template}"
    if (config.ios_platforms, config.ios_browsers) != (DEFAULTS.ios_platforms, DEFAULTS.ios_browsers):
        yield f"Safari on iOS is {' or '.join(config.ios_browsers)} on {' or '.join(config.ios_platforms)}"


def house_keys(config: Config) -> dict[str, object]:
    """The same for programs; and what is switched off where."""
    return {
        "absent": sorted(config.absent),
        "environment_names": {name: config.called(name) for name in ENVIRONMENTS},
        "ios_safari": {"platforms": config.ios_platforms, "browsers": config.ios_browsers},
        "links": dict(config.links),
        "switched_off": {name: config.switched_off(name) for name in ENVIRONMENTS},
    }


def rule_line(name: str, rule: Rule, config: Config) -> tuple[str, ...]:
    """A rule as a line of the table."""
    spec, sample = BOOK[rule.name], f"{rule.minimum_sample:,}" if rule.minimum_sample > 1 else "—"
    return (
        name,
        rule.severity,
        spec.condition(rule) if rule.enabled else "switched off",
        hold_text(rule),
        sample,
        owner_text(rule),
        format_duration(rule.response_target_minutes * 60),
        duration(spec.detection_seconds(rule, config.levels)),
        rule.runbook_url,
    )


def level_line(level: ServiceLevel, config: Config) -> tuple[str, ...]:
    """A service level as a line of the table, with the time in which each burn rule sees it fail."""
    waits = [
        None if (known := burn_seconds(rule, level)) is None else known + rule.hold_seconds + TICK_SECONDS
        for rule in (config.rules[name] for name in BURN_RULES)
    ]
    objective = percent(level.objective)
    if "limit" in LEVEL_BOOK[level.name].own_keys:
        objective += f" in {format_duration(level.limit_minutes * 60)}"
    seen = ("never" if wait is None else duration(wait) for wait in waits)
    return level.name, objective, level.window, level.owner_role, *seen, level.runbook_url


def receiver_lines(config: Config) -> Iterator[tuple[str, ...]]:
    """The receivers, each with what it is told of."""
    for name, receiver in config.receivers.items():
        routes = [route for route in config.routes if name in route.receivers]
        parts = [", ".join((*route.rules, *route.environments, *route.severities)) or "everything" for route in routes]
        yield name, receiver.kind, "; ".join(parts) or "nothing"


def align_table(rows: list[tuple[str, ...]]) -> str:
    """Rows with their columns aligned."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def read_gaps(settings: Settings, seconds: float, config: Config) -> Report | Unread:
    """What there is to say of the source."""
    url = settings.source_url or settings.database_url or embedded.running_dsn(data_dir(settings))
    if not url:
        return Unread("HOUNDMON_DATABASE_URL is not set, and no embedded database runs", is_wrong=False)
    try:
        return asyncio.run(report_of(url, settings.source_schema, seconds, config))
    except ValueError:
        return Unread("its address is not one of PostgreSQL", is_wrong=True)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        return Unread(failure_reason(error), is_wrong=True)


async def report_of(url: str, schema: str, seconds: float, config: Config) -> Report:
    """The report on a source; a bar shows how far it is."""
    conn = await open_connection(url, command_timeout=seconds + 10)
    try:
        with tqdm(total=len(RELATIONS) + 1, unit="look", leave=False, disable=not sys.stderr.isatty()) as bar:
            return await inspected(conn, schema, seconds, lambda name: told(bar, name), config)
    finally:
        await conn.close(timeout=2)


def told(bar: tqdm, name: str) -> None:
    """Show what is looked at."""
    bar.set_description(name)
    bar.update()


def as_text(found: Report | Unread) -> str:
    """What came of the source, for people."""
    if isinstance(found, Unread):
        return f"error: source: {found.why}" if found.is_wrong else f"source: not looked at: {found.why}"
    return "\n".join(report_lines(found))


def as_json(path: Path | None, config: Config, found: Report | Unread) -> str:
    """The same for programs. What houndmon does not know of the source is null."""
    answer = {
        "configuration": {"file": None if path is None else str(path), "warnings": list(configuration_warnings(config))}
        | house_keys(config),
        "source": found if isinstance(found, Report) else None,
        "problem": found.why if isinstance(found, Unread) else None,
    }
    return json.dumps(msgspec.to_builtins(answer), indent=2)  # in ASCII: it may be looked at on a terminal
