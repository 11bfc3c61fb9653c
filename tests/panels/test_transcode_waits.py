"""Jobs that wait: on purpose, after they were put back, without saying since when; and those that were called off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from factories import NO_SAMPLES, NOW, Hound
from houndmon.config.defaults import DEFAULTS
from houndmon.core.clock import Clock
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.trend import trend_windows
from houndmon.panels.transcode.load import load
from houndmon.panels.transcode.trend import load_queue, load_trend
from strategies import STATUSES, jobs

Show = Callable[..., Any]
View = Callable[..., Snapshot]
NOTHING = dict.fromkeys(STATUSES, 0)
HOUR = Filters(range="1h")
LACKING = "alter table hound.transcode_jobs drop available_at"


@pytest.mark.parametrize(
    ("status", "available_at", "standing", "age"),
    [
        ("queued", None, "queued", 40.0),
        ("queued", "-90m", "queued", 40.0),
        ("queued", "-20m", "queued", 20.0),
        ("queued", "+5s", "queued", 0.0),
        ("queued", "+6s", "scheduled", None),
        ("queued", "-infinity", "queued", 40.0),
        ("queued", "infinity", "scheduled", None),
        ("scheduled", "-20m", "queued", 20.0),
        ("scheduled", "+5s", "queued", 0.0),
        ("scheduled", "+6s", "scheduled", None),
        ("scheduled", "+30d", "scheduled", None),
        ("scheduled", None, "scheduled", None),
    ],
)
async def test_it_tells_what_could_be_taken_from_what_waits_on_purpose(
    hound: Hound, show: Show, status: str, available_at: str | None, standing: str, age: float | None
) -> None:
    """A job is queued once it can be taken, and waits from then on; a plan may lie ahead and is no anomaly."""
    await hound.job(status, queued_at="-40m", available_at=available_at, job_id="this")
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING | {standing: 1}
    assert found["oldest_queued_age_minutes"] == age
    assert found["oldest_queued_job_id"] == (None if age is None else "this")
    assert (found["stalled"], found["anomalies"]) == ((age or 0) > 15, [])


async def test_it_names_the_job_that_could_be_taken_first(hound: Hound, show: Show) -> None:
    """The oldest queued job is the one that has been takeable for longest, not the one that was queued first."""
    await hound.job("queued", job_id="planned", queued_at="-9d", available_at="-10m")
    await hound.job("queued", job_id="this", queued_at="-11m")
    await hound.job("queued", job_id="unknown", queued_at=None, available_at="-30d")
    found = await show(load)
    assert (found["oldest_queued_job_id"], found["oldest_queued_age_minutes"]) == ("this", 11.0)


async def test_it_ages_a_retrying_job_from_when_it_was_queued(hound: Hound, show: Show) -> None:
    """When its next try is due changes neither the status nor the age of a job that waits for it."""
    for due in ("+2h", "-5m", None):
        await hound.job("retrying", queued_at="-60m", claimed_at="-50m", available_at=due)
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING | {"retrying": 3}
    assert (found["oldest_retrying_age_minutes"], found["oldest_queued_age_minutes"]) == (60.0, None)


async def test_it_keeps_nothing_of_the_first_try_of_a_job_put_back(hound: Hound, show: Show, snapshot: View) -> None:
    """Jobs that a reaper put back wait since they were queued, in tile and chart, whatever they say of a claim."""
    await hound.job("queued", times=200, queued_at="-40m", claimed_at="-30m", started_at="-29m", attempt=2)
    await hound.job("scheduled", times=100, queued_at="-40m", claimed_at="-30m", available_at="-20m")
    found = await show(load)
    assert (found["jobs_by_status"], found["stalled"]) == (NOTHING | {"queued": 300}, True)
    assert (found["oldest_queued_age_minutes"], found["anomalies"]) == (40.0, [])
    depth, wait, _ = [chart.series[0].values for chart in await load_trend(snapshot(), HOUR)]
    # Queued at 11:20:30, and for a hundred of them takeable from 11:40:30 on.
    assert (depth[9], depth[10], depth[19], depth[20], depth[29]) == (0, 200, 200, 300, 300)
    assert wait[10:30:19] == pytest.approx([1.5, 40.0])


async def test_it_counts_a_job_without_queued_at_by_its_status(hound: Hound, show: Show, snapshot: View) -> None:
    """It is in its status' count and in no age counted from it; what is over needs none, what is not is an anomaly."""
    for status in STATUSES:
        await hound.job(status, queued_at=None, available_at=None, attempt=2)
    await hound.job("in_progress", queued_at=None, claimed_at=None, started_at=None)
    await hound.job("in_progress", queued_at="-3m", claimed_at=None, started_at=None)
    found = await show(load)
    assert found["jobs_by_status"] == dict.fromkeys(STATUSES, 1) | {"in_progress": 3}
    ages = [found[f"oldest_{status}_age_minutes"] for status in ("queued", "retrying", "in_progress")]
    assert (ages, found["oldest_queued_job_id"]) == ([None, None, 8.0], None)
    assert (found["failed_today"], found["failure_ratio"], found["finished_last_15m"]) == (1, 0.5, 2)
    assert found["retry_distribution"] == [{"attempt": 2, "jobs": 7}]
    assert found["anomalies"] == [{"kind": "missing_time", "count": 5}]
    depth = (await load_trend(snapshot(), HOUR))[0].series[0].values
    assert depth == [0] * 29 + [1]


async def test_it_places_a_job_without_queued_at_by_its_other_times(hound: Hound, show: Show) -> None:
    """Without `queued_at` a time ahead is what is wrong, else that it is missing; finished in the window it counts."""
    await hound.job("in_progress", queued_at=None, started_at="+1m")
    await hound.job("completed", queued_at=None, claimed_at=None, started_at=None)
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING | {"completed": 1}
    assert found["anomalies"] == [{"kind": "future_time", "count": 1}]


async def test_it_takes_a_missing_attempt_for_the_first(hound: Hound, show: Show) -> None:
    """A null attempt is 1: such jobs count, and reached no second one."""
    for status in STATUSES:
        await hound.job(status, attempt=None)
    await hound.job("completed", attempt=3)
    found = await show(load)
    assert found["jobs_by_status"] == dict.fromkeys(STATUSES, 1) | {"completed": 2}
    assert found["retry_distribution"] == [{"attempt": 2, "jobs": 1}, {"attempt": 3, "jobs": 1}]
    assert found["anomalies"] == []


async def test_it_counts_cancelled_jobs_as_neither_failed_nor_finished(hound: Hound, show: Show) -> None:
    """A job called off in the window is counted as that, among the attempts that jobs reached, and nowhere else."""
    await hound.job("cancelled", started_at="-10m", finished_at="-5m", error_code="CALLED_OFF", attempt=3, times=7)
    await hound.job("cancelled", started_at="-3d", finished_at="-2d", attempt=9)
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING | {"cancelled": 7}
    assert (found["failed_today"], found["finished_last_15m"], found["failure_ratio"]) == (0, 0, None)
    assert (found["duration_minutes"], found["top_failures"], found["anomalies"]) == (NO_SAMPLES, [], [])
    assert found["retry_distribution"] == [{"attempt": 2, "jobs": 7}, {"attempt": 3, "jobs": 7}]
    await hound.job("failed")
    assert (await show(load))["failure_ratio"] == 1.0


async def test_it_stalls_though_jobs_are_called_off(hound: Hound, show: Show) -> None:
    """That waiting jobs are cancelled is no sign of a worker, and jobs that wait on purpose are none of a dead one."""
    await hound.job("scheduled", queued_at="-9d", available_at="+1m")
    await hound.job("cancelled", finished_at="-1m")
    assert (await show(load))["stalled"] is False
    await hound.job("queued", queued_at="-16m")
    assert (await show(load))["stalled"] is True


async def test_it_reads_a_queue_that_knows_no_plans(hound: Hound, show: Show, snapshot: View) -> None:
    """Without the column `available_at` queued jobs wait since they were queued, and `scheduled` ones on purpose."""
    await hound.job("queued", queued_at="-7m")
    await hound.conn.execute(LACKING)
    row = {"environment": "prod", "status": "scheduled", "job_id": "later", "queued_at": "-30m"}
    await hound.insert("transcode_jobs", [row])
    await hound.job("completed")
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING | {"queued": 1, "scheduled": 1, "completed": 1}
    assert (found["oldest_queued_age_minutes"], found["anomalies"]) == (7.0, [])
    assert (await load_trend(snapshot(), HOUR))[0].series[0].values[-1] == 1


async def test_it_shows_when_planned_jobs_entered_the_queue(hound: Hound, snapshot: View) -> None:
    """In the chart a job that is over, or runs, had waited from when it could be taken."""
    await hound.job("completed", queued_at="-50m", available_at="-20m", claimed_at="-10m")
    await hound.job("in_progress", queued_at="-50m", available_at="-16m", claimed_at="-8m")
    await hound.job("cancelled", queued_at="-50m", available_at="-30m", finished_at="-20m")
    depth, wait, _ = [chart.series[0].values for chart in await load_trend(snapshot(), HOUR)]
    # Takeable at 11:30:30, 11:40:30 and 11:44:30; gone at 11:40:30, 11:50:30 and 11:52:30.
    assert depth == [0] * 15 + [1] * 7 + [2] * 3 + [1] + [0] * 4
    assert wait[14:16] == [0, pytest.approx(1.5)]


clocks = st.sampled_from([NOW, NOW.replace(second=0), NOW.replace(second=57), NOW.replace(microsecond=1)])


@example([{"environment": "prod", "status": "queued", "queued_at": NOW.replace(second=0)}], NOW.replace(second=0))
@example([{"environment": "prod", "status": "queued", "queued_at": NOW + timedelta(seconds=5)}], NOW)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs(), clocks)
async def test_its_chart_ends_in_what_the_tile_says(
    hound: Hound, snapshot: View, rows: list[dict[str, Any]], now: datetime
) -> None:
    """Whatever the jobs say of themselves, the last value of depth and of wait are the panel's own."""
    await hound.conn.execute("delete from hound.transcode_jobs")
    await hound.insert("transcode_jobs", [{"job_id": str(n), **row} for n, row in enumerate(rows)])
    panel = await load(snapshot(now), HOUR, DEFAULTS)
    stretches = await load_queue(snapshot(now), HOUR, trend_windows(Clock(now), "1h"))
    last = stretches[-1][-1]
    assert last.depth == panel.jobs_by_status.queued
    assert last.wait_minutes == (panel.oldest_queued_age_minutes or 0)
    known = [row for row in rows if row["environment"] == "prod" and row["status"] in STATUSES]
    assert sum(msgspec.structs.astuple(panel.jobs_by_status)) <= len(known)
