"""Reads the workers' figures."""

from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from houndmon.counts.histogram import NEGATIVE, Histogram
from houndmon.counts.read import read_rows
from houndmon.counts.series import Series
from houndmon.kit.clock import Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.panel import anomalies, ignored, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.workers.model import (
    FRESH_SECONDS,
    Beat,
    BeatRow,
    Idle,
    Liveness,
    LiveStart,
    Pause,
    PulseRow,
    StartRecord,
    StartRow,
    Workers,
    by_worker,
    claim_to_start,
    flaws,
    listed,
    liveness,
    pauses,
    processes,
    restarts,
)

SQL = statements(Path(__file__).with_name("query.sql"))
FURTHEST_BACK = timedelta(days=8)  # that long ago a job may have finished before it started, and is still found
BEATS = Series(name="beats", statement=SQL["beats"], row=BeatRow, keys=3, merges=("sum", "max"), open_key=0)
PULSE = Series(name="pulse", statement=SQL["pulse"], row=PulseRow, keys=2, merges=("min", "max"), grains=(60,))
STARTS = Series(
    name="starts",
    statement=SQL["starts"],
    row=StartRow,
    record=StartRecord,
    keys=2,
    merges=("histogram", "max"),
    within_key=1,
)
LATE_STARTS = replace(STARTS, name="late_starts", statement=SQL["late_starts"])


async def load(snapshot: Snapshot, filters: Filters) -> Workers:
    """The workers panel at the snapshot's time."""
    clock, environment = snapshot.clock, filters.environment
    week, chosen = clock.window("7d"), clock.window(filters.range)
    slices = Slices(week, chosen)
    rows: list[BeatRow] = await read_rows(snapshot, BEATS, unfiltered(filters), slices)
    known = processes(rows, clock)
    groups = by_worker(known)
    alive = await newest_liveness(snapshot, filters, [process.last_beat_at for process in known])
    claims = await load_claims(snapshot, filters, chosen)
    idle = await snapshot.rows(SQL["idle"], Idle, environment, clock.soon, clock.now)
    seen = flaws(rows, slices, chosen, clock)
    seen["negative_duration"] = claims.buckets.get(NEGATIVE, 0)
    return Workers(
        panel="workers",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored(filters),
        anomalies=anomalies(seen),
        alive=alive.alive,
        last_heartbeat_at=alive.last_heartbeat_at,
        heartbeat_age_seconds=alive.heartbeat_age_seconds,
        restarts_24h=sum(restarts(theirs, clock) for theirs in groups.values()),
        claim_to_start_seconds=claims.percentiles(),
        claimed_not_started=idle[0],
        workers=listed(groups, clock),
    )


def unfiltered(filters: Filters) -> Filters:
    """The filters without artist and release: heartbeats and claims are of neither."""
    return replace(filters, artist_id=None, release_id=None)


async def load_liveness(snapshot: Snapshot, filters: Filters) -> Liveness:
    """Whether anybody works in an environment; needs the heartbeats alone."""
    slices = Slices(snapshot.clock.window("7d"))
    rows: list[BeatRow] = await read_rows(snapshot, BEATS, unfiltered(filters), slices)
    beats = [process.last_beat_at for process in processes(rows, snapshot.clock)]
    return await newest_liveness(snapshot, filters, beats)


async def load_pauses(snapshot: Snapshot, filters: Filters, span: str) -> list[Pause]:
    """The pauses between beats in the last `span` and the 120 s before it, with the first and last beat."""
    since = snapshot.clock.since(span) - timedelta(seconds=FRESH_SECONDS)
    rows: list[PulseRow] = await read_rows(snapshot, PULSE, unfiltered(filters), Slices(Window(since)))
    return pauses(rows, snapshot.clock)


async def newest_liveness(snapshot: Snapshot, filters: Filters, beats: list[datetime]) -> Liveness:
    """Liveness by the newest of the beats of the last 7 days, or else of all time."""
    if not beats:
        args = (filters.environment, snapshot.clock.soon)
        beats = [beat.beat_at for beat in await snapshot.rows(SQL["newest_ever"], Beat, *args)]
    return liveness(max(beats, default=None), snapshot.clock)


async def load_claims(snapshot: Snapshot, filters: Filters, chosen: Window) -> Histogram:
    """How long the jobs waited for their start that started in a window, in seconds."""
    clock, plain = snapshot.clock, unfiltered(filters)
    before = Window(clock.since(FURTHEST_BACK), chosen.start)
    over: list[StartRow] = await read_rows(snapshot, STARTS, plain, Slices(chosen))
    late: list[StartRow] = await read_rows(snapshot, LATE_STARTS, plain, Slices(before))
    live = await snapshot.rows(SQL["live_starts"], LiveStart, filters.environment, clock.soon, chosen.start)
    return claim_to_start(over, late, live, chosen.start, clock)
