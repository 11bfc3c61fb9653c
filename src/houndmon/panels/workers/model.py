"""The arithmetic of workers: their processes and last beats in, figures out."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.counts.histogram import Histogram
from houndmon.kit.clock import Clock, Sliced, Slices, Window, within
from houndmon.kit.panel import Panel, Percentiles
from houndmon.kit.stats import REST

FRESH_SECONDS = 120
EXPECTED_FOR = timedelta(hours=24)


class BeatRow(Sliced):
    """Beats of one process of a worker in one slice of time."""

    worker_id: str | None
    process_started_at: datetime | None
    flaw: str | None
    rows: int
    last_beat_at: datetime


class PulseRow(Sliced):
    """The first and the last beat of any worker in one minute."""

    minute: datetime
    ripe_at: datetime | None
    first_beat_at: datetime
    last_beat_at: datetime


class StartRecord(Sliced):
    """Latencies of one bucket, of jobs that finished in one slice of time and started in one minute."""

    ripe_at: datetime | None
    started_at: datetime | None
    bucket: int
    samples: int
    top: float


class StartRow(Sliced):
    """The same, all buckets together; `started_at` None where the minute lies in the block that was counted."""

    ripe_at: datetime | None
    started_at: datetime | None
    histogram: dict[int, int]
    top: float


class LiveStart(msgspec.Struct):
    """Latencies of one bucket, of jobs that are under way."""

    bucket: int
    samples: int
    top: float


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


def processes(rows: list[BeatRow], clock: Clock) -> list[Process]:
    """Every process that beat, with its newest beat; what lies in the future, or elsewhere, is none."""
    newest: dict[tuple[str, datetime], datetime] = {}
    for row in rows:
        if row.worker_id is None or row.worker_id == REST or row.process_started_at is None:
            continue
        if is_sound(row, clock):
            key = (row.worker_id, row.process_started_at)
            newest[key] = max(newest.get(key, row.last_beat_at), row.last_beat_at)
    return [Process(worker_id, started_at, beat_at) for (worker_id, started_at), beat_at in newest.items()]


def is_sound(row: BeatRow, clock: Clock) -> bool:
    """Whether beats count."""
    return row.flaw is None and (row.process_started_at is None or row.process_started_at <= clock.soon)


def flaws(rows: list[BeatRow], slices: Slices, window: Window, clock: Clock) -> Counter[str | None]:
    """How many beats of a window have each flaw; a process that starts in the future is one."""
    seen: Counter[str | None] = Counter()
    for row in within(rows, slices.of(window)):
        seen[row.flaw or (None if is_sound(row, clock) else "future_time")] += row.rows
    return seen


def claim_to_start(
    over: list[StartRow], late: list[StartRow], live: list[LiveStart], since: datetime, clock: Clock
) -> Histogram:
    """The latencies of jobs that started since a time.

    `over` are of jobs that finished since then, `late` of those that finished before, `live` of those under way.
    """
    found = Histogram()
    # A start whose minute is not told lies in the same block as its finish: in the window, or before it.
    starts = [row for row in over if row.started_at is None or row.started_at >= since]
    starts += [row for row in late if row.started_at is not None and row.started_at >= since]
    for row in starts:
        if clock.has_come(row.ripe_at):
            found.add(row.histogram, row.top)
    for start in live:
        found.add({start.bucket: start.samples}, start.top)
    return found


def pauses(rows: list[PulseRow], clock: Clock) -> list[Pause]:
    """The first and the last beat, and those before a pause of more than 120 s, in order, each with the next one.

    A row spans a minute at most, so within it there is no pause.
    """
    sound = [row for row in rows if clock.has_come(row.ripe_at)]
    beats = sorted({min(at, clock.now) for row in sound for at in (row.first_beat_at, row.last_beat_at)})
    following = [*beats[1:], None] if beats else []
    return [
        Pause(beat, after)
        for place, (beat, after) in enumerate(zip(beats, following, strict=True))
        if place == 0 or after is None or (after - beat).total_seconds() > FRESH_SECONDS
    ]


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
