"""Holds back what would be said too often."""


class Throttle:
    """Lets each key through once in so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._passed_at: dict[str, float] = {}

    def allows(self, key: str, at_seconds: float) -> bool:
        """Whether it is time for a key again, at a monotonic time; if so, it passes now."""
        if at_seconds - self._passed_at.get(key, float("-inf")) < self.seconds:
            return False
        self._passed_at[key] = at_seconds
        return True
