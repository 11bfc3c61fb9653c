"""The five answers, folded from the panels' own. Pure."""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.filters import Environment
from houndmon.core.source_contract import is_ios_safari
from houndmon.core.stats import canonical_ratio
from houndmon.panels.ingest.model import Ingest
from houndmon.panels.playback.model import Attempts, Playback
from houndmon.panels.transcode.model import Transcode
from houndmon.panels.workers.model import Liveness

Area = Literal["transcode", "playback", "ingest"]
UNUSUAL_LEAST, UNUSUAL_FACTOR, UNUSUAL_CHANCE = 3, 3.0, 1e-4
HOURS_BEFORE = 23


class OldestJob(msgspec.Struct):
    """The job that has been queued for longest."""

    age_minutes: Annotated[float | None, Meta(description="How long it has waited; null if none.", examples=[2.5])]
    job_id: Annotated[str | None, Meta(description="Its id; null if none.", examples=["job-20931"])]
    queued: Annotated[int, Meta(description="The jobs that wait, with or without a known age.", examples=[14])] = 0


class WorkerAlive(msgspec.Struct):
    """Whether anybody works."""

    alive: Annotated[bool, Meta(description="The newest beat is at most 120 s old.", examples=[True])]
    heartbeat_age_seconds: Annotated[
        float | None, Meta(description="The age of that beat; null if there never was one.", examples=[9.1])
    ]
    alive_count: Annotated[int, Meta(description="How many workers beat.", examples=[3])] = 0
    expected_count: Annotated[int, Meta(description="How many are expected to.", examples=[4])] = 0


class Cause(msgspec.Struct):
    """The commonest failure."""

    area: Annotated[Area, Meta(description="Where it happens.", examples=["playback"])]
    code: Annotated[str, Meta(description="The error code, or the rejection reason.", examples=["MEDIA_ERR_DECODE"])]
    count: Annotated[int, Meta(description="Failures with it.", examples=[61])]
    share: Annotated[float, Meta(description="Their share of the failures of all three areas.", examples=[0.31])]
    window: Annotated[Literal["1h", "24h"], Meta(description="In which they were counted.", examples=["1h"])] = "1h"
    usual_per_hour: Annotated[
        float | None,
        Meta(
            description="How many of them an hour of the 23 before has; null of 24 h, and where the code is not "
            "among the commonest of that time.",
            examples=[4.0],
        ),
    ] = None

    @property
    def is_unusual(self) -> bool:
        """Whether there are far more of them than in the hours before, and more than chance brings."""
        if self.usual_per_hour is None or self.count < max(UNUSUAL_LEAST, UNUSUAL_FACTOR * self.usual_per_hour):
            return False
        return chance_of_hour(self.count, round(self.usual_per_hour * HOURS_BEFORE)) < UNUSUAL_CHANCE


class Answers(msgspec.Struct, kw_only=True):
    """The five answers; null where the source cannot be read, as where there is nothing to say."""

    transcodes_failed_today: Annotated[
        int | None, Meta(description="Jobs that failed since local midnight.", examples=[9])
    ] = None
    oldest_queued_job: Annotated[OldestJob | None, Meta(description="The job that has been queued for longest.")] = None
    worker_alive: Annotated[WorkerAlive | None, Meta(description="Whether any worker beats.")] = None
    play_failure_ratio_24h: Annotated[
        float | None, Meta(description="failed / attempts over 24 h; null without attempts.", examples=[0.0041])
    ] = None
    plays_24h: Annotated[Attempts | None, Meta(description="The sample of that ratio.")] = None
    top_failure_cause: Annotated[
        Cause | None, Meta(description="The commonest failure of the last hour, or else of the last 24 h.")
    ] = None


class SummaryFigures(msgspec.Struct, kw_only=True):
    """What could be read of the panels, all on one clock; None where it could not."""

    now: datetime
    environment: Environment
    ingest: Ingest | None = None
    transcode: Transcode | None = None
    playback: Playback | None = None
    liveness: Liveness | None = None
    unreadable: list[str] = []
    absent: frozenset[str] = frozenset()  # relations that this source does not have
    is_ios_safari: Callable[[str, str], bool] = is_ios_safari  # of a platform and a browser

    @property
    def failures(self) -> int:
        """The failures of all three areas."""
        rejected = self.ingest.rejected if self.ingest else 0
        jobs = self.transcode.jobs_by_status.failed if self.transcode else 0
        return rejected + jobs + (self.playback.failed if self.playback else 0)


def top_cause(figures: SummaryFigures, day: SummaryFigures | None = None) -> Cause | None:
    """The commonest failure of a window, of all three areas, ties by area; None without one.

    `figures` are of the last hour where `day`, those of the last 24 h, are given too: they tell what is usual.
    """
    first = [(area, *codes[0]) for area, codes in listed_codes(figures).items() if codes]
    if not first:
        return None
    area, code, count = min(first, key=lambda cause: (-cause[2], cause[0]))
    share = canonical_ratio(count / figures.failures)
    if day is None:
        return Cause(area, code, count, share, window="24h")
    in_day = dict(listed_codes(day)[area]).get(code)
    usual = None if in_day is None else max(0, in_day - count) / HOURS_BEFORE
    return Cause(area, code, count, share, window="1h", usual_per_hour=usual)


def chance_of_hour(count: int, before: int) -> float:
    """How probable it is at most that an hour has so many or more failures, where the 23 before it have `before`.

    Where nothing changed, each of all n falls into the last hour with a probability p of 1/24 (the conditional test of
    two Poisson rates, Przyborowski and Wilenski 1940). The tail of that binomial is bounded by
    exp(-n · KL(count/n ‖ p)) (Chernoff 1952); 1 where count/n is not above p.
    """
    total, usual = count + before, 1 / (HOURS_BEFORE + 1)
    share = count / total if total else 0.0
    if share <= usual:
        return 1.0
    rest = (1 - share) * math.log((1 - share) / (1 - usual)) if before else 0.0
    return math.exp(-total * (share * math.log(share / usual) + rest))


def listed_codes(figures: SummaryFigures) -> dict[Area, list[tuple[str, int]]]:
    """The commonest codes of each area with their counts, the commonest first."""
    jobs = figures.transcode.top_failures if figures.transcode else []
    plays = figures.playback.top_errors if figures.playback else []
    uploads = figures.ingest.rejection_reasons if figures.ingest else []
    return {
        "transcode": [(one.error_code, one.count) for one in jobs],
        "playback": [(one.error_code, one.count) for one in plays],
        "ingest": [(one.reason, one.count) for one in uploads],
    }


def build_answers(figures: SummaryFigures, cause: Cause | None) -> Answers:
    """The five answers of some figures."""
    job, alive, plays = figures.transcode, figures.liveness, last_24h(figures)
    return Answers(
        transcodes_failed_today=job.failed_today if job else None,
        oldest_queued_job=oldest_job(job) if job else None,
        worker_alive=worker_alive(alive) if alive else None,
        play_failure_ratio_24h=plays.failure_ratio if plays else None,
        plays_24h=plays,
        top_failure_cause=cause,
    )


def worker_alive(alive: Liveness) -> WorkerAlive:
    """Whether anybody works, and how many of those that should."""
    return WorkerAlive(alive.alive, alive.heartbeat_age_seconds, alive.alive_count, alive.expected_count)


def oldest_job(transcode: Transcode) -> OldestJob:
    """The job that has been queued for longest."""
    queued = transcode.jobs_by_status.queued
    return OldestJob(transcode.oldest_queued_age_minutes, transcode.oldest_queued_job_id, queued)


def last_24h(figures: SummaryFigures) -> Attempts | None:
    """The plays of the last 24 h."""
    return figures.playback.last_24h if figures.playback else None
