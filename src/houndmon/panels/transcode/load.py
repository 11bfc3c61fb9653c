"""Reads the transcode queue's figures."""

from datetime import datetime, timedelta
from pathlib import Path

from houndmon.config.model import Config
from houndmon.core.answer import anomalies_of, window_shown
from houndmon.core.clock import SlicedRow, Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.core.stats import wilson
from houndmon.core.text import WHITESPACE
from houndmon.counts.read import read_rows
from houndmon.panels.transcode.model import (
    DurationRecord,
    DurationRow,
    Finish,
    FinishedJobs,
    JobId,
    JobRow,
    LiveRow,
    Running,
    StayRow,
    Transcode,
    Wait,
    active_jobs,
    durations,
    finished_jobs,
    flaws,
    is_stalled,
    jobs_by_status,
    retry_distribution,
    summarize,
    top_failures,
)

SQL = load_statements(Path(__file__).with_name("query.sql"))
IDLE_SPANS = ("15m", "1h", "6h", "24h", "7d")
"""How far back the newest finish is looked for, step by step."""
FINISHED = CountSeries(
    name="finished",
    statement=SQL["finished"],
    row=JobRow,
    keys=("ripe_at", "flaw", "status", "attempt", "error_code"),
    measures={"jobs": "sum", "message": "message"},
    extra=(WHITESPACE,),
    open_key="error_code",
    shaped=("error_code",),
    unsettled=("status", "failed"),  # somebody may queue them again
)
DURATIONS = CountSeries(
    name="durations",
    statement=SQL["durations"],
    row=DurationRow,
    record=DurationRecord,
    keys=("ripe_at",),
    measures={"histogram": "histogram", "top": "max"},
)
STAYS = CountSeries(
    name="stays",
    statement=SQL["stays"],
    row=StayRow,
    keys=("ripe_at", "entered_at", "left_at"),
    measures={"jobs": "sum", "first_queued_at": "min"},
)


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """What is counted for the panel."""
    return (FINISHED, DURATIONS, STAYS)


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Transcode:
    """The transcode panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, quarter, today = clock.window(filters.range), clock.window("15m"), Window(clock.today)
    stalled_after = timedelta(seconds=config.rules_in(filters.environment)["queue_stalled"].stalled_after_seconds)
    stall = clock.window(stalled_after)
    slices = Slices(chosen, quarter, stall, today)
    rows: list[JobRow] = await read_rows(snapshot, FINISHED, filters, slices)
    live = await load_live(snapshot, filters, slices)
    took: list[DurationRow] = await read_rows(snapshot, DURATIONS, filters, Slices(chosen))
    now, theirs = active_jobs(live), finished_jobs(rows, slices, chosen, clock)
    done = summarize(theirs)
    last_15m = summarize(finished_jobs(rows, slices, quarter, clock)).finished
    waits = await waits_minutes(snapshot, filters)
    interval = wilson(done.failed, done.finished)
    return Transcode(
        panel="transcode",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies_of(flaws(rows, live, slices, chosen, clock)),
        jobs_by_status=jobs_by_status(now, done),
        failed_today=summarize(finished_jobs(rows, slices, today, clock)).failed,
        oldest_queued_age_minutes=waits.get("queued"),
        oldest_queued_job_id=await oldest_queued_job_id(snapshot, filters),
        oldest_retrying_age_minutes=waits.get("retrying"),
        oldest_in_progress_age_minutes=waits.get("in_progress"),
        finished_last_15m=last_15m,
        stalled=is_stalled(
            waits.get("queued"),
            summarize(finished_jobs(rows, slices, stall, clock)).finished,
            stalled_after.total_seconds() / 60,
        ),
        duration_minutes=durations(took, Slices(chosen), chosen, clock).percentiles(),
        failure_ratio=interval.ratio,
        ratio_low=interval.low,
        ratio_high=interval.high,
        retry_distribution=retry_distribution([*now, *theirs]),
        top_failures=top_failures(theirs, done.codes),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[FinishedJobs]:
    """The jobs that finished in several windows, in one read."""
    slices = Slices(*windows)
    rows: list[JobRow] = await read_rows(snapshot, FINISHED, filters, slices)
    return [summarize(finished_jobs(rows, slices, window, snapshot.clock)) for window in windows]


async def load_live(snapshot: Snapshot, filters: Filters, slices: Slices) -> list[LiveRow]:
    """The jobs that are not over, and those over without a finish: they are few, and change."""
    args = (filters.environment, snapshot.clock.soon, slices.edges)
    return await snapshot.rows(SQL["live"], LiveRow, *args, filters=filters)


async def waits_minutes(snapshot: Snapshot, filters: Filters) -> dict[str, float]:
    """For how many minutes the oldest job of each status has been in it."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.now)
    waits = await snapshot.rows(SQL["waits"], Wait, *args, filters=filters)
    return {wait.status: wait.seconds / 60 for wait in waits}


async def load_idle_minutes(snapshot: Snapshot, filters: Filters) -> float | None:
    """Minutes since a job last finished; None where none did in 7 days."""
    clock = snapshot.clock
    stop: datetime | None = None
    for span in IDLE_SPANS:  # the last minutes nearly always hold one, and cost little wherever they are read
        start = clock.since(span)
        found = await snapshot.rows(SQL["newest_finish"], Finish, filters.environment, clock.soon, start, stop)
        if found:
            return clock.age_seconds(found[0].finished_at) / 60
        stop = start
    return None


async def load_running(snapshot: Snapshot, filters: Filters, longest: timedelta) -> list[Running]:
    """The jobs in progress by worker; `endless` are those that have been so for longer than a time."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.now - longest)
    return await snapshot.rows(SQL["running"], Running, *args)


async def oldest_queued_job_id(snapshot: Snapshot, filters: Filters) -> str | None:
    """The id of the job that has been queued for longest."""
    args = (filters.environment, snapshot.clock.soon)
    jobs = await snapshot.rows(SQL["oldest_queued"], JobId, *args, filters=filters)
    return jobs[0].job_id if jobs else None
