"""Reads the figures of publishing."""

from datetime import timedelta
from pathlib import Path

from houndmon.config.model import Config
from houndmon.core.answer import Anomaly, anomalies_of, window_shown
from houndmon.core.clock import SlicedRow, Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.counts.read import read_rows
from houndmon.panels.publish.model import (
    Publish,
    PublishedRecord,
    PublishedRow,
    TrackRow,
    WindowTracks,
    flaws,
    in_time_ratio,
    summarize,
    upload_to_live,
)

SQL = load_statements(Path(__file__).with_name("query.sql"))
UNSETTLED_SPAN = timedelta(minutes=20)  # most tracks that are due go live within it: they count the moment they do
PUBLISH_TIMES = CountSeries(
    name="published",
    statement=SQL["published"],
    row=PublishedRow,
    record=PublishedRecord,
    keys=("ripe_at", "until", "waits"),
    measures={"histogram": "histogram", "top": "max"},
    unsettled=("waits", True),
    unsettled_minutes=SQL["waiting"],
    tail=UNSETTLED_SPAN,
)


def tracks_series(limit_minutes: float) -> CountSeries[TrackRow]:
    """The tracks by their fate; what is in time depends on the limit."""
    return CountSeries(
        name="tracks",
        statement=SQL["tracks"],
        row=TrackRow,
        keys=("ripe_at", "until", "is_planned", "flaw", "fate"),
        measures={"tracks": "sum", "first_due_at": "min"},
        extra=(limit_minutes * 60,),
        unsettled=("fate", "waiting"),
        unsettled_minutes=SQL["waiting"],
        tail=UNSETTLED_SPAN,
    )


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """What is counted for the panel."""
    return PUBLISH_TIMES, tracks_series(limit_minutes_of(config))


def limit_minutes_of(config: Config) -> float:
    """Within how many minutes a track must be live: the limit of the service level `upload_to_live`."""
    return config.levels["upload_to_live"].limit_minutes


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Publish:
    """The publish panel at the snapshot's time."""
    clock, limit_minutes = snapshot.clock, limit_minutes_of(config)
    chosen = clock.window(filters.range)
    rows, slices, edge = await read_track_rows(snapshot, filters, limit_minutes, chosen)
    figures = summarize(rows, slices, chosen, edge.start, clock)
    took: list[PublishedRow] = await read_rows(snapshot, PUBLISH_TIMES, filters, Slices(chosen))
    return Publish(
        panel="publish",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies_of(flaws(rows, slices, chosen, clock)),
        due=figures.judged + figures.waiting,
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
) -> tuple[list[WindowTracks], list[Anomaly]]:
    """The tracks of several windows, in one read, and the anomalies of the last of them."""
    clock = snapshot.clock
    rows, slices, edge = await read_track_rows(snapshot, filters, limit_minutes, *windows)
    found = [summarize(rows, slices, window, edge.start, clock) for window in windows]
    return found, anomalies_of(flaws(rows, slices, windows[-1], clock))


async def read_track_rows(
    snapshot: Snapshot, filters: Filters, limit_minutes: float, *windows: Window
) -> tuple[list[TrackRow], Slices, Window]:
    """The tracks of some windows, and the window of those due for which the limit has not passed yet."""
    edge = Window(snapshot.clock.now - timedelta(minutes=limit_minutes))
    slices = Slices(*windows, edge)
    rows: list[TrackRow] = await read_rows(snapshot, tracks_series(limit_minutes), filters, slices)
    return rows, slices, edge
