"""How figures are written, said once for the page, the summary and the notifications."""

import math
import re
from collections.abc import Callable

import msgspec

NOTHING = "—"
IDLE = re.compile(r"\.0+(?=\D)|(?<=\.\d)0(?=\D)")  # decimals that say nothing: of 6.0 min, 3.00%, 7.50%
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Unit(msgspec.Struct, frozen=True):
    """How the values of a rule are written: on the page, in columns; in a sentence, as people say them."""

    page: Callable[[float], str]
    message: Callable[[float], str]


def number(value: float) -> str:
    """A number with two decimals at most, none of them idle."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "unknown"
    return f"{value:,.2f}".rstrip("0").rstrip(".") or "0"


def given(value: float | None) -> str:
    """A number as the file gives it."""
    return NOTHING if value is None else f"{value:g}"


def given_percent(share: float | None) -> str:
    """A share as the file gives it, in per cent."""
    return NOTHING if share is None else f"{share * 100:g} %"


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


def said_percent(share: float) -> str:
    """The same in a sentence: no idle decimals, as in `3%` or `7.5%`."""
    return IDLE.sub("", percent(share))


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


def said_duration(seconds: float) -> str:
    """The same in a sentence: `6 min`, where a column has `6.0 min`."""
    return IDLE.sub("", duration(seconds)) if math.isfinite(seconds) else number(seconds)


def said_times(factor: float) -> str:
    """How many times something is: `1.5×`, `12×`."""
    return f"{number(round(factor, 1 if abs(factor) < 10 else 0))}×"


def minutes(value: float | None) -> str:
    """A stretch of time that is given in minutes."""
    return duration(None if value is None else value * MINUTE)


def counted(nouns: str = "") -> Unit:
    """The unit of a count; `nouns` are what is counted, as a message ends with them."""
    return Unit(page=lambda value: f"{value:,.0f}", message=lambda value: f"{number(value)} {nouns}".strip())


MINUTES = Unit(page=minutes, message=lambda value: said_duration(value * MINUTE))
SECONDS = Unit(page=duration, message=said_duration)
RATIO = Unit(page=percent, message=said_percent)
BURN = Unit(page=lambda value: f"{value:.1f}× its budget", message=said_times)
COUNT = counted()
