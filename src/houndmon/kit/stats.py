"""The arithmetic that every room shares: ratios, their intervals, top lists."""

from collections import Counter
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

Z_95 = 1.959963984540054  # the 97.5th percentile of the standard normal distribution
TOP = 10
UNSPECIFIED, OTHER = "unspecified", "other"
REST = "\0"  # names that were too many to be kept, as one: no text of PostgreSQL's holds this character


def ratio(part: float, whole: float) -> float | None:
    """`part / whole` in [0, 1]; None when there is nothing to divide by: no traffic is not 0 % failure."""
    return canonical(part / whole) if whole else None


def canonical(share: float) -> float:
    """None and all as whole numbers: in JSON they are `0` and `1`, as RFC 8785 and PostgreSQL write them."""
    return int(share) if share in (0, 1) else share


class Interval(NamedTuple):
    """A ratio with its 95 % Wilson score interval; all None without a sample."""

    ratio: float | None
    low: float | None
    high: float | None


def wilson(part: int, whole: int) -> Interval:
    """The 95 % score interval of `part` of `whole`.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927).
    """
    if not whole:
        return Interval(None, None, None)
    share, square = part / whole, Z_95 * Z_95
    middle = share + square / (2 * whole)
    spread = Z_95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # Rounding may put an end on the wrong side of the ratio, where that is 0 or 1.
    ends = max(0.0, min(low, share)), min(1.0, max(high, share))
    return Interval(*map(canonical, (share, *ends)))


def named(text: str | None) -> str:
    """The group of a name: null and blank ones are `unspecified`, all others stay as written."""
    return text if text and not text.isspace() else UNSPECIFIED


@dataclass(frozen=True)
class Share:
    """One line of a top list: a name, its count, and its share of the whole list."""

    name: str
    count: int
    share: float
    is_rest: bool


def top(counts: Counter[str]) -> list[Share]:
    """The ten commonest names, ties by code point, then one `other` row for the rest: shares sum to 1."""
    whole = counts.total()
    names = [(name, n) for name, n in counts.items() if n and name != REST]
    ranked = sorted(names, key=lambda item: (-item[1], item[0]))
    lines = [Share(name, n, canonical(n / whole), False) for name, n in ranked[:TOP]]
    if rest := sum(n for _, n in ranked[TOP:]) + counts[REST]:
        lines.append(Share(OTHER, rest, canonical(rest / whole), True))
    return lines
