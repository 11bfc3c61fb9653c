"""The arithmetic of the transcode queue: counted jobs in, figures out."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.answer import COUNTED_FLAWS, PanelAnswer, Percentiles
from houndmon.core.clock import Clock, SlicedRow, Slices, Window, rows_in_slices
from houndmon.core.faults import lines_of
from houndmon.core.source_contract import ACTIVE_STATUSES
from houndmon.core.stats import name_or_unspecified, top_entries
from houndmon.counts.histogram import Histogram

MOST_ATTEMPTS = 20


class JobRow(SlicedRow):
    """Jobs that are over and alike, by the slice of time of their finish."""

    ripe_at: datetime | None
    flaw: str | None
    status: str | None
    attempt: int
    error_code: str | None
    jobs: int
    message: str | None


class LiveRow(SlicedRow):
    """Jobs that are alike and under way, or over without a finish."""

    unfinished: bool
    flaw: str | None
    status: str | None
    attempt: int
    jobs: int


class DurationRecord(SlicedRow):
    """Completed jobs of one slice of time and one bucket of durations."""

    ripe_at: datetime | None
    bucket: int
    samples: int
    top: float


class DurationRow(SlicedRow):
    """The same, all buckets together."""

    ripe_at: datetime | None
    histogram: dict[int, int]
    top: float


class Wait(msgspec.Struct):
    """How long the oldest active job of a status has been in it."""

    status: str
    seconds: float


class JobId(msgspec.Struct):
    """One job."""

    job_id: str


class StayRow(SlicedRow):
    """Jobs that entered the queue in one minute and left it in a later one, by the slice of time of their finish."""

    ripe_at: datetime | None
    entered_at: datetime
    left_at: datetime
    jobs: int
    first_queued_at: datetime


class LiveStay(msgspec.Struct):
    """The same of jobs that are not over; `left_at` None where they wait, the others None where nobody knows."""

    entered_at: datetime | None
    left_at: datetime | None
    jobs: int
    first_queued_at: datetime | None


class Finish(msgspec.Struct):
    """When a job finished."""

    finished_at: datetime


class Running(msgspec.Struct):
    """The jobs that a worker has in progress, and those of them that have been so for too long."""

    worker_id: str | None
    jobs: int
    endless: int
    oldest_at: datetime | None


class JobsByStatus(msgspec.Struct):
    """Jobs that are not over now, whatever the range, and those that ended in it."""

    queued: Annotated[int, Meta(description="Jobs that could be taken, now.", examples=[14])]
    scheduled: Annotated[int, Meta(description="Jobs that wait on purpose for a later time, now.", examples=[2])]
    in_progress: Annotated[int, Meta(description="Jobs claimed or running, now.", examples=[3])]
    retrying: Annotated[int, Meta(description="Jobs waiting for their next attempt, now.", examples=[1])]
    failed: Annotated[int, Meta(description="Jobs that failed for good in the range.", examples=[13])]
    completed: Annotated[int, Meta(description="Jobs that completed in the range.", examples=[2710])]
    cancelled: Annotated[
        int, Meta(description="Jobs called off in the range: neither failed nor finished.", examples=[4])
    ]


class Reached(msgspec.Struct):
    """How many jobs reached an attempt."""

    attempt: Annotated[int, Meta(description="The attempt; 1 is the first.", examples=[2])]
    jobs: Annotated[int, Meta(description="Jobs that reached it.", examples=[88])]


class Failure(msgspec.Struct):
    """The error codes of one shape, or all beyond the ten commonest."""

    error_code: Annotated[
        str,
        Meta(
            description="The code, `…` for what is one job's own; `unspecified` where blank, `other` the rest.",
            examples=["FFMPEG_EXIT_1"],
        ),
    ]
    count: Annotated[int, Meta(description="Failed jobs with it.", examples=[8])]
    share: Annotated[float, Meta(description="Their share of all failed jobs, in [0, 1].", examples=[0.62])]
    message: Annotated[
        str | None,
        Meta(
            description="The most telling line of one of its messages, at most 200 characters; null for the rest.",
            examples=["exit status 1"],
        ),
    ]
    is_rest: Annotated[
        bool, Meta(description="Whether this is the rest: a real code may be called `other` too.", examples=[False])
    ]


class FinishedJobs(msgspec.Struct):
    """The jobs that ended in one window; a cancelled one did not finish."""

    failed: int
    completed: int
    codes: Counter[str]
    cancelled: int = 0

    @property
    def finished(self) -> int:
        return self.failed + self.completed


class Transcode(PanelAnswer, kw_only=True):
    """What the transcode panel answers."""

    jobs_by_status: Annotated[JobsByStatus, Meta(description="Jobs by status.")]
    failed_today: Annotated[int, Meta(description="Jobs that failed since local midnight.", examples=[9])]
    oldest_queued_age_minutes: Annotated[
        float | None,
        Meta(description="Minutes the oldest queued job has been claimable; null if none.", examples=[2.5]),
    ]
    oldest_queued_job_id: Annotated[str | None, Meta(description="That job; null if none.", examples=["job-20931"])]
    oldest_retrying_age_minutes: Annotated[
        float | None,
        Meta(description="Minutes since the oldest retrying job was queued; null if none.", examples=[6.1]),
    ]
    oldest_in_progress_age_minutes: Annotated[
        float | None,
        Meta(description="Minutes since the oldest job in progress started; null if none.", examples=[1.9]),
    ]
    finished_last_15m: Annotated[int, Meta(description="Jobs finished in the last 15 minutes.", examples=[31])]
    stalled: Annotated[
        bool,
        Meta(
            description="A queued job has waited more than 15 minutes and nothing finished in 15 minutes.",
            examples=[False],
        ),
    ]
    duration_minutes: Annotated[Percentiles, Meta(description="From start to finish, of jobs completed in the range.")]
    failure_ratio: Annotated[
        float | None,
        Meta(description="failed / (failed + completed), in [0, 1]; null if none finished.", examples=[0.0048]),
    ]
    ratio_low: Annotated[float | None, Meta(description="Low end of the 95 % Wilson interval.", examples=[0.0028])]
    ratio_high: Annotated[float | None, Meta(description="High end of the 95 % Wilson interval.", examples=[0.0082])]
    retry_distribution: Annotated[
        list[Reached], Meta(description="How many of the jobs reached attempt 2, 3, … (at most 20).")
    ]
    top_failures: Annotated[
        list[Failure], Meta(description="The ten commonest error codes of failed jobs, then `other`.")
    ]


def active_jobs(rows: list[LiveRow]) -> list[LiveRow]:
    """The jobs that are not over now, wherever their times lie; one without `queued_at` counts."""
    return [row for row in rows if row.status in ACTIVE_STATUSES and row.flaw in (None, "missing_time")]


def flaw_of(row: JobRow, clock: Clock) -> str | None:
    """What is wrong with jobs that are over: a time in the future is nothing wrong once it has come."""
    if row.flaw != "unknown_environment" and not clock.has_come(row.ripe_at):
        return "future_time"
    return row.flaw


def finished_jobs(rows: list[JobRow], slices: Slices, window: Window, clock: Clock) -> list[JobRow]:
    """The jobs that ended in a window; a negative duration does not take a job out of the counts."""
    return [row for row in rows_in_slices(rows, slices.of(window)) if flaw_of(row, clock) in COUNTED_FLAWS]


def durations(rows: list[DurationRow], slices: Slices, window: Window, clock: Clock) -> Histogram:
    """How long the jobs took that completed in a window, in minutes."""
    found = Histogram()
    for row in rows_in_slices(rows, slices.of(window)):
        if clock.has_come(row.ripe_at):
            found.add(row.histogram, row.top)
    return found


def summarize(rows: list[JobRow]) -> FinishedJobs:
    """Jobs that are over, counted."""
    codes: Counter[str] = Counter()
    for row in rows:
        if row.status == "failed":
            codes[name_or_unspecified(row.error_code)] += row.jobs
    completed, cancelled = (
        sum(row.jobs for row in rows if row.status == status) for status in ("completed", "cancelled")
    )
    return FinishedJobs(codes.total(), completed, codes, cancelled)


def jobs_by_status(now: list[LiveRow], done: FinishedJobs) -> JobsByStatus:
    """Jobs that are not over now beside those that ended in a window."""
    counts = {status: sum(row.jobs for row in now if row.status == status) for status in ACTIVE_STATUSES}
    return JobsByStatus(**counts, failed=done.failed, completed=done.completed, cancelled=done.cancelled)


def retry_distribution(rows: Sequence[JobRow | LiveRow]) -> list[Reached]:
    """How many jobs reached each attempt from the second on."""
    last = max((row.attempt for row in rows), default=1)
    return [
        Reached(attempt, sum(row.jobs for row in rows if row.attempt >= attempt))
        for attempt in range(2, min(last, MOST_ATTEMPTS) + 1)
    ]


def top_failures(rows: list[JobRow], codes: Counter[str]) -> list[Failure]:
    """The commonest error codes, each with the line that tells of one of its messages."""
    listed = top_entries(codes)
    names = {line.name for line in listed if not line.is_rest}
    lines = lines_of((name, row.message) for row in rows if (name := name_or_unspecified(row.error_code)) in names)
    return [
        Failure(line.name, line.count, line.share, None if line.is_rest else lines.get(line.name), line.is_rest)
        for line in listed
    ]


def is_stalled(oldest_queued_age_minutes: float | None, finished: int, after_minutes: float) -> bool:
    """Slow is not dead; this is dead: a job has waited so long, and none `finished` in that time."""
    return (oldest_queued_age_minutes or 0) > after_minutes and not finished


def flaws(rows: list[JobRow], live: list[LiveRow], slices: Slices, window: Window, clock: Clock) -> Counter[str | None]:
    """How many jobs have each flaw, of those that finished in a window and those without a finish."""
    wanted = slices.of(window)
    seen: Counter[str | None] = Counter()
    for row in rows_in_slices(rows, wanted):
        seen[flaw_of(row, clock)] += row.jobs
    for one in live:
        if one.unfinished or one.slice in wanted:
            seen[one.flaw] += one.jobs
    return seen
