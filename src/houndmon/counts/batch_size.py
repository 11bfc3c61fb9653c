"""How much of the past one statement may count: as much as it does in a fraction of its time, and memory holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)
SHORTEST_IF_SLOW = timedelta(minutes=15)  # what a busy machine makes slow is no quicker for being short
QUICK_SECONDS, SLOW_SECONDS = 0.25, 1.0
FEW_GROUPS, MANY_GROUPS = 6_000, 15_000  # a group takes about half a kilobyte until it is written


class BatchSize:
    """The length of the next slice, by what the last ones took."""

    def __init__(self) -> None:
        self.span = timedelta(hours=1)

    @contextmanager
    def measured(self) -> Iterator[Callable[[int], None]]:
        """Learn from a slice, by its time and its number of groups: one that fails was too much."""
        began, groups = time.monotonic(), MANY_GROUPS

        def report_groups(number: int) -> None:
            nonlocal groups
            groups = number

        try:
            yield report_groups
        except BaseException:
            self.learn(None, 0)
            raise
        self.learn(time.monotonic() - began, groups)

    def learn(self, seconds: float | None, groups: int) -> None:
        """Take note of what a slice took, in seconds (None where it failed) and groups."""
        if seconds is None or groups > MANY_GROUPS:
            self.span = max(SHORTEST, self.span / 2)
        elif seconds > SLOW_SECONDS:
            self.span = min(self.span, max(SHORTEST_IF_SLOW, self.span / 2))
        elif seconds < QUICK_SECONDS and groups < FEW_GROUPS:
            self.span = min(LONGEST, self.span * 2)
