"""Trends of the panels, from literal rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from factories import NOW, Hound, present
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.trend import Chart
from houndmon.panels.api.trend import load_trend as api_trend
from houndmon.panels.ingest.trend import load_trend as ingest_trend
from houndmon.panels.playback.trend import load_trend as playback_trend
from houndmon.panels.transcode.trend import load_trend as transcode_trend
from houndmon.rulebook.book import SPECS
from houndmon.rulebook.units import MINUTES, RATIO

LOADS = {"api": api_trend, "ingest": ingest_trend, "playback": playback_trend, "transcode": transcode_trend}
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
    [depth, wait, _] = [chart.series[0] for chart in await transcode_trend(snapshot(), Filters(range="7d"))]
    assert present(depth.worst_before)[-1] == 1
    assert present(wait.worst_before)[-1] == 4.5
    assert present(depth.worst)[-1] == 1


async def test_it_compares_with_the_same_local_hour(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """After a clock change what happened at nine a week before stands beside nine, in every chart."""
    nine = datetime(2026, 3, 9, 13, tzinfo=UTC)  # 09:00 in New York, where clocks went forward on the 8th
    then = "2026-03-02 14:05"
    await hound.upload(occurred_at=then)
    await hound.play(occurred_at=then)
    await hound.requests(occurred_at=then, status_code=500)
    left: dict[str, Any] = dict.fromkeys(("claimed_at", "started_at", "finished_at"), "2026-03-02 14:20")
    await hound.job("completed", queued_at=then, **left)
    ours, loads = snapshot(nine + timedelta(hours=1), "America/New_York"), (ingest_trend, playback_trend, api_trend)
    charts = [chart for load in (*loads, transcode_trend) for chart in await load(ours, HOUR)]
    before = {f"{chart.name}.{one.name}": one.before for chart in charts for one in chart.series if one.before}
    assert before["uploads.uploads"] == [1.0 if place == 2 else 0.0 for place in range(30)]
    assert before["failure_ratio.failure ratio"] == [0.0 if place == 2 else None for place in range(30)]
    assert before["errors.5xx"] == [1.0 if place == 2 else 0.0 for place in range(30)]
    assert before["depth.queued"] == [1.0 if 2 <= place <= 9 else 0.0 for place in range(30)]


async def test_it_compares_a_day_on_which_clocks_changed(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """Where an hour was skipped a week before, its stretches are those of the hour after, and the next ones go on."""
    left: dict[str, Any] = dict.fromkeys(("claimed_at", "started_at", "finished_at"), "2026-03-08 07:40")
    await hound.job("completed", queued_at="2026-03-08 07:10", **left)
    await hound.upload(occurred_at="2026-03-08 07:10")
    day = Filters(range="24h")
    ours = snapshot(datetime(2026, 3, 15, 16, tzinfo=UTC), "America/New_York")  # noon, a week after the change
    [uploads] = [chart.series[0] for chart in await ingest_trend(ours, day)]
    depth = (await transcode_trend(ours, day))[0].series[0]
    # Stretches begin at 12:00; number 28 at 02:00, which was skipped, and number 30 at 03:00.
    assert [place for place, value in enumerate(uploads.before or []) if value] == [28, 30]
    assert [place for place, value in enumerate(depth.before or []) if value] == [28, 30]


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


async def test_it_keeps_the_worst_of_each_stretch(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """A wait that came and went within one stretch is its worst, now and a week before, and at no stretch's end."""
    week = 7 * 24 * 60
    for ago in (0, week):
        left = f"-{ago + 182}m"
        times: dict[str, Any] = dict.fromkeys(("claimed_at", "started_at", "finished_at"), left)
        await hound.job("completed", times=40, queued_at=f"-{ago + 201}m", **times)
    depth, wait, _ = [chart.series[0] for chart in await transcode_trend(snapshot(), Filters(range="24h"))]
    # Queued at 08:39:30 and claimed at 08:58:30; the stretches end at 08:30 and 09:00.
    assert (set(depth.values), set(wait.values)) == ({0.0}, {0.0})
    assert [(place, most) for place, most in enumerate(depth.worst or []) if most] == [(41, 40.0)]
    assert [(place, longest) for place, longest in enumerate(wait.worst or []) if longest] == [(41, 18.5)]
    assert (depth.worst_before, wait.worst_before) == (depth.worst, wait.worst)


async def test_it_counts_now_among_the_worst(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """The worst of the stretch that is under way is at least what the panel shows now."""
    await hound.job("queued", queued_at="-20s")
    depth, wait, _ = [chart.series[0] for chart in await transcode_trend(snapshot(), HOUR)]
    assert (depth.values[-1], present(depth.worst)[-1]) == (1, 1)
    assert present(wait.worst)[-1] == wait.values[-1] == pytest.approx(1 / 3)


async def test_its_rules_name_charts_that_there_are(snapshot: Callable[..., Snapshot]) -> None:
    """Each chart that a rule names is one of its panel, in the unit of that rule's threshold."""
    units = {"minutes": MINUTES, "ratio": RATIO}
    for spec in SPECS:
        if spec.chart is not None:
            charts = {chart.name: chart for chart in await LOADS[spec.panel](snapshot(), HOUR)}
            assert units[charts[spec.chart].unit] is spec.unit
            assert spec.default.threshold is not None
    named = [(spec.panel, spec.chart) for spec in SPECS if spec.chart]
    assert len(named) == len(set(named)) > 0
