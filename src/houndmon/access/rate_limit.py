"""How often something may be asked: a bucket for each who asks, filled at a steady pace."""

from collections import OrderedDict

MOST_KEYS = 10_000  # strangers choose the keys: their number must be bounded


class RateLimit:
    """`burst` at once, then `per_second`."""

    def __init__(self, *, burst: int, per_second: float) -> None:
        self.burst, self.per_second = burst, per_second
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allow(self, key: str, now: float) -> bool:
        """Whether `key` may ask once more at `now` (seconds of any steady clock)."""
        left, at = self._buckets.pop(key, (float(self.burst), now))
        left = min(self.burst, left + (now - at) * self.per_second)
        self._buckets[key] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MOST_KEYS:
            self._buckets.popitem(last=False)
        return left >= 1
