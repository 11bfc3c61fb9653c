"""Which instants a figure covers: windows on the source's clock, and the local day."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec

Range = Literal["1h", "6h", "24h", "7d"]
JITTER = timedelta(seconds=5)  # clocks jitter: a time this far ahead still counts as now
SPANS = {
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "2h": timedelta(hours=2),
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
}


class Window(msgspec.Struct, frozen=True):
    """From `start` on, up to but without `end`; an open one (`end` None) runs to now, jitter included."""

    start: datetime
    end: datetime | None = None


class Clock(msgspec.Struct, frozen=True, dict=True):
    """The source's `now` (aware, UTC), and the zone in which an operator's day begins."""

    now: datetime
    zone: str = "UTC"

    @property
    def soon(self) -> datetime:
        """The last instant that still counts as now."""
        return self.now + JITTER

    def has_come(self, ripe_at: datetime | None) -> bool:
        """Whether a row whose last time is `ripe_at` counts: none of its times lies in the future any more."""
        return ripe_at is None or ripe_at <= self.soon

    @cached_property
    def today(self) -> datetime:
        """The first instant of the local day, in UTC."""
        place = ZoneInfo(self.zone)
        return day_start(self.now.astimezone(place).date(), place)

    def since(self, span: str | timedelta) -> datetime:
        """The start of the last `span`: a whole minute, as every window's start."""
        width = SPANS[span] if isinstance(span, str) else span
        return (self.now - width).replace(second=0, microsecond=0)

    def window(self, span: str | timedelta) -> Window:
        """The last `span`, up to now."""
        return Window(self.since(span))

    def days_before(self, at: datetime, days: int) -> datetime:
        """The instant at which local clocks said the same so many calendar days before `at`, in UTC.

        A time that they said twice is its first occurrence; one that they skipped is read as `zoneinfo` reads it with
        `fold=0`: by the offset that held until then.
        """
        # Between times of one zone arithmetic is that of its clocks, and its result has `fold=0` (PEP 495).
        return (at.astimezone(ZoneInfo(self.zone)) - timedelta(days=days)).astimezone(UTC)

    def stretch_before(self, window: Window, days: int) -> Window:
        """A window's counterpart so many calendar days before: begun at the same local time, and as long.

        That of an open one is as long as it is by now.
        """
        start = self.days_before(window.start, days)
        return Window(start, start + ((window.end or self.now) - window.start))

    def age_seconds(self, at: datetime) -> float:
        """Seconds since `at`, never below 0: what lies a little ahead counts as now."""
        return max(0.0, (self.now - at).total_seconds())


def day_start(day: date, place: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC, also where a clock change skips or repeats midnight."""
    midnight = datetime.combine(day, time(), place).astimezone(UTC)
    if midnight.astimezone(place).time() == time():
        return midnight
    # Midnight was skipped: the day begins at the change, which lies within the hours before.
    early, late = midnight - timedelta(hours=26), midnight
    while late - early > timedelta(microseconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(place).date() < day:
            early = middle
        else:
            late = middle
    return late


class Slices:
    """The stretches between the edges of some windows, so that one grouped query serves them all.

    Slice 0 lies before the first edge; a window is the sum of its slices, and `wanted` are those of any window.
    In SQL a row's slice is `width_bucket(t, edges)`. `stop` is where the last window ends, None where it is open.
    """

    def __init__(self, *windows: Window) -> None:
        ends = {window.end for window in windows if window.end}
        self.edges: list[datetime] = sorted({window.start for window in windows} | ends)
        self._places = {edge: place for place, edge in enumerate(self.edges)}
        self.stop = max(ends) if ends and all(window.end for window in windows) else None
        self.wanted = {number for window in windows for number in self.of(window)}

    @property
    def start(self) -> datetime:
        """The first edge."""
        return self.edges[0]

    def at(self, instant: datetime) -> int:
        """The slice that an instant lies in, as PostgreSQL's `width_bucket` has it."""
        return bisect_right(self.edges, instant)

    def of(self, window: Window) -> range:
        """The slices that make up a window; its start and end must be edges."""
        first = self._places[window.start] + 1
        last = self._places[window.end] + 1 if window.end else len(self.edges) + 1
        return range(first, last)


class SlicedRow(msgspec.Struct):
    """A row of counts with the slice of time that it lies in."""

    slice: int


Row = TypeVar("Row", bound=SlicedRow)


def rows_in_slices(rows: Iterable[Row], slices: range) -> list[Row]:
    """The rows that lie in a window's slices."""
    return [row for row in rows if row.slice in slices]
