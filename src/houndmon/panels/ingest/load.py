"""Reads ingest's figures."""

from pathlib import Path

from houndmon.counts.read import read_rows
from houndmon.counts.series import Series
from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.ingest.model import Ingest, UploadRow, Uploads, flaws, rejection_ratio, summarize

SQL = statements(Path(__file__).with_name("query.sql"))
UPLOADS = Series(name="uploads", statement=SQL["uploads"], row=UploadRow, keys=3, merges=("sum",), open_key=2)


async def load(snapshot: Snapshot, filters: Filters) -> Ingest:
    """The ingest panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, hour, today = clock.window(filters.range), clock.window("1h"), Window(clock.today)
    slices = Slices(chosen, hour, today)
    rows: list[UploadRow] = await read_rows(snapshot, UPLOADS, filters, slices)
    figures = summarize(rows, slices, chosen)
    return Ingest(
        panel="ingest",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(flaws(rows, slices, chosen)),
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
    rows: list[UploadRow] = await read_rows(snapshot, UPLOADS, filters, slices)
    return [summarize(rows, slices, window) for window in windows]
