"""How the queue and its jobs went."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from houndmon.counts import series as counts
from houndmon.counts.blocks import MINUTE, floor
from houndmon.counts.read import read_rows
from houndmon.kit.clock import Sliced, Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.source import Snapshot
from houndmon.kit.trend import Chart, Series, has_week_before, stretches, week_before
from houndmon.panels.transcode.load import DURATIONS, SQL
from houndmon.panels.transcode.model import DurationRow, durations

LONGEST = timedelta(days=1)  # what finished later than this after a past window is not read for it: that keeps it cheap


class StayRow(Sliced):
    """Jobs that entered the queue in one minute and left it in a later one, by the slice of time of their finish."""

    ripe_at: datetime | None
    entered_at: datetime
    left_at: datetime
    jobs: int
    first_queued_at: datetime


class LiveStay(msgspec.Struct):
    """The same of jobs that are under way; `left_at` None where they wait."""

    entered_at: datetime
    left_at: datetime | None
    jobs: int
    first_queued_at: datetime


STAYS = counts.Series(name="stays", statement=SQL["stays"], row=StayRow, keys=3, merges=("sum", "min"))


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """Depth and oldest wait at the end of each stretch, and the durations of each."""
    windows = stretches(snapshot.clock, filters.range)
    depth, waits = await load_queue(snapshot, filters, windows)
    p50, p95 = await load_durations(snapshot, filters, windows)
    queued, oldest, slow = (
        Series(name="queued", values=depth),
        Series(name="oldest", values=waits),
        Series(name="p95", values=p95),
    )
    if has_week_before(filters.range):
        then = week_before(windows, snapshot.clock)
        queued.before, oldest.before = await load_queue(snapshot, filters, then)
        _, slow.before = await load_durations(snapshot, filters, then)
    return [
        Chart(name="depth", title="Jobs queued", unit="count", series=[queued]),
        Chart(name="wait", title="Oldest wait", unit="minutes", series=[oldest]),
        Chart(name="duration", title="Duration", unit="minutes", series=[slow, Series(name="p50", values=p50)]),
    ]


async def load_durations(
    snapshot: Snapshot, filters: Filters, windows: list[Window]
) -> tuple[list[float | None], list[float | None]]:
    """The p50 and p95 of each window, in minutes; None where no job completed."""
    slices = Slices(*windows)
    rows: list[DurationRow] = await read_rows(snapshot, DURATIONS, filters, slices)
    found = [durations(rows, slices, window, snapshot.clock).percentiles() for window in windows]
    return [one.p50 for one in found], [one.p95 for one in found]


async def load_queue(
    snapshot: Snapshot, filters: Filters, windows: list[Window]
) -> tuple[list[float | None], list[float | None]]:
    """Jobs that wait at the end of each window, and for how many minutes the first of them has."""
    clock, stop = snapshot.clock, windows[-1].end
    ended = Window(windows[0].start, stop and floor(stop, MINUTE) + LONGEST)
    over: list[StayRow] = await read_rows(snapshot, STAYS, filters, Slices(ended))
    live = await snapshot.rows(SQL["live_stays"], LiveStay, filters.environment, clock.soon, filters=filters)
    stays: list[StayRow | LiveStay] = [row for row in over if clock.has_come(row.ripe_at)]
    stays += live
    ends = [floor(window.end, MINUTE) if window.end else clock.now for window in windows]
    depth, first = waiting(stays, ends)
    return depth, [oldest_minutes(since, end) for since, end in zip(first, ends, strict=True)]


def waiting(
    stays: Sequence[StayRow | LiveStay], ends: list[datetime]
) -> tuple[list[float | None], list[datetime | None]]:
    """How many jobs wait at each of some instants, in order, and since when the first of them does.

    An instant is a whole minute, or now: those that entered before its minute and had not left by then.
    """
    depth: list[float | None] = [0.0] * len(ends)
    first: list[datetime | None] = [None] * len(ends)
    for stay in stays:
        last = bisect_right(ends, stay.left_at) if stay.left_at else len(ends)
        for place in range(bisect_right(ends, stay.entered_at), last):
            depth[place] = (depth[place] or 0) + stay.jobs
            first[place] = min(first[place] or stay.first_queued_at, stay.first_queued_at)
    return depth, first


def oldest_minutes(since: datetime | None, end: datetime) -> float | None:
    """For how long the first of some waiting jobs had waited at an instant; 0 where none waited."""
    return max(0.0, (end - since).total_seconds()) / 60 if since else 0.0
