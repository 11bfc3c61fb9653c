"""Reads the configuration: a file's keys over the defaults, refused where they cannot be meant."""

import os
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import msgspec

from houndmon.config.addresses import heartbeat_address, public_address, runbook_address
from houndmon.config.defaults import DEFAULTS, LEVELS, OWN_KEYS, RATIO_RULES, RULES
from houndmon.config.detection import share_needed
from houndmon.config.durations import parse
from houndmon.config.errors import ConfigError, Place
from houndmon.config.model import BURN_RULES, Config, Rule, RuleName, ServiceLevel
from houndmon.config.raw import RawFile, RawLevel, RawRule, given, named, typed
from houndmon.config.reading import tables
from houndmon.config.receivers import receivers, routes
from houndmon.kit.clock import SPANS
from houndmon.kit.filters import RANGES
from houndmon.slo.level import highest_burn_rate

__all__ = ["ConfigError", "load", "path_of"]
FILE = "houndmon.toml"
SOME_KEYS = {key for keys in OWN_KEYS.values() for key in keys}

Reader = Callable[[Place, Any], Any]


def path_of(environ: Mapping[str, str]) -> Path | None:
    """The file that HOUNDMON_CONFIG names, else houndmon.toml where one lies in the working directory."""
    if named_file := environ.get("HOUNDMON_CONFIG"):
        return Path(named_file).expanduser()
    return Path(FILE) if Path(FILE).exists() else None


def load(path: Path | None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a file; the defaults without one. Raises ConfigError."""
    if path is None:
        return DEFAULTS
    place = Place(str(path))
    raw = typed(place, tables(path), RawFile)
    known = receivers(place.at("receivers"), raw.receivers, environ)
    config = Config(
        rules=rules(place.at("rules"), raw.rules),
        levels=levels(place.at("slos"), raw.slos),
        receivers=known,
        routes=routes(place.at("routes"), raw.routes, known),
        public_url=public_address(place.at("public_url"), raw.public_url),
        heartbeat_url=heartbeat_address(place.at("heartbeat_url"), raw.heartbeat_url),
    )
    for name in BURN_RULES:
        refuse_unreachable(place, config.rules[name], config)
    return config


def rules(place: Place, given_tables: dict[str, Any]) -> dict[RuleName, Rule]:
    """Every rule: the default, with what the file says put over it."""
    found = dict(RULES)
    for name, table in given_tables.items():
        default = named(place.at(name), name, {str(known): rule for known, rule in RULES.items()}, "rule")
        found[default.name] = changed(place.at(name), default, table)
    return found


def changed(place: Place, default: Rule, table: Any) -> Rule:
    """One rule."""
    said = given(typed(place, table, RawRule))
    for key in said:
        if key in SOME_KEYS and key not in OWN_KEYS[default.name]:
            raise place.at(key).refused(f"{default.name} does not use it: remove it")
    return msgspec.structs.replace(default, **read(place, said, RULE_READERS | {"threshold": threshold_of(default)}))


def levels(place: Place, given_tables: dict[str, Any]) -> dict[Any, ServiceLevel]:
    """Every service level, likewise."""
    found = dict(LEVELS)
    for name, table in given_tables.items():
        default = named(place.at(name), name, {str(known): level for known, level in LEVELS.items()}, "service level")
        said = given(typed(place.at(name), table, RawLevel))
        found[default.name] = checked(
            place.at(name), said, msgspec.structs.replace(default, **read(place.at(name), said, LEVEL_READERS))
        )
    return found


def checked(place: Place, said: dict[str, Any], level: ServiceLevel) -> ServiceLevel:
    """A service level whose limit can be missed within its window. Raises ConfigError."""
    if "limit" in said and level.name != "upload_to_live":
        raise place.at("limit").refused(f"{level.name} does not use it: remove it")
    if level.limit_minutes * 60 >= SPANS[level.window].total_seconds():
        raise place.at("limit").refused(f"must be shorter than the window of {level.window}")
    return level


def read(place: Place, said: dict[str, Any], readers: dict[str, tuple[str, Reader]]) -> dict[str, Any]:
    """The fields that the given keys set."""
    return {
        readers[key][0]: readers[key][1](place.at(key), value.strip() if isinstance(value, str) else value)
        for key, value in said.items()
    }


def refuse_unreachable(place: Place, rule: Rule, config: Config) -> None:
    """Refuse a burn threshold that even a total failure never passes."""
    for level in config.levels.values():
        assert rule.threshold is not None, "a burn rule always has one"
        if share_needed(rule.threshold, level.objective) >= 1:
            most = highest_burn_rate(level.objective)
            raise place.at(f"rules.{rule.name}.threshold").refused(
                f"{rule.threshold:g} can never be reached: a total failure of slos.{level.name}, whose objective is "
                f"{level.objective:g}, burns at {most:.3g} at most; lower the threshold, or raise the objective"
            )


def duration(place: Place, text: str, unit_seconds: float = 1) -> float:
    """A duration, in seconds or another unit."""
    try:
        return parse(text) / unit_seconds
    except ValueError as error:
        raise place.refused(str(error)) from None


def positive_minutes(what: str) -> Reader:
    """Reads a duration that must not be nothing."""

    def reader(place: Place, text: str) -> float:
        if not text:
            raise place.refused(f"is blank: {what}, as in 15m")
        minutes = duration(place, text, 60)
        if not minutes:
            raise place.refused(f"must be more than nothing: {what}, as in 15m")
        return minutes

    return reader


def filled(what: str) -> Reader:
    """Reads a text that must not be blank."""

    def reader(place: Place, text: str) -> str:
        if not text:
            raise place.refused(f"is blank: {what}, or leave the key out for the default")
        return text

    return reader


def threshold_of(rule: Rule) -> tuple[str, Reader]:
    """Reads the threshold of a rule: a share for a ratio, else a number above 0."""

    def reader(place: Place, value: float) -> float:
        if rule.name in RATIO_RULES and not 0 < value < 1:
            raise place.refused("must be a share between 0 and 1, as in 0.05 for 5 %")
        if not (isfinite(value) and value > 0):
            raise place.refused("must be a number above 0")
        return value

    return "threshold", reader


def factor(place: Place, value: float) -> float:
    """How many times its baseline; 0 asks for no baseline."""
    if not (isfinite(value) and value >= 0):
        raise place.refused("must be a number from 0 on")
    return value


def objective(place: Place, value: float) -> float:
    """The share that shall be good."""
    if not 0 < value < 1:
        raise place.refused("must be a share between 0 and 1, as in 0.99; at 1 there is no budget to spend")
    return value


def window(place: Place, text: str) -> str:
    """The window of a service level, by its name."""
    seconds = duration(place, text)
    for name in RANGES:
        if SPANS[name].total_seconds() == seconds:
            return name
    raise place.refused(f"must be one of {', '.join(RANGES)}")


def as_is(place: Place, value: Any) -> Any:
    """What its type alone makes right."""
    return value


OWNER = ("owner_role", filled("name the role that answers for it"))
RUNBOOK = ("runbook_url", runbook_address)
RULE_READERS: dict[str, tuple[str, Reader]] = {
    "for": ("hold_seconds", duration),
    "recover_after": ("recover_after_seconds", duration),
    "response_target": ("response_target_minutes", positive_minutes("say within which time to acknowledge")),
    "minimum_sample": ("minimum_sample", as_is),
    "minimum_bad": ("minimum_bad", as_is),
    "baseline_factor": ("baseline_factor", factor),
    "severity": ("severity", as_is),
    "owner_role": OWNER,
    "runbook_url": RUNBOOK,
}
LEVEL_READERS: dict[str, tuple[str, Reader]] = {
    "objective": ("objective", objective),
    "window": ("window", window),
    "limit": ("limit_minutes", positive_minutes("say within which time a track must be live")),
    "owner_role": OWNER,
    "runbook_url": RUNBOOK,
}
