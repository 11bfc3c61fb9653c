"""How the queue and its jobs went."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from houndmon.core.clock import Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.trend import Chart, Series, trend_windows, windows_week_before
from houndmon.counts.blocks import MINUTE, block_start
from houndmon.counts.read import read_rows
from houndmon.panels.transcode.load import DURATIONS, SQL, STAYS
from houndmon.panels.transcode.model import DurationRow, LiveStay, StayRow, durations
from houndmon.panels.transcode.waiting import QueueAt, minutes_within, queue_by_minute

LONGEST_STAY = timedelta(
    days=1
)  # what finished later than this after a past window is not read for it: that keeps it cheap


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """Depth and oldest wait at the end of each stretch and at their worst in it, and the durations of each."""
    windows = trend_windows(snapshot.clock, filters.range)
    queued, oldest = queue_series(await load_queue(snapshot, filters, windows))
    p50, p95 = await load_durations(snapshot, filters, windows)
    then = windows_week_before(windows, snapshot.clock)
    for line, past in zip((queued, oldest), queue_series(await load_queue(snapshot, filters, then)), strict=True):
        line.before, line.worst_before = past.values, past.worst
    _, p95_before = await load_durations(snapshot, filters, then)
    slow = Series(name="p95", values=p95, before=p95_before)
    return [
        Chart(name="depth", title="Jobs queued", unit="count", series=[queued]),
        Chart(name="wait", title="Oldest wait", unit="minutes", series=[oldest]),
        Chart(name="duration", title="Duration", unit="minutes", series=[slow, Series(name="p50", values=p50)]),
    ]


def queue_series(stretches: Sequence[Sequence[QueueAt]]) -> tuple[Series, Series]:
    """Depth and oldest wait of stretches, each given by the queue at some instants of it, in order."""
    depths = [[at.depth for at in stretch] for stretch in stretches]
    waits = [[at.wait_minutes for at in stretch] for stretch in stretches]
    queued, oldest = (
        Series(name=name, values=[one[-1] for one in found], worst=[max(one) for one in found])
        for name, found in (("queued", depths), ("oldest", waits))
    )
    return queued, oldest


async def load_durations(
    snapshot: Snapshot, filters: Filters, windows: list[Window]
) -> tuple[list[float | None], list[float | None]]:
    """The p50 and p95 of each window, in minutes; None where no job completed."""
    slices = Slices(*windows)
    rows: list[DurationRow] = await read_rows(snapshot, DURATIONS, filters, slices)
    found = [durations(rows, slices, window, snapshot.clock).percentiles() for window in windows]
    return [one.p50 for one in found], [one.p95 for one in found]


async def load_queue(snapshot: Snapshot, filters: Filters, windows: list[Window]) -> list[list[QueueAt]]:
    """The queue at each whole minute of each window, its first and its end among them.

    Only the last window may be open: it ends with those that are queued now, as the panel counts them. Past ones need
    not be in order: clocks may have been set back among them.
    """
    clock = snapshot.clock
    start, stop = min(window.start for window in windows), max(window.end or clock.now for window in windows)
    ended = block_start(stop, MINUTE) + LONGEST_STAY if windows[-1].end else None
    over: list[StayRow] = await read_rows(snapshot, STAYS, filters, Slices(Window(start, ended)))
    live = await snapshot.rows(SQL["live_stays"], LiveStay, filters.environment, clock.soon, filters=filters)
    known: list[StayRow | LiveStay] = [row for row in over if clock.has_come(row.ripe_at)]
    known += live
    minutes = queue_by_minute(known, start, block_start(stop, MINUTE))
    stretches = [
        minutes[minutes_within(start, window.start) : minutes_within(start, window.end or stop) + 1]
        for window in windows
    ]
    if not windows[-1].end:
        stretches[-1].append(queue_now(live, clock.now))
    return stretches


def queue_now(live: Sequence[LiveStay], now: datetime) -> QueueAt:
    """The queue as the panel counts it: those are in it too of which nobody knows since when."""
    waiting = [one for one in live if one.left_at is None]
    since = min((one.first_queued_at for one in waiting if one.first_queued_at), default=None)
    return QueueAt.since(now, float(sum(one.jobs for one in waiting)), since)
