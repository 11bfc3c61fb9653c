"""Trends of the panels, from literal rows."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW, Hound
from houndmon.counts.blocks import MINUTE, floor
from houndmon.kit.filters import Filters
from houndmon.kit.source import Snapshot
from houndmon.kit.trend import Chart
from houndmon.panels.api.trend import load_trend as api_trend
from houndmon.panels.ingest.trend import load_trend as ingest_trend
from houndmon.panels.playback.trend import load_trend as playback_trend
from houndmon.panels.transcode.trend import LiveStay, waiting
from houndmon.panels.transcode.trend import load_trend as transcode_trend

HOUR = Filters(range="1h")  # 30 stretches of 2 minutes; the last began at 11:58 and is open


def lines(charts: list[Chart]) -> dict[str, list[float | None]]:
    return {f"{chart.name}.{one.name}": one.values for chart in charts for one in chart.series}


async def test_it_counts_uploads_by_stretch(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """Each upload lies in the stretch it occurred in; those of a week before lie beside them."""
    await hound.upload()
    await hound.upload(outcome="rejected")
    await hound.upload(occurred_at="-1h")
    await hound.upload(occurred_at="2026-02-23 12:00")
    [chart] = await ingest_trend(snapshot(), HOUR)
    uploads, rejected = chart.series
    assert (uploads.values[27], uploads.values[0], sum(v or 0 for v in uploads.values)) == (2, 1, 3)
    assert (rejected.values[27], sum(v or 0 for v in rejected.values)) == (1, 1)
    assert uploads.before is not None
    assert (uploads.before[29], sum(v or 0 for v in uploads.before)) == (1, 1)


async def test_it_shows_no_ratio_where_nothing_was_played(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """A stretch without plays has no failure ratio; one with plays has its interval."""
    await hound.play()
    await hound.play(outcome="failed")
    [chart] = await playback_trend(snapshot(), HOUR)
    [ratio] = chart.series
    assert (ratio.values[27], ratio.values[26]) == (0.5, None)
    assert ratio.low is not None
    assert ratio.high is not None
    assert 0 < (ratio.low[27] or 0) < 0.5 < (ratio.high[27] or 0) < 1


async def test_it_counts_errors_by_stretch(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """4xx and 5xx are summed over all services, by their counts."""
    await hound.requests(status_code=503, requests=7)
    await hound.requests(status_code=404, service="functions")
    await hound.requests()
    found = lines(await api_trend(snapshot(), HOUR))
    assert (found["errors.5xx"][27], found["errors.4xx"][27]) == (7, 1)


async def test_it_rebuilds_the_queue(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """A job is queued from `queued_at` until it is claimed; the oldest wait is that of the first one waiting."""
    await hound.job("completed")
    await hound.job("queued", queued_at="-9m")
    found = lines(await transcode_trend(snapshot(), HOUR))
    depth, wait = found["depth.queued"], found["wait.oldest"]
    # Queued at 11:50:30 and claimed at 11:51:30: both within one stretch. The other waits since 11:51:30.
    assert depth[24:] == [0, 1, 1, 1, 1, 1]
    assert wait[29] == 9
    assert wait[24] == 0
    assert found["duration.p95"][27] == 2


async def test_it_rebuilds_the_queue_of_a_week_before(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """Beside depth and wait stand those of the same stretches a week before; a job of today is not among them."""
    week = 7 * 24 * 60
    await hound.job("completed", queued_at=f"-{week + 9}m", claimed_at=f"-{week + 4}m", finished_at=f"-{week}m")
    await hound.job("queued", queued_at="-9m")
    depth, wait, _ = [chart.series[0] for chart in await transcode_trend(snapshot(), HOUR)]
    assert depth.before is not None
    assert wait.before is not None
    # Queued at 11:51:30 and claimed at 11:56:30.
    assert depth.before[24:] == [0, 1, 1, 1, 0, 0]
    assert (depth.values[29], wait.before[27], wait.before[29]) == (1, 4.5, 0)
    [weekly, *_] = await transcode_trend(snapshot(), Filters(range="7d"))
    assert weekly.series[0].before is None


async def test_it_leaves_out_jobs_whose_times_make_no_sense(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """One with a time in the future, one that left before it came and one that never ended were in no queue."""
    await hound.job("completed", queued_at="-30m", claimed_at="+1h", started_at="-5m", finished_at="-4m")
    await hound.job("completed", queued_at="-5m", claimed_at="-30m", started_at="-30m", finished_at="-4m")
    await hound.job("failed", queued_at="-30m", claimed_at=None, started_at=None, finished_at=None)
    found = lines(await transcode_trend(snapshot(), HOUR))
    assert set(found["depth.queued"]) == {0}
    # An hour and a second later the first one's times are all past: it had waited until it was started.
    later = lines(await transcode_trend(snapshot(NOW + timedelta(minutes=61)), Filters(range="6h")))
    assert max(later["depth.queued"], key=lambda value: value or 0) == 1


seconds = st.integers(-3600, -1).map(lambda ago: NOW + timedelta(seconds=ago))


@given(st.lists(st.tuples(seconds, st.none() | seconds, st.integers(1, 5))), st.integers(1, 30))
def test_it_knows_from_minutes_alone_who_waited_at_their_ends(
    jobs: list[tuple[datetime, datetime | None, int]], step: int
) -> None:
    """Depth and first waiting are those of the seconds: a job waits from when it was queued until it left."""
    ends = [floor(NOW, MINUTE) - timedelta(minutes=step * back) for back in range(5, 0, -1)] + [NOW]
    stays = [
        LiveStay(floor(queued, MINUTE), left and floor(left, MINUTE), many, queued)
        for queued, left, many in jobs
        if left is None or floor(queued, MINUTE) < floor(left, MINUTE)
    ]
    depth, first = waiting(stays, ends)
    for place, end in enumerate(ends):
        there = [job for job in jobs if job[0] < end and (job[1] is None or job[1] >= end)]
        assert depth[place] == sum(many for _, _, many in there)
        assert first[place] == min((queued for queued, _, _ in there), default=None)
