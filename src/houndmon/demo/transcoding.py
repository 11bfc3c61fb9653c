"""How a track becomes playable: the transcode job, its attempts and its ends, then the way to `live`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from random import Random
from uuid import UUID

from houndmon.demo.relations import Record

ACTIVE_STATUSES = ("queued", "scheduled", "in_progress", "retrying")
ATTEMPTS = 3

PERMANENT = 0.005
PASSING_RATIO = 0.025

LATE_PUBLICATION = 0.012
WITHDRAWN = 0.004
CANCELLED = 0.008
PUBLISHED_SECONDS = (2.0, 90.0)  # a whole release day is not live within one second

_BANNER = (
    "ffmpeg version 6.1.1 Copyright (c) 2000-2023 the FFmpeg developers\n"
    "  built with gcc 13.2.0\n"
    "  libavcodec     60. 31.102 / 60. 31.102\n"
)
FFMPEG = (
    "FFMPEG_EXIT_1",
    f"{_BANNER}[mov,mp4,m4a @ 0x55d0c8f3a2c0] moov atom not found\ninput.m4a: Invalid data found in input",
)
STORAGE = ("STORAGE_TIMEOUT", "The object store did not answer within 30 s")
LOST_WORKER = ("WORKER_LOST", "The worker's process ended while it held the job")
_PERMANENT_CAUSES = (
    FFMPEG,
    FFMPEG,
    ("FFMPEG_EXIT_1", f"{_BANNER}Error while decoding stream #0:0: Invalid data found"),
    ("object {object_id} not found", "The object store answered 404"),
    ("CODEC_UNSUPPORTED", "No decoder for codec id 0x15003 in stream #0:0"),
    ("SOURCE_CORRUPT", "The file ends before its last frame"),
)
_PASSING_CAUSES = (
    ("OOM_KILLED", "Killed by the kernel at 3.8 GiB resident"),
    STORAGE,
    ("STORAGE_TIMEOUT", "The upload of segment 14 was not confirmed"),
    LOST_WORKER,
)


@dataclass(slots=True)
class JobRecord:
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
    available_at: datetime | None = None

    def record(self) -> Record:
        """Return the job as a record of its relation."""
        return (
            self.job_id, self.environment, self.artist_id, self.release_id, self.track_id, self.status,
            self.attempt, self.queued_at, self.claimed_at, self.started_at, self.finished_at, self.worker_id,
            self.error_code, self.error_message, self.available_at,
        )  # fmt: skip

    @property
    def takeable_at(self) -> datetime:
        """From when on a worker may take it."""
        return max(self.queued_at, self.available_at or self.queued_at)

    def claim(self, worker_id: str, at: datetime) -> None:
        """Give the job to a worker."""
        self.status, self.worker_id, self.claimed_at, self.started_at = "in_progress", worker_id, at, None

    def settle(self, fate: "AttemptOutcome", at: datetime) -> None:
        """End the attempt: completed, failed, or retrying where another attempt may help."""
        self.error_code, self.error_message = fate.code, fate.message
        if fate.endless or (fate.passing and self.attempt < ATTEMPTS):
            self.retry()
        else:
            self.status, self.finished_at = "failed" if fate.code else "completed", at

    def cancel(self, at: datetime) -> None:
        """Call the job off: the artist has taken the track back."""
        self.status, self.finished_at = "cancelled", at

    def retry(self) -> None:
        """Put the job back for its next attempt."""
        self.status, self.attempt = "retrying", self.attempt + 1
        self.claimed_at = self.started_at = self.worker_id = None


@dataclass(slots=True)
class TrackRecord:
    """A row of `tracks`."""

    track_id: str
    release_id: str | None
    artist_id: str | None
    environment: str
    state: str
    uploaded_at: datetime
    live_at: datetime | None = None
    publish_at: datetime | None = None

    def record(self) -> Record:
        """Return the track as a record of its relation."""
        return (
            self.track_id, self.release_id, self.artist_id, self.environment, self.state, self.uploaded_at,
            self.live_at, self.publish_at,
        )  # fmt: skip

    def follow(self, job: JobRecord) -> None:
        """Take the state that the job gives the track."""
        states = {
            "queued": "uploaded",
            "scheduled": "uploaded",
            "completed": "ready",
            "failed": "rejected",
            "cancelled": "withdrawn",
        }
        self.state = states.get(job.status, "processing")

    def publication(self, rng: Random, ready_at: datetime) -> datetime:
        """Draw when the track goes live that is ready at a time: no earlier than planned."""
        soon = ready_at + draw_publication(rng)
        if self.publish_at is None:
            return soon
        return max(soon, self.publish_at + timedelta(seconds=rng.uniform(*PUBLISHED_SECONDS)))


@dataclass(frozen=True, slots=True)
class AttemptOutcome:
    """How one attempt ends and how long it takes; no code is success, `passing` that a retry may help.

    `endless` is what is tried again however often it fails.
    """

    seconds: float
    code: str | None = None
    message: str | None = None
    passing: bool = False
    endless: bool = False


def draw_outcome(rng: Random, permanent: float = PERMANENT) -> AttemptOutcome:
    """Draw the end of one attempt; most take about a minute and a half, broken files fail within seconds."""
    chance = rng.random()
    if chance < permanent:
        code, message = FFMPEG if permanent > 0.3 else rng.choice(_PERMANENT_CAUSES)
        code = code.format(object_id=UUID(int=rng.getrandbits(128), version=4))
        return AttemptOutcome(rng.uniform(1.5, 7.0), code, message)
    seconds = min(rng.lognormvariate(log(78), 0.5), 900.0)
    if chance > 1 - PASSING_RATIO:
        return AttemptOutcome(seconds * rng.random(), *rng.choice(_PASSING_CAUSES), passing=True)
    return AttemptOutcome(seconds)


def draw_vain_attempt(rng: Random) -> AttemptOutcome:
    """Draw an attempt that fails on the store, as all before it and after it."""
    return AttemptOutcome(rng.uniform(5, 12), *STORAGE, passing=True, endless=True)


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


def replay(
    rng: Random, job: JobRecord, until: datetime, *, workers: tuple[str, ...], wait: float, permanent: float
) -> None:
    """Take a queued job as far as it has come at `until`; `wait` is the mean wait for a claim in seconds."""
    ready_at, cancelled = job.takeable_at, rng.random() < CANCELLED
    while job.status in ACTIVE_STATUSES:
        claimed_at = ready_at + timedelta(seconds=1 + rng.expovariate(1 / wait))
        if claimed_at > until:
            return
        if cancelled:
            job.cancel(claimed_at)
            return
        job.claim(rng.choice(workers), claimed_at)
        started_at = claimed_at + draw_start(rng)
        if started_at > until:
            return
        job.started_at = started_at
        fate = draw_outcome(rng, permanent)
        ended_at = started_at + timedelta(seconds=fate.seconds)
        if ended_at > until:
            return
        job.settle(fate, ended_at)
        ready_at = ended_at + draw_backoff(rng)


def publish_track(rng: Random, track: TrackRecord, job: JobRecord, until: datetime) -> None:
    """Give the track the state that it has reached at `until`."""
    track.follow(job)
    if track.state != "ready" or job.finished_at is None:
        return
    live_at = track.publication(rng, job.finished_at)
    if live_at <= until:
        track.state = "withdrawn" if rng.random() < WITHDRAWN else "live"
        track.live_at = live_at
