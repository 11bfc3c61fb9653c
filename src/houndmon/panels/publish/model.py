"""The arithmetic of publishing: counted tracks in, figures out."""

from collections import Counter
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.counts.histogram import Histogram
from houndmon.kit.clock import Clock, Sliced, Slices, Window, within
from houndmon.kit.panel import COUNTED, Panel, Percentiles
from houndmon.kit.stats import ratio

LIMIT_MINUTES = 10.0


class TrackRow(Sliced):
    """Tracks of one slice, by upload, that fared alike."""

    ripe_at: datetime | None
    flaw: str | None
    fate: str
    tracks: int
    first_uploaded_at: datetime


class PublishedRecord(Sliced):
    """Tracks of one slice, by upload, and one bucket of the time that it took until they were live."""

    ripe_at: datetime | None
    waits: bool
    bucket: int
    samples: int
    top: float


class PublishedRow(Sliced):
    """The same, all buckets together; those that wait yet are told apart, for they will change."""

    ripe_at: datetime | None
    waits: bool
    histogram: dict[int, int]
    top: float


class Tracks(msgspec.Struct):
    """The tracks of one window, rejected and withdrawn ones left out."""

    in_time: int
    late: int
    waiting: int
    overdue: int
    oldest_waiting_minutes: float | None

    @property
    def judged(self) -> int:
        """Tracks that are live, or have waited for longer than the limit."""
        return self.in_time + self.late + self.overdue


class Publish(Panel, kw_only=True):
    """What the publish panel answers."""

    uploaded: Annotated[
        int, Meta(description="Tracks uploaded in the range; not those rejected or withdrawn.", examples=[1840])
    ]
    live_in_time: Annotated[int, Meta(description="Live within the limit.", examples=[1790])]
    live_late: Annotated[int, Meta(description="Live, but later.", examples=[31])]
    waiting: Annotated[int, Meta(description="Not live, and not for longer than the limit.", examples=[14])]
    overdue: Annotated[int, Meta(description="Not live, and for longer than the limit.", examples=[5])]
    in_time_ratio: Annotated[
        float | None,
        Meta(description="live in time / (live + overdue), in [0, 1]; null without any.", examples=[0.98]),
    ]
    limit_minutes: Annotated[float, Meta(description="The limit.", examples=[10])]
    oldest_waiting_age_minutes: Annotated[
        float | None,
        Meta(description="Age of the oldest track of the range that is not live; null if none.", examples=[12.5]),
    ]
    upload_to_live_minutes: Annotated[Percentiles, Meta(description="From upload to live, of tracks of the range.")]


def summarize(rows: list[TrackRow], slices: Slices, window: Window, overdue_before: datetime, clock: Clock) -> Tracks:
    """The tracks of one window; a negative duration does not take a track out of the counts.

    Those not live and uploaded before `overdue_before`, an edge of the slices, have waited for longer than the limit.
    """
    sound = [row for row in within(rows, slices.of(window)) if flaw_of(row, clock) in COUNTED]
    counts: Counter[str] = Counter()
    for row in sound:
        counts[row.fate] += row.tracks
    waiting = [row for row in sound if row.fate == "waiting"]
    overdue = sum(row.tracks for row in waiting if row.slice < slices.at(overdue_before))
    oldest = max((clock.age_seconds(row.first_uploaded_at) / 60 for row in waiting), default=None)
    return Tracks(counts["in_time"], counts["late"], counts["waiting"] - overdue, overdue, oldest)


def flaw_of(row: TrackRow, clock: Clock) -> str | None:
    """What is wrong with tracks: a time in the future is nothing wrong once it has come."""
    if row.flaw != "unknown_environment" and not clock.has_come(row.ripe_at):
        return "future_time"
    return row.flaw


def upload_to_live(rows: list[PublishedRow], clock: Clock) -> Histogram:
    """How long tracks took from upload to live, in minutes."""
    found = Histogram()
    for row in rows:
        if not row.waits and clock.has_come(row.ripe_at):
            found.add(row.histogram, row.top)
    return found


def in_time_ratio(tracks: Tracks) -> float | None:
    """In time / judged, in [0, 1]; None where nothing can be judged yet."""
    return ratio(tracks.in_time, tracks.judged)


def flaws(rows: list[TrackRow], slices: Slices, window: Window, clock: Clock) -> Counter[str | None]:
    """How many tracks of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in within(rows, slices.of(window)):
        seen[flaw_of(row, clock)] += row.tracks
    return seen
