"""What has happened already: Hound's rows of a stretch of the past, healthy but for a few healed bumps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from random import Random

from houndmon.demo.catalogue import ReleaseCatalogue
from houndmon.demo.fleet import FLEET, LOST
from houndmon.demo.gateway import CATALOGUE, NORMAL_RATES, STREAM, ErrorRates, draw_requests
from houndmon.demo.incidents import OPENING_AGE, QUIET_AGE
from houndmon.demo.listeners import HEALTHY, PLAYS_PER_SECOND, PlaybackHealth, draw_checks, draw_play
from houndmon.demo.relations import Record
from houndmon.demo.traffic import ENVIRONMENTS, poisson, random_times, traffic_factor
from houndmon.demo.transcoding import PERMANENT, STORAGE, JobRecord, TrackRecord, publish_track, replay
from houndmon.demo.uploads import REJECTED, UPLOADS_PER_SECOND, Upload, draw_upload

SLICE_WIDTH = timedelta(minutes=5)
BEAT_LATELY, BEAT_EARLIER = timedelta(seconds=15), timedelta(seconds=60)

# Of what lies further back only charts of 4 h are drawn, so that telemetry may be coarser there.
COARSE_AFTER = timedelta(days=8)
TELLS_LATELY, TELLS_EARLIER = timedelta(minutes=1), timedelta(minutes=5)
NO_RESTART_BEFORE_END = timedelta(hours=26)
RESTART_TAKES = timedelta(seconds=14)
ORPHANS, RETRYING = 3, 6


@dataclass(frozen=True, slots=True)
class Bump:
    """A stretch of the past that went badly in one way, `hours` before it is told."""

    hours: float
    minutes: float
    playback: PlaybackHealth = HEALTHY
    trouble: ErrorRates = NORMAL_RATES
    rejected: float = REJECTED
    permanent: float = PERMANENT
    wait: float = 8.0
    silent: bool = False


HEALTH = Bump(0, 0)

# Those of the last 24 h are small, so that no error budget is spent; none lies in the last 3 h.
BUMPS = (
    Bump(487, 40, trouble=ErrorRates((STREAM, CATALOGUE), broken=0.05)),
    Bump(462, 60, rejected=0.25),
    Bump(431, 30, playback=PlaybackHealth(failed_times=6.0)),
    Bump(409, 60, wait=140.0),
    Bump(383, 35, permanent=0.1),
    Bump(352, 20, playback=PlaybackHealth(ios_safari_failed=0.3)),
    Bump(326, 75, rejected=0.2),
    Bump(301, 25, trouble=ErrorRates((CATALOGUE,), broken=0.06)),
    Bump(274, 50, wait=180.0),
    Bump(247, 30, playback=PlaybackHealth(failed_times=7.0)),
    Bump(221, 20, permanent=0.15),
    Bump(193, 45, playback=PlaybackHealth(ios_safari_failed=0.2)),
    Bump(161, 45, wait=150.0),
    Bump(139, 90, rejected=0.2),
    Bump(117, 25, playback=PlaybackHealth(ios_safari_failed=0.25)),
    Bump(96, 40, permanent=0.12),
    Bump(75, 3, silent=True),
    Bump(70, 15, trouble=ErrorRates((STREAM, CATALOGUE), broken=0.06)),
    Bump(52, 20, playback=PlaybackHealth(failed_times=8.0)),
    Bump(33, 30, wait=120.0),
    Bump(29, 60, rejected=0.15),
    Bump(19, 10, trouble=ErrorRates((CATALOGUE,), broken=0.04)),
    Bump(13, 20, wait=60.0),
    Bump(7, 15, playback=PlaybackHealth(ios_safari_failed=0.08)),
)


@dataclass(frozen=True, slots=True)
class Period:
    """From `begins` (without) to `ends`; `bumps` tells whether things went badly now and then.

    With an `opening` staging stands still in the end: no job gets on from `stuck_at`, nobody comes from `quiet_at`.
    What is `told_later`, by default at the end, has got on until then.
    """

    begins: datetime
    ends: datetime
    bumps: bool = True
    opening: bool = False
    told_later: datetime | None = None

    @property
    def told_at(self) -> datetime:
        """When it is told: bumps are counted back from then, and jobs and tracks have got on until then."""
        return self.told_later or self.ends

    @property
    def quiet_at(self) -> datetime:
        """Until when there are plays and requests in staging."""
        return self.ends - QUIET_AGE if self.opening else self.ends

    @property
    def stuck_at(self) -> datetime:
        """Until when staging's jobs get on, and the lost worker beats."""
        return self.ends - OPENING_AGE if self.opening else self.ends

    def bump(self, at: datetime) -> Bump:
        """Return the bump that was on at a time, or health."""
        hours = (self.told_at - at).total_seconds() / 3600
        for bump in BUMPS if self.bumps else ():
            if bump.hours - bump.minutes / 60 < hours <= bump.hours:
                return bump
        return HEALTH

    def slices(self, width: timedelta) -> Iterator["Period"]:
        """Cut the stretch into parts of at most a width."""
        begins = self.begins
        while begins < self.ends:
            ends = min(begins + width, self.ends)
            yield Period(begins, ends)
            begins = ends


def event_times(rng: Random, stretch: Period, per_second: float) -> Iterator[tuple[datetime, str, Bump]]:
    """Draw when something happens that happens `per_second` over the week's mean, in order by environment."""
    for part in stretch.slices(SLICE_WIDTH):
        bump = stretch.bump(part.ends)
        seconds = (part.ends - part.begins).total_seconds()
        mean = per_second * seconds * traffic_factor(part.begins + (part.ends - part.begins) / 2)
        for environment, share in ENVIRONMENTS.items():
            trouble = bump if environment == "prod" else HEALTH
            for at in random_times(rng, part.begins, part.ends, poisson(rng, mean * share)):
                yield at, environment, trouble


def draw_plays(rng: Random, catalogue: ReleaseCatalogue, stretch: Period, scale: float) -> Iterator[Record]:
    """Draw the plays of the stretch."""
    until = {"prod": stretch.ends, "staging": stretch.quiet_at}
    for at, environment, bump in event_times(rng, stretch, PLAYS_PER_SECOND * scale):
        if at <= until[environment]:
            yield draw_play(rng, catalogue, at, environment, playback=bump.playback)
    yield from draw_checks(rng, catalogue, stretch.begins, until["staging"])


def draw_uploads(
    rng: Random, catalogue: ReleaseCatalogue, stretch: Period, scale: float, first: int
) -> Iterator[Upload]:
    """Draw the uploads of the stretch, each with its track and job as far as they have come at its end."""
    number = first
    for at, environment, bump in event_times(rng, stretch, UPLOADS_PER_SECOND * scale):
        upload = draw_upload(rng, catalogue, at, environment, number=number, rejected=bump.rejected)
        if upload.job and upload.track:
            number += 1
            until = stretch.stuck_at if stretch.opening and environment == "staging" else stretch.told_at
            _transcode(rng, upload.job, upload.track, until, bump)
            if stretch.opening and environment == "staging" and upload.job.status == "in_progress":
                upload.job.worker_id = LOST
        yield upload
    if stretch.begins < stretch.stuck_at < stretch.ends:
        yield from _draw_left_behind(rng, catalogue, stretch.stuck_at, number)


def _draw_left_behind(rng: Random, catalogue: ReleaseCatalogue, stuck_at: datetime, first: int) -> Iterator[Upload]:
    """Draw the jobs that a worker died with, and those that are tried again and again."""
    for number in range(first, first + ORPHANS + RETRYING):
        at = stuck_at - timedelta(seconds=rng.uniform(120, 600))
        upload = draw_upload(rng, catalogue, at, "staging", number=number, rejected=0.0, queued_at=at)
        if upload.job and upload.track:
            if number < first + ORPHANS:
                upload.job.claim(LOST, at + timedelta(seconds=5))
                upload.job.started_at = at + timedelta(seconds=6)
            else:
                upload.job.attempt, (upload.job.error_code, upload.job.error_message) = rng.randint(6, 9), STORAGE
                upload.job.retry()
            upload.track.follow(upload.job)
        yield upload


def _transcode(rng: Random, job: JobRecord, track: TrackRecord, until: datetime, bump: Bump) -> None:
    workers = FLEET[job.environment]
    replay(rng, job, until, workers=workers, wait=bump.wait, permanent=bump.permanent)
    publish_track(rng, track, job, until)


def draw_past_requests(rng: Random, stretch: Period) -> Iterator[Record]:
    """Draw the API requests of the stretch, counted by the minute, or by five minutes where that is long ago."""
    edge = min(max(stretch.begins, stretch.told_at - COARSE_AFTER), stretch.ends)
    earlier, lately = Period(stretch.begins, edge), Period(edge, stretch.ends)
    for part in chain(earlier.slices(TELLS_EARLIER), lately.slices(TELLS_LATELY)):
        bump, level = stretch.bump(part.ends), traffic_factor(part.ends)
        seconds = (part.ends - part.begins).total_seconds()
        for environment, share in ENVIRONMENTS.items():
            if environment == "staging" and part.ends > stretch.quiet_at:
                continue
            trouble = bump.trouble if environment == "prod" else NORMAL_RATES
            yield from draw_requests(rng, part.ends, environment, seconds=seconds, share=share * level, trouble=trouble)


def draw_beats(
    rng: Random, worker_id: str, environment: str, stretch: Period, process_started_at: datetime
) -> Iterator[Record]:
    """Draw one worker's beats; a new process every day or two, none of them in the last hours."""
    at, started_at = stretch.begins + BEAT_LATELY * rng.random(), process_started_at
    restart_at = _next_restart(rng, at)
    until = stretch.stuck_at if worker_id == LOST else stretch.ends
    while at <= until:
        silent = environment == "prod" and stretch.bump(at).silent
        if not silent:
            yield worker_id, environment, at, started_at
        step = BEAT_LATELY if stretch.ends - at <= NO_RESTART_BEFORE_END else BEAT_EARLIER
        at += step
        if stretch.bumps and restart_at <= at < stretch.ends - timedelta(hours=3):
            at += RESTART_TAKES
            started_at, restart_at = at, _next_restart(rng, at)


def _next_restart(rng: Random, at: datetime) -> datetime:
    return at + timedelta(hours=rng.uniform(26, 60))
