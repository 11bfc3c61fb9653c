"""The arithmetic of measured times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(samples: Sequence[float], part: float) -> float:
    """The nearest-rank percentile: the smallest sample with at least `part` of all at or below it."""
    assert samples
    assert 0 < part <= 1
    ordered = sorted(samples)
    # The product of floats may lie a hair above the rank that is meant: 0.07 * 100 is more than 7.
    rank = math.ceil(round(part * len(ordered), 9))
    return ordered[max(rank, 1) - 1]


@dataclass(frozen=True)
class Times:
    """Some durations, in seconds."""

    samples: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median, in milliseconds."""
        return percentile(self.samples, 0.5) * 1000

    @property
    def p95(self) -> float:
        """The 95th percentile, in milliseconds."""
        return percentile(self.samples, 0.95) * 1000

    @property
    def p99(self) -> float:
        """The 99th percentile, in milliseconds."""
        return percentile(self.samples, 0.99) * 1000

    @property
    def most(self) -> float:
        """The longest, in milliseconds."""
        return max(self.samples) * 1000


def ratio(whole: float, part: float) -> float | None:
    """whole / part; None where there is nothing to divide by."""
    return whole / part if part else None
