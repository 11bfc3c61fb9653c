"""Reads the transcode queue's figures."""

from datetime import datetime
from pathlib import Path

from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import Percentiles, anomalies, window_shown
from houndmon.kit.source import Count, Snapshot
from houndmon.kit.sql import statements
from houndmon.kit.stats import wilson
from houndmon.kit.text import BLANKS
from houndmon.panels.transcode.model import (
    Finish,
    Finished,
    JobId,
    JobRow,
    Transcode,
    Wait,
    active,
    finished,
    flaws,
    is_stalled,
    jobs_by_status,
    retry_distribution,
    summarize,
    top_failures,
)

SQL = statements(Path(__file__).with_name("query.sql"))


async def load(snapshot: Snapshot, filters: Filters) -> Transcode:
    """The transcode panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, quarter, today = clock.window(filters.range), clock.window("15m"), Window(clock.today)
    slices = Slices(chosen, quarter, today)
    rows = await read(snapshot, filters, slices)
    seen = flaws(rows, slices, chosen)
    strangers = await snapshot.rows(SQL["strangers"], Count, chosen.start, filters=filters)
    seen["unknown_environment"] = strangers[0].rows
    now, theirs = active(rows), finished(rows, slices, chosen)
    done = summarize(theirs)
    last_15m = summarize(finished(rows, slices, quarter)).finished
    waits = await waits_minutes(snapshot, filters, slices.start)
    interval = wilson(done.failed, done.finished)
    return Transcode(
        panel="transcode",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(seen),
        jobs_by_status=jobs_by_status(now, done),
        failed_today=summarize(finished(rows, slices, today)).failed,
        oldest_queued_age_minutes=waits.get("queued"),
        oldest_queued_job_id=await oldest_queued(snapshot, filters, slices.start),
        oldest_retrying_age_minutes=waits.get("retrying"),
        oldest_in_progress_age_minutes=waits.get("in_progress"),
        finished_last_15m=last_15m,
        stalled=is_stalled(waits.get("queued"), last_15m),
        duration_minutes=await durations(snapshot, filters, chosen.start),
        failure_ratio=interval.ratio,
        ratio_low=interval.low,
        ratio_high=interval.high,
        retry_distribution=retry_distribution(now + theirs),
        top_failures=top_failures(theirs, done.codes),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[Finished]:
    """The jobs that finished in several windows, in one read."""
    slices = Slices(*windows)
    rows = await read(snapshot, filters, slices)
    return [summarize(finished(rows, slices, window)) for window in windows]


async def read(snapshot: Snapshot, filters: Filters, slices: Slices) -> list[JobRow]:
    """The counted jobs: active, or finished since the first edge."""
    args = (filters.environment, snapshot.clock.soon, slices.start, slices.edges, BLANKS)
    return await snapshot.rows(SQL["counts"], JobRow, *args, filters=filters)


async def waits_minutes(snapshot: Snapshot, filters: Filters, since: datetime) -> dict[str, float]:
    """For how many minutes the oldest active job of each status has been in it."""
    args = (filters.environment, snapshot.clock.soon, since, snapshot.clock.now)
    waits = await snapshot.rows(SQL["waits"], Wait, *args, filters=filters)
    return {wait.status: wait.seconds / 60 for wait in waits}


async def load_idle_minutes(snapshot: Snapshot, filters: Filters) -> float | None:
    """Minutes since a job last finished; None where none did in 7 days."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.since("7d"))
    found = await snapshot.rows(SQL["newest_finish"], Finish, *args)
    return snapshot.clock.age_seconds(found[0].finished_at) / 60 if found else None


async def oldest_queued(snapshot: Snapshot, filters: Filters, since: datetime) -> str | None:
    """The id of the job that has been queued for longest."""
    args = (filters.environment, snapshot.clock.soon, since)
    jobs = await snapshot.rows(SQL["oldest_queued"], JobId, *args, filters=filters)
    return jobs[0].job_id if jobs else None


async def durations(snapshot: Snapshot, filters: Filters, since: datetime) -> Percentiles:
    """How long the jobs took that completed since a time, in minutes."""
    args = (filters.environment, snapshot.clock.soon, since)
    return (await snapshot.rows(SQL["durations"], Percentiles, *args, filters=filters))[0]
