"""The arithmetic of workers: their processes and last beats in, figures out."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.kit.clock import Clock
from houndmon.kit.panel import Panel, Percentiles

FRESH_SECONDS = 120
EXPECTED_FOR = timedelta(hours=24)


class Process(msgspec.Struct):
    """One process of a worker, and its newest beat."""

    worker_id: str
    process_started_at: datetime
    last_beat_at: datetime


class Beat(msgspec.Struct):
    """A beat."""

    beat_at: datetime


class Pause(msgspec.Struct):
    """A beat, and the next one after it; None where it is the last."""

    beat_at: datetime
    next_beat_at: datetime | None


class FlawRow(msgspec.Struct):
    """How many beats have a flaw."""

    flaw: str
    rows: int


class Claims(Percentiles, kw_only=True):
    """Claim-to-start latencies as they are read."""

    negative: int


class Idle(msgspec.Struct):
    """Jobs that a worker claimed and did not start."""

    count: Annotated[int, Meta(description="Jobs in progress, claimed but not started.", examples=[1])]
    oldest_age_seconds: Annotated[
        float | None, Meta(description="Age of the oldest such claim; null if none.", examples=[3.2])
    ]


class Worker(msgspec.Struct):
    """One worker that is expected: its newest beat is less than 24 h old."""

    worker_id: Annotated[str, Meta(description="The worker.", examples=["worker-2"])]
    status: Annotated[
        Literal["alive", "missing"], Meta(description="`alive` up to 120 s after a beat.", examples=["alive"])
    ]
    last_heartbeat_at: Annotated[datetime, Meta(description="Its newest beat.", examples=["2026-03-02T12:00:21Z"])]
    heartbeat_age_seconds: Annotated[float, Meta(description="The age of that beat.", examples=[9.1])]
    process_started_at: Annotated[
        datetime, Meta(description="When the process of that beat started.", examples=["2026-03-01T04:10:00Z"])
    ]
    restarts_24h: Annotated[int, Meta(description="Processes it started in the last 24 h.", examples=[0])]


class Liveness(msgspec.Struct):
    """Whether anybody works in an environment."""

    alive: bool
    last_heartbeat_at: datetime | None
    heartbeat_age_seconds: float | None


class Workers(Panel, kw_only=True):
    """What the workers panel answers."""

    alive: Annotated[bool, Meta(description="The newest beat of any worker is at most 120 s old.", examples=[True])]
    last_heartbeat_at: Annotated[
        datetime | None, Meta(description="That beat; null if there never was one.", examples=["2026-03-02T12:00:21Z"])
    ]
    heartbeat_age_seconds: Annotated[
        float | None, Meta(description="Its age; null if there never was one.", examples=[9.1])
    ]
    restarts_24h: Annotated[int, Meta(description="Process restarts of all workers in 24 h.", examples=[2])]
    claim_to_start_seconds: Annotated[
        Percentiles, Meta(description="From claim to start, of jobs started in the range.")
    ]
    claimed_not_started: Annotated[Idle, Meta(description="Jobs claimed but not started, now.")]
    workers: Annotated[list[Worker], Meta(description="Every worker expected here; missing first, then by id.")]


def liveness(newest: datetime | None, clock: Clock) -> Liveness:
    """Whether the newest beat is fresh; with no beat at all, nobody works."""
    if newest is None:
        return Liveness(False, None, None)
    age = clock.age_seconds(newest)
    return Liveness(age <= FRESH_SECONDS, newest, age)


def by_worker(processes: list[Process]) -> dict[str, list[Process]]:
    """Processes by their worker."""
    groups: dict[str, list[Process]] = {}
    for process in processes:
        groups.setdefault(process.worker_id, []).append(process)
    return groups


def restarts(processes: list[Process], clock: Clock) -> int:
    """Processes that a worker started in the last 24 h, its first known one not counted."""
    starts = {process.process_started_at for process in processes}
    return sum(start >= clock.since("24h") for start in starts - {min(starts)})


def expected(worker_id: str, processes: list[Process], clock: Clock) -> Worker | None:
    """A worker as the panel shows it; None where its newest beat is 24 h old or older."""
    newest = max(processes, key=lambda process: process.last_beat_at)
    age = clock.age_seconds(newest.last_beat_at)
    if age >= EXPECTED_FOR.total_seconds():
        return None
    return Worker(
        worker_id=worker_id,
        status="alive" if age <= FRESH_SECONDS else "missing",
        last_heartbeat_at=newest.last_beat_at,
        heartbeat_age_seconds=age,
        process_started_at=newest.process_started_at,
        restarts_24h=restarts(processes, clock),
    )


def listed(groups: dict[str, list[Process]], clock: Clock) -> list[Worker]:
    """The workers expected, missing ones first, then by id."""
    found = (expected(worker_id, processes, clock) for worker_id, processes in groups.items())
    return sorted((w for w in found if w), key=lambda w: (w.status == "alive", w.worker_id))


def fresh_seconds(pauses: list[Pause], start: datetime, clock: Clock) -> float:
    """For how long since `start` the newest beat was at most 120 s old, in seconds.

    `pauses` holds the first and the last beat since 120 s before `start` or earlier, and each before a longer pause.
    """
    if not pauses:
        return 0.0
    fresh = (clock.now - start).total_seconds()
    stale = [(start, pauses[0].beat_at)]
    stale += [(pause.beat_at + timedelta(seconds=FRESH_SECONDS), pause.next_beat_at or clock.now) for pause in pauses]
    for begin, end in stale:
        fresh -= max(0.0, (min(end, clock.now) - max(begin, start)).total_seconds())
    return max(0.0, fresh)
