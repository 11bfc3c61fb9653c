"""Reads ingest's figures."""

from pathlib import Path

from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, window_shown
from houndmon.kit.source import Count, Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.ingest.model import Ingest, UploadRow, Uploads, flaws, rejection_ratio, summarize

SQL = statements(Path(__file__).with_name("query.sql"))


async def load(snapshot: Snapshot, filters: Filters) -> Ingest:
    """The ingest panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, hour, today = clock.window(filters.range), clock.window("1h"), Window(clock.today)
    slices = Slices(chosen, hour, today)
    rows = await read(snapshot, filters, slices)
    seen = flaws(rows, slices, chosen)
    strangers = await snapshot.rows(SQL["strangers"], Count, chosen.start, filters=filters)
    seen["unknown_environment"] = strangers[0].rows
    figures = summarize(rows, slices, chosen)
    return Ingest(
        panel="ingest",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(seen),
        uploads_today=summarize(rows, slices, today).uploads,
        uploads_last_hour=summarize(rows, slices, hour).uploads,
        uploads=figures.uploads,
        rejected=figures.rejected,
        rejection_ratio=rejection_ratio(figures),
        rejection_reasons=figures.reasons,
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[Uploads]:
    """The uploads of several windows, in one read."""
    slices = Slices(*windows)
    rows = await read(snapshot, filters, slices)
    return [summarize(rows, slices, window) for window in windows]


async def read(snapshot: Snapshot, filters: Filters, slices: Slices) -> list[UploadRow]:
    """The counted uploads since the first edge."""
    return await snapshot.rows(
        SQL["uploads"],
        UploadRow,
        filters.environment,
        snapshot.clock.soon,
        slices.edges,
        slices.start,
        filters=filters,
    )
