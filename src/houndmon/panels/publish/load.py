"""Reads the figures of publishing."""

from datetime import timedelta
from pathlib import Path

from houndmon.counts.read import read_rows
from houndmon.counts.series import Series
from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import Anomaly, anomalies, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.publish.model import (
    LIMIT_MINUTES,
    Publish,
    PublishedRecord,
    PublishedRow,
    TrackRow,
    Tracks,
    flaws,
    in_time_ratio,
    summarize,
    upload_to_live,
)

SQL = statements(Path(__file__).with_name("query.sql"))
TAIL = timedelta(minutes=20)  # most tracks go live within it: they count the moment they do
PUBLISHED = Series(
    name="published",
    statement=SQL["published"],
    row=PublishedRow,
    record=PublishedRecord,
    keys=2,
    merges=("histogram", "max"),
    unsettled=(1, True),
    tail=TAIL,
)


def tracks_series(limit_minutes: float) -> Series:
    """The tracks by their fate; what is in time depends on the limit."""
    return Series(
        name="tracks",
        statement=SQL["uploaded"],
        row=TrackRow,
        keys=3,
        merges=("sum", "min"),
        extra=(limit_minutes * 60,),
        unsettled=(2, "waiting"),
        tail=TAIL,
    )


async def load(snapshot: Snapshot, filters: Filters, limit_minutes: float = LIMIT_MINUTES) -> Publish:
    """The publish panel at the snapshot's time; the limit is that of the service level `upload_to_live`."""
    clock = snapshot.clock
    chosen = clock.window(filters.range)
    rows, slices, edge = await read(snapshot, filters, limit_minutes, chosen)
    figures = summarize(rows, slices, chosen, edge.start, clock)
    took: list[PublishedRow] = await read_rows(snapshot, PUBLISHED, filters, Slices(chosen))
    return Publish(
        panel="publish",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(flaws(rows, slices, chosen, clock)),
        uploaded=figures.judged + figures.waiting,
        live_in_time=figures.in_time,
        live_late=figures.late,
        waiting=figures.waiting,
        overdue=figures.overdue,
        in_time_ratio=in_time_ratio(figures),
        limit_minutes=limit_minutes,
        oldest_waiting_age_minutes=figures.oldest_waiting_minutes,
        upload_to_live_minutes=upload_to_live(took, clock).percentiles(),
    )


async def load_windows(
    snapshot: Snapshot, filters: Filters, limit_minutes: float, *windows: Window
) -> tuple[list[Tracks], list[Anomaly]]:
    """The tracks of several windows, in one read, and the anomalies of the last of them."""
    clock = snapshot.clock
    rows, slices, edge = await read(snapshot, filters, limit_minutes, *windows)
    found = [summarize(rows, slices, window, edge.start, clock) for window in windows]
    return found, anomalies(flaws(rows, slices, windows[-1], clock))


async def read(
    snapshot: Snapshot, filters: Filters, limit_minutes: float, *windows: Window
) -> tuple[list[TrackRow], Slices, Window]:
    """The tracks of some windows, and the window of those for which the limit has not passed yet."""
    edge = Window(snapshot.clock.now - timedelta(minutes=limit_minutes))
    slices = Slices(*windows, edge)
    rows: list[TrackRow] = await read_rows(snapshot, tracks_series(limit_minutes), filters, slices)
    return rows, slices, edge
