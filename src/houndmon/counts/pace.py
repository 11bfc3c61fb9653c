"""How much of the past one statement may count: as much as it does in a fraction of its time, and memory holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=1)
QUICK_SECONDS, SLOW_SECONDS = 0.25, 1.0
FEW_GROUPS, MANY_GROUPS = 6_000, 15_000  # a group takes about half a kilobyte until it is written


class Pace:
    """The length of the next slice, by what the last ones took."""

    def __init__(self) -> None:
        self.span = timedelta(hours=1)

    @contextmanager
    def learning(self) -> Iterator[Callable[[int], None]]:
        """Learn from a slice, told how many groups it had: one that fails was too much."""
        began, groups = time.monotonic(), MANY_GROUPS

        def told(number: int) -> None:
            nonlocal groups
            groups = number

        try:
            yield told
        except BaseException:
            self.learn(None, 0)
            raise
        self.learn(time.monotonic() - began, groups)

    def learn(self, seconds: float | None, groups: int) -> None:
        """Take note of what a slice took, in seconds (None where it failed) and groups."""
        if seconds is None or seconds > SLOW_SECONDS or groups > MANY_GROUPS:
            self.span = max(SHORTEST, self.span / 2)
        elif seconds < QUICK_SECONDS and groups < FEW_GROUPS:
            self.span = min(LONGEST, self.span * 2)
