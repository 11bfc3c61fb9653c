"""Reads playback's figures."""

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
from houndmon.panels.playback.model import (
    Playback,
    PlayRow,
    Plays,
    attempts,
    by_client,
    flaws,
    is_ios_safari,
    sound,
    summarize,
    top_errors,
)

SQL = statements(Path(__file__).with_name("query.sql"))
PLAYS = Series(
    name="plays",
    statement=SQL["plays"],
    row=PlayRow,
    keys=5,
    merges=("sum", "min"),
    extra=(BLANKS,),
    open_key=4,
)


async def load(snapshot: Snapshot, filters: Filters) -> Playback:
    """The playback panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, day = clock.window(filters.range), clock.window("24h")
    slices = Slices(chosen, day)
    rows: list[PlayRow] = await read_rows(snapshot, PLAYS, filters, slices)
    theirs = sound(rows, slices, chosen)
    figures = summarize(theirs)
    interval = wilson(figures.failed, figures.attempts)
    return Playback(
        panel="playback",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies(flaws(rows, slices, chosen)),
        attempts=figures.attempts,
        failed=figures.failed,
        blocked=figures.blocked,
        aborted=figures.aborted,
        failure_ratio=interval.ratio,
        ratio_low=interval.low,
        ratio_high=interval.high,
        last_24h=attempts(sound(rows, slices, day)),
        top_errors=top_errors(theirs, figures.codes),
        ios_safari=attempts([row for row in theirs if is_ios_safari(row)]),
        other_clients=attempts([row for row in theirs if not is_ios_safari(row)]),
        by_client=by_client(theirs),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[Plays]:
    """The plays of several windows, in one read."""
    slices = Slices(*windows)
    rows: list[PlayRow] = await read_rows(snapshot, PLAYS, filters, slices)
    return [summarize(sound(rows, slices, window)) for window in windows]
