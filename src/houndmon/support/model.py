"""Where a release is stuck: its tracks and jobs in, stages and one sentence out."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.answer import PanelAnswer
from houndmon.panels.ingest.model import Reason
from houndmon.panels.playback.model import PlayError
from houndmon.rulebook.parts import Stage

Fate = Literal["live", "moving", "stuck", "out", "unknown"]


class ReleaseTrackRow(msgspec.Struct):
    """A track as it is read."""

    track_id: str
    release_id: str | None
    state: str | None
    uploaded_at: datetime | None
    due_at: datetime | None
    live_at: datetime | None
    flaw: str | None
    is_live: bool


class ReleaseTrackCounts(msgspec.Struct):
    """How many tracks there are, listed or not."""

    tracks: int
    live: int


class ReleaseJobRow(msgspec.Struct):
    """A job as it is read."""

    job_id: str
    track_id: str | None
    status: str | None
    attempt: int | None
    queued_at: datetime | None
    available_at: datetime | None
    claimed_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    worker_id: str | None
    error_code: str | None
    error_message: str | None
    flaw: str | None


class ReleaseJobCounts(msgspec.Struct):
    """How many jobs there are, listed or not."""

    jobs: int


class Match(msgspec.Struct):
    """A release or an artist as it is read; of an artist `releases` says how many it has."""

    release_id: str | None
    artist_id: str | None
    title: str | None
    artist_name: str | None
    releases: int | None


class ReleaseMatch(msgspec.Struct):
    """A release by its names."""

    release_id: Annotated[str, Meta(description="Its id.", examples=["rel-0042"])]
    artist_id: Annotated[str | None, Meta(description="Its artist's id.", examples=["art-007"])]
    title: Annotated[str | None, Meta(description="Its title, at most 200 characters.", examples=["Slow Lanterns"])]
    artist_name: Annotated[str | None, Meta(description="Its artist, at most 200 characters.", examples=["Ostralune"])]


class ArtistMatch(msgspec.Struct):
    """An artist by name."""

    artist_id: Annotated[str, Meta(description="The artist's id.", examples=["art-007"])]
    artist_name: Annotated[str | None, Meta(description="The name, at most 200 characters.", examples=["Ostralune"])]
    releases: Annotated[int, Meta(description="How many releases the artist has.", examples=[4])]


class Matches(msgspec.Struct, kw_only=True):
    """What `/api/search` answers."""

    query: Annotated[str, Meta(description="The text that was looked for.", examples=["lanterns"])]
    as_of: Annotated[
        datetime, Meta(description="The source's clock when it was read.", examples=["2026-03-02T12:00:30Z"])
    ]
    artists: Annotated[list[ArtistMatch], Meta(description="Artists, the closest first.")]
    releases: Annotated[list[ReleaseMatch], Meta(description="Releases, the closest first.")]
    is_cut: Annotated[bool, Meta(description="There are more: type more of the name.", examples=[False])]


class ReleaseState(msgspec.Struct, kw_only=True):
    """One of an artist's releases, with how far its tracks are."""

    release_id: Annotated[str, Meta(description="Its id.", examples=["rel-0042"])]
    title: Annotated[str | None, Meta(description="Its title.", examples=["Slow Lanterns"])] = None
    tracks: Annotated[int, Meta(description="Its tracks in this environment.", examples=[10])] = 0
    live: Annotated[int, Meta(description="Those that are live.", examples=[9])] = 0
    out: Annotated[int, Meta(description="Those that were rejected or withdrawn.", examples=[0])] = 0


class Job(msgspec.Struct, kw_only=True):
    """A transcode job of the release."""

    job_id: Annotated[str, Meta(description="Its id.", examples=["job-20931"])]
    track_id: Annotated[str | None, Meta(description="Its track.", examples=["trk-0010007"])]
    status: Annotated[str | None, Meta(description="Its status, as written.", examples=["failed"])]
    attempt: Annotated[int | None, Meta(description="Its attempt; 1 is the first.", examples=[3])]
    queued_at: Annotated[datetime | None, Meta(description="When it was queued.", examples=["2026-03-02T11:40:00Z"])]
    claimed_at: Annotated[datetime | None, Meta(description="When a worker took it.", examples=[None])]
    started_at: Annotated[datetime | None, Meta(description="When it started.", examples=[None])]
    finished_at: Annotated[datetime | None, Meta(description="When it finished.", examples=[None])]
    worker_id: Annotated[str | None, Meta(description="The worker that took it.", examples=["transcode-a-1"])]
    error_code: Annotated[str | None, Meta(description="Its error code.", examples=["FFMPEG_EXIT_1"])]
    error_message: Annotated[
        str | None, Meta(description="Its message, at most 200 characters.", examples=["exit status 1"])
    ]
    available_at: Annotated[
        datetime | None, Meta(description="Before when nobody is to take it; null if at once.", examples=[None])
    ]


class Track(msgspec.Struct, kw_only=True):
    """A track, the stage it is in, and what it waits for."""

    track_id: Annotated[str, Meta(description="Its id.", examples=["trk-0010007"])]
    release_id: Annotated[str | None, Meta(description="Its release.", examples=["rel-0042"])]
    state: Annotated[str | None, Meta(description="Its state, as written.", examples=["processing"])]
    uploaded_at: Annotated[datetime | None, Meta(description="When it was uploaded.", examples=[None])]
    live_at: Annotated[datetime | None, Meta(description="When it went live.", examples=[None])]
    fate: Annotated[
        Fate,
        Meta(
            description="`stuck`: its job failed, or it is overdue past the limit; `moving`: it still has time; "
            "`out`: rejected or withdrawn; `unknown`: its row or its job cannot be judged.",
            examples=["stuck"],
        ),
    ]
    stage: Annotated[Stage | None, Meta(description="The stage it is in; null unless it waits.", examples=["worker"])]
    since: Annotated[datetime | None, Meta(description="Since when it is there.", examples=["2026-03-02T11:40:00Z"])]
    what: Annotated[str, Meta(description="The same in words.", examples=["waits for a worker"])]
    due_at: Annotated[
        datetime | None,
        Meta(description="When it is due: the later of its upload and its `publish_at`.", examples=[None]),
    ]


class Plays(msgspec.Struct, kw_only=True):
    """The plays of the range, as the playback panel counts them."""

    attempts: Annotated[int, Meta(description="Plays that started or failed.", examples=[412])]
    failed: Annotated[int, Meta(description="Plays that failed.", examples=[7])]
    blocked: Annotated[int, Meta(description="Plays that the browser refused.", examples=[3])]
    aborted: Annotated[int, Meta(description="Plays that the listener left first.", examples=[5])]
    failure_ratio: Annotated[float | None, Meta(description="failed / attempts, in [0, 1].", examples=[0.017])]
    ratio_low: Annotated[float | None, Meta(description="Low end of the 95 % Wilson interval.", examples=[0.008])]
    ratio_high: Annotated[float | None, Meta(description="High end of the 95 % Wilson interval.", examples=[0.035])]
    top_errors: Annotated[list[PlayError], Meta(description="The commonest error codes.")]


class Uploads(msgspec.Struct, kw_only=True):
    """The uploads of the range, as the ingest panel counts them."""

    uploads: Annotated[int, Meta(description="Uploads, accepted or rejected.", examples=[10])]
    rejected: Annotated[int, Meta(description="Rejected uploads.", examples=[1])]
    rejection_reasons: Annotated[list[Reason], Meta(description="The commonest reasons.")]


class Verdict(msgspec.Struct, kw_only=True):
    """Where it is stuck, in a sentence."""

    state: Annotated[
        Literal["stuck", "moving", "ok", "empty", "unknown"],
        Meta(description="`empty`: there is no track of it; `unknown`: houndmon cannot tell.", examples=["stuck"]),
    ]
    stage: Annotated[Stage | None, Meta(description="The first stage that holds a track.", examples=["transcode"])] = (
        None
    )
    text: Annotated[str, Meta(description="The same in words.", examples=["All 10 tracks are live."])]


class Support(PanelAnswer, kw_only=True):
    """What `/api/support` answers."""

    release: Annotated[ReleaseMatch | None, Meta(description="The release's names; null where none is known.")]
    artist_name: Annotated[str | None, Meta(description="The artist's name.", examples=["Ostralune"])]
    releases: Annotated[list[ReleaseState], Meta(description="An artist's releases, those with waiting tracks first.")]
    verdict: Annotated[Verdict, Meta(description="Where it is stuck.")]
    tracks: Annotated[list[Track], Meta(description="Its tracks (at most 100), those that are not live first.")]
    track_count: Annotated[int, Meta(description="How many tracks there are in all.", examples=[10])]
    live_count: Annotated[int, Meta(description="How many of them are live.", examples=[9])]
    jobs: Annotated[list[Job], Meta(description="Its jobs (at most 100), unfinished and failed ones first.")]
    job_count: Annotated[int, Meta(description="How many jobs there are in all.", examples=[11])]
    uploads: Annotated[Uploads | None, Meta(description="Its uploads of the range; null where unreadable.")]
    plays: Annotated[Plays | None, Meta(description="Its plays of the range; null where unreadable.")]
    limit_minutes: Annotated[float, Meta(description="Within which a track should be live.", examples=[10])]
    unreadable: Annotated[list[str], Meta(description="What could not be read, and why.")]
    absent: Annotated[
        list[str],
        Meta(description="Relations that this source does not have, by houndmon.toml.", examples=[["transcode_jobs"]]),
    ]


def flaws(rows: Iterable[ReleaseTrackRow | ReleaseJobRow]) -> Counter[str | None]:
    """How many rows have each flaw."""
    return Counter(row.flaw for row in rows if row.flaw)
