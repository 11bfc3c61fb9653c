"""The arithmetic of the transcode queue: counted jobs in, figures out."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.counts.histogram import Histogram
from houndmon.kit.clock import Clock, Sliced, Slices, Window, within
from houndmon.kit.panel import COUNTED, Panel, Percentiles
from houndmon.kit.stats import named, ratio, top
from houndmon.kit.text import one_each, shown

ACTIVE = ("queued", "in_progress", "retrying")
STALLED_AFTER_MINUTES = 15
MOST_ATTEMPTS = 20


class JobRow(Sliced):
    """Jobs that are over and alike, by the slice of time of their finish."""

    ripe_at: datetime | None
    flaw: str | None
    status: str | None
    attempt: int
    error_code: str | None
    jobs: int
    message: str | None


class LiveRow(Sliced):
    """Jobs that are alike and under way, or over without a finish."""

    unfinished: bool
    flaw: str | None
    status: str | None
    attempt: int
    jobs: int


class DurationRecord(Sliced):
    """Completed jobs of one slice of time and one bucket of durations."""

    ripe_at: datetime | None
    bucket: int
    samples: int
    top: float


class DurationRow(Sliced):
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


class Finish(msgspec.Struct):
    """When a job finished."""

    finished_at: datetime


class JobsByStatus(msgspec.Struct):
    """Active jobs now, whatever the range, and those finished in it."""

    queued: Annotated[int, Meta(description="Jobs waiting to be claimed, now.", examples=[14])]
    in_progress: Annotated[int, Meta(description="Jobs claimed or running, now.", examples=[3])]
    retrying: Annotated[int, Meta(description="Jobs waiting for their next attempt, now.", examples=[1])]
    failed: Annotated[int, Meta(description="Jobs that failed for good in the range.", examples=[13])]
    completed: Annotated[int, Meta(description="Jobs that completed in the range.", examples=[2710])]


class Reached(msgspec.Struct):
    """How many jobs reached an attempt."""

    attempt: Annotated[int, Meta(description="The attempt; 1 is the first.", examples=[2])]
    jobs: Annotated[int, Meta(description="Jobs that reached it.", examples=[88])]


class Failure(msgspec.Struct):
    """One error code, or `other` for all beyond the ten commonest."""

    error_code: Annotated[
        str, Meta(description="The code; null and blank ones are `unspecified`.", examples=["FFMPEG_EXIT_1"])
    ]
    count: Annotated[int, Meta(description="Failed jobs with it.", examples=[8])]
    share: Annotated[float, Meta(description="Their share of all failed jobs, in [0, 1].", examples=[0.62])]
    message: Annotated[
        str | None,
        Meta(description="One message that came with it, at most 200 characters.", examples=["exit status 1"]),
    ]


class Finished(msgspec.Struct):
    """The jobs that finished in one window."""

    failed: int
    completed: int
    codes: Counter[str]

    @property
    def finished(self) -> int:
        return self.failed + self.completed


class Transcode(Panel, kw_only=True):
    """What the transcode panel answers."""

    jobs_by_status: Annotated[JobsByStatus, Meta(description="Jobs by status.")]
    failed_today: Annotated[int, Meta(description="Jobs that failed since local midnight.", examples=[9])]
    oldest_queued_age_minutes: Annotated[
        float | None, Meta(description="How long the oldest queued job has waited; null if none.", examples=[2.5])
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


def active(rows: list[LiveRow]) -> list[LiveRow]:
    """The jobs under way now, wherever their times lie."""
    return [row for row in rows if row.status in ACTIVE and row.flaw is None]


def flaw_of(row: JobRow, clock: Clock) -> str | None:
    """What is wrong with jobs that are over: a time in the future is nothing wrong once it has come."""
    if row.flaw != "unknown_environment" and not clock.has_come(row.ripe_at):
        return "future_time"
    return row.flaw


def finished(rows: list[JobRow], slices: Slices, window: Window, clock: Clock) -> list[JobRow]:
    """The jobs that finished in a window; a negative duration does not take a job out of the counts."""
    return [row for row in within(rows, slices.of(window)) if flaw_of(row, clock) in COUNTED]


def durations(rows: list[DurationRow], slices: Slices, window: Window, clock: Clock) -> Histogram:
    """How long the jobs took that completed in a window, in minutes."""
    found = Histogram()
    for row in within(rows, slices.of(window)):
        if clock.has_come(row.ripe_at):
            found.add(row.histogram, row.top)
    return found


def summarize(rows: list[JobRow]) -> Finished:
    """Finished jobs, counted."""
    codes: Counter[str] = Counter()
    for row in rows:
        if row.status == "failed":
            codes[named(row.error_code)] += row.jobs
    completed = sum(row.jobs for row in rows if row.status == "completed")
    return Finished(codes.total(), completed, codes)


def failure_ratio(jobs: Finished) -> float | None:
    """failed / finished, in [0, 1]; None if none finished."""
    return ratio(jobs.failed, jobs.finished)


def jobs_by_status(now: list[LiveRow], done: Finished) -> JobsByStatus:
    """Active jobs now beside the finished ones of a window."""
    counts = {status: sum(row.jobs for row in now if row.status == status) for status in ACTIVE}
    return JobsByStatus(**counts, failed=done.failed, completed=done.completed)


def retry_distribution(rows: Sequence[JobRow | LiveRow]) -> list[Reached]:
    """How many jobs reached each attempt from the second on."""
    last = max((row.attempt for row in rows), default=1)
    return [
        Reached(attempt, sum(row.jobs for row in rows if row.attempt >= attempt))
        for attempt in range(2, min(last, MOST_ATTEMPTS) + 1)
    ]


def top_failures(rows: list[JobRow], codes: Counter[str]) -> list[Failure]:
    """The commonest error codes, each with one of its messages."""
    messages = one_each((named(row.error_code), row.message) for row in rows)
    return [
        Failure(line.name, line.count, line.share, None if line.is_rest else shown(messages.get(line.name)))
        for line in top(codes)
    ]


def is_stalled(oldest_queued_age_minutes: float | None, finished_last_15m: int) -> bool:
    """Slow is not dead; this is dead."""
    return (oldest_queued_age_minutes or 0) > STALLED_AFTER_MINUTES and not finished_last_15m


def flaws(rows: list[JobRow], live: list[LiveRow], slices: Slices, window: Window, clock: Clock) -> Counter[str | None]:
    """How many jobs have each flaw, of those that finished in a window and those without a finish."""
    wanted = slices.of(window)
    seen: Counter[str | None] = Counter()
    for row in within(rows, wanted):
        seen[flaw_of(row, clock)] += row.jobs
    for one in live:
        if one.unfinished or one.slice in wanted:
            seen[one.flaw] += one.jobs
    return seen
