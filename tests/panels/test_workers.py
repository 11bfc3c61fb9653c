from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import NO_SAMPLES, NOW, timed
from houndmon.core.clock import Clock
from houndmon.core.filters import Filters
from houndmon.panels.workers.load import load, load_liveness, load_pauses
from houndmon.panels.workers.model import (
    BeatRow,
    Pause,
    fresh_seconds,
    list_workers,
    liveness,
    pauses,
    processes,
    restarts,
    worker,
)


def second(number):
    return NOW - timedelta(hours=1) + timedelta(seconds=number)


def on_the_day(text):
    """A time of the day of NOW, unless it says which day it is of."""
    return f"{text}Z" if " " in text else f"2026-03-02 {text}Z"


async def test_it_shows_every_figure(hound, show):
    """Who beats, who does not, who restarted, and how long claimed jobs wait for their start."""
    await hound.beat(worker_id="worker-2", beat_at="-10s", process_started_at="-2d")
    await hound.beat(worker_id="worker-2", beat_at="-25s", process_started_at="-2d")
    await hound.beat(worker_id="worker-1", beat_at="-5m", process_started_at="-1h")
    await hound.beat(worker_id="worker-1", beat_at="-2h", process_started_at="-3h")
    await hound.beat(worker_id="worker-1", beat_at="-3d", process_started_at="-4d")
    await hound.beat(worker_id="gone", beat_at="-25h", process_started_at="-26h")
    for seconds in (1, 2, 3, 4, 100):
        await hound.job("completed", claimed_at=f"-{1000 + seconds}s", started_at="-1000s")
    await hound.job("in_progress", claimed_at="-90s", started_at=None)
    await hound.job("in_progress", claimed_at="-30s", started_at=None)
    found = await show(load)
    assert found == found | {
        "panel": "workers",
        "filters_ignored": [],
        "anomalies": [],
        "stale": False,
        "stale_reason": None,
        "alive": True,
        "last_heartbeat_at": "2026-03-02T12:00:20Z",
        "heartbeat_age_seconds": 10.0,
        "restarts_24h": 2,
        "claim_to_start_seconds": timed(3.0, 100.0, 100.0, 5),
        "claimed_not_started": {"count": 2, "oldest_age_seconds": 90.0},
        "workers": [
            {
                "worker_id": "worker-1",
                "status": "missing",
                "last_heartbeat_at": "2026-03-02T11:55:30Z",
                "heartbeat_age_seconds": 300.0,
                "process_started_at": "2026-03-02T11:00:30Z",
                "restarts_24h": 2,
            },
            {
                "worker_id": "worker-2",
                "status": "alive",
                "last_heartbeat_at": "2026-03-02T12:00:20Z",
                "heartbeat_age_seconds": 10.0,
                "process_started_at": "2026-02-28T12:00:30Z",
                "restarts_24h": 0,
            },
        ],
        "workers_omitted": 0,
        "alive_count": 1,
        "missing_count": 1,
    }


async def test_it_shows_nobody_where_nobody_ever_beat(hound, show):
    """Without a beat nobody is alive, and there is no age; another environment's beats change nothing."""
    await hound.beat(environment="staging")
    found = await show(load)
    assert (found["alive"], found["last_heartbeat_at"], found["heartbeat_age_seconds"]) == (False, None, None)
    assert (found["restarts_24h"], found["workers"], found["anomalies"]) == (0, [], [])
    assert found["claim_to_start_seconds"] == NO_SAMPLES
    assert found["claimed_not_started"] == {"count": 0, "oldest_age_seconds": None}


@pytest.mark.parametrize(
    ("beat_at", "alive", "age"),
    [
        ("-120s", True, 120.0),
        ("2026-03-02 11:58:29.999999", False, 120.000001),
        ("+5s", True, 0.0),
        ("-0s", True, 0.0),
    ],
)
async def test_it_is_alive_up_to_two_minutes_after_a_beat(hound, show, beat_at, alive, age):
    """A worker is alive while its newest beat is at most 120 s old; one up to 5 s ahead counts as now."""
    await hound.beat(beat_at=beat_at)
    found = await show(load, range="1h")
    assert (found["alive"], found["heartbeat_age_seconds"]) == (alive, pytest.approx(age, abs=1e-9))
    assert found["workers"][0]["status"] == ("alive" if alive else "missing")


@pytest.mark.parametrize("ahead", ["+6s", "+1h", "infinity", "20000-01-01Z"])
async def test_it_believes_no_beat_of_the_future(hound, show, ahead):
    """A worker whose clock runs ahead does not look alive after its death: a beat of the future is no beat."""
    await hound.beat(beat_at="-10m")
    await hound.beat(beat_at=ahead)
    found = await show(load)
    assert (found["alive"], found["heartbeat_age_seconds"], found["restarts_24h"]) == (False, 600.0, 0)
    assert [worker["status"] for worker in found["workers"]] == ["missing"]
    assert found["anomalies"] == [{"kind": "future_time", "count": 1}]


@pytest.mark.parametrize("ahead", ["+6s", "+1h", "infinity", "20000-01-01Z"])
async def test_it_lets_no_boot_clock_kill_a_worker(hound, show, ahead):
    """A beat whose process starts in the future is life all the same; that start is no start, and an anomaly."""
    await hound.beat(beat_at="-1h", process_started_at="-3h")
    await hound.beat(beat_at="-1s", process_started_at=ahead, times=3)
    await hound.beat(worker_id="worker-2", beat_at="-2s", process_started_at=ahead)
    found = await show(load, range="1h")
    assert (found["alive"], found["heartbeat_age_seconds"], found["restarts_24h"]) == (True, 1.0, 0)
    assert [(one["status"], one["process_started_at"]) for one in found["workers"]] == [("alive", None)] * 2
    assert found["anomalies"] == [{"kind": "future_time", "count": 4}]


async def test_it_counts_beats_that_tell_no_start(hound, show):
    """A beat without a start is life, and no anomaly; the starts that other beats tell are counted as ever."""
    await hound.beat(beat_at="-3h", process_started_at="-5h")
    await hound.beat(beat_at="-2h", process_started_at=None)
    await hound.beat(beat_at="-1h", process_started_at="-2h")
    await hound.beat(beat_at="-1s", process_started_at=None)
    await hound.beat(worker_id="worker-2", beat_at="-2s", process_started_at=None)
    found = await show(load)
    assert [(one["process_started_at"], one["restarts_24h"]) for one in found["workers"]] == [(None, 1), (None, 0)]
    assert (found["heartbeat_age_seconds"], found["restarts_24h"], found["anomalies"]) == (1.0, 1, [])


async def test_it_takes_a_start_that_wavers_for_one_process(hound, show):
    """240 beats of one process, whose start is computed anew for each, are no 239 restarts; it started at its first."""
    await hound.conn.execute(
        """
        insert into hound.worker_heartbeats (worker_id, environment, beat_at, process_started_at)
        select 'worker-1', 'prod', $1::timestamptz - make_interval(secs => 15 * n),
            $1::timestamptz - interval '3 hours' + make_interval(secs => 4.9 * (n * 101 % 240) / 239)
        from generate_series(0, 239) n
        """,
        NOW,
    )
    found = await show(load)
    assert [(one["process_started_at"], one["restarts_24h"]) for one in found["workers"]] == [
        ("2026-03-02T09:00:30Z", 0)
    ]
    assert found["restarts_24h"] == 0


@pytest.mark.parametrize(
    ("starts", "began", "count"),
    [
        (["10:00:00", "10:00:05"], "10:00:00", 0),
        (["10:00:00", "10:00:05.000001"], "10:00:05.000001", 1),
        (["10:00:05.000001", "10:00:00"], "10:00:00", 1),
        (["10:00:04.9", "10:00:09", "10:00:13", "10:00:17.9"], "10:00:04.9", 0),  # a chain is one, however long
        (["10:00:00", "10:00:04", "10:00:08", "10:00:14", "10:00:19"], "10:00:14", 1),
        (["10:00:03", "11:00:00", "10:00:07", "11:00:04"], "11:00:00", 1),
        (["10:00:00", "11:00:00", "12:00:00"], "12:00:00", 2),
        (["2026-03-01 11:59:58", "2026-03-01 12:00:02"], "2026-03-01 11:59:58", 0),
        (["2026-02-28 00:00:00", "2026-03-01 11:59:58", "2026-03-01 12:00:02"], "2026-03-01 11:59:58", 0),
        (["2026-02-28 00:00:00", "2026-03-01 12:00:00", "2026-03-01 12:00:02"], "2026-03-01 12:00:00", 1),
    ],
)
async def test_it_chains_starts_into_processes(hound, show, starts, began, count):
    """A start at most 5 s after the one before it is of the same process, and a process starts at its first one."""
    for place, start in enumerate(starts):
        age = 10 * (len(starts) - place)
        await hound.beat(beat_at=f"-{age}s", process_started_at=on_the_day(start))
    (one,) = (await show(load))["workers"]
    assert datetime.fromisoformat(one["process_started_at"]) == datetime.fromisoformat(on_the_day(began))
    assert one["restarts_24h"] == count


async def test_it_knows_processes_by_the_beats_of_a_week(hound, show):
    """A process whose beats are all older than 7 days is not known, and so none is a restart after it."""
    await hound.beat(beat_at="-8d", process_started_at="-9d")
    await hound.beat(beat_at="-1m", process_started_at="-5h")
    await hound.beat(beat_at="-1s", process_started_at="-4h")
    assert (await show(load, range="1h"))["restarts_24h"] == 1


async def test_it_expects_a_worker_for_a_day(hound, show):
    """A worker is expected while its newest beat is less than 24 h old; the environment's newest beat stays known."""
    await hound.beat(worker_id="just", beat_at="2026-03-01 12:00:30.000001")
    assert [worker["worker_id"] for worker in (await show(load))["workers"]] == ["just"]
    await hound.conn.execute("delete from hound.worker_heartbeats")
    await hound.beat(worker_id="not", beat_at="-24h")
    found = await show(load)
    assert (found["workers"], found["alive"], found["heartbeat_age_seconds"]) == ([], False, 86400.0)


@pytest.mark.parametrize(
    ("beat_at", "shown"),
    [
        ("-8d", "2026-02-22T12:00:30Z"),
        ("-infinity", "0001-01-02T00:00:00Z"),
        ("4000-01-01 BC", "0001-01-02T00:00:00Z"),
    ],
)
async def test_it_knows_the_newest_beat_however_old(hound, show, beat_at, shown):
    """Where nobody beat for a week, the newest beat of all time is shown, as far back as a calendar goes."""
    await hound.beat(beat_at=beat_at, process_started_at="-infinity")
    await hound.beat(beat_at="+1h")
    found = await show(load)
    assert (found["alive"], found["last_heartbeat_at"], found["workers"]) == (False, shown, [])
    assert found["heartbeat_age_seconds"] > 7 * 86400


async def test_it_lists_missing_workers_first(hound, show):
    """Missing workers come first, then the others, each by id in code point order."""
    for worker_id, beat_at in (("b", "-1s"), ("a", "-1s"), ("Z", "-1s"), ("d", "-3m"), ("c", "-4m"), ("", "-5m")):
        await hound.beat(worker_id=worker_id, beat_at=beat_at)
    found = (await show(load))["workers"]
    assert [worker["worker_id"] for worker in found] == ["", "c", "d", "Z", "a", "b"]
    assert [worker["status"] for worker in found] == ["missing"] * 3 + ["alive"] * 3


@pytest.mark.parametrize(
    ("missing", "alive", "shown"), [(25, 25, (25, 25)), (26, 25, (25, 25)), (60, 60, (25, 25)), (3, 60, (3, 47))]
)
async def test_it_lists_those_that_beat_last(hound, show, missing, alive, shown):
    """At most 50 workers are listed, and 25 of them missing: those with the newest beats. All of them are counted."""
    ids = [f"m{number:02}" for number in range(missing)], [f"a{number:02}" for number in range(alive)]
    for number, worker_id in enumerate(ids[0]):
        await hound.beat(worker_id=worker_id, beat_at=f"-{1000 - number}s")
    for number, worker_id in enumerate(ids[1]):
        await hound.beat(worker_id=worker_id, beat_at=f"-{100 - number}s")
    await hound.beat(worker_id="gone", beat_at="-25h")
    found = await show(load)
    newest = [theirs[-most:] for theirs, most in zip(ids, shown, strict=True)]
    assert [one["worker_id"] for one in found["workers"]] == newest[0] + newest[1]
    assert (found["missing_count"], found["alive_count"]) == (missing, alive)
    assert found["workers_omitted"] == missing + alive - sum(shown)


async def test_it_lists_those_that_come_first_of_those_that_beat_at_once(hound, show):
    """Of workers whose newest beats are of one moment those with the least ids are listed, in code point order."""
    for number in range(60):
        await hound.beat(worker_id=f"w{number:02}", beat_at="-5s")
        await hound.beat(worker_id=f"W{number:02}", beat_at="-5m")
    found = [one["worker_id"] for one in (await show(load))["workers"]]
    assert found == [f"W{number:02}" for number in range(25)] + [f"w{number:02}" for number in range(25)]


async def test_it_shows_the_process_of_the_newest_beat(hound, show):
    """Of a worker with several processes the one that beat last is shown, whichever started last."""
    await hound.beat(beat_at="-10s", process_started_at="-5h")
    await hound.beat(beat_at="-20s", process_started_at="-1h")
    found = (await show(load))["workers"][0]
    assert (found["process_started_at"], found["heartbeat_age_seconds"]) == ("2026-03-02T07:00:30Z", 10.0)


async def test_it_counts_restarts_but_not_first_starts(hound, show):
    """A process counts if it started in the last 24 h and is not the first that the worker's last 7 days know."""
    await hound.beat(worker_id="new", beat_at="-1m", process_started_at="-2h")
    await hound.beat(worker_id="twice", beat_at="-2h", process_started_at="-3h")
    await hound.beat(worker_id="twice", beat_at="-1m", process_started_at="-1h", times=9)
    await hound.beat(worker_id="edge", beat_at="-3d", process_started_at="-4d")
    await hound.beat(worker_id="edge", beat_at="-1m", process_started_at="2026-03-01 12:00:00")
    await hound.beat(worker_id="early", beat_at="-3d", process_started_at="-4d")
    await hound.beat(worker_id="early", beat_at="-1m", process_started_at="2026-03-01 11:59:59.999999")
    await hound.beat(worker_id="unknown", beat_at="-8d", process_started_at="-9d")
    await hound.beat(worker_id="unknown", beat_at="-1m", process_started_at="-1h")
    await hound.beat(worker_id="eternal", beat_at="-2m", process_started_at="-infinity")
    await hound.beat(worker_id="eternal", beat_at="-1m", process_started_at="-1h")
    found = await show(load)
    counts = {worker["worker_id"]: worker["restarts_24h"] for worker in found["workers"]}
    assert counts == {"new": 0, "twice": 1, "edge": 1, "early": 0, "unknown": 0, "eternal": 1}
    assert found["restarts_24h"] == 3


async def test_it_never_mixes_environments(hound, show):
    """A worker of another environment is not one here; beats of an unknown one are an anomaly in both."""
    await hound.beat(worker_id="ours")
    await hound.beat(worker_id="ours", environment="staging", beat_at="-5m", process_started_at="-1h")
    for stranger in ("Prod", "", "q", "zz"):
        await hound.beat(environment=stranger)
        await hound.beat(environment=stranger, beat_at="infinity")
        await hound.beat(environment=stranger, beat_at="-2d")
    await hound.job("in_progress", started_at=None, environment="staging")
    await hound.job("completed", environment="staging")
    strangers = [{"kind": "unknown_environment", "count": 8}]
    prod, staging = await show(load), await show(load, environment="staging")
    assert (prod["alive"], prod["anomalies"], prod["restarts_24h"]) == (True, strangers, 0)
    assert (prod["claimed_not_started"]["count"], prod["claim_to_start_seconds"]["sample_count"]) == (0, 0)
    assert (staging["alive"], staging["anomalies"], len(staging["workers"])) == (False, strangers, 1)
    assert (staging["claimed_not_started"]["count"], staging["claim_to_start_seconds"]["sample_count"]) == (1, 1)


async def test_it_cannot_tell_artists_apart(hound, show):
    """Workers serve all artists: the panel says that it ignored the filters, and shows all."""
    await hound.beat()
    await hound.job("completed")
    found = await show(load, artist_id="artist-7", release_id="release-1")
    assert found["filters_ignored"] == ["artist_id", "release_id"]
    assert found["filters"] == {"environment": "prod", "artist_id": "artist-7", "release_id": "release-1"}
    assert (found["alive"], found["claim_to_start_seconds"]["sample_count"]) == (True, 1)
    assert (await show(load, release_id="r"))["filters_ignored"] == ["release_id"]


async def test_it_times_jobs_that_started_in_the_window(hound, show):
    """Claim-to-start is of jobs by their start: on the edge in, 1 µs before out, whatever became of them."""
    early = {"queued_at": "-9d", "claimed_at": "2026-03-02 10:59:00"}
    for status in ("queued", "retrying", "in_progress", "completed", "failed"):
        finished = "-1m" if status in ("completed", "failed") else None
        await hound.job(status, started_at="2026-03-02 11:00", finished_at=finished, **early)
    await hound.job("completed", started_at="2026-03-02 10:59:59.999999", finished_at="-1m", **early)
    await hound.job("failed", started_at="2026-03-02 11:00", finished_at=None, **early)
    await hound.job("Running", started_at="2026-03-02 11:00", **early)
    await hound.job("in_progress", started_at="+6s", **early)
    await hound.job("scheduled", started_at="2026-03-02 11:00", available_at="+1d", **early)
    found = (await show(load, range="1h"))["claim_to_start_seconds"]
    assert found == timed(60.0, 60.0, 60.0, 6)
    assert (await show(load, range="6h"))["claim_to_start_seconds"]["sample_count"] == 7


async def test_it_keeps_cancelled_jobs_out_of_the_percentiles(hound, show):
    """A cancelled job is in no percentile; where it started before its claim it is an anomaly like any other."""
    await hound.job("completed")
    await hound.job("cancelled", claimed_at="-9m", started_at="-1m", finished_at="-30s")
    await hound.job("cancelled", claimed_at="-7m", started_at="-8m", finished_at="-6m")
    await hound.job("cancelled", claimed_at="-7m", started_at="-8m", finished_at="1970-01-01Z")
    await hound.job("cancelled", claimed_at="-7m", started_at="-8m", finished_at=None)
    await hound.job("cancelled", claimed_at="-7m", started_at="-8m", finished_at="+6s")
    found = await show(load)
    assert found["claim_to_start_seconds"] == timed(60.0, 60.0, 60.0, 1)
    assert found["anomalies"] == [{"kind": "negative_duration", "count": 2}]


async def test_it_times_jobs_that_tell_no_attempt_or_queue(hound, show):
    """A job without `attempt` and `queued_at` waits between claim and start like any other."""
    await hound.job("in_progress", attempt=None, queued_at=None)
    await hound.job("completed", attempt=None, queued_at=None)
    await hound.job("in_progress", attempt=None, queued_at=None, claimed_at="-70s", started_at=None)
    found = await show(load)
    assert found["claim_to_start_seconds"] == timed(60.0, 60.0, 60.0, 2)
    assert found["claimed_not_started"] == {"count": 1, "oldest_age_seconds": 70.0}


async def test_it_times_no_job_without_a_claim(hound, show):
    """A job that was never claimed, or before all time, has no latency."""
    await hound.job("completed", claimed_at=None)
    await hound.job("completed", claimed_at="-infinity")
    found = await show(load)
    assert (found["claim_to_start_seconds"], found["anomalies"]) == (NO_SAMPLES, [])


async def test_it_keeps_jobs_that_started_before_their_claim_out_of_the_percentiles(hound, show):
    """A start before the claim is an anomaly of the workers, for jobs started in the window."""
    await hound.job("completed", claimed_at="-7m", started_at="-8m", times=2)
    await hound.job("in_progress", claimed_at="-7m", started_at="-8m")
    await hound.job("completed", claimed_at="-8m", started_at="-8m")
    await hound.job("completed", claimed_at="-2d", started_at="-3d")
    found = await show(load)
    assert found["anomalies"] == [{"kind": "negative_duration", "count": 3}]
    assert (found["claim_to_start_seconds"]["sample_count"], found["claim_to_start_seconds"]["max"]) == (1, 0.0)


async def test_it_takes_latencies_by_nearest_rank(hound, show):
    """p50 of 40 samples is the 20th, p95 the 38th."""
    for seconds in range(1, 41):
        await hound.job("completed", claimed_at=f"-{500 + seconds}s", started_at="-500s")
    found = (await show(load))["claim_to_start_seconds"]
    assert found == timed(20.0, 38.0, 40.0, 40)


async def test_it_counts_jobs_that_were_claimed_and_not_started(hound, show):
    """Only jobs in progress with a claim and no start count, whatever the range; a claim just ahead is of age 0."""
    await hound.job("in_progress", queued_at="-9d", claimed_at="-8d", started_at=None)
    await hound.job("in_progress", claimed_at="+5s", started_at=None)
    await hound.job("in_progress", claimed_at="+6s", started_at=None)
    await hound.job("in_progress", claimed_at=None, started_at=None)
    await hound.job("in_progress")
    await hound.job("queued", claimed_at="-9d")
    await hound.job("retrying", claimed_at="-9d")
    found = (await show(load, range="1h"))["claimed_not_started"]
    assert found == {"count": 2, "oldest_age_seconds": 8 * 86400.0}
    await hound.job("in_progress", queued_at="-infinity", claimed_at="-infinity", started_at=None)
    found = (await show(load, range="1h"))["claimed_not_started"]
    ever = (NOW - datetime(1, 1, 1, tzinfo=UTC)).total_seconds()
    assert found == {"count": 3, "oldest_age_seconds": ever}


@pytest.mark.parametrize("finish", ["-3d", "-7d", "1970-01-01Z", "-infinity", "4000-01-01 BC"])
async def test_it_times_starts_whose_finish_makes_no_sense(hound, show, finish):
    """A job that started in the window is timed wherever its finish lies, and so is one that was claimed too late."""
    await hound.job("completed", claimed_at="-11m", started_at="-10m", finished_at=finish)
    await hound.job("failed", claimed_at="-9m", started_at="-10m", finished_at=finish)
    await hound.job("completed", claimed_at="294276-12-31 23:59:59Z", started_at="-10m", finished_at=finish)
    found = await show(load, range="1h")
    assert found["claim_to_start_seconds"]["sample_count"] == 1
    assert {"kind": "negative_duration", "count": 1} in found["anomalies"]


async def test_it_places_its_anomalies_by_the_beat(hound, show):
    """Anomalies are of beats in the window; one that fits two kinds is counted as the first."""
    await hound.beat(beat_at="2026-03-02 11:00", process_started_at="+1h")
    await hound.beat(beat_at="2026-03-02 10:59:59.999999", process_started_at="+1h")
    await hound.beat(environment="qa", beat_at="+1h")
    await hound.beat(environment=None, beat_at="-1m", process_started_at="+1h")
    await hound.beat(environment="staging", beat_at="+1h")
    assert (await show(load, range="1h"))["anomalies"] == [
        {"kind": "unknown_environment", "count": 2},
        {"kind": "future_time", "count": 1},
    ]


async def test_it_tells_liveness_from_the_heartbeats_alone(hound, snapshot):
    """Liveness needs no other relation, and says what the panel says."""
    await hound.conn.execute("drop table hound.transcode_jobs")
    assert await load_liveness(snapshot(), Filters()) == liveness(None, Clock(NOW))
    await hound.beat(beat_at="-121s")
    found = await load_liveness(snapshot(), Filters())
    assert (found.alive, found.heartbeat_age_seconds) == (False, 121.0)
    await hound.beat(worker_id="worker-2", beat_at="-1s")
    assert (await load_liveness(snapshot(), Filters())).alive


async def test_it_finds_the_pauses_between_beats(hound, snapshot):
    """The first and the last beat, and each before a pause of more than 120 s, however many workers beat."""
    for ago in (10, 160, 281, 3000, 3800):
        await hound.beat(worker_id=f"worker-{ago}", beat_at=f"-{ago}s")
    await hound.beat(beat_at="-40s", process_started_at="+1h")
    await hound.beat(beat_at="-200s", environment="staging")
    found = await load_pauses(snapshot(), Filters(), "1h")
    pauses = [
        tuple(at and round((NOW - at).total_seconds()) for at in (pause.beat_at, pause.next_beat_at)) for pause in found
    ]
    assert pauses == [(3000, 281), (281, 160), (10, None)]


def told(start, beat_at, ripe=False, slice=0):
    """Beats of one start, as the source gives them; `ripe`: it lay in the future when they were counted."""
    known = None if ripe else start
    slot = None if known is None else int(start.timestamp() // 5)
    return BeatRow(slice, "worker-1", slot, start if ripe else None, None, 1, beat_at, known, known)


def whole_process_count(starts, since):
    """How many of a worker's processes started since a time, its first one not counted."""
    found, last = [], None
    for start in sorted(set(starts)):
        if last is None or start - last > timedelta(seconds=5):
            found.append(start)
        last = start
    return sum(start >= since for start in found[1:])


moments = st.one_of(st.integers(0, 60_000).map(lambda ms: 86_400_000 - ms), st.integers(0, 400_000_000))
starts = st.lists(
    st.tuples(moments.map(lambda ms: NOW - timedelta(milliseconds=ms)), st.booleans(), st.integers(0, 2)), max_size=40
)


def slots(told_starts):
    """Rows of starts, those of the same slice and five seconds in one."""
    rows: dict[tuple[object, ...], BeatRow] = {}
    for start, ripe, slice in told_starts:
        row = told(start, NOW, ripe, slice)
        key = (row.slice, row.start_slot, row.ripe_at)
        if known := rows.get(key):
            known.first_start_at = known.first_start_at and min(known.first_start_at, start)
            known.last_start_at = known.last_start_at and max(known.last_start_at, start)
        else:
            rows[key] = row
    return list(rows.values())


@given(starts)
def test_it_counts_processes_as_a_list_of_starts_would(told_starts):
    """Starts that are kept by their five seconds come to the processes that all of them in a row come to."""
    clock = Clock(NOW)
    found = processes(slots(told_starts), clock)
    want = whole_process_count([start for start, _, _ in told_starts], clock.since("24h"))
    assert restarts(found, clock) == want
    assert found == processes(slots(told_starts)[::-1], clock)


@given(st.lists(st.tuples(st.booleans(), st.integers(-5, 90_000)), max_size=90))
def test_it_lists_workers_alike_in_any_order(beats):
    """At most 50, at most 25 missing, no free place while one is left; those listed beat after those left out."""
    clock = Clock(NOW)
    workers = [
        worker(
            f"worker-{place}",
            [told(NOW - timedelta(days=2), NOW - timedelta(seconds=min(age, 120) if up else age))],
            clock,
        )
        for place, (up, age) in enumerate(beats)
    ]
    shown = list_workers(workers)
    order = [(one.status == "alive", one.worker_id) for one in shown]
    assert order == sorted(order)
    assert shown == list_workers(workers[::-1])
    for status, most in (("missing", 25), ("alive", 50 - min(25, sum(one.status == "missing" for one in workers)))):
        theirs, listed_ones = ([one for one in group if one.status == status] for group in (workers, shown))
        assert len(listed_ones) == min(most, len(theirs))
        left = [one.last_heartbeat_at for one in theirs if one not in listed_ones]
        assert not left or max(left) <= min(one.last_heartbeat_at for one in listed_ones)


@given(st.lists(st.integers(-120, 3600), max_size=30, unique=True))
def test_it_adds_up_fresh_time_as_a_second_hand_would(beats):
    """Fresh time is the seconds of the hour at which the newest beat was at most 120 s old, counted one by one."""
    start = second(0)
    beats = sorted(beats)
    pauses = [
        Pause(second(this), second(beats[place + 1]) if place + 1 < len(beats) else None)
        for place, this in enumerate(beats)
        if place in (0, len(beats) - 1) or beats[place + 1] > this + 120
    ]
    counted = sum(any(beat <= instant < beat + 120 for beat in beats) for instant in range(3600))
    assert fresh_seconds(pauses, start, Clock(NOW)) == pytest.approx(counted)


def test_it_finds_no_pause_where_nobody_beat():
    """Without a beat there is no pause between beats."""
    assert pauses([], Clock(NOW)) == []
