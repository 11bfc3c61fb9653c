"""How figures read on the page: the template filters. They put into words; they judge and compute nothing."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

NOTHING = "—"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
WEB = ("http", "https")
OWN_PATH = re.compile(r"(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+")
ANOMALIES = {
    "unknown_environment": "in an environment other than prod and staging: in no figure",
    "future_time": "dated in the future: in no figure",
    "unknown_value": "with a status or outcome that houndmon does not know: in no figure",
    "missing_time": "finished without a finish time: in no figure of the range",
    "negative_duration": "that end before they begin: in the counts, not in the percentiles",
}


def count(number: int | None) -> str:
    """A count with thousands separators: `41,230`."""
    return NOTHING if number is None else f"{number:,}"


def percent(share: float | None, digits: int | None = None) -> str:
    """A ratio in per cent. A small one never reads as nothing, nor a large one as all."""
    if share is None:
        return NOTHING
    if round(share, 12) in (0, 1):  # the bounds of an interval come with a rounding error
        return f"{share:.0%}"
    if digits is None:  # more where a hundredth of a per cent counts: near both ends
        digits = 2 if share < 0.0995 or share > 0.99 else 1
    least = 10.0**-digits
    if share * 100 < least:
        return f"<{least:.{digits}f}%"
    if share * 100 > 100 - least:
        return f">{100 - least:.{digits}f}%"
    return f"{share * 100:.{digits}f}%"


def sample(part: int, whole: int) -> str:
    """What a ratio is made of: `170 of 41,230`."""
    return f"{part:,} of {whole:,}" if whole else "no traffic"


def interval(low: float | None, high: float | None) -> str:
    """A 95 % interval in words; empty without one."""
    return "" if low is None or high is None else f"95% sure: {percent(low)} to {percent(high)}"


def duration(seconds: float | None) -> str:
    """A stretch of time in the two units that matter: `9.1 s`, `2.5 min`, `3 h 12 min`, `9 d 4 h`, and `24 h` alone."""
    if seconds is None:
        return NOTHING
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < MINUTE - 0.5:
        return f"{seconds:.0f} s"
    if seconds < 10 * MINUTE - 3 and seconds % MINUTE:
        return f"{seconds / MINUTE:.1f} min"
    if seconds < 2 * HOUR - 30:
        return f"{seconds / MINUTE:.0f} min"
    return _long(seconds)


def _long(seconds: float) -> str:
    if seconds < 2 * DAY - 30:
        hours, minutes = divmod(round(seconds / MINUTE), 60)
        return f"{hours:,} h {minutes} min" if minutes else f"{hours:,} h"
    days, hours = divmod(round(seconds / HOUR), 24)
    return f"{days:,} d {hours} h" if hours else f"{days:,} d"


def minutes(value: float | None) -> str:
    """A stretch of time that is given in minutes."""
    return duration(None if value is None else value * MINUTE)


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


def listing(words: Iterable[str]) -> str:
    """Words as a list: `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def anomaly(kind: str, number: int) -> str:
    """What is wrong with some rows, in words."""
    return f"{plural(number, 'row', 'rows')} {ANOMALIES[kind]}"


def definition(of: Any, field: str) -> str:
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


FILTERS: dict[str, Callable[..., Any]] = {
    filter.__name__: filter
    for filter in (
        anomaly, bar, clamp, clock, count, definition, duration, interval, iso, listing, minutes, percent, plural,
        raw, safe_url, sample,
    )
}  # fmt: skip
