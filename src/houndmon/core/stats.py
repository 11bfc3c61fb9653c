"""The arithmetic that every panel shares: ratios, their intervals, top lists."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple, TypeVar

N = TypeVar("N", int, float)
Z_95 = 1.959963984540054  # the 97.5th percentile of the standard normal distribution
TOP_COUNT = 10
MOST = 50  # rows of a list whose names strangers choose
UNSPECIFIED, OTHER = "unspecified", "other"
OVERFLOW_NAME = "\0"  # names that were too many to be kept, as one: no text of PostgreSQL's holds this character


def ratio(part: float, whole: float) -> float | None:
    """`part / whole` in [0, 1]; None when there is nothing to divide by: no traffic is not 0 % failure."""
    return canonical_ratio(part / whole) if whole else None


def canonical_ratio(share: float) -> float:
    """None and all as whole numbers: in JSON they are `0` and `1`, as RFC 8785 and PostgreSQL write them."""
    return int(share) if share in (0, 1) else share


class WilsonInterval(NamedTuple):
    """A ratio with its 95 % Wilson score interval; all None without a sample."""

    ratio: float | None
    low: float | None
    high: float | None


def wilson(part: int, whole: int) -> WilsonInterval:
    """The 95 % score interval of `part` of `whole`.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    J. Am. Stat. Assoc. 22 (1927).
    """
    if not whole:
        return WilsonInterval(None, None, None)
    share, square = part / whole, Z_95 * Z_95
    middle = share + square / (2 * whole)
    spread = Z_95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low, high = (middle - spread) / scale, (middle + spread) / scale
    # Rounding may put an end on the wrong side of the ratio, where that is 0 or 1.
    ends = max(0.0, min(low, share)), min(1.0, max(high, share))
    return WilsonInterval(*map(canonical_ratio, (share, *ends)))


def name_or_unspecified(text: str | None) -> str:
    """The group of a name: null and blank ones are `unspecified`, all others stay as written."""
    return text if text and not text.isspace() else UNSPECIFIED


def median(values: Iterable[N]) -> N | None:
    """The nearest-rank median: the smallest value with at least half of them at or below it; None without any."""
    ranked = sorted(values)
    return ranked[(len(ranked) - 1) // 2] if ranked else None


@dataclass(frozen=True)
class TopEntry:
    """One line of a top list: a name, its count, and its share of the whole list."""

    name: str
    count: int
    share: float
    is_rest: bool


def top_entries(counts: Counter[str]) -> list[TopEntry]:
    """The ten commonest names, ties by code point, then one `other` row for the rest: shares sum to 1."""
    whole = counts.total()
    names = [(name, n) for name, n in counts.items() if n and name != OVERFLOW_NAME]
    ranked = sorted(names, key=lambda item: (-item[1], item[0]))
    lines = [TopEntry(name, n, canonical_ratio(n / whole), False) for name, n in ranked[:TOP_COUNT]]
    if rest := sum(n for _, n in ranked[TOP_COUNT:]) + counts[OVERFLOW_NAME]:
        lines.append(TopEntry(OTHER, rest, canonical_ratio(rest / whole), True))
    return lines
