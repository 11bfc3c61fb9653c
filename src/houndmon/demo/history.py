"""Writes Hound's past: a week of it on the first start, and what is missing on every later one."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from tqdm import tqdm

from houndmon.demo import past
from houndmon.demo.catalogue import FIRST_UPLOAD, Catalogue, track_id
from houndmon.demo.incidents import STILL_FOR
from houndmon.demo.listeners import PLAYS_PER_SECOND
from houndmon.demo.memory import known_processes, next_number
from houndmon.demo.past import Stretch
from houndmon.demo.relations import SCHEMA, Connection, Record, append
from houndmon.demo.traffic import ENVIRONMENTS
from houndmon.demo.uploads import UPLOADS_PER_SECOND
from houndmon.demo.workers import FLEET

# The 40 min more give the rule `traffic_absent` its half hour of a week before.
WEEK = timedelta(days=7, minutes=40)
LONGEST_GAP = timedelta(days=7)
KEPT = timedelta(days=9)

# Rows of API requests and heartbeats, whatever the scale; only the progress bar counts on it.
ROWS_PER_SECOND = 0.55

# Below this the live world takes up the jobs where they stand.
SETTLED_AFTER = timedelta(seconds=90)

_TIMES = {
    "play_attempts": "occurred_at",
    "upload_attempts": "occurred_at",
    "api_requests": "occurred_at",
    "worker_heartbeats": "beat_at",
}


@dataclass(slots=True)
class Counts:
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
    span: timedelta = WEEK,
    opening: bool = False,
) -> Counts:
    """Fill Hound's relations up to `now`, all or nothing, and return what was written.

    The first time that is a week (`span`) with its releases; later the gap since the newest row, of at
    most seven days. Rows older than nine days go. `scale` thins out the plays and uploads. With `opening` staging
    stands still in the end.
    """
    async with conn.transaction():
        newest = await _newest(conn)
        stretch = Stretch(now - span, now)
        if newest is not None:
            stretch = Stretch(max(newest, now - LONGEST_GAP), now, bumps=False)
            if now - newest > SETTLED_AFTER:
                await _settle(conn, newest)
        await prune(conn, now)
        if opening:
            stretch = replace(stretch, still_at=now - STILL_FOR)
        counts = await _fill(conn, seed, stretch, scale, progress=progress)
    if newest is None:
        await conn.execute("".join(f"analyze {SCHEMA}.{name};" for name in asdict(counts)))
    return counts


async def has_room(conn: Connection, now: datetime) -> bool:
    """Return whether there is so much to fill in that staging can have stood still for the last part of it."""
    newest = await _newest(conn)
    return newest is None or now - newest > STILL_FOR


async def prune(conn: Connection, now: datetime) -> None:
    """Delete what is older than nine days; the back catalogue stays."""
    cutoff, environments = now - KEPT, list(ENVIRONMENTS)
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


async def _newest(conn: Connection) -> datetime | None:
    # One look-up an environment goes down the index; a plain max() would read the whole table.
    found = [
        await conn.fetchval(f"select max({column}) from {SCHEMA}.{name} where environment = $1", environment)
        for name, column in _TIMES.items()
        for environment in ENVIRONMENTS
    ]
    return max((at for at in found if at is not None), default=None)


async def _settle(conn: Connection, since: datetime) -> None:
    """Finish what was left when the demo was last stopped, as if it had gone on for half a minute."""
    await conn.execute(
        f"update {SCHEMA}.tracks set state = 'live', live_at = greatest(uploaded_at, $1) + interval '40 s' "
        f"where state in ('uploaded', 'processing', 'ready') and uploaded_at <= $1",
        since,
    )
    # Claimed and started fall back to the same instant, for neither may lie before the other.
    await conn.execute(
        f"update {SCHEMA}.transcode_jobs set status = 'completed', worker_id = coalesce(worker_id, $2), "
        f"error_code = null, error_message = null, claimed_at = coalesce(claimed_at, $1), "
        f"started_at = coalesce(started_at, greatest(claimed_at, $1)), "
        f"finished_at = greatest(queued_at, claimed_at, started_at, $1) + interval '30 s' "
        f"where status in ('queued', 'in_progress', 'retrying')",
        since,
        FLEET["prod"][0],
    )


async def _fill(conn: Connection, seed: int, stretch: Stretch, scale: float, *, progress: bool) -> Counts:
    seconds = (stretch.ends - stretch.begins).total_seconds()
    expected = round(seconds * ((PLAYS_PER_SECOND + 3 * UPLOADS_PER_SECOND) * scale + ROWS_PER_SECOND))
    with tqdm(total=expected, desc="Hound's history", unit=" rows", disable=not progress) as bar:
        filling = _Filling(conn, seed, stretch, scale, bar)
        if stretch.bumps:
            await filling.catalogue_rows()
        await filling.uploads()
        await filling.events()
        await filling.beats()
        bar.total = filling.counts.total
        bar.update(max(0, filling.counts.total - bar.n))
    return filling.counts


@dataclass(slots=True)
class _Filling:
    """One filling of a stretch."""

    conn: Connection
    seed: int
    stretch: Stretch
    scale: float
    bar: "tqdm[None]"
    counts: Counts = field(default_factory=Counts)
    catalogue: Catalogue = field(init=False)

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(self.seed)

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
        songs = ((s.track_id, s.release_id, s.artist_id, "prod", "live", at, live_at) for s in self.catalogue.songs)
        await self._append("tracks", songs)

    async def uploads(self) -> None:
        """Write the uploads with their jobs and tracks."""
        first = await next_number(self.conn)
        drawn = list(past.uploads(self._rng("uploads"), self.catalogue, self.stretch, self.scale, first))
        await self._append("upload_attempts", (upload.record for upload in drawn))
        await self._append("transcode_jobs", (upload.job.record() for upload in drawn if upload.job))
        await self._append("tracks", (upload.track.record() for upload in drawn if upload.track))

    async def events(self) -> None:
        """Write the plays and the API requests."""
        await self._append("play_attempts", past.plays(self._rng("plays"), self.catalogue, self.stretch, self.scale))
        await self._append("api_requests", past.requests(self._rng("requests"), self.stretch))

    async def beats(self) -> None:
        """Write the beats of every worker, each going on with the process it had."""
        known = await known_processes(self.conn, self.stretch.begins - timedelta(minutes=15), self.stretch.begins)
        for environment, worker_ids in FLEET.items():
            for worker_id in worker_ids:
                rng = self._rng(worker_id)
                started_at = known.get(worker_id, self.stretch.begins - timedelta(hours=rng.uniform(1, 30)))
                await self._append(
                    "worker_heartbeats", past.beats(rng, worker_id, environment, self.stretch, started_at)
                )
