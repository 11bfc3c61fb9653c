"""How the queue and its jobs went."""

from datetime import datetime, timedelta

from houndmon.counts.read import read_rows
from houndmon.kit.clock import Sliced, Slices, Window
from houndmon.kit.filters import Filters
from houndmon.kit.source import Snapshot
from houndmon.kit.trend import Chart, Series, has_week_before, stretches, week_before
from houndmon.panels.transcode.load import DURATIONS, SQL
from houndmon.panels.transcode.model import DurationRow, durations

LONGEST = timedelta(days=1)  # what finished later than this after a past window is not read for it: that keeps it cheap


class QueuedRow(Sliced):
    """Jobs that entered the queue in one slice of time and left it in another."""

    entered: int
    jobs: int
    first_queued_at: datetime


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
    slices = Slices(*windows)
    last = slices.stop and slices.stop + LONGEST
    args = (filters.environment, snapshot.clock.soon, slices.start, slices.edges, len(slices.edges) + 1, last)
    rows = await snapshot.rows(SQL["queued_by_slice"], QueuedRow, *args, filters=filters)
    ends = [window.end or snapshot.clock.now for window in windows]
    places = [slices.of(window)[0] for window in windows]
    still = [waiting(rows, place) for place in places]
    depth: list[float | None] = [float(sum(row.jobs for row in those)) for those in still]
    return depth, [oldest_minutes(those, end) for those, end in zip(still, ends, strict=True)]


def waiting(rows: list[QueuedRow], place: int) -> list[QueuedRow]:
    """The jobs that had entered the queue by the end of a slice, and left it later."""
    return [row for row in rows if row.entered <= place < row.slice]


def oldest_minutes(rows: list[QueuedRow], end: datetime) -> float | None:
    """For how long the first of some waiting jobs had waited at an instant; 0 where none waited."""
    if not rows:
        return 0.0
    return max(0.0, (end - min(row.first_queued_at for row in rows)).total_seconds()) / 60
