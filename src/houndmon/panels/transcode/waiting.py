"""How many jobs waited at each minute, and for how long the first of them had: pure arithmetic on their stays."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from heapq import heappop, heappush
from operator import itemgetter
from typing import NamedTuple

from houndmon.panels.transcode.model import LiveStay, StayRow

STEP = timedelta(minutes=1)
DAY = 24 * 60


class QueueAt(NamedTuple):
    """The queue at an instant: how many jobs wait, and for how many minutes the first of them has."""

    depth: float
    wait_minutes: float

    @classmethod
    def since(cls, at: datetime, depth: float, first: datetime | None) -> "QueueAt":
        """The queue at an instant by its depth and since when the first of its jobs waits."""
        return cls(depth, max(0.0, (at - first).total_seconds()) / 60 if first else 0.0)


class Stay(NamedTuple):
    """Jobs that wait at the minutes from `first` up to and without `beyond`, the oldest of them since `since`."""

    first: int
    beyond: int
    jobs: int
    since: datetime


def queue_by_minute(stays: Sequence[StayRow | LiveStay], start: datetime, end: datetime) -> list[QueueAt]:
    """The queue at each whole minute from `start` to `end`, both among them.

    A job is in it from the minute after the one in which it entered, up to that in which it left.
    """
    count = minutes_within(start, end) + 1
    found = sorted(known_stays(stays, start, count), key=itemgetter(0))
    return [QueueAt.since(start + STEP * place, *one) for place, one in enumerate(swept(found, count))]


def known_stays(stays: Iterable[StayRow | LiveStay], start: datetime, count: int) -> list[Stay]:
    """The stays that cover any of so many minutes; of some that wait now nobody knows since when."""
    found = []
    for stay in stays:
        if stay.entered_at is None or stay.first_queued_at is None:
            continue
        first = max(0, minutes_within(start, stay.entered_at) + 1)
        beyond = min(count, minutes_within(start, stay.left_at) + 1) if stay.left_at else count
        if first < beyond:
            found.append(Stay(first, beyond, stay.jobs, stay.first_queued_at))
    return found


def minutes_within(start: datetime, at: datetime) -> int:
    """Whole minutes from an instant to another; below 0 where that is before."""
    span = at - start  # of which there may be many: dividing it by a minute costs three times as much
    return span.days * DAY + span.seconds // 60


def swept(stays: Sequence[Stay], count: int) -> list[tuple[float, datetime | None]]:
    """Depth, and since when the first waits, at each of so many minutes; the stays come by their first."""
    ends, depth, coming = [0] * (count + 1), 0, iter([*stays, None])
    waiting: list[tuple[datetime, int]] = []
    found: list[tuple[float, datetime | None]] = []
    stay = next(coming)
    for minute in range(count):
        while stay is not None and stay.first == minute:
            heappush(waiting, (stay.since, stay.beyond))
            ends[stay.beyond] += stay.jobs
            depth += stay.jobs
            stay = next(coming)
        depth -= ends[minute]
        while waiting and waiting[0][1] <= minute:
            heappop(waiting)
        found.append((float(depth), waiting[0][0] if waiting else None))
    return found
