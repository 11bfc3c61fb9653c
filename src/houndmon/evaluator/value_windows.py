"""Equal stretches of the past, and what a rule that looks back on a window found at their ends: pure arithmetic."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TypeVar

import msgspec

from houndmon.core.clock import SPANS, Clock, Range, Window
from houndmon.evaluator.baseline import Share

T = TypeVar("T")
STEPS: dict[Range, timedelta] = {"6h": timedelta(minutes=5), "24h": timedelta(minutes=15)}


class Stretches(msgspec.Struct, frozen=True):
    """Stretches of a range, each as long as `step`; the last one runs to `end`, to now where that is None."""

    start: datetime
    step: timedelta
    count: int
    end: datetime | None

    @classmethod
    def until(cls, clock: Clock, span: Range, end: datetime | None) -> "Stretches":
        """Those of a range up to a whole minute of the past, or up to now."""
        step, start = STEPS[span], end - SPANS[span] if end else clock.since(span)
        return cls(start, step, int(SPANS[span] / step), end)

    def moved_back(self, delay: timedelta, now: datetime) -> "Stretches":
        """The same stretches so much earlier, as a rule sees them whose window is moved back."""
        if not delay:
            return self
        return Stretches(self.start - delay, self.step, self.count, (self.end or now) - delay)

    @property
    def starts(self) -> list[datetime]:
        """Where each one starts."""
        return [self.start + self.step * number for number in range(self.count)]

    def windows(self, width: timedelta, grain: timedelta) -> list[Window]:
        """The windows of a grain that windows of a width are made of which end in the stretches, oldest first."""
        first, last = self.start - (width - grain), self.start + self.step * self.count - grain
        closed = [Window(first + grain * n, first + grain * (n + 1)) for n in range((last - first) // grain)]
        return [*closed, Window(last, self.end)]


def sums(shares: Sequence[Share], width: int) -> list[Share]:
    """What each so many neighbours come to, together."""
    bad, whole = ([0, *accumulate(counts)] for counts in zip(*shares, strict=True))
    ends = range(width, len(shares) + 1)
    return [Share(bad[end] - bad[end - width], whole[end] - whole[end - width]) for end in ends]


def runs(values: Sequence[T], length: int) -> list[Sequence[T]]:
    """The values in runs of a length."""
    return [values[start : start + length] for start in range(0, len(values), length)]
