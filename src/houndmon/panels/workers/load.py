"""Reads the workers' figures."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

from houndmon.kit.filters import Filters
from houndmon.kit.panel import Percentiles, anomalies, ignored, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.workers.model import (
    FRESH_SECONDS,
    Beat,
    Claims,
    FlawRow,
    Idle,
    Liveness,
    Pause,
    Process,
    Workers,
    by_worker,
    listed,
    liveness,
    restarts,
)

SQL = statements(Path(__file__).with_name("query.sql"))


async def load(snapshot: Snapshot, filters: Filters) -> Workers:
    """The workers panel at the snapshot's time."""
    clock, environment = snapshot.clock, filters.environment
    processes = await recent_processes(snapshot, filters)
    groups = by_worker(processes)
    alive = await newest_liveness(snapshot, filters, processes)
    claims = await claim_to_start(snapshot, filters)
    idle = await snapshot.rows(SQL["idle"], Idle, environment, clock.soon, clock.now)
    seen = await flaws(snapshot, filters)
    seen["negative_duration"] = claims.negative
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
        claim_to_start_seconds=Percentiles(
            p50=claims.p50, p95=claims.p95, max=claims.max, sample_count=claims.sample_count
        ),
        claimed_not_started=idle[0],
        workers=listed(groups, clock),
    )


async def load_liveness(snapshot: Snapshot, filters: Filters) -> Liveness:
    """Whether anybody works in an environment; needs the heartbeats alone."""
    return await newest_liveness(snapshot, filters, await recent_processes(snapshot, filters))


async def load_pauses(snapshot: Snapshot, filters: Filters, span: str) -> list[Pause]:
    """The pauses between beats in the last `span` and the 120 s before it, with the first and last beat."""
    since = snapshot.clock.since(span) - timedelta(seconds=FRESH_SECONDS)
    args = (filters.environment, snapshot.clock.soon, since, snapshot.clock.now)
    return await snapshot.rows(SQL["pauses"], Pause, *args)


async def recent_processes(snapshot: Snapshot, filters: Filters) -> list[Process]:
    """The worker processes that beat in the last 7 days."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.since("7d"))
    return await snapshot.rows(SQL["processes"], Process, *args)


async def newest_liveness(snapshot: Snapshot, filters: Filters, processes: list[Process]) -> Liveness:
    """Liveness by the newest beat of the last 7 days, or else of all time."""
    beats = [process.last_beat_at for process in processes]
    if not beats:
        args = (filters.environment, snapshot.clock.soon)
        beats = [beat.beat_at for beat in await snapshot.rows(SQL["newest_ever"], Beat, *args)]
    return liveness(max(beats, default=None), snapshot.clock)


async def claim_to_start(snapshot: Snapshot, filters: Filters) -> Claims:
    """How long the jobs waited for their start that started in the range, in seconds."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.since(filters.range))
    return (await snapshot.rows(SQL["claim_to_start"], Claims, *args))[0]


async def flaws(snapshot: Snapshot, filters: Filters) -> Counter[str | None]:
    """How many beats of the range have each flaw."""
    args = (filters.environment, snapshot.clock.soon, snapshot.clock.since(filters.range))
    return Counter({row.flaw: row.rows for row in await snapshot.rows(SQL["flaws"], FlawRow, *args)})
