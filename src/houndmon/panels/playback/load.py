"""Reads playback's figures."""

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
from houndmon.panels.playback.model import (
    Playback,
    PlayRow,
    WindowPlays,
    by_client,
    count_attempts,
    countable_rows,
    flaws,
    split,
    summarize,
    top_errors,
)

SQL = load_statements(Path(__file__).with_name("query.sql"))
PLAYS = CountSeries(
    name="plays",
    statement=SQL["plays"],
    row=PlayRow,
    keys=("flaw", "outcome", "platform", "browser", "error_code"),
    measures={"plays": "sum", "message": "message"},
    extra=(WHITESPACE,),
    open_key="error_code",
    shaped=("error_code",),
)


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """What is counted for the panel."""
    return (PLAYS,)


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Playback:
    """The playback panel at the snapshot's time."""
    clock = snapshot.clock
    chosen, day = clock.window(filters.range), clock.window("24h")
    slices = Slices(chosen, day)
    rows: list[PlayRow] = await read_rows(snapshot, PLAYS, filters, slices)
    theirs = countable_rows(rows, slices, chosen)
    figures = summarize(theirs)
    interval = wilson(figures.failed, figures.attempts)
    abandoned = wilson(figures.aborted, figures.attempts + figures.aborted)
    ios_safari, other_clients = split(theirs, config.ios_platforms, config.ios_browsers)
    return Playback(
        panel="playback",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        anomalies=anomalies_of(flaws(rows, slices, chosen)),
        attempts=figures.attempts,
        failed=figures.failed,
        blocked=figures.blocked,
        aborted=figures.aborted,
        failure_ratio=interval.ratio,
        ratio_low=interval.low,
        ratio_high=interval.high,
        abandoned_ratio=abandoned.ratio,
        abandoned_ratio_low=abandoned.low,
        abandoned_ratio_high=abandoned.high,
        last_24h=count_attempts(countable_rows(rows, slices, day)),
        top_errors=top_errors(theirs, figures.codes),
        ios_safari=ios_safari,
        other_clients=other_clients,
        by_client=by_client(theirs),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[WindowPlays]:
    """The plays of several windows, in one read."""
    slices = Slices(*windows)
    rows: list[PlayRow] = await read_rows(snapshot, PLAYS, filters, slices)
    return [summarize(countable_rows(rows, slices, window)) for window in windows]
