"""Reads the configuration: a file's keys over the defaults, refused where they cannot be meant."""

import os
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path

import msgspec

from houndmon.config.addresses import heartbeat_address, public_address, runbook_address
from houndmon.config.defaults import DEFAULTS, LEVELS, RULES
from houndmon.config.durations import parse_duration
from houndmon.config.errors import ConfigError, KeyPath
from houndmon.config.links import read_links
from houndmon.config.model import Config
from houndmon.config.raw import (
    RawFile,
    RawLevel,
    RawNames,
    RawRule,
    RawSafari,
    RawSource,
    RawValue,
    convert_table,
    given_keys,
    look_up,
)
from houndmon.config.receivers import Channels, read_receivers, read_routes
from houndmon.config.site import absent, environment_names, folded_names
from houndmon.config.toml_file import read_tables
from houndmon.core.clock import SPANS
from houndmon.core.filters import ENVIRONMENTS, RANGES, Environment
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.budget import BURN_RULES, share_needed
from houndmon.rulebook.levels import LEVEL_BOOK, LEVEL_KEYS, LevelName, Levels, ServiceLevel
from houndmon.rulebook.spec import OWN_KEYS, Rule, threshold_of
from houndmon.rulebook.units import RATIO
from houndmon.slo.level import highest_burn_rate

__all__ = ["ConfigError", "load", "path_of"]
FILE = "houndmon.toml"

TextReader = Callable[[KeyPath, str], RawValue]
NumberReader = Callable[[KeyPath, float], RawValue]


def path_of(environ: Mapping[str, str]) -> Path | None:
    """The file that HOUNDMON_CONFIG names, else houndmon.toml where one lies in the working directory."""
    if named_file := environ.get("HOUNDMON_CONFIG"):
        return Path(named_file).expanduser()
    return Path(FILE) if Path(FILE).exists() else None


def load(path: Path | None, channels: Channels, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a file; the defaults without one. `channels` read the receivers. Raises ConfigError."""
    if path is None:
        return DEFAULTS
    key_path = KeyPath(str(path))
    raw = convert_table(key_path, read_tables(path), RawFile)
    names, safari = key_path.at("environment_names"), key_path.at("ios_safari")
    known = read_receivers(key_path.at("receivers"), raw.receivers, channels, environ)
    config = Config(
        rules=read_rules(key_path.at("rules"), raw.rules),
        own_rules=own_rules(key_path.at("rules"), raw.rules),
        levels=read_levels(key_path.at("slos"), raw.slos),
        receivers=known,
        routes=read_routes(key_path.at("routes"), raw.routes, known),
        public_url=public_address(key_path.at("public_url"), raw.public_url),
        heartbeat_url=heartbeat_address(key_path.at("heartbeat_url"), raw.heartbeat_url),
        absent=absent(key_path.at("source"), convert_table(key_path.at("source"), raw.source, RawSource)),
        environment_names=environment_names(names, convert_table(names, raw.environment_names, RawNames)),
        ios_platforms=folded_names(safari.at("platforms"), convert_table(safari, raw.ios_safari, RawSafari).platforms),
        ios_browsers=folded_names(safari.at("browsers"), convert_table(safari, raw.ios_safari, RawSafari).browsers),
        links=read_links(key_path.at("links"), raw.links),
    )
    for name in BURN_RULES:
        refuse_unreachable(key_path, config.rules[name], config.levels)
        for environment, own in config.own_rules.items():
            if name in own:
                refuse_unreachable(key_path, own[name], config.levels, f"{name}.{environment}")
    return config


def read_rules(key_path: KeyPath, given_tables: dict[str, object]) -> dict[str, Rule]:
    """Every rule: the default, with what the file says put over it."""
    found = dict(RULES)
    for name, table in given_tables.items():
        default = look_up(key_path.at(name), name, RULES, "rule")
        found[default.name] = override_rule(key_path.at(name), default, for_both(table))
    return found


def own_rules(key_path: KeyPath, given_tables: dict[str, object]) -> dict[Environment, dict[str, Rule]]:
    """The rules that an environment has otherwise: what its table says over what holds for both."""
    both = read_rules(key_path, given_tables)
    found: dict[Environment, dict[str, Rule]] = {}
    for name, table in given_tables.items():
        for environment in ENVIRONMENTS:
            if isinstance(table, dict) and environment in table:
                own = override_rule(key_path.at(name).at(environment), both[name], table[environment])
                found.setdefault(environment, {})[name] = own
    return found


def for_both(table: object) -> object:
    """What a rule's table says for both environments."""
    if not isinstance(table, dict):
        return table
    return {key: value for key, value in table.items() if key not in ENVIRONMENTS}


def override_rule(key_path: KeyPath, default: Rule, table: object) -> Rule:
    """One rule."""
    said = given_keys(convert_table(key_path, table, RawRule))
    for key in said:
        if key in OWN_KEYS and key not in BOOK[default.name].own_keys:
            raise key_path.at(key).error(f"{default.name} does not use it: remove it")
    numbers = RULE_NUMBERS | {"threshold": ("threshold", threshold_reader(default))}
    return msgspec.structs.replace(default, **read_keys(key_path, said, RULE_TEXTS, numbers))


def read_levels(key_path: KeyPath, given_tables: dict[str, object]) -> dict[LevelName, ServiceLevel]:
    """Every service level, likewise."""
    found, known = dict(LEVELS), {str(name): level for name, level in LEVELS.items()}
    for name, table in given_tables.items():
        default = look_up(key_path.at(name), name, known, "service level")
        said = given_keys(convert_table(key_path.at(name), table, RawLevel))
        found[default.name] = refuse_unreachable_limit(
            key_path.at(name),
            said,
            msgspec.structs.replace(default, **read_keys(key_path.at(name), said, LEVEL_TEXTS, LEVEL_NUMBERS)),
        )
    return found


def refuse_unreachable_limit(key_path: KeyPath, said: dict[str, RawValue], level: ServiceLevel) -> ServiceLevel:
    """A service level whose limit can be missed within its window. Raises ConfigError."""
    for key in said:
        if key in LEVEL_KEYS and key not in LEVEL_BOOK[level.name].own_keys:
            raise key_path.at(key).error(f"{level.name} does not use it: remove it")
    if level.limit_minutes * 60 >= SPANS[level.window].total_seconds():
        raise key_path.at("limit").error(f"must be shorter than the window of {level.window}")
    return level


def read_keys(
    key_path: KeyPath,
    said: dict[str, RawValue],
    texts: dict[str, tuple[str, TextReader]],
    numbers: dict[str, tuple[str, NumberReader]],
) -> dict[str, RawValue]:
    """The fields that the given keys set."""
    found: dict[str, RawValue] = {}
    for key, value in said.items():
        if isinstance(value, bool):
            found[key] = value
        elif isinstance(value, str):
            field, read_text = texts[key]
            found[field] = read_text(key_path.at(key), value.strip())
        else:
            field, read_number = numbers[key]
            found[field] = read_number(key_path.at(key), value)
    return found


def refuse_unreachable(key_path: KeyPath, rule: Rule, levels: Levels, key: str | None = None) -> None:
    """Refuse a burn threshold that even a total failure never passes."""
    threshold = threshold_of(rule)
    for level in levels.values():
        if share_needed(threshold, level.objective) >= 1:
            most = highest_burn_rate(level.objective)
            raise key_path.at(f"rules.{key or rule.name}.threshold").error(
                f"{threshold:g} can never be reached: a total failure of slos.{level.name}, whose objective is "
                f"{level.objective:g}, burns at {most:.3g} at most; lower the threshold, or raise the objective"
            )


def read_duration(key_path: KeyPath, text: str, unit_seconds: float = 1) -> float:
    """A duration, in seconds or another unit."""
    try:
        return parse_duration(text) / unit_seconds
    except ValueError as error:
        raise key_path.error(str(error)) from None


def whole_minutes(key_path: KeyPath, text: str) -> float:
    """A duration that begins where windows do, in seconds."""
    seconds = read_duration(key_path, text)
    if not seconds or seconds % 60:
        raise key_path.error("must be whole minutes, as in 15m")
    return seconds


def positive(what: str, unit_seconds: float = 60) -> TextReader:
    """Reads a duration that must not be nothing, in minutes or another unit."""

    def reader(key_path: KeyPath, text: str) -> float:
        if not text:
            raise key_path.error(f"is blank: {what}, as in 15m")
        length = read_duration(key_path, text, unit_seconds)
        if not length:
            raise key_path.error(f"must be more than nothing: {what}, as in 15m")
        return length

    return reader


def nonblank_text(what: str) -> TextReader:
    """Reads a text that must not be blank."""

    def reader(key_path: KeyPath, text: str) -> str:
        if not text:
            raise key_path.error(f"is blank: {what}, or leave the key out for the default")
        return text

    return reader


def threshold_reader(rule: Rule) -> NumberReader:
    """Reads the threshold of a rule: a share for a ratio, else a number above 0."""

    def reader(key_path: KeyPath, value: float) -> float:
        if BOOK[rule.name].unit is RATIO and not 0 < value < 1:
            raise key_path.error("must be a share between 0 and 1, as in 0.05 for 5 %")
        if not (isfinite(value) and value > 0):
            raise key_path.error("must be a number above 0")
        return value

    return reader


def read_factor(key_path: KeyPath, value: float) -> float:
    """How many times its baseline; 0 asks for no baseline."""
    if not (isfinite(value) and value >= 0):
        raise key_path.error("must be a number from 0 on")
    return value


def ceiling(key_path: KeyPath, value: float) -> float:
    """A share that is too high whatever is usual; none is above 1."""
    if not 0 < value <= 1:
        raise key_path.error("must be a share above 0, as in 0.25 for 25 %; 1 for no ceiling")
    return value


def read_objective(key_path: KeyPath, value: float) -> float:
    """The share that shall be good."""
    if not 0 < value < 1:
        raise key_path.error("must be a share between 0 and 1, as in 0.99; at 1 there is no budget to spend")
    return value


def read_window(key_path: KeyPath, text: str) -> str:
    """The window of a service level, by its name."""
    seconds = read_duration(key_path, text)
    for name in RANGES:
        if SPANS[name].total_seconds() == seconds:
            return name
    raise key_path.error(f"must be one of {', '.join(RANGES)}")


def text_as_is(key_path: KeyPath, text: str) -> str:
    """A text that its type alone makes right."""
    return text


def number_as_is(key_path: KeyPath, value: float) -> float:
    """A number that its type alone makes right."""
    return value


OWNER = ("owner_role", nonblank_text("name the role that answers for it"))
RUNBOOK = ("runbook_url", runbook_address)
RULE_TEXTS: dict[str, tuple[str, TextReader]] = {
    "for": ("hold_seconds", read_duration),
    "recover_after": ("recover_after_seconds", read_duration),
    "response_target": ("response_target_minutes", positive("say within which time to acknowledge")),
    "stalled_after": ("stalled_after_seconds", whole_minutes),
    "stuck_after": ("stuck_after_seconds", positive("say how long a job may be in progress", 1)),
    "silent_after": ("silent_after_seconds", positive("say how old the newest beat of a worker may be", 1)),
    "severity": ("severity", text_as_is),
    "owner_role": OWNER,
    "runbook_url": RUNBOOK,
}
RULE_NUMBERS: dict[str, tuple[str, NumberReader]] = {
    "minimum_sample": ("minimum_sample", number_as_is),
    "minimum_bad": ("minimum_bad", number_as_is),
    "baseline_factor": ("baseline_factor", read_factor),
    "ceiling": ("ceiling", ceiling),
    "delay_minutes": ("delay_minutes", number_as_is),
}
LEVEL_TEXTS: dict[str, tuple[str, TextReader]] = {
    "window": ("window", read_window),
    "limit": ("limit_minutes", positive("say within which time a track must be live")),
    "owner_role": OWNER,
    "runbook_url": RUNBOOK,
}
LEVEL_NUMBERS: dict[str, tuple[str, NumberReader]] = {"objective": ("objective", read_objective)}
