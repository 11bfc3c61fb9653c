"""What has happened already: Hound's rows of a stretch of the past, healthy but for a few healed bumps."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from houndmon.demo.catalogue import Catalogue
from houndmon.demo.gateway import CATALOGUE, QUIET, STREAM, Trouble, draw_requests
from houndmon.demo.listeners import HEALTHY, PLAYS_PER_SECOND, Playback, checks, draw_play
from houndmon.demo.relations import Record
from houndmon.demo.traffic import ENVIRONMENTS, lift, moments, poisson
from houndmon.demo.transcoding import PERMANENT, Job, Track, publish, replay
from houndmon.demo.uploads import REJECTED, UPLOADS_PER_SECOND, Upload, draw_upload
from houndmon.demo.workers import FLEET

SLICE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
BEAT_LATELY, BEAT_EARLIER = timedelta(seconds=15), timedelta(seconds=60)
LATELY = timedelta(hours=26)
RESTART_TAKES = timedelta(seconds=14)


@dataclass(frozen=True, slots=True)
class Bump:
    """A stretch of the past that went badly in one way, `hours` before the end of history."""

    hours: float
    minutes: float
    playback: Playback = HEALTHY
    trouble: Trouble = QUIET
    rejected: float = REJECTED
    permanent: float = PERMANENT
    wait: float = 8.0
    silent: bool = False


HEALTH = Bump(0, 0)

# Those of the last 24 h are small, so that no error budget is spent; none lies in the last 3 h.
BUMPS = (
    Bump(161, 45, wait=150.0),
    Bump(139, 90, rejected=0.2),
    Bump(117, 25, playback=Playback(ios_safari_failed=0.25)),
    Bump(96, 40, permanent=0.12),
    Bump(75, 3, silent=True),
    Bump(70, 15, trouble=Trouble((STREAM, CATALOGUE), broken=0.06)),
    Bump(52, 20, playback=Playback(failed_times=8.0)),
    Bump(33, 30, wait=120.0),
    Bump(29, 60, rejected=0.15),
    Bump(19, 10, trouble=Trouble((CATALOGUE,), broken=0.04)),
    Bump(13, 20, wait=60.0),
    Bump(7, 15, playback=Playback(ios_safari_failed=0.08)),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begins` (without) to `ends`; `bumps` tells whether things went badly now and then.

    From `still_at` on nobody plays in staging, and no job gets on.
    """

    begins: datetime
    ends: datetime
    bumps: bool = True
    still_at: datetime | None = None

    def bump(self, at: datetime) -> Bump:
        """Return the bump that was on at a time, or health."""
        hours = (self.ends - at).total_seconds() / 3600
        for bump in BUMPS if self.bumps else ():
            if bump.hours - bump.minutes / 60 < hours <= bump.hours:
                return bump
        return HEALTH

    def slices(self, width: timedelta) -> Iterator["Stretch"]:
        """Cut the stretch into parts of at most a width."""
        begins = self.begins
        while begins < self.ends:
            ends = min(begins + width, self.ends)
            yield Stretch(begins, ends)
            begins = ends


def happenings(rng: Random, stretch: Stretch, per_second: float) -> Iterator[tuple[datetime, str, Bump]]:
    """Draw when something happens that happens `per_second` over the week's mean, in order by environment."""
    for part in stretch.slices(SLICE):
        bump = stretch.bump(part.ends)
        seconds = (part.ends - part.begins).total_seconds()
        mean = per_second * seconds * lift(part.begins + (part.ends - part.begins) / 2)
        for environment, share in ENVIRONMENTS.items():
            trouble = bump if environment == "prod" else HEALTH
            for at in moments(rng, part.begins, part.ends, poisson(rng, mean * share)):
                yield at, environment, trouble


def plays(rng: Random, catalogue: Catalogue, stretch: Stretch, scale: float) -> Iterator[Record]:
    """Draw the plays of the stretch."""
    until = {"prod": stretch.ends, "staging": stretch.still_at or stretch.ends}
    for at, environment, bump in happenings(rng, stretch, PLAYS_PER_SECOND * scale):
        if at <= until[environment]:
            yield draw_play(rng, catalogue, at, environment, playback=bump.playback)
    yield from checks(rng, catalogue, stretch.begins, until["staging"])


def uploads(rng: Random, catalogue: Catalogue, stretch: Stretch, scale: float, first: int) -> Iterator[Upload]:
    """Draw the uploads of the stretch, each with its track and job as far as they have come at its end."""
    number = first
    for at, environment, bump in happenings(rng, stretch, UPLOADS_PER_SECOND * scale):
        upload = draw_upload(rng, catalogue, at, environment, number=number, rejected=bump.rejected)
        if upload.job and upload.track:
            number += 1
            until = stretch.still_at if environment == "staging" and stretch.still_at else stretch.ends
            _transcode(rng, upload.job, upload.track, until, bump)
        yield upload


def _transcode(rng: Random, job: Job, track: Track, until: datetime, bump: Bump) -> None:
    workers = FLEET[job.environment]
    replay(rng, job, until, workers=workers, wait=bump.wait, permanent=bump.permanent)
    publish(rng, track, job, until)


def requests(rng: Random, stretch: Stretch) -> Iterator[Record]:
    """Draw the API requests of the stretch, counted by the minute."""
    for part in stretch.slices(MINUTE):
        bump, level = stretch.bump(part.ends), lift(part.ends)
        seconds = (part.ends - part.begins).total_seconds()
        for environment, share in ENVIRONMENTS.items():
            trouble = bump.trouble if environment == "prod" else QUIET
            yield from draw_requests(rng, part.ends, environment, seconds=seconds, share=share * level, trouble=trouble)


def beats(
    rng: Random, worker_id: str, environment: str, stretch: Stretch, process_started_at: datetime
) -> Iterator[Record]:
    """Draw one worker's beats; a new process every day or two, none of them in the last hours."""
    at, started_at = stretch.begins + BEAT_LATELY * rng.random(), process_started_at
    restart_at = _next_restart(rng, at)
    while at <= stretch.ends:
        silent = environment == "prod" and stretch.bump(at).silent
        if not silent:
            yield worker_id, environment, at, started_at
        step = BEAT_LATELY if stretch.ends - at <= LATELY else BEAT_EARLIER
        at += step
        if stretch.bumps and restart_at <= at < stretch.ends - timedelta(hours=3):
            at += RESTART_TAKES
            started_at, restart_at = at, _next_restart(rng, at)


def _next_restart(rng: Random, at: datetime) -> datetime:
    return at + timedelta(hours=rng.uniform(26, 60))
