"""Reads the transcode queue's figures."""

from pathlib import Path

from houndmon.counts.read import read_rows
from houndmon.counts.series import Series
from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.kit.stats import wilson
from houndmon.kit.text import BLANKS
from houndmon.panels.transcode.model import (
    DurationRecord,
    DurationRow,
    Finish,
    Finished,
    JobId,
    JobRow,
    LiveRow,
    Transcode,
    Wait,
    active,
    durations,
    finished,
    flaws,
    is_stalled,
    jobs_by_status,
    retry_distribution,
    summarize,
    top_failures,
)

SQL = statements(Path(__file__).with_name("query.sql"))
FINISHED = Series(
    name="finished",
    statement=SQL["finished"],
    row=JobRow,
    keys=5,
    merges=("sum", "min"),
    extra=(BLANKS,),
    open_key=4,
    unsettled=(2, "failed"),  # somebody may queue them again
)
DURATIONS = Series(
    name="durations",
    statement=SQL["durations"],
    row=DurationRow,
    record=DurationRecord,
    keys=1,
    merges=("histogram", "max"),
)


async def load(snapshot: Snapshot, filters: Filters) -> Transcode:
    """The transcode panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, quarter, today = clock.window(filters.range), clock.window("15m"), Window(clock.today)
    slices = Slices(chosen, quarter, today)
    rows: list[JobRow] = await read_rows(snapshot, FINISHED, filters, slices)
    live = await load_live(snapshot, filters, slices)
    took: list[DurationRow] = await read_rows(snapshot, DURATIONS, filters, Slices(chosen))
    now, theirs = active(live), finished(rows, slices, chosen, clock)
    done = summarize(theirs)
    last_15m = summarize(finished(rows, slices, quarter, clock)).finished
    waits = await waits_minutes(snapshot, filters)
    interval = wilson(done.failed, done.finished)
    return Transcode(
        panel="transcode",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(flaws(rows, live, slices, chosen, clock)),
        jobs_by_status=jobs_by_status(now, done),
        failed_today=summarize(finished(rows, slices, today, clock)).failed,
        oldest_queued_age_minutes=waits.get("queued"),
        oldest_queued_job_id=await oldest_queued(snapshot, filters),
        oldest_retrying_age_minutes=waits.get("retrying"),
        oldest_in_progress_age_minutes=waits.get("in_progress"),
        finished_last_15m=last_15m,
        stalled=is_stalled(waits.get("queued"), last_15m),
        duration_minutes=durations(took, Slices(chosen), chosen, clock).percentiles(),
        failure_ratio=interval.ratio,
        ratio_low=interval.low,
        ratio_high=interval.high,
        retry_distribution=retry_distribution([*now, *theirs]),
        top_failures=top_failures(theirs, done.codes),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[Finished]:
    """The jobs that finished in several windows, in one read."""
    slices = Slices(*windows)
    rows: list[JobRow] = await read_rows(snapshot, FINISHED, filters, slices)
    return [summarize(finished(rows, slices, window, snapshot.clock)) for window in windows]


async def load_live(snapshot: Snapshot, filters: Filters, slices: Slices) -> list[LiveRow]:
    """The jobs under way, and those over without a finish: they are few, and change."""
    args = (filters.environment, snapshot.clock.soon, slices.edges)
    return await snapshot.rows(SQL["live"], LiveRow, *args, filters=filters)


async def waits_minutes(snapshot: Snapshot, filters: Filters) -> dict[str, float]:
    """For how many minutes the oldest active job of each status has been in it."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.now)
    waits = await snapshot.rows(SQL["waits"], Wait, *args, filters=filters)
    return {wait.status: wait.seconds / 60 for wait in waits}


async def load_idle_minutes(snapshot: Snapshot, filters: Filters) -> float | None:
    """Minutes since a job last finished; None where none did in 7 days."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.since("7d"))
    found = await snapshot.rows(SQL["newest_finish"], Finish, *args)
    return snapshot.clock.age_seconds(found[0].finished_at) / 60 if found else None


async def oldest_queued(snapshot: Snapshot, filters: Filters) -> str | None:
    """The id of the job that has been queued for longest."""
    args = (filters.environment, snapshot.clock.soon)
    jobs = await snapshot.rows(SQL["oldest_queued"], JobId, *args, filters=filters)
    return jobs[0].job_id if jobs else None
