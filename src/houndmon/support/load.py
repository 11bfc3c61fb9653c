"""Reads what belongs to a name, a release or an artist; what cannot be read takes down nothing else."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from houndmon.config.model import Config
from houndmon.core.answer import anomalies_of, window_shown
from houndmon.core.clock import Clock
from houndmon.core.filters import Filters
from houndmon.core.problems import SourceAbsent, SourceUnreadable
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.core.text import clean_message
from houndmon.panels.ingest.load import load as load_ingest
from houndmon.panels.playback.load import load as load_playback
from houndmon.support.judge import judge_release, judge_track, newest_jobs
from houndmon.support.model import (
    ArtistMatch,
    Job,
    Match,
    Matches,
    Plays,
    ReleaseJobCounts,
    ReleaseJobRow,
    ReleaseMatch,
    ReleaseState,
    ReleaseTrackCounts,
    ReleaseTrackRow,
    Support,
    Track,
    Uploads,
    Verdict,
    flaws,
)
from houndmon.support.spelling import asked, fits

SQL = load_statements(Path(__file__).with_name("query.sql"))
MOST_ARTISTS, MOST_RELEASES = 5, 12
MOST_LISTED = 100
UNTRACKED = Verdict(state="unknown", text="houndmon cannot tell: this source has no tracks, by houndmon.toml.")
T = TypeVar("T")


async def search(snapshot: Snapshot, text: str) -> Matches:
    """The artists and releases that go by a text, however they are spelled. Raises SourceUnreadable."""
    encoding = encoding_of(snapshot)
    patterns = asked(text, encoding)
    found: list[Match] = []
    if patterns:
        id = text if all(fits(one, encoding) for one in text) else None
        args = (patterns.words, id, patterns.start, patterns.whole, patterns.begun)
        found = await snapshot.rows(SQL["matches"], Match, *args, MOST_RELEASES + 1, MOST_ARTISTS + 1)
    artists = [
        ArtistMatch(one.artist_id or "", clean_message(one.artist_name), one.releases)
        for one in found
        if one.releases is not None
    ]
    releases = [
        ReleaseMatch(one.release_id or "", one.artist_id, clean_message(one.title), clean_message(one.artist_name))
        for one in found
        if one.releases is None
    ]
    return Matches(
        query=text,
        as_of=snapshot.clock.now,
        artists=artists[:MOST_ARTISTS],
        releases=releases[:MOST_RELEASES],
        is_cut=len(artists) > MOST_ARTISTS or len(releases) > MOST_RELEASES,
    )


def encoding_of(snapshot: Snapshot) -> str:
    """The encoding of the source's text."""
    return str(getattr(snapshot.conn.get_settings(), "server_encoding", "UTF8"))


def clean_match(match: ReleaseMatch) -> ReleaseMatch:
    """A release whose names hold no control character."""
    match.title, match.artist_name = clean_message(match.title), clean_message(match.artist_name)
    return match


class Reading:
    """Reads in parts: one that fails is noted, and the rest goes on."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.errors: list[SourceUnreadable] = []
        self.absent: list[SourceAbsent] = []

    async def attempt(self, work: Awaitable[T]) -> T | None:
        """What some work came to; None where the source could not be read."""
        try:
            async with self.snapshot.savepoint():
                return await work
        except SourceAbsent as error:
            self.absent.append(error)
            return None
        except SourceUnreadable as error:
            self.errors.append(error)
            return None


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Support:
    """Where the release or artist asked for is stuck. Raises SourceUnreadable where nothing can be read."""
    reading, clock = Reading(snapshot), snapshot.clock
    limit_minutes = config.levels["upload_to_live"].limit_minutes
    threshold = config.rules_in(filters.environment)["playback_failure_ratio"].threshold or 0
    names = await reading.attempt(snapshot.rows(SQL["releases"], ReleaseMatch, MOST_LISTED, filters=filters))
    known = await reading.attempt(list_tracks(snapshot, filters))
    worked = await reading.attempt(list_jobs(snapshot, filters))
    uploads = await reading.attempt(load_uploads(snapshot, filters, config))
    plays = await reading.attempt(load_plays(snapshot, filters, config))
    by_release: list[ReleaseState] = []
    rows, count = known or (None, ReleaseTrackCounts(0, 0))
    jobs, job_count = worked or (None, 0)
    if rows is not None and filters.release_id is None:
        args = (filters.environment, clock.soon, MOST_LISTED)
        counted = snapshot.rows(SQL["tracks_by_release"], ReleaseState, *args, filters=filters)
        by_release = await reading.attempt(counted) or []
    if len(reading.errors + reading.absent) == 5:
        raise [*reading.errors, *reading.absent][0]
    absent = sorted(error.relation or "" for error in reading.absent)
    has_jobs = "transcode_jobs" not in absent
    newest = None if jobs is None else newest_jobs(jobs)
    all_read = job_count <= len(jobs or [])
    tracks = None if rows is None else tracks_of(rows, newest, all_read, clock, limit_minutes, has_jobs=has_jobs)
    named = [clean_match(one) for one in names or []]
    return Support(
        panel="support",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies_of(flaws([*(rows or []), *(jobs or [])])),
        release=named[0] if named and filters.release_id is not None else None,
        artist_name=named[0].artist_name if named else None,
        releases=[] if filters.release_id is not None else merge_releases(by_release, named),
        verdict=UNTRACKED
        if "tracks" in absent
        else judge_release(tracks, count.live, count.tracks, uploads, plays, threshold, clock),
        tracks=tracks or [],
        track_count=count.tracks,
        live_count=count.live,
        jobs=[job_of(job) for job in jobs or []],
        job_count=job_count,
        uploads=uploads,
        plays=plays,
        limit_minutes=limit_minutes,
        unreadable=[str(error) for error in reading.errors],
        absent=absent,
    )


async def list_tracks(snapshot: Snapshot, filters: Filters) -> tuple[list[ReleaseTrackRow], ReleaseTrackCounts]:
    """The tracks that wait first, and how many there are; they are counted only where the list cannot hold all."""
    args = (filters.environment, snapshot.clock.soon)
    rows = await snapshot.rows(SQL["tracks"], ReleaseTrackRow, *args, MOST_LISTED, filters=filters)
    if len(rows) < MOST_LISTED:
        return rows, ReleaseTrackCounts(len(rows), sum(row.is_live for row in rows))
    [counts] = await snapshot.rows(SQL["track_counts"], ReleaseTrackCounts, *args, filters=filters)
    return rows, counts


async def list_jobs(snapshot: Snapshot, filters: Filters) -> tuple[list[ReleaseJobRow], int]:
    """The jobs that are unfinished or failed first, and how many there are; counted as the tracks are."""
    args = (filters.environment, snapshot.clock.soon, MOST_LISTED)
    rows = await snapshot.rows(SQL["jobs"], ReleaseJobRow, *args, filters=filters)
    if len(rows) < MOST_LISTED:
        return rows, len(rows)
    [counts] = await snapshot.rows(SQL["job_counts"], ReleaseJobCounts, filters.environment, filters=filters)
    return rows, counts.jobs


def tracks_of(
    rows: list[ReleaseTrackRow],
    newest: dict[str, ReleaseJobRow] | None,
    all_read: bool,
    clock: Clock,
    limit_minutes: float,
    *,
    has_jobs: bool,
) -> list[Track]:
    """The tracks with their stages, what is stuck first."""
    found = [judge_track(row, newest, clock, limit_minutes, all_read, has_jobs=has_jobs) for row in rows]
    return sorted(found, key=lambda track: ("stuck", "unknown", "moving", "live", "out").index(track.fate))


def merge_releases(counted: list[ReleaseState], named: list[ReleaseMatch]) -> list[ReleaseState]:
    """An artist's releases: those with tracks, then those that are only known by name."""
    titles = {one.release_id: one.title for one in named}
    for one in counted:
        one.title = titles.pop(one.release_id, None)
    rest = [ReleaseState(release_id=id, title=title) for id, title in titles.items()]
    return [one for one in [*counted, *rest] if one.release_id][:MOST_LISTED]


def job_of(row: ReleaseJobRow) -> Job:
    """A job as it is shown."""
    fields = {name: getattr(row, name) for name in Job.__struct_fields__}
    return Job(**fields | {"error_message": clean_message(row.error_message)})


async def load_uploads(snapshot: Snapshot, filters: Filters, config: Config) -> Uploads:
    """Its uploads, from the ingest panel's own load."""
    panel = await load_ingest(snapshot, filters, config)
    return Uploads(uploads=panel.uploads, rejected=panel.rejected, rejection_reasons=panel.rejection_reasons)


async def load_plays(snapshot: Snapshot, filters: Filters, config: Config) -> Plays:
    """Its plays, from the playback panel's own load."""
    panel = await load_playback(snapshot, filters, config)
    return Plays(**{name: getattr(panel, name) for name in Plays.__struct_fields__})
