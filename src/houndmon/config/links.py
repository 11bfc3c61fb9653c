"""Where an alert's logs and traces are: addresses with places, checked when read, filled for an alert."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import get_args
from urllib.parse import quote, urlsplit

from houndmon.config.addresses import is_web_address
from houndmon.config.errors import KeyPath
from houndmon.config.raw import RawLinks, convert_table, given_keys
from houndmon.rulebook.api import Name as ApiRule
from houndmon.rulebook.book import BOOK

PLACES = ("service", "subject", "rule", "environment", "from", "to", "from_ms", "to_ms")
"""What an address can have in braces; times are RFC 3339, or milliseconds since 1970."""
LEAD = timedelta(minutes=15)  # what brings an alert about begins before it fires
_PLACE = re.compile(r"\{([^{}]*)\}")


def read_links(key_path: KeyPath, table: object) -> dict[str, str]:
    """The templates that are not blank, by what they lead to. Raises ConfigError."""
    given = given_keys(convert_table(key_path, table, RawLinks))
    found = {name: str(text).strip() for name, text in given.items()}
    return {name: checked_template(key_path.at(name), text) for name, text in found.items() if text}


def checked_template(key_path: KeyPath, template: str) -> str:
    """An address with places, none of them where it says which host is asked. Raises ConfigError."""
    for name in _PLACE.findall(template):
        if name not in PLACES:
            raise key_path.error(f"{{{name[:40]}}} is no place; there are {', '.join(PLACES)}")
    if set(_PLACE.sub("", template)) & {"{", "}"}:
        raise key_path.error("has a brace without its other half")
    if not is_web_address(_PLACE.sub("x", template)):
        raise key_path.error("must be an http or https address, as in https://logs.example/?service={service}")
    if set(urlsplit(template).netloc) & set("{}@"):
        raise key_path.error("must name its host and port without places, user and password")
    return template


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """The address with each place filled, percent-encoded: what strangers wrote stays within its place."""
    return _PLACE.sub(lambda match: quote(values[match[1]], safe=""), template)


def link_values(
    rule: str, environment: str, subject: str | None, fired_at: datetime, until: datetime
) -> dict[str, str]:
    """What fills the places for an alert, from 15 min before it fired; the service of an API rule is its subject."""
    begin = fired_at - LEAD
    service = subject if rule in get_args(ApiRule) and subject else BOOK[rule].of(subject).area
    return {
        "service": service,
        "subject": subject or "",
        "rule": rule,
        "environment": environment,
        "from": rfc3339(begin),
        "to": rfc3339(until),
        "from_ms": str(milliseconds(begin)),
        "to_ms": str(milliseconds(until)),
    }


def rfc3339(at: datetime) -> str:
    """An instant in UTC, to the second."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, of the same second."""
    return int(at.timestamp()) * 1000
