"""How figures read on the page: the template filters. They put into words; they judge and compute nothing."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Annotated, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from houndmon.core.neutral import neutral
from houndmon.core.text import listing
from houndmon.rulebook.units import count, duration, minutes, percent

WEB = ("http", "https")
OWN_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")


def sample(part: int, whole: int) -> str:
    """What a ratio is made of: `170 of 41,230`."""
    return f"{part:,} of {whole:,}" if whole else "no traffic"


def interval(low: float | None, high: float | None) -> str:
    """A 95 % interval in words; empty without one."""
    return "" if low is None or high is None else f"95% interval {percent(low)} to {percent(high)}"


def clock(at: datetime, near: datetime | None = None) -> str:
    """A time of day in UTC, with its date where that is not the date of `near`."""
    if near is not None and at.date() != near.date():
        return f"{at:%b} {at.day}, {at:%H:%M}"
    return f"{at:%H:%M:%S}"


def iso(at: datetime) -> str:
    """An instant for machines: RFC 3339 in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def plural(number: int, one: str, many: str) -> str:
    """A count with its noun: `1 job`, `2,710 jobs`."""
    return f"{number:,} {one if number == 1 else many}"


def clamp(text: str, most: int = 80) -> str:
    """The start of a text that a stranger wrote, control characters replaced; `…` where it was cut."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) == "Cc" else c for c in cut)


def safe_url(url: str, own: bool = False) -> str | None:
    """An address that may become a link: absolute, http or https, free of blanks; None otherwise.

    With `own`, a plain path of this service may too.
    """
    if own and OWN_PATH.fullmatch(url):
        return url
    if any(c.isspace() or unicodedata.category(c) == "Cc" for c in url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in WEB and parts.hostname else None


def bar(share: float | None) -> str:
    """A share as the width of a bar: `36.12%`, from nothing to all."""
    return f"{min(1.0, max(0.0, share or 0.0)) * 100:.2f}%"


def raw(value: object) -> str:
    """A figure as JSON writes it, for programs that read the page; empty for null."""
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()


def definition(of: object, field: str) -> str:
    """What a figure means: the description of a struct's field, as in the OpenAPI document.

    `of` is the struct or its type.
    """
    return _descriptions(of if isinstance(of, type) else type(of))[field]


@cache
def _descriptions(struct: type) -> dict[str, str]:
    hints = get_type_hints(struct, include_extras=True)
    found = {name: next(_metas(hint), None) for name, hint in hints.items()}
    return {name: meta.description.replace("`", "") for name, meta in found.items() if meta and meta.description}


def _metas(hint: object) -> Iterator[Meta]:
    if get_origin(hint) is Annotated:
        yield from (extra for extra in get_args(hint)[1:] if isinstance(extra, Meta))


FILTERS: dict[str, Callable[..., object]] = {
    filter.__name__: filter
    for filter in (
        bar, clamp, clock, count, definition, duration, interval, iso, listing, minutes, neutral, percent, plural,
        raw, safe_url, sample,
    )
}  # fmt: skip
