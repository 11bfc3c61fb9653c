"""Reads the figures of publishing."""

from collections import Counter
from pathlib import Path

from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import Anomaly, Percentiles, anomalies, window_shown
from houndmon.kit.source import Count, Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.publish.model import (
    LIMIT_MINUTES,
    Publish,
    TrackRow,
    Tracks,
    flaws,
    in_time_ratio,
    summarize,
)

SQL = statements(Path(__file__).with_name("query.sql"))


async def load(snapshot: Snapshot, filters: Filters, limit_minutes: float = LIMIT_MINUTES) -> Publish:
    """The publish panel at the snapshot's time; the limit is that of the service level `upload_to_live`."""
    clock = snapshot.clock
    chosen = clock.window(filters.range)
    slices = Slices(chosen)
    rows = await read(snapshot, filters, slices, limit_minutes)
    figures = summarize(rows, slices, chosen)
    return Publish(
        panel="publish",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=await seen(snapshot, filters, flaws(rows, slices, chosen), chosen),
        uploaded=figures.judged + figures.waiting,
        live_in_time=figures.in_time,
        live_late=figures.late,
        waiting=figures.waiting,
        overdue=figures.overdue,
        in_time_ratio=in_time_ratio(figures),
        limit_minutes=limit_minutes,
        oldest_waiting_age_minutes=figures.oldest_waiting_minutes,
        upload_to_live_minutes=await durations(snapshot, filters, chosen),
    )


async def load_windows(
    snapshot: Snapshot, filters: Filters, limit_minutes: float, *windows: Window
) -> tuple[list[Tracks], list[Anomaly]]:
    """The tracks of several windows, in one read, and the anomalies of the last of them."""
    slices = Slices(*windows)
    rows = await read(snapshot, filters, slices, limit_minutes)
    found = await seen(snapshot, filters, flaws(rows, slices, windows[-1]), windows[-1])
    return [summarize(rows, slices, window) for window in windows], found


async def read(snapshot: Snapshot, filters: Filters, slices: Slices, limit_minutes: float) -> list[TrackRow]:
    """The counted tracks uploaded since the first edge."""
    clock = snapshot.clock
    args = (filters.environment, clock.soon, slices.start, clock.now, limit_minutes * 60, slices.edges)
    return await snapshot.rows(SQL["counts"], TrackRow, *args, filters=filters)


async def seen(snapshot: Snapshot, filters: Filters, found: Counter[str | None], window: Window) -> list[Anomaly]:
    """The anomalies of a window, those of unknown environments among them."""
    strangers = await snapshot.rows(SQL["strangers"], Count, window.start, filters=filters)
    found["unknown_environment"] = strangers[0].rows
    return anomalies(found)


async def durations(snapshot: Snapshot, filters: Filters, window: Window) -> Percentiles:
    """How long the tracks of a window took from upload to live, in minutes."""
    clock = snapshot.clock
    args = (filters.environment, clock.soon, window.start, clock.now, LIMIT_MINUTES * 60)
    return (await snapshot.rows(SQL["durations"], Percentiles, *args, filters=filters))[0]
