"""Reads the workers' figures."""

from datetime import datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from houndmon.config.model import Config
from houndmon.core.answer import anomalies_of, ignored_filters, window_shown
from houndmon.core.arrivals import Late
from houndmon.core.buckets import NEGATIVE
from houndmon.core.clock import SlicedRow, Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.counts.histogram import Histogram
from houndmon.counts.read import read_rows
from houndmon.panels.workers.model import (
    Beat,
    BeatMinuteRow,
    BeatRow,
    Idle,
    Liveness,
    LiveStart,
    Pause,
    StartRecord,
    StartRow,
    Workers,
    by_worker,
    claim_to_start,
    flaws,
    is_expected,
    list_workers,
    liveness,
    newest_beats,
    pauses,
    worker,
)
from houndmon.rulebook.levels import BEAT_FRESH_SECONDS

SQL = load_statements(Path(__file__).with_name("query.sql"))
FURTHEST_BACK = timedelta(days=8)  # that long ago a job may have finished before it started, and is still found
BEATS = CountSeries(
    name="beats",
    statement=SQL["beats"],
    row=BeatRow,
    keys=("worker_id", "start_slot", "ripe_at", "flaw"),
    measures={"rows": "sum", "last_beat_at": "max", "first_start_at": "min", "last_start_at": "max"},
    open_key="worker_id",
)
BEAT_MINUTES = CountSeries(
    name="pulse",
    statement=SQL["pulse"],
    row=BeatMinuteRow,
    keys=("minute",),
    measures={"first_beat_at": "min", "last_beat_at": "max"},
    grains=(60,),
)
STARTS = CountSeries(
    name="starts",
    statement=SQL["starts"],
    row=StartRow,
    record=StartRecord,
    keys=("ripe_at", "started_at"),
    measures={"histogram": "histogram", "top": "max"},
    within_key="started_at",
)
LATE_STARTS = replace(STARTS, name="late_starts", statement=SQL["late_starts"])


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """What is counted for the panel."""
    return (BEATS, BEAT_MINUTES, STARTS, LATE_STARTS)


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Workers:
    """The workers panel at the snapshot's time."""
    clock, environment = snapshot.clock, filters.environment
    week, chosen = clock.window("7d"), clock.window(filters.range)
    slices = Slices(week, chosen)
    rows: list[BeatRow] = await read_rows(snapshot, BEATS, unfiltered(filters), slices)
    known = [worker(worker_id, theirs, clock) for worker_id, theirs in by_worker(rows).items()]
    expected = [one for one in known if is_expected(one)]
    shown, alive_count = list_workers(expected), sum(one.status == "alive" for one in expected)
    alive = await newest_liveness(snapshot, filters, rows)
    has_jobs = "transcode_jobs" not in config.absent  # beats alone tell who is alive
    claims = await load_claims(snapshot, filters, chosen) if has_jobs else Histogram()
    idle = await snapshot.rows(SQL["idle"], Idle, environment, clock.soon, clock.now) if has_jobs else [Idle(0, None)]
    seen = flaws(rows, slices, chosen, clock)
    seen["negative_duration"] = claims.buckets.get(NEGATIVE, 0)
    late = await load_late(snapshot, filters, chosen)
    seen["late_beats"] = late.count
    return Workers(
        panel="workers",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored_filters(filters),
        anomalies=anomalies_of(seen),
        alive=alive.alive,
        last_heartbeat_at=alive.last_heartbeat_at,
        heartbeat_age_seconds=alive.heartbeat_age_seconds,
        restarts_24h=sum(one.restarts_24h for one in known),
        claim_to_start_seconds=claims.percentiles(),
        claimed_not_started=idle[0],
        workers=shown,
        workers_omitted=len(expected) - len(shown),
        alive_count=alive_count,
        missing_count=len(expected) - alive_count,
        late_beats_lag_seconds=late.lag_seconds,
    )


def unfiltered(filters: Filters) -> Filters:
    """The filters without artist and release: heartbeats and claims are of neither."""
    return replace(filters, artist_id=None, release_id=None)


async def load_liveness(snapshot: Snapshot, filters: Filters) -> Liveness:
    """Whether anybody works in an environment, and how many of those that should; needs the heartbeats alone."""
    rows = await read_beat_rows(snapshot, filters)
    known = [worker(worker_id, theirs, snapshot.clock) for worker_id, theirs in by_worker(rows).items()]
    expected = [one for one in known if is_expected(one)]
    found = await newest_liveness(snapshot, filters, rows)
    alive_count = sum(one.status == "alive" for one in expected)
    return replace(found, alive_count=alive_count, expected_count=len(expected))


async def read_beat_rows(snapshot: Snapshot, filters: Filters) -> list[BeatRow]:
    """The counted beats of the last 7 days of an environment."""
    return await read_rows(snapshot, BEATS, unfiltered(filters), Slices(snapshot.clock.window("7d")))


async def load_beats(snapshot: Snapshot, filters: Filters) -> tuple[Liveness, dict[str, datetime]]:
    """Whether anybody works in an environment, and the newest beat of each worker of the last 7 days; in one read."""
    rows = await read_beat_rows(snapshot, filters)
    return await newest_liveness(snapshot, filters, rows), newest_beats(rows)


async def load_late(snapshot: Snapshot, filters: Filters, chosen: Window) -> Late:
    """The beats of a window that were older than 120 s when they were seen to arrive."""
    if snapshot.source.arrivals is None:
        return Late()
    return await snapshot.source.arrivals.late(
        filters.environment, chosen.start, snapshot.clock.soon, BEAT_FRESH_SECONDS
    )


async def load_pauses(snapshot: Snapshot, filters: Filters, span: str | timedelta) -> list[Pause]:
    """The pauses between beats in the last `span` and the 120 s before it, with the first and last beat.

    What was seen to arrive counts as a beat at its arrival too.
    """
    since = snapshot.clock.since(span) - timedelta(seconds=BEAT_FRESH_SECONDS)
    rows: list[BeatMinuteRow] = await read_rows(snapshot, BEAT_MINUTES, unfiltered(filters), Slices(Window(since)))
    seen = snapshot.source.arrivals
    arrivals = await seen.since(filters.environment, since, snapshot.clock.soon) if seen else []
    return pauses(rows, snapshot.clock, arrivals)


async def load_begin(
    snapshot: Snapshot, filters: Filters, span: str | timedelta, pauses: list[Pause]
) -> datetime | None:
    """The first beat, where that lies within the last `span`; None where one is older, or where there is none."""
    start = snapshot.clock.since(span)
    if not pauses or pauses[0].beat_at <= start:
        return None
    older = await snapshot.rows(SQL["before"], Beat, filters.environment, start)
    return None if older else pauses[0].beat_at


async def newest_liveness(snapshot: Snapshot, filters: Filters, rows: list[BeatRow]) -> Liveness:
    """Liveness by the newest of the beats of the last 7 days, or else of all time."""
    beats = [row.last_beat_at for row in rows if row.flaw is None]
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
