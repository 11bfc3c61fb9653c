"""What is listed of a row of each relation, and the kinds of rows: one for each figure that leads to them."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.answer import WindowShown
from houndmon.core.clock import Clock
from houndmon.core.filters import AppliedFilters, Filters

MOST_ROWS = 100
RowOrder = Literal["newest_first", "oldest_first"]
Stretch = Literal["range", "today", "1h", "15m", "now"]
RowTime = datetime | None
TrackId = Annotated[str | None, Meta(description="The track.", examples=["track-9"])]
ReleaseId = Annotated[str | None, Meta(description="Its release.", examples=["release-42"])]
ArtistId = Annotated[str | None, Meta(description="Its artist.", examples=["artist-7"])]
AT = "2026-03-02T11:58:03Z"


class ListedJob(msgspec.Struct, kw_only=True):
    """A transcode job."""

    job_id: Annotated[str, Meta(description="The job.", examples=["job-20931"])]
    status: Annotated[str, Meta(description="Where it stands, as the panel counts it.", examples=["failed"])]
    attempt: Annotated[int | None, Meta(description="Its attempt; 1 is the first.", examples=[3])]
    error_code: Annotated[str | None, Meta(description="What went wrong.", examples=["FFMPEG_EXIT_1"])]
    error_message: Annotated[
        str | None, Meta(description="The first 200 characters of its message.", examples=["exit status 1"])
    ]
    queued_at: Annotated[RowTime, Meta(description="When it was queued.", examples=[AT])]
    available_at: Annotated[RowTime, Meta(description="Not to be taken before.", examples=[None])]
    claimed_at: Annotated[RowTime, Meta(description="When a worker took it.", examples=[AT])]
    started_at: Annotated[RowTime, Meta(description="When work on it started.", examples=[AT])]
    finished_at: Annotated[RowTime, Meta(description="When it ended.", examples=[AT])]
    worker_id: Annotated[str | None, Meta(description="Who took it.", examples=["worker-2"])]
    track_id: TrackId
    release_id: ReleaseId
    artist_id: ArtistId


class ListedPlay(msgspec.Struct, kw_only=True):
    """An attempt to play."""

    occurred_at: Annotated[RowTime, Meta(description="When.", examples=[AT])]
    outcome: Annotated[str, Meta(description="How it ended.", examples=["failed"])]
    error_code: Annotated[str | None, Meta(description="What went wrong.", examples=["MEDIA_ERR_DECODE"])]
    error_message: Annotated[
        str | None, Meta(description="The first 200 characters of its message.", examples=["cannot be decoded"])
    ]
    platform: Annotated[str | None, Meta(description="The platform.", examples=["ios"])]
    browser: Annotated[str | None, Meta(description="The browser.", examples=["safari"])]
    track_id: TrackId
    release_id: ReleaseId
    artist_id: ArtistId


class ListedUpload(msgspec.Struct, kw_only=True):
    """An attempt to upload."""

    occurred_at: Annotated[RowTime, Meta(description="When.", examples=[AT])]
    outcome: Annotated[str, Meta(description="How it ended.", examples=["rejected"])]
    rejection_reason: Annotated[str | None, Meta(description="Why it was rejected.", examples=["clipping"])]
    track_id: TrackId
    release_id: ReleaseId
    artist_id: ArtistId


class ListedTrack(msgspec.Struct, kw_only=True):
    """A track that was due."""

    track_id: Annotated[str, Meta(description="The track.", examples=["track-9"])]
    state: Annotated[str, Meta(description="Its state.", examples=["processing"])]
    due_at: Annotated[
        RowTime, Meta(description="When it was due; where it was live before, when it went live.", examples=[AT])
    ]
    uploaded_at: Annotated[RowTime, Meta(description="When it was uploaded.", examples=[AT])]
    publish_at: Annotated[RowTime, Meta(description="When it was planned to be live.", examples=[None])]
    live_at: Annotated[RowTime, Meta(description="When it went live.", examples=[None])]
    release_id: ReleaseId
    artist_id: ArtistId


ListedRow = ListedJob | ListedPlay | ListedUpload | ListedTrack


class RowKind(msgspec.Struct, frozen=True, kw_only=True):
    """The rows behind a figure: what they are called, what picks them, and since when."""

    title: str
    panel: str
    row: type[ListedRow]
    words: tuple[str, ...]  # the statuses, outcomes or fates that are listed
    stretch: Stretch = "range"
    has_codes: bool = False
    picks: Literal["all", "stuck", "idle"] = "all"

    @property
    def order(self) -> RowOrder:
        """What waits or is at work is listed oldest first, for the oldest matters most; all else newest first."""
        return "oldest_first" if self.stretch == "now" else "newest_first"


def jobs(title: str, *words: str, stretch: Stretch = "range", has_codes: bool = False) -> RowKind:
    """Jobs that are over."""
    return RowKind(title=title, panel="transcode", row=ListedJob, words=words, stretch=stretch, has_codes=has_codes)


def live_jobs(title: str, word: str, picks: Literal["all", "stuck", "idle"] = "all") -> RowKind:
    """Jobs that are not over, now."""
    panel = "workers" if picks == "idle" else "transcode"
    return RowKind(title=title, panel=panel, row=ListedJob, words=(word,), stretch="now", picks=picks)


def plays(title: str, *words: str, has_codes: bool = False) -> RowKind:
    """Plays of a range."""
    return RowKind(title=title, panel="playback", row=ListedPlay, words=words, has_codes=has_codes)


def uploads(title: str, *words: str, stretch: Stretch = "range", has_codes: bool = False) -> RowKind:
    """Uploads of a stretch of time."""
    return RowKind(title=title, panel="ingest", row=ListedUpload, words=words, stretch=stretch, has_codes=has_codes)


def tracks(title: str, *words: str) -> RowKind:
    """Tracks that were due in a range."""
    return RowKind(title=title, panel="publish", row=ListedTrack, words=words)


KINDS: dict[str, RowKind] = {
    "failed_jobs_today": jobs("Jobs that failed today", "failed", stretch="today", has_codes=True),
    "failed_jobs": jobs("Failed jobs", "failed", has_codes=True),
    "completed_jobs": jobs("Completed jobs", "completed"),
    "cancelled_jobs": jobs("Cancelled jobs", "cancelled"),
    "finished_jobs_15m": jobs("Jobs finished in 15 min", "failed", "completed", stretch="15m"),
    "queued_jobs": live_jobs("Queued jobs", "queued"),
    "scheduled_jobs": live_jobs("Scheduled jobs", "scheduled"),
    "jobs_in_progress": live_jobs("Jobs in progress", "in_progress"),
    "retrying_jobs": live_jobs("Retrying jobs", "retrying"),
    "stuck_jobs": live_jobs("Stuck jobs", "in_progress", "stuck"),
    "claimed_jobs": live_jobs("Jobs claimed, not started", "in_progress", "idle"),
    "uploads": uploads("Uploads", "accepted", "rejected"),
    "uploads_today": uploads("Uploads today", "accepted", "rejected", stretch="today"),
    "uploads_1h": uploads("Uploads of the last hour", "accepted", "rejected", stretch="1h"),
    "rejected_uploads": uploads("Rejected uploads", "rejected", has_codes=True),
    "attempted_plays": plays("Attempts to play", "started", "failed"),
    "failed_plays": plays("Failed plays", "failed", has_codes=True),
    "blocked_plays": plays("Plays blocked by the browser", "blocked"),
    "aborted_plays": plays("Plays left by the listener", "aborted"),
    "due_tracks": tracks("Tracks due", "in_time", "late", "overdue", "waiting"),
    "live_tracks": tracks("Tracks live in time", "in_time"),
    "late_tracks": tracks("Tracks live, but late", "late"),
    "overdue_tracks": tracks("Overdue tracks", "overdue"),
    "waiting_tracks": tracks("Waiting tracks", "waiting"),
}
"""The kinds by name. Requests to the API are no kind: the source may hold a count of many in one row, without an id."""


class RowsQuestion(msgspec.Struct, frozen=True):
    """Which rows are asked for; `code` is an error code or a reason as the panel shows it."""

    kind: str
    filters: Filters
    code: str | None = None


class RowList(msgspec.Struct, kw_only=True):
    """What is said of the rows behind a figure, whichever they are."""

    kind: Annotated[str, Meta(description="The kind of rows.", examples=["failed_plays"])]
    title: Annotated[str, Meta(description="What they are.", examples=["Failed plays"])]
    as_of: Annotated[
        datetime, Meta(description="The source's clock when they were read.", examples=["2026-03-02T12:00:30Z"])
    ]
    window: Annotated[WindowShown, Meta(description="The range asked for.")]
    since: Annotated[
        datetime | None,
        Meta(description="The first instant looked at; null where it is now that counts.", examples=[AT]),
    ]
    filters: Annotated[AppliedFilters, Meta(description="The filters that were asked for.")]
    code: Annotated[
        str | None, Meta(description="The code or reason that was asked for.", examples=["MEDIA_ERR_DECODE"])
    ]
    order: Annotated[RowOrder, Meta(description="What comes first.", examples=["newest_first"])]
    truncated: Annotated[bool, Meta(description="Whether there are more.", examples=[False])]


class JobList(RowList, kw_only=True):
    """The transcode jobs behind a figure."""

    items: Annotated[list[ListedJob], Meta(description="The jobs, 100 at most.")]


class PlayList(RowList, kw_only=True):
    """The plays behind a figure."""

    items: Annotated[list[ListedPlay], Meta(description="The plays, 100 at most.")]


class UploadList(RowList, kw_only=True):
    """The uploads behind a figure."""

    items: Annotated[list[ListedUpload], Meta(description="The uploads, 100 at most.")]


class TrackList(RowList, kw_only=True):
    """The tracks behind a figure."""

    items: Annotated[list[ListedTrack], Meta(description="The tracks, 100 at most.")]


AnyRowList = JobList | PlayList | UploadList | TrackList
ROW_LISTS: dict[type[ListedRow], type[AnyRowList]] = {
    ListedJob: JobList,
    ListedPlay: PlayList,
    ListedUpload: UploadList,
    ListedTrack: TrackList,
}
"""What an answer is, by what is listed in it."""


def since_of(stretch: Stretch, filters: Filters, clock: Clock) -> datetime | None:
    """The first instant of a stretch, as the panels have it; None for what is now."""
    if stretch == "now":
        return None
    return clock.today if stretch == "today" else clock.since(filters.range if stretch == "range" else stretch)
