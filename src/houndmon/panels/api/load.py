"""Reads the API's figures."""

from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from houndmon.config.model import Config
from houndmon.core.answer import anomalies_of, ignored_filters, window_shown
from houndmon.core.clock import SlicedRow, Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.counts.read import read_rows
from houndmon.panels.api.model import (
    AnswerCounts,
    Api,
    RequestRow,
    Service,
    answers,
    by_service,
    count_requests,
    countable_rows,
    flaws,
    top_routes,
)

SQL = load_statements(Path(__file__).with_name("query.sql"))
REQUESTS = CountSeries(
    name="requests",
    statement=SQL["requests"],
    row=RequestRow,
    keys=("flaw", "service", "route", "hundred"),
    measures={"requests": "sum", "rows": "sum"},
    open_key="route",
    worst=("hundred", (5, 4)),
)


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """What is counted for the panel."""
    return (REQUESTS,)


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Api:
    """The API panel at the snapshot's time."""
    clock = snapshot.clock
    chosen = clock.window(filters.range)
    slices = Slices(chosen)
    rows = await read_request_rows(snapshot, filters, slices)
    theirs = countable_rows(rows, slices, chosen)
    return Api(
        panel="api",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored_filters(filters),
        anomalies=anomalies_of(flaws(rows, slices, chosen)),
        requests=count_requests(theirs),
        by_service=by_service(theirs),
        top_routes=top_routes(theirs),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[list[Service]]:
    """The services' answers in several windows, in one read, as the panel lists them."""
    slices = Slices(*windows)
    rows = await read_request_rows(snapshot, filters, slices)
    return [by_service(countable_rows(rows, slices, window)) for window in windows]


async def load_answer_counts(
    snapshot: Snapshot, filters: Filters, name_of: Callable[[str], str], *windows: Window
) -> list[dict[str, AnswerCounts]]:
    """Every service's answers in several windows, in one read; those that `name_of` calls alike are one."""
    slices = Slices(*windows)
    by_slice: dict[int, list[RequestRow]] = {}
    for row in await read_request_rows(snapshot, filters, slices):
        by_slice.setdefault(row.slice, []).append(row)
    return [
        answers([row for number in slices.of(window) for row in by_slice.get(number, ())], name_of)
        for window in windows
    ]


async def read_request_rows(snapshot: Snapshot, filters: Filters, slices: Slices) -> list[RequestRow]:
    """The counted requests: of no artist or release, for telemetry does not record them."""
    return await read_rows(snapshot, REQUESTS, replace(filters, artist_id=None, release_id=None), slices)
