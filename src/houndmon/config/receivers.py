"""Receivers and routes: who is told. What they hold is secret and appears in no message."""

import importlib
import importlib.util
import logging
import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from houndmon.config.addresses import is_web_address
from houndmon.config.errors import Place
from houndmon.config.model import Receiver, Route
from houndmon.config.raw import RawReceiver, RawRoute, named, typed

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def receivers(place: Place, tables: dict[str, Any], environ: Mapping[str, str]) -> dict[str, Receiver]:
    """Every receiver, by name. Raises ConfigError."""
    folded: dict[str, str] = {}
    for name in tables:
        if not _NAME.fullmatch(name):
            raise place.at(name[:64]).refused("a receiver's name is made of letters, digits, '.', '_' and '-'")
        if other := folded.get(name.lower()):
            raise place.at(name).refused(f"differs from {place.at(other).key} only in case: rename one of the two")
        folded[name.lower()] = name
    return {name: receiver(place.at(name), name, table, environ) for name, table in tables.items()}


def receiver(place: Place, name: str, table: Any, environ: Mapping[str, str]) -> Receiver:
    """One receiver."""
    raw = typed(place, table, RawReceiver)
    if raw.kind is UNSET:
        raise place.at("kind").refused("is missing: set webhook or apprise")
    url = secret_text(place, "url", raw.url, raw.url_env, environ)
    if url is None:
        raise place.at("url").refused("is missing: set url, or url_env to the name of an environment variable")
    secret = secret_text(place, "secret", raw.secret, raw.secret_env, environ)
    if raw.kind == "webhook":
        if not is_web_address(url):
            raise place.at("url").refused("must be an http or https address with a host")
    else:
        refuse_secret(place, raw)
        check_apprise(place, url)
    return Receiver(name=name, kind=raw.kind, url=url, secret=secret, allow_private=raw.allow_private is True)


def secret_text(
    place: Place, key: str, text: str | UnsetType, variable: str | UnsetType, environ: Mapping[str, str]
) -> str | None:
    """What the file or an environment variable holds; None where neither is named. Raises ConfigError."""
    if text is not UNSET and variable is not UNSET:
        raise place.at(key).refused(f"is given twice: keep {key} or {key}_env")
    if variable is not UNSET:
        if not environ.get(variable, "").strip():
            hint = variable if re.fullmatch(r"[A-Z][A-Z0-9_]*", variable) else "it names"  # it may be the secret itself
            raise place.at(f"{key}_env").refused(f"the environment variable {hint} is not set: set it, or give {key}")
        return environ[variable].strip()
    if text is UNSET:
        return None
    if not text.strip():
        raise place.at(key).refused("is blank: fill it in, or leave it out")
    return text.strip()


def refuse_secret(place: Place, raw: RawReceiver) -> None:
    """Refuse what would promise a signature that apprise does not give."""
    for key in ("secret", "secret_env"):
        if getattr(raw, key) is not UNSET:
            raise place.at(key).refused("belongs to webhooks only: remove it")


def check_apprise(place: Place, url: str) -> None:
    """Refuse an address that apprise does not understand, and one that names several targets.

    Of several one may fail: then all would be told again, or none.
    """
    if importlib.util.find_spec("apprise") is None:
        raise place.at("kind").refused("apprise is not installed: run `pip install houndmon[notify]`")
    log = logging.getLogger("apprise")
    before, log.disabled = log.disabled, True  # it logs the addresses that it refuses, tokens included
    try:
        plugin = importlib.import_module("apprise").Apprise.instantiate(url)
    finally:
        log.disabled = before
    if plugin is None:
        raise place.at("url").refused("apprise does not understand this address: see its list of services")
    if len(plugin) > 1:
        raise place.at("url").refused("names several targets: make a receiver of each, and put all into the route")


def routes(place: Place, tables: list[Any], known: dict[str, Receiver]) -> tuple[Route, ...]:
    """Every route, in order. Raises ConfigError."""
    return tuple(
        route(Place(place.file, f"{place.key} #{number}"), table, known) for number, table in enumerate(tables, start=1)
    )


def route(place: Place, table: Any, known: dict[str, Receiver]) -> Route:
    """One route."""
    raw = typed(place, table, RawRoute)
    if not raw.receivers:
        raise place.at("receivers").refused("is missing: name at least one receiver")
    if not known:
        raise place.at("receivers").refused("there is no receiver at all: add a table [receivers.NAME]")
    for name in raw.receivers:
        named(place.at("receivers").at(name[:64]), name, known, "receiver")
    return Route(
        receivers=tuple(raw.receivers),
        rules=tuple(raw.rules),
        environments=tuple(raw.environments),
        severities=tuple(raw.severities),
    )
