"""Reads ingest's figures."""

from pathlib import Path

from houndmon.config.model import Config
from houndmon.core.answer import anomalies_of, window_shown
from houndmon.core.clock import SlicedRow, Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.counts.read import read_rows
from houndmon.panels.ingest.model import Ingest, UploadRow, WindowUploads, flaws, rejection_ratio, summarize

SQL = load_statements(Path(__file__).with_name("query.sql"))
UPLOADS = CountSeries(
    name="uploads",
    statement=SQL["uploads"],
    row=UploadRow,
    keys=("flaw", "outcome", "reason"),
    measures={"uploads": "sum"},
    open_key="reason",
    shaped=("reason",),
)


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """What is counted for the panel."""
    return (UPLOADS,)


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Ingest:
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
        anomalies=anomalies_of(flaws(rows, slices, chosen)),
        uploads_today=summarize(rows, slices, today).uploads,
        uploads_last_hour=summarize(rows, slices, hour).uploads,
        uploads=figures.uploads,
        rejected=figures.rejected,
        rejection_ratio=rejection_ratio(figures),
        rejection_reasons=figures.reasons,
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[WindowUploads]:
    """The uploads of several windows, in one read."""
    slices = Slices(*windows)
    rows: list[UploadRow] = await read_rows(snapshot, UPLOADS, filters, slices)
    return [summarize(rows, slices, window) for window in windows]
