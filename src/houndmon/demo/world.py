"""The living Hound: each second it writes what listeners, artists, workers and the gateway have done."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

import asyncpg
import structlog

from houndmon.core.connections import open_connection
from houndmon.core.stopping import is_stopping, pause
from houndmon.demo.catalogue import ReleaseCatalogue
from houndmon.demo.gateway import draw_requests
from houndmon.demo.history import load_history, prune_history
from houndmon.demo.incidents import OPENING, IncidentKind
from houndmon.demo.listeners import PLAYS_PER_SECOND, draw_checks, draw_play
from houndmon.demo.relations import Connection, Record, append, hide, unhide, upsert
from houndmon.demo.resume import next_number, ready_tracks, unfinished_jobs, workers
from houndmon.demo.schedule import KNOWN, Announcement, Schedule
from houndmon.demo.traffic import ENVIRONMENTS, poisson, random_times, traffic_factor
from houndmon.demo.uploads import UPLOADS_PER_SECOND, Upload, draw_upload
from houndmon.demo.workers import WorkerFleet

TICK_SECONDS = 1.0
LONGEST_STEP = timedelta(seconds=10)
GAP = timedelta(seconds=60)
PRUNED_EVERY = timedelta(hours=6)
TICK_TIMEOUT_SECONDS = 15
RETRY_SECONDS = (1.0, 2.0, 5.0)

# Telemetry sends its counts in batches, which keeps a week of them small.
TELEMETRY = timedelta(seconds=5)

# Old enough for `queue_age`, and young enough that the counts take up the tracks with the next tick.
LATE_BATCH_MINUTES = (15.05, 15.25)

# How old plays are that a player kept while it was offline.
LATE_PLAYS_HOURS = (1.0, 20.0)

# At the quietest hour a storm of replays must still be enough for the rule's 50 attempts.
LEAST_REPLAYS_PER_SECOND = 1.5

ConnectionSource: TypeAlias = asyncpg.Pool | str
IncidentsByEnvironment = Mapping[str, IncidentKind]
Announce = Callable[[Announcement], Awaitable[None]]

log = structlog.get_logger(__name__)


class World:
    """The simulated Hound between two ticks; what it remembers of the relations is read by `resume`."""

    def __init__(self, schedule: Schedule, *, seed: int, speed: float = 1.0) -> None:
        self.schedule, self.speed = schedule, speed
        self.catalogue = ReleaseCatalogue(seed)
        self.active: list[Announcement] = []
        self._seed = seed

    async def resume(self, conn: Connection, now: datetime) -> None:
        """Take up the workers, jobs and tracks where the relations say they are."""
        self.rng = Random(f"{self._seed}:world:{now.timestamp()}")
        self.fleet = WorkerFleet(self.rng, await workers(conn, now), now=now, speed=self.speed)
        self.number = await next_number(conn)
        self.ticked_at = self.told_at = self.pruned_at = now
        for job, track in await unfinished_jobs(conn):
            self.fleet.take(job, track, now, self.schedule.incident(now, job.environment))
        for track in await ready_tracks(conn):
            self.fleet.take_ready(track, now)

    async def tick(self, conn: Connection, now: datetime) -> list[Announcement]:
        """Write what has happened since the last tick, and return the incidents that began or healed."""
        since = max(self.ticked_at, now - LONGEST_STEP)
        incidents = {environment: self.schedule.incident(now, environment) for environment in ENVIRONMENTS}
        current, before = self.schedule.on(now), self.active
        for ended in before:
            if ended not in current:
                await self._heal(conn, KNOWN[ended.name], now)
        for began in current:
            if began not in before:
                await self._break(conn, KNOWN[began.name], now)
        await self._listen(conn, since, now, incidents)
        await self._upload(conn, since, now, incidents)
        await self._answer(conn, now, incidents)
        await self._work(conn, now, incidents)
        if now - self.pruned_at > PRUNED_EVERY:
            await prune_history(conn, now)
            self.pruned_at = now
        self.ticked_at, self.active = now, current
        return _news(before, current)

    async def _break(self, conn: Connection, incident: IncidentKind, now: datetime) -> None:
        late = []
        for _ in range(incident.late_batch):
            queued_at = now - timedelta(minutes=self.rng.uniform(*LATE_BATCH_MINUTES))
            late.append(self._draw_upload(now, incident.environment, 0.0, queued_at))
        await self._receive(conn, late, now)
        if incident.hidden:
            await hide(conn, incident.hidden)

    async def _heal(self, conn: Connection, incident: IncidentKind, now: datetime) -> None:
        self.fleet.restart(incident.down, now)
        if incident.hidden:
            await unhide(conn)

    async def _listen(
        self, conn: Connection, since: datetime, now: datetime, incidents: IncidentsByEnvironment
    ) -> None:
        plays: list[Record] = []
        for environment, incident in incidents.items():
            if not incident.mute:
                plays += self._play(since, now, environment, incident)
        if plays:
            await append(conn, "play_attempts", plays)

    def _play(self, since: datetime, now: datetime, environment: str, incident: IncidentKind) -> Iterator[Record]:
        seconds, playback = (now - since).total_seconds(), incident.playback
        rate = PLAYS_PER_SECOND * traffic_factor(now) * self.speed
        for at in random_times(self.rng, since, now, poisson(self.rng, rate * ENVIRONMENTS[environment] * seconds)):
            yield draw_play(self.rng, self.catalogue, at, environment, playback=playback)
        if incident.replays_times:
            replays, client = max(rate * incident.replays_times, LEAST_REPLAYS_PER_SECOND), incident.replays_by
            for at in random_times(self.rng, since, now, poisson(self.rng, replays * seconds)):
                yield draw_play(self.rng, self.catalogue, at, environment, client=client, playback=playback)
        for _ in range(poisson(self.rng, incident.late_plays_per_second * seconds)):
            at = now - timedelta(hours=self.rng.uniform(*LATE_PLAYS_HOURS))
            yield draw_play(self.rng, self.catalogue, at, environment, playback=playback)
        if environment == "staging":
            yield from draw_checks(self.rng, self.catalogue, since, now)

    async def _upload(
        self, conn: Connection, since: datetime, now: datetime, incidents: IncidentsByEnvironment
    ) -> None:
        seconds = (now - since).total_seconds()
        rate = UPLOADS_PER_SECOND * traffic_factor(now) * self.speed
        drawn: list[Upload] = []
        for environment, incident in incidents.items():
            mean = rate * ENVIRONMENTS[environment] + self._burst(rate, incident, now)
            times = random_times(self.rng, since, now, poisson(self.rng, mean * seconds))
            drawn += [self._draw_upload(at, environment, incident.rejected) for at in times]
        await self._receive(conn, drawn, now)

    def _burst(self, rate: float, incident: IncidentKind, now: datetime) -> float:
        current = self.schedule.current(now)
        if current is None or not incident.burst.uploads:
            return 0.0
        # All of it in the first half, so that the rest of the incident shows what came of it.
        half = incident.seconds / 2
        over = now - current.begins_at > timedelta(seconds=half)
        return 0.0 if over else (incident.burst.uploads + incident.burst.hours * 3600 * rate) / half

    def _draw_upload(
        self, at: datetime, environment: str, rejected: float, queued_at: datetime | None = None
    ) -> Upload:
        self.number += 1
        return draw_upload(
            self.rng,
            self.catalogue,
            at,
            environment,
            number=self.number,
            rejected=rejected,
            queued_at=queued_at,
        )

    async def _receive(self, conn: Connection, drawn: list[Upload], now: datetime) -> None:
        if not drawn:
            return
        await append(conn, "upload_attempts", [upload.record for upload in drawn])
        for upload in drawn:
            if upload.job and upload.track:
                self.fleet.receive(upload.job, upload.track, now)

    async def _answer(self, conn: Connection, now: datetime, incidents: IncidentsByEnvironment) -> None:
        # What cannot be told while the relation is away is lost, as telemetry is.
        is_hidden = any(incident.hidden == "api_requests" for incident in incidents.values())
        if is_hidden or now - self.told_at < TELEMETRY:
            return
        seconds = min(now - self.told_at, LONGEST_STEP).total_seconds()
        requests: list[Record] = []
        for environment, incident in incidents.items():
            if incident.mute:
                continue
            level, trouble = ENVIRONMENTS[environment] * traffic_factor(now) * self.speed, incident.trouble
            requests += draw_requests(self.rng, now, environment, seconds=seconds, share=level, trouble=trouble)
        await append(conn, "api_requests", requests)
        self.told_at = now

    async def _work(self, conn: Connection, now: datetime, incidents: IncidentsByEnvironment) -> None:
        beats = self.fleet.step(now, incidents)
        jobs, tracks = self.fleet.drain()
        if beats:
            await append(conn, "worker_heartbeats", beats)
        if jobs:
            await upsert(conn, "transcode_jobs", jobs)
        if tracks:
            await upsert(conn, "tracks", tracks)


async def run_world(
    source: ConnectionSource,
    *,
    seed: int,
    speed: float,
    calm: bool,
    incident: str | None,
    announce: Announce | None,
    started_at: datetime | None = None,
    opening: bool = False,
) -> None:
    """Let Hound live until cancelled, over any trouble with the database.

    `source` must be able to write. `started_at`, by default the database's clock, anchors the schedule: pass
    the one that the page's own `Schedule` has, and its `opening`. Raises ValueError for an unknown incident or
    a speed of 0.
    """
    world: World | None = None
    if started_at is not None:
        world = World(_plan(started_at, seed, speed, calm, incident, opening), seed=seed, speed=speed)
    failures = 0
    while not is_stopping():
        try:
            async with _connect(source) as conn:
                await unhide(conn)
                now = await conn.fetchval("select now()")
                world = world or World(_plan(now, seed, speed, calm, incident), seed=seed, speed=speed)
                still = world.schedule.incident(now, OPENING.environment) is OPENING
                await load_history(conn, seed=seed, now=now, progress=False, opening=still)
                await world.resume(conn, now)
                while not is_stopping() and await _tick(conn, world, announce):
                    failures = 0
                    await pause(TICK_SECONDS)
        # Whatever went wrong, a dead world would look like an outage of the real one.
        except Exception as error:  # noqa: BLE001
            log.warning("demo_tick_failed", error=repr(error), failures=failures + 1)
            await pause(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1


def _plan(at: datetime, seed: int, speed: float, calm: bool, incident: str | None, opening: bool = False) -> Schedule:
    return Schedule(seed=seed, started_at=at, speed=speed, calm=calm, first=incident, opening=opening)


async def _tick(conn: Connection, world: World, announce: Announce | None) -> bool:
    async with asyncio.timeout(TICK_TIMEOUT_SECONDS), conn.transaction():
        now = await conn.fetchval("select now()")
        if now - world.ticked_at > GAP:
            # The machine has slept: begin anew, which fills the gap.
            return False
        news = await world.tick(conn, now)
    for announcement in news:
        log.info("demo_incident_turned", incident=announcement.name, phase=announcement.phase)
        if announce is not None:
            await _tell(announce, announcement)
    return True


async def _tell(announce: Announce, announcement: Announcement) -> None:
    try:
        await announce(announcement)
    # Whoever listens may fail; the world goes on.
    except Exception as error:  # noqa: BLE001
        log.warning("demo_announcement_failed", incident=announcement.name, error=repr(error))


@asynccontextmanager
async def _connect(source: ConnectionSource) -> AsyncIterator[Connection]:
    if not isinstance(source, str):
        async with source.acquire(timeout=5) as lent:
            yield lent
        return
    own = await open_connection(source, command_timeout=60, statements_kept=100, zone="UTC")
    try:
        yield own
    finally:
        await own.close(timeout=2)


def _news(before: list[Announcement], current: list[Announcement]) -> list[Announcement]:
    healed = [replace(one, phase="healed") for one in before if one not in current]
    return healed + [replace(one, phase="began") for one in current if one not in before]
