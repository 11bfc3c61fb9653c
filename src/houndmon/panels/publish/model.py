"""The arithmetic of publishing: counted tracks in, figures out."""

from collections import Counter
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.answer import COUNTED_FLAWS, PanelAnswer, Percentiles
from houndmon.core.clock import Clock, SlicedRow, Slices, Window, rows_in_slices
from houndmon.core.stats import ratio
from houndmon.counts.histogram import Histogram


class TrackRow(SlicedRow):
    """Tracks of one slice, by when they were due, that fared alike.

    Those whose plan is later than their upload stand here twice: by upload with their flaws, being `out`, and planned.
    They count from `ripe_at` on and before `until`, if any.
    """

    ripe_at: datetime | None
    until: datetime | None
    is_planned: bool
    flaw: str | None
    fate: str
    tracks: int
    first_due_at: datetime


class PublishedRecord(SlicedRow):
    """Tracks of one slice, by when they were due, and one bucket of the time that it took until they were live."""

    ripe_at: datetime | None
    until: datetime | None
    waits: bool
    bucket: int
    samples: int
    top: float


class PublishedRow(SlicedRow):
    """The same, all buckets together; those that wait yet are told apart, for they will change."""

    ripe_at: datetime | None
    until: datetime | None
    waits: bool
    histogram: dict[int, int]
    top: float


class WindowTracks(msgspec.Struct):
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


class Publish(PanelAnswer, kw_only=True):
    """What the publish panel answers."""

    due: Annotated[
        int,
        Meta(
            description="Tracks due in the range, by the later of `uploaded_at` and `publish_at`; those that are live "
            "before count when they went live. Not those rejected or withdrawn.",
            examples=[1840],
        ),
    ]
    live_in_time: Annotated[int, Meta(description="Live within the limit of when they were due.", examples=[1790])]
    live_late: Annotated[int, Meta(description="Live, but later.", examples=[31])]
    waiting: Annotated[int, Meta(description="Not live, and not overdue for longer than the limit.", examples=[14])]
    overdue: Annotated[int, Meta(description="Not live, and overdue for longer than the limit.", examples=[5])]
    in_time_ratio: Annotated[
        float | None,
        Meta(description="live in time / (live + overdue), in [0, 1]; null without any.", examples=[0.98]),
    ]
    limit_minutes: Annotated[float, Meta(description="The limit.", examples=[10])]
    oldest_waiting_age_minutes: Annotated[
        float | None,
        Meta(
            description="Minutes since the first track of the range that is not live was due; null if none.",
            examples=[12.5],
        ),
    ]
    upload_to_live_minutes: Annotated[
        Percentiles, Meta(description="From due to live, of tracks of the range; 0 where live before.")
    ]


def summarize(
    rows: list[TrackRow], slices: Slices, window: Window, overdue_before: datetime, clock: Clock
) -> WindowTracks:
    """The tracks of one window; a negative duration does not take a track out of the counts.

    Those not live and due before `overdue_before`, an edge of the slices, have waited for longer than the limit.
    """
    sound = [row for row in rows_in_slices(rows, slices.of(window)) if counts(row, clock)]
    fates: Counter[str] = Counter()
    for row in sound:
        fates[row.fate] += row.tracks
    waiting = [row for row in sound if row.fate == "waiting"]
    overdue = sum(row.tracks for row in waiting if row.slice < slices.at(overdue_before))
    oldest = max((clock.age_seconds(row.first_due_at) / 60 for row in waiting), default=None)
    return WindowTracks(fates["in_time"], fates["late"], fates["waiting"] - overdue, overdue, oldest)


def counts(row: TrackRow, clock: Clock) -> bool:
    """Whether tracks count at this time."""
    return flaw_of(row, clock) in COUNTED_FLAWS and not has_passed(row.until, clock)


def has_passed(until: datetime | None, clock: Clock) -> bool:
    """Whether tracks that were live ahead of their plan stand elsewhere by now: where their plan put them."""
    return until is not None and clock.has_come(until)


def flaw_of(row: TrackRow, clock: Clock) -> str | None:
    """What is wrong with tracks: a time in the future is nothing wrong once it has come."""
    if row.flaw != "unknown_environment" and not clock.has_come(row.ripe_at):
        return "future_time"
    return row.flaw


def upload_to_live(rows: list[PublishedRow], clock: Clock) -> Histogram:
    """How long tracks took from when they were due until they were live, in minutes."""
    found = Histogram()
    for row in rows:
        if not row.waits and clock.has_come(row.ripe_at) and not has_passed(row.until, clock):
            found.add(row.histogram, row.top)
    return found


def in_time_ratio(tracks: WindowTracks) -> float | None:
    """In time / judged, in [0, 1]; None where nothing can be judged yet."""
    return ratio(tracks.in_time, tracks.judged)


def flaws(rows: list[TrackRow], slices: Slices, window: Window, clock: Clock) -> Counter[str | None]:
    """How many tracks that were uploaded in a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in rows_in_slices(rows, slices.of(window)):
        if not row.is_planned:
            seen[flaw_of(row, clock)] += row.tracks
    return seen
