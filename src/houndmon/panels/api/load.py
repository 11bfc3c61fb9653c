"""Reads the API's figures."""

from pathlib import Path

from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, ignored, window_shown
from houndmon.kit.source import Count, Snapshot
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


async def load(snapshot: Snapshot, filters: Filters) -> Api:
    """The API panel at the snapshot's time."""
    clock = snapshot.clock
    chosen = clock.window(filters.range)
    slices = Slices(chosen)
    rows = await read(snapshot, filters, slices)
    seen = flaws(rows, slices, chosen)
    seen["unknown_environment"] = (await snapshot.rows(SQL["strangers"], Count, chosen.start))[0].rows
    theirs = sound(rows, slices, chosen)
    return Api(
        panel="api",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored(filters),
        anomalies=anomalies(seen),
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
    """The counted requests since the first edge."""
    args = (filters.environment, snapshot.clock.soon, slices.edges, slices.start)
    return await snapshot.rows(SQL["requests"], RequestRow, *args)
