"""The arithmetic of workers: their processes and last beats in, figures out."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.answer import PanelAnswer, Percentiles
from houndmon.core.clock import Clock, SlicedRow, Slices, Window, rows_in_slices
from houndmon.core.stats import MOST, OVERFLOW_NAME
from houndmon.counts.histogram import Histogram
from houndmon.rulebook.levels import BEAT_FRESH_SECONDS

EXPECTED_SPAN = timedelta(hours=24)
SAME_PROCESS = timedelta(seconds=5)  # a start that is computed from uptime wavers
MOST_MISSING = 25
NEVER = datetime.min.replace(tzinfo=UTC)


class BeatRow(SlicedRow):
    """Beats of a worker in one slice of time, whose starts lie within the same five seconds, or are not known."""

    worker_id: str | None
    start_slot: int | None
    ripe_at: datetime | None
    flaw: str | None
    rows: int
    last_beat_at: datetime
    first_start_at: datetime | None
    last_start_at: datetime | None

    def first_start(self, clock: Clock) -> datetime | None:
        """The first of the starts; None where there is none, or it lies in the future."""
        if self.ripe_at is None:
            return self.first_start_at
        return self.ripe_at if clock.has_come(self.ripe_at) else None


class BeatMinuteRow(SlicedRow):
    """The first and the last beat of any worker in one minute."""

    minute: datetime
    first_beat_at: datetime
    last_beat_at: datetime


class StartRecord(SlicedRow):
    """Latencies of one bucket, of jobs that finished in one slice of time and started in one minute."""

    ripe_at: datetime | None
    started_at: datetime | None
    bucket: int
    samples: int
    top: float


class StartRow(SlicedRow):
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
    """One process of a worker: the first and the last start that its beats tell of it."""

    started_at: datetime
    last_start_at: datetime


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
        datetime | None,
        Meta(
            description="When the process of that beat started; null where the beat does not tell, or tells a future.",
            examples=["2026-03-01T04:10:00Z"],
        ),
    ]
    restarts_24h: Annotated[int, Meta(description="Processes it started in the last 24 h.", examples=[0])]


class Liveness(msgspec.Struct):
    """Whether anybody works in an environment."""

    alive: bool
    last_heartbeat_at: datetime | None
    heartbeat_age_seconds: float | None
    alive_count: int = 0
    expected_count: int = 0


class Workers(PanelAnswer, kw_only=True):
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
    workers: Annotated[
        list[Worker],
        Meta(
            description="The workers expected here, 50 at most (25 of them missing): those with the newest beats; "
            "missing first, then by id."
        ),
    ]
    workers_omitted: Annotated[int, Meta(description="How many more workers are expected here.", examples=[0])]
    alive_count: Annotated[int, Meta(description="How many of all workers are alive.", examples=[3])]
    late_beats_lag_seconds: Annotated[
        float | None,
        Meta(description="How old the last of the `late_beats` was when it arrived; null if none.", examples=[None]),
    ] = None
    missing_count: Annotated[int, Meta(description="How many of all workers are missing.", examples=[1])]


def by_worker(rows: Iterable[BeatRow]) -> dict[str, list[BeatRow]]:
    """The beats that count, by their worker."""
    groups: dict[str, list[BeatRow]] = {}
    for row in rows:
        if row.flaw is None and row.worker_id is not None and row.worker_id != OVERFLOW_NAME:
            groups.setdefault(row.worker_id, []).append(row)
    return groups


def newest_beats(rows: Iterable[BeatRow]) -> dict[str, datetime]:
    """The newest beat of each worker."""
    return {worker_id: max(row.last_beat_at for row in theirs) for worker_id, theirs in by_worker(rows).items()}


def flaws(rows: list[BeatRow], slices: Slices, window: Window, clock: Clock) -> Counter[str | None]:
    """How many beats of a window have each flaw; a process that starts in the future is one."""
    seen: Counter[str | None] = Counter()
    for row in rows_in_slices(rows, slices.of(window)):
        seen[row.flaw or (None if clock.has_come(row.ripe_at) else "future_time")] += row.rows
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


def pauses(rows: list[BeatMinuteRow], clock: Clock, arrivals: Iterable[datetime] = ()) -> list[Pause]:
    """The first and the last beat, and those before a pause of more than 120 s, in order, each with the next one.

    A row spans a minute at most, so within it there is no pause. An arrival is a beat at its own time.
    """
    told = [at for row in rows for at in (row.first_beat_at, row.last_beat_at)]
    beats = sorted({min(at, clock.now) for at in (*told, *arrivals)})
    following = [*beats[1:], None] if beats else []
    return [
        Pause(beat, after)
        for place, (beat, after) in enumerate(zip(beats, following, strict=True))
        if place == 0 or after is None or (after - beat).total_seconds() > BEAT_FRESH_SECONDS
    ]


def liveness(newest: datetime | None, clock: Clock) -> Liveness:
    """Whether the newest beat is fresh; with no beat at all, nobody works."""
    if newest is None:
        return Liveness(False, None, None)
    age = clock.age_seconds(newest)
    return Liveness(age <= BEAT_FRESH_SECONDS, newest, age)


def processes(rows: Iterable[BeatRow], clock: Clock) -> list[Process]:
    """A worker's processes, in order: a start at most 5 s after the one before it is of the same process."""
    found: list[Process] = []
    for first, last in sorted(starts(rows, clock)):
        if found and first - found[-1].last_start_at <= SAME_PROCESS:
            found[-1].last_start_at = max(found[-1].last_start_at, last)
        else:
            found.append(Process(first, last))
    return found


def starts(rows: Iterable[BeatRow], clock: Clock) -> list[tuple[datetime, datetime]]:
    """The first and the last of the starts that each row tells of."""
    found = ((row.first_start(clock), row.last_start_at) for row in rows)
    return [(first, last or first) for first, last in found if first is not None]


def restarts(processes: list[Process], clock: Clock) -> int:
    """The processes that started in the last 24 h, a worker's first known one not counted."""
    return sum(process.started_at >= clock.since("24h") for process in processes[1:])


def worker(worker_id: str, rows: list[BeatRow], clock: Clock) -> Worker:
    """A worker by its beats of the last 7 days."""
    newest = max(rows, key=lambda row: (row.last_beat_at, row.first_start(clock) or NEVER))
    known, start = processes(rows, clock), newest.first_start(clock)
    age = clock.age_seconds(newest.last_beat_at)
    return Worker(
        worker_id=worker_id,
        status="alive" if age <= BEAT_FRESH_SECONDS else "missing",
        last_heartbeat_at=newest.last_beat_at,
        heartbeat_age_seconds=age,
        process_started_at=start and max(one.started_at for one in known if one.started_at <= start),
        restarts_24h=restarts(known, clock),
    )


def is_expected(worker: Worker) -> bool:
    """Whether its newest beat is less than 24 h old."""
    return worker.heartbeat_age_seconds < EXPECTED_SPAN.total_seconds()


def list_workers(workers: Iterable[Worker]) -> list[Worker]:
    """At most 50, at most 25 of them missing: those with the newest beats; missing ones first, then by id."""
    by_id = sorted(workers, key=lambda worker: worker.worker_id)
    ranked = sorted(by_id, key=lambda worker: worker.last_heartbeat_at, reverse=True)
    missing = [worker for worker in ranked if worker.status == "missing"][:MOST_MISSING]
    alive = [worker for worker in ranked if worker.status == "alive"][: MOST - len(missing)]
    return sorted([*missing, *alive], key=lambda worker: (worker.status == "alive", worker.worker_id))


def fresh_seconds(pauses: list[Pause], start: datetime, clock: Clock) -> float:
    """For how long since `start` the newest beat was at most 120 s old, in seconds.

    `pauses` holds the first and the last beat since 120 s before `start` or earlier, and each before a longer pause.
    """
    if not pauses:
        return 0.0
    fresh = (clock.now - start).total_seconds()
    stale = [(start, pauses[0].beat_at)]
    stale += [
        (pause.beat_at + timedelta(seconds=BEAT_FRESH_SECONDS), pause.next_beat_at or clock.now) for pause in pauses
    ]
    for begin, end in stale:
        fresh -= max(0.0, (min(end, clock.now) - max(begin, start)).total_seconds())
    return max(0.0, fresh)
