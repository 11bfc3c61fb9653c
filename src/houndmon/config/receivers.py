"""Receivers and routes: who is told. What they hold is secret and appears in no message."""

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec import UNSET, UnsetType

from houndmon.config.errors import KeyPath
from houndmon.config.model import NotificationRoute, Receiver
from houndmon.config.raw import RawReceiver, RawRoute, convert_table, look_up

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

Read = Callable[[KeyPath, str, Mapping[str, object], Mapping[str, str]], Receiver]
"""Reads the table of one kind: its place, the receiver's name, the table, the environment. Raises ConfigError."""


class ReadsTables(Protocol):
    """What the configuration must know of a channel."""

    @property
    def read(self) -> Read:
        """How its table is read."""
        ...


Channels = Mapping[str, ReadsTables]


def read_receivers(
    key_path: KeyPath, tables: dict[str, object], channels: Channels, environ: Mapping[str, str]
) -> dict[str, Receiver]:
    """Every receiver, by name. Raises ConfigError."""
    folded: dict[str, str] = {}
    for name in tables:
        if not _NAME.fullmatch(name):
            raise key_path.at(name[:64]).error("a receiver's name is made of letters, digits, '.', '_' and '-'")
        if other := folded.get(name.lower()):
            raise key_path.at(name).error(f"differs from {key_path.at(other).key} only in case: rename one of the two")
        folded[name.lower()] = name
    return {name: read_receiver(key_path.at(name), name, table, channels, environ) for name, table in tables.items()}


def read_receiver(
    key_path: KeyPath, name: str, table: object, channels: Channels, environ: Mapping[str, str]
) -> Receiver:
    """One receiver, as the channel that its kind names reads it. Raises ConfigError."""
    kind = convert_table(key_path, table, RawReceiver).kind
    assert isinstance(table, dict), "what is no table was refused"
    if kind is UNSET:
        raise key_path.at("kind").error(f"is missing: set {' or '.join(channels)}")
    if kind not in channels:  # what stands there is not repeated: it may be a secret in the wrong line
        raise key_path.at("kind").error(f"must be one of {', '.join(channels)}")
    found = channels[kind].read(key_path, name, table, environ)
    assert (found.name, found.kind) == (name, kind), "a channel reads receivers of its own kind"
    return found


def needed_text(
    key_path: KeyPath, key: str, text: str | UnsetType, variable: str | UnsetType, environ: Mapping[str, str]
) -> str:
    """What the file or an environment variable holds. Raises ConfigError, where neither is named too."""
    found = read_secret(key_path, key, text, variable, environ)
    if found is None:
        raise key_path.at(key).error(f"is missing: set {key}, or {key}_env to the name of an environment variable")
    return found


def read_secret(
    key_path: KeyPath, key: str, text: str | UnsetType, variable: str | UnsetType, environ: Mapping[str, str]
) -> str | None:
    """What the file or an environment variable holds; None where neither is named. Raises ConfigError."""
    if text is not UNSET and variable is not UNSET:
        raise key_path.at(key).error(f"is given twice: keep {key} or {key}_env")
    if variable is not UNSET:
        if not environ.get(variable, "").strip():
            hint = variable if re.fullmatch(r"[A-Z][A-Z0-9_]*", variable) else "it names"  # it may be the secret itself
            raise key_path.at(f"{key}_env").error(f"the environment variable {hint} is not set: set it, or give {key}")
        return environ[variable].strip()
    if text is UNSET:
        return None
    if not text.strip():
        raise key_path.at(key).error("is blank: fill it in, or leave it out")
    return text.strip()


def read_routes(key_path: KeyPath, tables: list[object], known: dict[str, Receiver]) -> tuple[NotificationRoute, ...]:
    """Every route, in order. Raises ConfigError."""
    return tuple(
        read_route(KeyPath(key_path.file, f"{key_path.key} #{number}"), table, known)
        for number, table in enumerate(tables, start=1)
    )


def read_route(key_path: KeyPath, table: object, known: dict[str, Receiver]) -> NotificationRoute:
    """One route."""
    raw = convert_table(key_path, table, RawRoute)
    if not raw.receivers:
        raise key_path.at("receivers").error("is missing: name at least one receiver")
    if not known:
        raise key_path.at("receivers").error("there is no receiver at all: add a table [receivers.NAME]")
    for name in raw.receivers:
        look_up(key_path.at("receivers").at(name[:64]), name, known, "receiver")
    return NotificationRoute(
        receivers=tuple(raw.receivers),
        rules=tuple(raw.rules),
        environments=tuple(raw.environments),
        severities=tuple(raw.severities),
    )
