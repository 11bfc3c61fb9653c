"""The arithmetic of publishing: counted tracks in, figures out."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.kit.clock import Sliced, Slices, Window, within
from houndmon.kit.panel import COUNTED, Panel, Percentiles
from houndmon.kit.stats import ratio

LIMIT_MINUTES = 10.0


class TrackRow(Sliced):
    """Tracks of one slice, by upload, that fared alike."""

    flaw: str | None
    fate: str
    tracks: int
    oldest_seconds: float | None


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


def summarize(rows: list[TrackRow], slices: Slices, window: Window) -> Tracks:
    """The tracks of one window; a negative duration does not take a track out of the counts."""
    sound = [row for row in within(rows, slices.of(window)) if row.flaw in COUNTED]
    counts: Counter[str] = Counter()
    for row in sound:
        counts[row.fate] += row.tracks
    waits = [row.oldest_seconds or 0 for row in sound if row.fate in ("waiting", "overdue")]
    oldest = max(0.0, *waits) / 60 if waits else None
    return Tracks(counts["in_time"], counts["late"], counts["waiting"], counts["overdue"], oldest)


def in_time_ratio(tracks: Tracks) -> float | None:
    """In time / judged, in [0, 1]; None where nothing can be judged yet."""
    return ratio(tracks.in_time, tracks.judged)


def flaws(rows: list[TrackRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many tracks of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in within(rows, slices.of(window)):
        seen[row.flaw] += row.tracks
    return seen
