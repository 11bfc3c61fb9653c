"""Writes Hound's past: three weeks of it on the first start, and what is missing on every later one."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Literal

from tqdm import tqdm

from houndmon.demo import backfill
from houndmon.demo.backfill import Period
from houndmon.demo.catalogue import FIRST_UPLOAD, ReleaseCatalogue, track_id
from houndmon.demo.fleet import FLEET
from houndmon.demo.incidents import OPENING_AGE
from houndmon.demo.listeners import PLAYS_PER_SECOND
from houndmon.demo.relations import SCHEMA, Connection, Record, append, indexed_afterwards
from houndmon.demo.resume import known_processes, next_number
from houndmon.demo.traffic import ENVIRONMENTS
from houndmon.demo.transcoding import ACTIVE_STATUSES
from houndmon.demo.uploads import UPLOADS_PER_SECOND

# The charts of the last week stand beside the week before, also on the next days.
SPAN = timedelta(days=21)
RETENTION = timedelta(days=22)

# So much of the oldest rows may be missing without being a gap.
RAGGED = timedelta(hours=1)

# Each goes to three relations, and is held until it is in the last of them.
UPLOADS_AT_A_TIME = 5000

# Rows of API requests and heartbeats, whatever the scale; only the progress bar counts on it.
ROWS_PER_SECOND = 0.55

# Below this the live world takes up the jobs where they stand.
LONGEST_PAUSE = timedelta(seconds=90)

_TIMES = {
    "play_attempts": "occurred_at",
    "upload_attempts": "occurred_at",
    "api_requests": "occurred_at",
    "worker_heartbeats": "beat_at",
}


@dataclass(slots=True)
class WrittenRows:
    """How many rows were written to each relation."""

    releases: int = 0
    tracks: int = 0
    upload_attempts: int = 0
    transcode_jobs: int = 0
    worker_heartbeats: int = 0
    play_attempts: int = 0
    api_requests: int = 0

    @property
    def total(self) -> int:
        """The rows of all relations together."""
        return sum(asdict(self).values())


async def load_history(
    conn: Connection,
    *,
    seed: int,
    now: datetime,
    progress: bool,
    scale: float = 1.0,
    span: timedelta = SPAN,
    opening: bool = False,
) -> WrittenRows:
    """Fill Hound's relations up to `now`, all or nothing, and return what was written.

    The first time that is all of `span` with its releases; later the gap since the newest row, of at most `span`.
    Rows older than 22 days go. `scale` thins out the plays and uploads. With `opening` staging stands still in the end.
    """
    async with conn.transaction():
        newest = await _edge(conn, "max")
        if newest is None:
            first = _Filling(conn, seed, Period(now - span, now, opening=opening), scale)
            return await first.write_much(catalogue=True, progress=progress)
        if now - newest > LONGEST_PAUSE:
            await _settle(conn, newest, now)
        await prune_history(conn, now)
        gap = Period(max(newest, now - span), now, bumps=False, opening=opening)
        return await _Filling(conn, seed, gap, scale).write(progress=progress)


async def load_earlier(
    conn: Connection, *, seed: int, now: datetime, progress: bool, scale: float = 1.0, span: timedelta = SPAN
) -> datetime | None:
    """Fill in what is missing of the `span` before `now` because the demo began with less; until when that was.

    None, and nothing is written, where the oldest rows are old enough. All or nothing, in the caller's transaction
    if there is one.
    """
    async with conn.transaction():
        oldest = await _edge(conn, "min")
        if oldest is None or oldest < now - span + RAGGED:
            return None
        earlier = Period(now - span, oldest, told_later=now)
        await _Filling(conn, seed, earlier, scale).write_much(progress=progress)
        return oldest


async def has_gap_to_fill(conn: Connection, now: datetime) -> bool:
    """Return whether there is so much to fill in that staging can have stood still for the last part of it."""
    newest = await _edge(conn, "max")
    return newest is None or now - newest > OPENING_AGE


async def prune_history(conn: Connection, now: datetime) -> None:
    """Delete what is older than 22 days; the back catalogue stays."""
    cutoff, environments = now - RETENTION, list(ENVIRONMENTS)
    for name, column in {**_TIMES, "transcode_jobs": "finished_at"}.items():
        await conn.execute(
            f"delete from {SCHEMA}.{name} where environment = any($1) and {column} < $2", environments, cutoff
        )
    await conn.execute(
        f"delete from {SCHEMA}.tracks where environment = any($1) and uploaded_at < $2 and track_id >= $3",
        environments,
        cutoff,
        track_id(FIRST_UPLOAD),
    )


async def _edge(conn: Connection, end: Literal["min", "max"]) -> datetime | None:
    """When the oldest or the newest event was."""
    # One look-up an environment goes down the index; a plain max() would read the whole table.
    found = [
        await conn.fetchval(f"select {end}({column}) from {SCHEMA}.{name} where environment = $1", environment)
        for name, column in _TIMES.items()
        for environment in ENVIRONMENTS
    ]
    choose = min if end == "min" else max
    return choose((at for at in found if at is not None), default=None)


async def _settle(conn: Connection, since: datetime, now: datetime) -> None:
    """Finish what was left when the demo was last stopped, as if it had gone on for half a minute."""
    await conn.execute(
        f"update {SCHEMA}.tracks set state = 'live', live_at = greatest(uploaded_at, publish_at, $1) + interval '40 s' "
        f"where state in ('uploaded', 'processing', 'ready') and uploaded_at <= $1 "
        f"and (publish_at <= $2::timestamptz - interval '40 s') is not false",
        since,
        now,
    )
    # Claimed and started fall back to the same instant, for neither may lie before the other.
    await conn.execute(
        f"update {SCHEMA}.transcode_jobs set status = 'completed', worker_id = coalesce(worker_id, $2), "
        f"error_code = null, error_message = null, claimed_at = coalesce(claimed_at, $1), "
        f"started_at = coalesce(started_at, greatest(claimed_at, $1)), "
        f"finished_at = greatest(queued_at, claimed_at, started_at, $1) + interval '30 s', "
        f"available_at = least(available_at, $1) where status = any($3)",
        since,
        FLEET["prod"][0],
        list(ACTIVE_STATUSES),
    )
    # What is planned for later is ready, and waits.
    await conn.execute(f"update {SCHEMA}.tracks set state = 'ready' where state in ('uploaded', 'processing')")


@dataclass(slots=True)
class _Filling:
    """One filling of a stretch."""

    conn: Connection
    seed: int
    stretch: Period
    scale: float
    bar: "tqdm[None]" = field(init=False)
    counts: WrittenRows = field(default_factory=WrittenRows)
    catalogue: ReleaseCatalogue = field(init=False)

    def __post_init__(self) -> None:
        self.catalogue = ReleaseCatalogue(self.seed)

    async def write(self, *, progress: bool, catalogue: bool = False) -> WrittenRows:
        """Write the rows of every relation, and those of the `catalogue` where it is not there yet."""
        seconds = (self.stretch.ends - self.stretch.begins).total_seconds()
        expected = round(seconds * ((PLAYS_PER_SECOND + 3 * UPLOADS_PER_SECOND) * self.scale + ROWS_PER_SECOND))
        with tqdm(total=expected, desc="Hound's history", unit=" rows", disable=not progress) as self.bar:
            if catalogue:
                await self.catalogue_rows()
            await self.uploads()
            await self.events()
            await self.beats()
            self.bar.total = self.counts.total
            self.bar.update(max(0, self.counts.total - self.bar.n))
        return self.counts

    async def write_much(self, *, progress: bool, catalogue: bool = False) -> WrittenRows:
        """Write most of what the relations hold: their indexes come last, and the planner must hear of it."""
        async with indexed_afterwards(self.conn):
            await self.write(progress=progress, catalogue=catalogue)
        await self.conn.execute("".join(f"analyze {SCHEMA}.{name};" for name in asdict(self.counts)))
        return self.counts

    def _rng(self, purpose: str) -> Random:
        # The stretch's start keeps the draws of two gaps apart.
        return Random(f"{self.seed}:{purpose}:{self.stretch.begins.timestamp()}")

    async def _append(self, relation: str, records: Iterable[Record]) -> None:
        written = await append(self.conn, relation, self._counted(records))
        setattr(self.counts, relation, getattr(self.counts, relation) + written)

    def _counted(self, records: Iterable[Record]) -> Iterator[Record]:
        for done, record in enumerate(records, 1):
            if done % 2000 == 0:
                self.bar.update(2000)
            yield record

    async def catalogue_rows(self) -> None:
        """Write the releases and their back catalogue."""
        releases = [(r.release_id, r.artist_id, r.title, r.artist_name) for r in self.catalogue.releases]
        await self._append("releases", releases)
        at = self.stretch.begins - timedelta(days=30)
        live_at = at + timedelta(minutes=4)
        songs = (
            (s.track_id, s.release_id, s.artist_id, "prod", "live", at, live_at, None) for s in self.catalogue.songs
        )
        await self._append("tracks", songs)

    async def uploads(self) -> None:
        """Write the uploads with their jobs and tracks."""
        first = await next_number(self.conn)
        drawn = backfill.draw_uploads(self._rng("uploads"), self.catalogue, self.stretch, self.scale, first)
        while some := list(islice(drawn, UPLOADS_AT_A_TIME)):
            await self._append("upload_attempts", (upload.record for upload in some))
            await self._append("transcode_jobs", (upload.job.record() for upload in some if upload.job))
            await self._append("tracks", (upload.track.record() for upload in some if upload.track))

    async def events(self) -> None:
        """Write the plays and the API requests."""
        await self._append(
            "play_attempts", backfill.draw_plays(self._rng("plays"), self.catalogue, self.stretch, self.scale)
        )
        await self._append("api_requests", backfill.draw_past_requests(self._rng("requests"), self.stretch))

    async def beats(self) -> None:
        """Write the beats of every worker, each going on with the process it had."""
        known = await known_processes(self.conn, self.stretch.begins - timedelta(minutes=15), self.stretch.begins)
        for environment, worker_ids in FLEET.items():
            for worker_id in worker_ids:
                rng = self._rng(worker_id)
                started_at = known.get(worker_id, self.stretch.begins - timedelta(hours=rng.uniform(1, 30)))
                await self._append(
                    "worker_heartbeats", backfill.draw_beats(rng, worker_id, environment, self.stretch, started_at)
                )
