"""The arithmetic of a service level.

Source of the terms: "The Site Reliability Workbook" (2018), chapter 5, alerting on SLOs.
"""

import msgspec

from houndmon.core.stats import ratio

BURN_SPANS = ("5m", "30m", "1h", "2h", "6h", "24h")


class Events(msgspec.Struct, frozen=True):
    """Good events of all that count, over one window; seconds, where the level is one of time."""

    good: float
    total: float

    @property
    def sli(self) -> float | None:
        """good / total, in [0, 1]; None without events."""
        return ratio(self.good, self.total)

    @property
    def bad(self) -> float:
        return self.total - self.good


def burn_rate(events: Events, objective: float) -> float | None:
    """How many times faster than sustainable the budget is spent: (1 - sli) / (1 - objective)."""
    sli = events.sli
    return None if sli is None else (1 - sli) / (1 - objective)


def budget_remaining(events: Events, objective: float) -> float | None:
    """What is left of the error budget, 1 at most; below 0 when overspent; None without events."""
    burnt = burn_rate(events, objective)
    return None if burnt is None else 1 - burnt


def is_met(events: Events, objective: float) -> bool | None:
    """Whether the objective is met; None without events."""
    sli = events.sli
    return None if sli is None else sli >= objective


def highest_burn_rate(objective: float) -> float:
    """The burn rate of a total failure: a threshold at or above it can never be reached."""
    return 1 / (1 - objective)
