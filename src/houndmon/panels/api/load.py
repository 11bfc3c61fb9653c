"""Reads the API's figures."""

from pathlib import Path

from msgspec.structs import replace

from houndmon.counts.read import read_rows
from houndmon.counts.series import Series
from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, ignored, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.api.model import (
    Api,
    RequestRow,
    Service,
    by_service,
    flaws,
    requests,
    sound,
    top_routes,
)

SQL = statements(Path(__file__).with_name("query.sql"))
REQUESTS = Series(
    name="requests",
    statement=SQL["requests"],
    row=RequestRow,
    keys=4,
    merges=("sum", "sum"),
    open_key=2,
    worst=(3, (5, 4)),
)


async def load(snapshot: Snapshot, filters: Filters) -> Api:
    """The API panel at the snapshot's time."""
    clock = snapshot.clock
    chosen = clock.window(filters.range)
    slices = Slices(chosen)
    rows = await read(snapshot, filters, slices)
    theirs = sound(rows, slices, chosen)
    return Api(
        panel="api",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored(filters),
        anomalies=anomalies(flaws(rows, slices, chosen)),
        requests=requests(theirs),
        by_service=by_service(theirs),
        top_routes=top_routes(theirs),
    )


async def load_windows(snapshot: Snapshot, filters: Filters, *windows: Window) -> list[list[Service]]:
    """Every service's answers in several windows, in one read."""
    slices = Slices(*windows)
    rows = await read(snapshot, filters, slices)
    return [by_service(sound(rows, slices, window)) for window in windows]


async def read(snapshot: Snapshot, filters: Filters, slices: Slices) -> list[RequestRow]:
    """The counted requests: of no artist or release, for telemetry does not record them."""
    rows: list[RequestRow] = await read_rows(
        snapshot, REQUESTS, replace(filters, artist_id=None, release_id=None), slices
    )
    return rows
