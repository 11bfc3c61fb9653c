"""The usual shares of the hours before a rule's window, read only where they decide."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from houndmon.core.clock import Clock, Window
from houndmon.core.filters import Environment
from houndmon.core.stats import median
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.traffic import NO_TRAFFIC_SECONDS

T = TypeVar("T")
HOURS = 24
DAYS = 7
QUIET = timedelta(seconds=NO_TRAFFIC_SECONDS)
RuleSubject = tuple[str, str | None]
"""A rule, and what of it."""


class Share(NamedTuple):
    """Bad ones of a whole, in one window."""

    bad: int
    whole: int


def hours_before(start: datetime) -> list[Window]:
    """The 24 whole hours that end at an instant, the latest first."""
    hour = timedelta(hours=1)
    return [Window(start - (back + 1) * hour, start - back * hour) for back in range(HOURS)]


def baseline(hours: Iterable[Share], minimum_sample: int) -> float:
    """The median share of the hours that have a sample large enough; 0 where none has.

    A mean would take in the outage and call it usual: of 24 hours this bears 11 bad ones.
    """
    return median(hour.bad / hour.whole for hour in hours if hour.whole >= minimum_sample) or 0.0


def asks_for_baseline(rule: Rule, share: Share) -> bool:
    """Whether a share is such that the usual one may decide: the low end of an interval lies below its share."""
    if not rule.baseline_factor or share.whole < rule.minimum_sample or share.bad < rule.minimum_bad:
        return False
    return share.bad / share.whole > min(limit for limit in (rule.threshold, rule.ceiling) if limit is not None)


async def expected_in(clock: Clock, count: Callable[[Window], Awaitable[int]]) -> int:
    """How much of something was to be expected in the last 30 minutes, by the same ones on the last seven local days.

    The lesser of that of a week before and of the median: neither a bulk import nor a day off is what is usual.
    """
    counts: list[int] = []
    for days in range(DAYS, 0, -1):
        start = clock.days_before(clock.since(QUIET), days)
        counts.append(await count(Window(start, start + QUIET)))
        if not counts[0]:
            return 0  # the other days cannot raise it
    return min(counts[0], median(counts) or 0)


class HoursBefore(Generic[T]):
    """Remembers what the hours before a window counted, for as long as the window starts there: a minute.

    Hours end off the hour, so that they are made of hundreds of small blocks: too many to be read each tick.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Environment], tuple[datetime, T]] = {}

    async def counted(
        self,
        of: str,
        environment: Environment,
        start: datetime,
        load: Callable[[list[Window]], Awaitable[T]],
        covers: Callable[[T], bool] = lambda kept: True,
    ) -> T:
        """What was counted of something in the hours before `start`; read anew where what is kept does not cover it."""
        known = self._kept.get((of, environment))
        if known is None or known[0] != start or not covers(known[1]):
            known = start, await load(hours_before(start))
            self._kept[of, environment] = known
        return known[1]
