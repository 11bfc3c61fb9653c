"""How much of the past one statement may count: as much as it does in a fraction of its time limit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=3)  # beyond, a slice's groups take too much memory
QUICK_SECONDS, SLOW_SECONDS = 0.25, 1.0


class Pace:
    """The length of the next slice, by what the last ones took."""

    def __init__(self) -> None:
        self.span = timedelta(hours=1)

    @contextmanager
    def timing(self) -> Iterator[None]:
        """Learn from a slice: one that fails was too much."""
        began = time.monotonic()
        try:
            yield
        except BaseException:
            self.learn(None)
            raise
        self.learn(time.monotonic() - began)

    def learn(self, seconds: float | None) -> None:
        """Take note of what a slice took; None where it failed."""
        if seconds is None or seconds > SLOW_SECONDS:
            self.span = max(SHORTEST, self.span / 2)
        elif seconds < QUICK_SECONDS:
            self.span = min(LONGEST, self.span * 2)
