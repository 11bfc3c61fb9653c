"""How old the newest beat of an environment was over stretches of the past, and for how long it was too old."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from operator import itemgetter

from houndmon.core.clock import Clock, Slices, Window
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.counts.read import read_rows
from houndmon.panels.workers.load import BEAT_MINUTES, SQL, load_begin, load_pauses, newest_liveness, unfiltered
from houndmon.panels.workers.model import Beat, BeatMinuteRow, fresh_seconds

LOOKED_BACK = timedelta(hours=1)  # for the beat before the first stretch; of an older one the age is not known then


async def load_ages_seconds(
    snapshot: Snapshot, filters: Filters, windows: Sequence[Window]
) -> list[tuple[float | None, float | None]]:
    """The age of the newest beat at the end of each window, and the greatest in it, in seconds.

    Only the last window may be open. Of each minute the first and the last beat are known: a silence within it is not.
    """
    now = snapshot.clock.now
    read = Window(windows[0].start - LOOKED_BACK, windows[-1].end)
    rows: list[BeatMinuteRow] = await read_rows(snapshot, BEAT_MINUTES, unfiltered(filters), Slices(read))
    minutes = sorted((min(row.first_beat_at, now), min(row.last_beat_at, now)) for row in rows)
    if not minutes:
        newest = await snapshot.rows(SQL["newest_ever"], Beat, filters.environment, snapshot.clock.soon)
        minutes = [(min(beat.beat_at, now),) * 2 for beat in newest]
    return [ages_seconds(minutes, window.start, window.end or now) for window in windows]


async def load_stale_seconds(
    snapshot: Snapshot, filters: Filters, windows: Sequence[Window]
) -> list[tuple[float, float]]:
    """For how long in each window the newest beat was older than 120 s, and how much of it counts, in seconds.

    Nothing counts before the first beat. Only the last window may be open.
    """
    now = snapshot.clock.now
    span = now - windows[0].start
    pauses = await load_pauses(snapshot, filters, span)
    if not pauses and (await newest_liveness(snapshot, filters, [])).last_heartbeat_at is None:
        return [(0.0, 0.0) for _ in windows]
    begun_at = await load_begin(snapshot, filters, span, pauses)
    found = []
    for window in windows:
        end = window.end or now
        start = min(end, max(window.start, begun_at or window.start))
        whole = (end - start).total_seconds()
        found.append((whole - fresh_seconds(pauses, start, Clock(end)), whole))
    return found


def ages_seconds(
    minutes: Sequence[tuple[datetime, datetime]], start: datetime, end: datetime
) -> tuple[float | None, float | None]:
    """The age of the newest beat at a time, and the greatest since another, by the first and last of each minute.

    They come in order. Between the two of one minute there may be others, so that it is no silence. None where no beat
    had come by then.
    """
    first = bisect_right(minutes, start, key=itemgetter(0))
    within = minutes[max(0, first - 1) : bisect_right(minutes, end, key=itemgetter(0))]
    if not within:
        return None, None
    ages = [(after - before).total_seconds() for (_, before), (after, _) in pairwise(within)]
    last = max(0.0, (end - within[-1][1]).total_seconds())
    return last, max([*ages, last])
