"""How a track becomes playable: the transcode job, its attempts and its ends, then the way to `live`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from random import Random

from houndmon.demo.relations import Record

ACTIVE = ("queued", "in_progress", "retrying")
ATTEMPTS = 3

PERMANENT = 0.005
PASSING = 0.025

LATE_PUBLICATION = 0.012
WITHDRAWN = 0.004

FFMPEG = ("FFMPEG_EXIT_1", "ffmpeg exited with 1: Invalid data found when processing input")
LOST = ("WORKER_LOST", "The worker's process ended while it held the job")
_PERMANENT_CAUSES = (
    FFMPEG,
    FFMPEG,
    ("FFMPEG_EXIT_1", "ffmpeg exited with 1: Error while decoding stream #0:0"),
    ("CODEC_UNSUPPORTED", "No decoder for codec id 0x15003 in stream #0:0"),
    ("SOURCE_CORRUPT", "The file ends before its last frame"),
)
_PASSING_CAUSES = (
    ("OOM_KILLED", "Killed by the kernel at 3.8 GiB resident"),
    ("STORAGE_TIMEOUT", "The object store did not answer within 30 s"),
    ("STORAGE_TIMEOUT", "The upload of segment 14 was not confirmed"),
    LOST,
)


@dataclass(slots=True)
class Job:
    """A row of `transcode_jobs`."""

    job_id: str
    environment: str
    artist_id: str | None
    release_id: str | None
    track_id: str
    status: str
    attempt: int
    queued_at: datetime
    claimed_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    worker_id: str | None = None
    error_code: str | None = None
    error_message: str | None = None

    def record(self) -> Record:
        """Return the job as a record of its relation."""
        return (
            self.job_id, self.environment, self.artist_id, self.release_id, self.track_id, self.status,
            self.attempt, self.queued_at, self.claimed_at, self.started_at, self.finished_at, self.worker_id,
            self.error_code, self.error_message,
        )  # fmt: skip

    def claim(self, worker_id: str, at: datetime) -> None:
        """Give the job to a worker."""
        self.status, self.worker_id, self.claimed_at, self.started_at = "in_progress", worker_id, at, None

    def settle(self, fate: "Fate", at: datetime) -> None:
        """End the attempt: completed, failed, or retrying where another attempt may help."""
        self.error_code, self.error_message = fate.code, fate.message
        if fate.passing and self.attempt < ATTEMPTS:
            self.retry()
        else:
            self.status, self.finished_at = "failed" if fate.code else "completed", at

    def retry(self) -> None:
        """Put the job back for its next attempt."""
        self.status, self.attempt = "retrying", self.attempt + 1
        self.claimed_at = self.started_at = self.worker_id = None


@dataclass(slots=True)
class Track:
    """A row of `tracks`."""

    track_id: str
    release_id: str | None
    artist_id: str | None
    environment: str
    state: str
    uploaded_at: datetime
    live_at: datetime | None = None

    def record(self) -> Record:
        """Return the track as a record of its relation."""
        return (
            self.track_id, self.release_id, self.artist_id, self.environment, self.state, self.uploaded_at,
            self.live_at,
        )  # fmt: skip

    def follow(self, job: Job) -> None:
        """Take the state that the job gives the track."""
        states = {"queued": "uploaded", "completed": "ready", "failed": "rejected"}
        self.state = states.get(job.status, "processing")


@dataclass(frozen=True, slots=True)
class Fate:
    """How one attempt ends and how long it takes; no code is success, `passing` that a retry may help."""

    seconds: float
    code: str | None = None
    message: str | None = None
    passing: bool = False


def draw_fate(rng: Random, permanent: float = PERMANENT) -> Fate:
    """Draw the end of one attempt; most take about a minute and a half, broken files fail within seconds."""
    chance = rng.random()
    if chance < permanent:
        code, message = FFMPEG if permanent > 0.3 else rng.choice(_PERMANENT_CAUSES)
        return Fate(rng.uniform(1.5, 7.0), code, message)
    seconds = min(rng.lognormvariate(log(78), 0.5), 900.0)
    if chance > 1 - PASSING:
        return Fate(seconds * rng.random(), *rng.choice(_PASSING_CAUSES), passing=True)
    return Fate(seconds)


def draw_start(rng: Random) -> timedelta:
    """Draw how long a worker takes from its claim to the start."""
    return timedelta(seconds=0.3 + min(rng.expovariate(1.2), 12.0))


def draw_backoff(rng: Random) -> timedelta:
    """Draw how long a job waits for its next attempt."""
    return timedelta(seconds=rng.uniform(15, 45))


def draw_publication(rng: Random) -> timedelta:
    """Draw how long a ready track takes to be live; a few wait for their artwork."""
    late = rng.random() < LATE_PUBLICATION
    return timedelta(seconds=rng.uniform(11 * 60, 26 * 60) if late else rng.uniform(8, 75))


def replay(rng: Random, job: Job, until: datetime, *, workers: tuple[str, ...], wait: float, permanent: float) -> None:
    """Take a queued job as far as it has come at `until`; `wait` is the mean wait for a claim in seconds."""
    ready_at = job.queued_at
    while job.status in ACTIVE:
        claimed_at = ready_at + timedelta(seconds=1 + rng.expovariate(1 / wait))
        if claimed_at > until:
            return
        job.claim(rng.choice(workers), claimed_at)
        started_at = claimed_at + draw_start(rng)
        if started_at > until:
            return
        job.started_at = started_at
        fate = draw_fate(rng, permanent)
        ended_at = started_at + timedelta(seconds=fate.seconds)
        if ended_at > until:
            return
        job.settle(fate, ended_at)
        ready_at = ended_at + draw_backoff(rng)


def publish(rng: Random, track: Track, job: Job, until: datetime) -> None:
    """Give the track the state that it has reached at `until`."""
    track.follow(job)
    if track.state != "ready" or job.finished_at is None:
        return
    live_at = job.finished_at + draw_publication(rng)
    if live_at <= until:
        track.state = "withdrawn" if rng.random() < WITHDRAWN else "live"
        track.live_at = live_at
