"""The transcode workers: they beat, claim jobs, start them, finish or fail them, and now and then restart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from random import Random

from houndmon.demo.fleet import FLEET
from houndmon.demo.incidents import NO_INCIDENT, IncidentKind
from houndmon.demo.relations import Record
from houndmon.demo.transcoding import (
    CANCELLED,
    LOST_WORKER,
    WITHDRAWN,
    AttemptOutcome,
    JobRecord,
    TrackRecord,
    draw_backoff,
    draw_outcome,
    draw_start,
    draw_vain_attempt,
)

SLOTS = 8
BEAT = timedelta(seconds=10)
RESTART_EVERY = 36 * 3600


@dataclass(slots=True)
class WorkerProcess:
    """One worker process."""

    worker_id: str
    environment: str
    process_started_at: datetime
    beat_at: datetime | None = None

    def record(self, at: datetime) -> Record:
        """Beat, and return the beat as a record of `worker_heartbeats`."""
        self.beat_at = at
        return self.worker_id, self.environment, at, self.process_started_at


@dataclass(slots=True)
class RunningJob:
    """A claimed job and how its attempt will go."""

    job: JobRecord
    starts_at: datetime
    fate: AttemptOutcome


class WorkerFleet:
    """All workers with the jobs they hold, as memory of what the relations say."""

    def __init__(self, rng: Random, workers: list[WorkerProcess], *, now: datetime, speed: float = 1.0) -> None:
        self.rng, self.workers = rng, workers
        self.slots = SLOTS * max(1, round(speed))
        self.changed_jobs: dict[str, JobRecord] = {}
        self.changed_tracks: dict[str, TrackRecord] = {}
        self._stepped_at = now
        self._tracks: dict[str, TrackRecord] = {}
        self._running: dict[str, list[RunningJob]] = {worker.worker_id: [] for worker in workers}
        self._waiting: dict[str, list[tuple[datetime, int, JobRecord]]] = {name: [] for name in FLEET}
        self._to_publish: list[tuple[datetime, int, TrackRecord]] = []
        self._order = count()

    def take(self, job: JobRecord, track: TrackRecord, now: datetime, incident: IncidentKind = NO_INCIDENT) -> None:
        """Take in an active job, wherever it stands; a claimed one stays with its worker, and goes as things go now."""
        self._tracks[track.track_id] = track
        held = self._running.get(job.worker_id or "")
        if job.status == "in_progress" and held is not None:
            held.append(RunningJob(job, now, self._draw_fate(incident)))
        elif job.environment in self._waiting:
            self._wait(job, max(now, job.takeable_at))

    def receive(self, job: JobRecord, track: TrackRecord, now: datetime) -> None:
        """Take in a job and track that are not in the relations yet."""
        self.take(job, track, now)
        self._note(job)

    def take_ready(self, track: TrackRecord, now: datetime) -> None:
        """Take in a track that waits for its publication."""
        heappush(self._to_publish, (track.publication(self.rng, now), next(self._order), track))

    def step(self, now: datetime, incidents: Mapping[str, IncidentKind]) -> list[Record]:
        """Let everything happen that is due, and return the beats; `incidents` are those of each environment."""
        up = [worker for worker in self.workers if worker.worker_id not in incidents[worker.environment].down]
        beats = self._beat(up, now)
        for worker in up:
            self._work(worker, now, incidents[worker.environment])
        self._publish(now)
        self._stepped_at = now
        return beats

    def restart(self, worker_ids: tuple[str, ...], now: datetime) -> None:
        """Start some workers' processes anew; what they held goes back for a retry."""
        for worker in self.workers:
            if worker.worker_id in worker_ids:
                self._restart(worker, now)

    def drain(self) -> tuple[Iterable[Record], Iterable[Record]]:
        """Hand over the records of the jobs and tracks that changed."""
        jobs = [job.record() for job in self.changed_jobs.values()]
        tracks = [track.record() for track in self.changed_tracks.values()]
        self.changed_jobs, self.changed_tracks = {}, {}
        return jobs, tracks

    def _beat(self, up: list[WorkerProcess], now: datetime) -> list[Record]:
        return [worker.record(now) for worker in up if worker.beat_at is None or now - worker.beat_at >= BEAT]

    def _work(self, worker: WorkerProcess, now: datetime, incident: IncidentKind) -> None:
        seconds = (now - self._stepped_at).total_seconds()
        if incident is NO_INCIDENT and self.rng.random() < seconds / RESTART_EVERY:
            self._restart(worker, now)
        if not incident.jobs_hang:
            self._running[worker.worker_id] = [
                running for running in self._running[worker.worker_id] if self._goes_on(running, now)
            ]
        if not incident.claims_stop:
            self._claim(worker, now, incident)

    def _goes_on(self, running: RunningJob, now: datetime) -> bool:
        job = running.job
        if job.started_at is None and running.starts_at <= now:
            job.started_at = self._lately(running.starts_at, now)
            self._note(job)
        if job.started_at is None:
            return True
        ends_at = job.started_at + timedelta(seconds=running.fate.seconds)
        if ends_at > now:
            return True
        self._settle(job, running.fate, self._lately(ends_at, now))
        return False

    def _settle(self, job: JobRecord, fate: AttemptOutcome, at: datetime) -> None:
        job.settle(fate, at)
        track = self._note(job)
        if job.status == "retrying":
            self._wait(job, at + draw_backoff(self.rng))
            return
        del self._tracks[job.track_id]
        if job.status == "completed":
            self.take_ready(track, at)

    def _claim(self, worker: WorkerProcess, now: datetime, incident: IncidentKind) -> None:
        held, slots = self._running[worker.worker_id], 1 if incident.retries_only else self.slots
        # One claim a step and worker spreads a backlog over the fleet.
        job = self._next_job(worker.environment, now, incident) if len(held) < slots else None
        if job is None:
            return
        if job.attempt == 1 and self.rng.random() < CANCELLED:
            job.cancel(now)
            self._note(job)
            del self._tracks[job.track_id]
            return
        job.claim(worker.worker_id, now)
        held.append(RunningJob(job, now + draw_start(self.rng), self._draw_fate(incident)))
        self._note(job)

    def _draw_fate(self, incident: IncidentKind) -> AttemptOutcome:
        return draw_vain_attempt(self.rng) if incident.retries_only else draw_outcome(self.rng, incident.permanent)

    def _next_job(self, environment: str, now: datetime, incident: IncidentKind) -> JobRecord | None:
        """Take the job that has waited longest out of those that may be taken."""
        waiting = self._waiting[environment]
        if not incident.retries_only:
            return heappop(waiting)[2] if waiting and waiting[0][0] <= now else None
        retrying = [one for one in waiting if one[0] <= now and one[2].status == "retrying"]
        if not retrying:
            return None
        first = min(retrying)
        waiting.remove(first)
        heapify(waiting)
        return first[2]

    def _restart(self, worker: WorkerProcess, now: datetime) -> None:
        worker.process_started_at, worker.beat_at = now, None
        for running in self._running[worker.worker_id]:
            running.job.error_code, running.job.error_message = LOST_WORKER
            running.job.retry()
            self._note(running.job)
            self._wait(running.job, now + timedelta(seconds=3))
        self._running[worker.worker_id] = []

    def _publish(self, now: datetime) -> None:
        while self._to_publish and self._to_publish[0][0] <= now:
            due_at, _, track = heappop(self._to_publish)
            track.state = "withdrawn" if self.rng.random() < WITHDRAWN else "live"
            track.live_at = self._lately(due_at, now)
            self.changed_tracks[track.track_id] = track

    def _note(self, job: JobRecord) -> TrackRecord:
        track = self._tracks[job.track_id]
        track.follow(job)
        self.changed_jobs[job.job_id] = job
        self.changed_tracks[track.track_id] = track
        return track

    def _wait(self, job: JobRecord, ready_at: datetime) -> None:
        heappush(self._waiting[job.environment], (ready_at, next(self._order), job))

    def _lately(self, due_at: datetime, now: datetime) -> datetime:
        # What should have happened while nothing ran happens now: the past is not written to.
        return due_at if due_at > self._stepped_at else now
