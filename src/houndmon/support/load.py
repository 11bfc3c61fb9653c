"""Reads what belongs to a name, a release or an artist; what cannot be read takes down nothing else."""

from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, window_shown
from houndmon.kit.problems import SourceUnreadable
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.kit.text import shown
from houndmon.panels.ingest.load import load as load_ingest
from houndmon.panels.playback.load import load as load_playback
from houndmon.support.judge import judged, newest_jobs, verdict
from houndmon.support.model import (
    ArtistMatch,
    Job,
    JobRow,
    Matches,
    Plays,
    ReleaseMatch,
    ReleaseState,
    Support,
    Track,
    TrackRow,
    Uploads,
    flaws,
)

SQL = statements(Path(__file__).with_name("query.sql"))
MOST_ARTISTS, MOST_RELEASES, MOST_WORDS = 5, 12, 8
MOST_LISTED = 100
T = TypeVar("T")


def literal(text: str) -> str:
    """A text as a pattern that stands for itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def search(snapshot: Snapshot, text: str) -> Matches:
    """The artists and releases that go by a text. Raises SourceUnreadable."""
    words = [f"%{literal(word)}%" for word in text.split()[:MOST_WORDS]]
    args = (words, f"{literal(text)}%", text)
    artists = await snapshot.rows(SQL["artist_matches"], ArtistMatch, *args, MOST_ARTISTS + 1)
    releases = await snapshot.rows(SQL["release_matches"], ReleaseMatch, *args, MOST_RELEASES + 1)
    return Matches(
        query=text,
        as_of=snapshot.clock.now,
        artists=[readable(one) for one in artists[:MOST_ARTISTS]],
        releases=[readable(one) for one in releases[:MOST_RELEASES]],
        is_cut=len(artists) > MOST_ARTISTS or len(releases) > MOST_RELEASES,
    )


Named = TypeVar("Named", ArtistMatch, ReleaseMatch)


def readable(match: Named) -> Named:
    """A match whose names hold no control character."""
    if isinstance(match, ReleaseMatch):
        match.title = shown(match.title)
    match.artist_name = shown(match.artist_name)
    return match


class Reading:
    """Reads in parts: one that fails is noted, and the rest goes on."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self.errors: list[SourceUnreadable] = []

    async def tried(self, work: Awaitable[T]) -> T | None:
        """What some work came to; None where the source could not be read."""
        try:
            async with self.snapshot.part():
                return await work
        except SourceUnreadable as error:
            self.errors.append(error)
            return None


async def load(snapshot: Snapshot, filters: Filters, limit_minutes: float, threshold: float) -> Support:
    """Where the release or artist asked for is stuck. Raises SourceUnreadable where nothing can be read."""
    reading, clock = Reading(snapshot), snapshot.clock
    args = (filters.environment, clock.soon, MOST_LISTED)
    names = await reading.tried(snapshot.rows(SQL["releases"], ReleaseMatch, MOST_LISTED, filters=filters))
    rows = await reading.tried(snapshot.rows(SQL["tracks"], TrackRow, *args, filters=filters))
    jobs = await reading.tried(snapshot.rows(SQL["jobs"], JobRow, *args, filters=filters))
    uploads = await reading.tried(load_uploads(snapshot, filters))
    plays = await reading.tried(load_plays(snapshot, filters))
    by_release: list[ReleaseState] = []
    if rows is not None and filters.release_id is None:
        counted = snapshot.rows(SQL["tracks_by_release"], ReleaseState, *args, filters=filters)
        by_release = await reading.tried(counted) or []
    if len(reading.errors) == 5:
        raise reading.errors[0]
    tracks = None if rows is None else tracks_of(rows, jobs, snapshot, limit_minutes)
    total, live = (rows[0].all_tracks, rows[0].live_tracks) if rows else (0, 0)
    named = [readable(one) for one in names or []]
    return Support(
        panel="support",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(flaws([*(rows or []), *(jobs or [])])),
        release=named[0] if named and filters.release_id is not None else None,
        artist_name=named[0].artist_name if named else None,
        releases=[] if filters.release_id is not None else titled(by_release, named),
        verdict=verdict(tracks, live, total, uploads, plays, threshold),
        tracks=tracks or [],
        track_count=total,
        live_count=live,
        jobs=[job_of(job) for job in jobs or []],
        job_count=jobs[0].all_jobs if jobs else 0,
        uploads=uploads,
        plays=plays,
        limit_minutes=limit_minutes,
        unreadable=[str(error) for error in reading.errors],
    )


def tracks_of(rows: list[TrackRow], jobs: list[JobRow] | None, snapshot: Snapshot, limit_minutes: float) -> list[Track]:
    """The tracks with their stages, what is stuck first."""
    newest = None if jobs is None else newest_jobs(jobs)
    all_read = not jobs or jobs[0].all_jobs <= len(jobs)
    found = [judged(row, newest, snapshot.clock.now, limit_minutes, all_read) for row in rows]
    return sorted(found, key=lambda track: ("stuck", "unknown", "moving", "live", "out").index(track.fate))


def titled(counted: list[ReleaseState], named: list[ReleaseMatch]) -> list[ReleaseState]:
    """An artist's releases: those with tracks, then those that are only known by name."""
    titles = {one.release_id: one.title for one in named}
    for one in counted:
        one.title = titles.pop(one.release_id, None)
    rest = [ReleaseState(release_id=id, title=title) for id, title in titles.items()]
    return [one for one in [*counted, *rest] if one.release_id][:MOST_LISTED]


def job_of(row: JobRow) -> Job:
    """A job as it is shown."""
    fields = {name: getattr(row, name) for name in Job.__struct_fields__}
    return Job(**fields | {"error_message": shown(row.error_message)})


async def load_uploads(snapshot: Snapshot, filters: Filters) -> Uploads:
    """Its uploads, from the ingest panel's own load."""
    panel = await load_ingest(snapshot, filters)
    return Uploads(uploads=panel.uploads, rejected=panel.rejected, rejection_reasons=panel.rejection_reasons)


async def load_plays(snapshot: Snapshot, filters: Filters) -> Plays:
    """Its plays, from the playback panel's own load."""
    panel = await load_playback(snapshot, filters)
    return Plays(**{name: getattr(panel, name) for name in Plays.__struct_fields__})
