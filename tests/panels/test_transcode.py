from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BLANK, ID_TYPES, NO_SAMPLES, NOW, WORST, timed
from houndmon.core.clock import Clock, Slices, Window
from houndmon.core.filters import Filters
from houndmon.panels.transcode.load import load, load_idle_minutes, load_windows
from houndmon.panels.transcode.model import (
    active_jobs,
    finished_jobs,
    flaws,
    is_stalled,
    jobs_by_status,
    retry_distribution,
    summarize,
)
from strategies import RIPE, job_rows, live_rows, split

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SLICES = Slices(*(Window(MONDAY.replace(hour=hour)) for hour in (0, 6, 12, 18)))
DAY, CLOCK = Window(MONDAY), Clock(NOW)
STATUSES = ("queued", "scheduled", "in_progress", "retrying", "failed", "completed", "cancelled")
NOTHING = dict.fromkeys(STATUSES, 0)


async def test_it_shows_every_figure(hound, show):
    """What waits now, what finished in the range, how long it took, and why it failed."""
    await hound.job("queued", job_id="young", queued_at="-2m")
    await hound.job("queued", job_id="oldest", queued_at="-40m")
    await hound.job("retrying", queued_at="-30m", attempt=3)
    await hound.job("in_progress", queued_at="-60m", claimed_at="-50m", started_at="-8m")
    await hound.job("in_progress", queued_at="-60m", claimed_at="-12m", started_at=None, attempt=2)
    await hound.job("in_progress", queued_at="-20m", claimed_at=None, started_at=None)
    for minutes in (3, 1, 2, 9, 8, 7, 4, 5, 6):
        await hound.job("completed", started_at=f"-{minutes + 30}m", finished_at="-30m")
    await hound.job("failed", finished_at="-6m", error_code="OOM", error_message="killed", attempt=4)
    found = await show(load)
    assert found == found | {
        "panel": "transcode",
        "anomalies": [],
        "stale": False,
        "stale_reason": None,
        "jobs_by_status": NOTHING | {"queued": 2, "in_progress": 3, "retrying": 1, "failed": 1, "completed": 9},
        "failed_today": 1,
        "oldest_queued_age_minutes": 40.0,
        "oldest_queued_job_id": "oldest",
        "oldest_retrying_age_minutes": 30.0,
        "oldest_in_progress_age_minutes": 20.0,
        "finished_last_15m": 1,
        "stalled": False,
        "duration_minutes": timed(5.0, 9.0, 9.0, 9),
        "failure_ratio": 0.1,
        "ratio_low": pytest.approx(0.0178762131),
        "ratio_high": pytest.approx(0.4041500268),
        "retry_distribution": [{"attempt": 2, "jobs": 3}, {"attempt": 3, "jobs": 2}, {"attempt": 4, "jobs": 1}],
        "top_failures": [{"error_code": "OOM", "count": 1, "share": 1.0, "message": "killed", "is_rest": False}],
    }


async def test_it_shows_nothing_where_nothing_is(show):
    """An idle Hound has no ages, no ratio and no percentile, and is not stalled."""
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING
    ages = ("oldest_queued_age_minutes", "oldest_retrying_age_minutes", "oldest_in_progress_age_minutes")
    nulls = (*ages, "oldest_queued_job_id", "failure_ratio", "ratio_low", "ratio_high")
    assert {name: found[name] for name in nulls} == dict.fromkeys(nulls)
    assert (found["failed_today"], found["finished_last_15m"], found["stalled"]) == (0, 0, False)
    assert (found["retry_distribution"], found["top_failures"], found["anomalies"]) == ([], [], [])
    assert found["duration_minutes"] == NO_SAMPLES


async def test_it_shows_active_jobs_whatever_the_range(hound, show):
    """A job that has been stuck for nine days does not vanish behind a range."""
    for status in ("queued", "scheduled", "retrying", "in_progress"):
        await hound.job(status, queued_at="-9d", claimed_at=None, started_at=None)
    for range in ("1h", "7d"):
        found = await show(load, range=range)
        assert found["jobs_by_status"] == NOTHING | dict.fromkeys(STATUSES[:4], 1)
        ages = [found[f"oldest_{status}_age_minutes"] for status in ("queued", "retrying", "in_progress")]
        assert ages == [9 * 24 * 60] * 3


async def test_it_keeps_an_active_job_that_says_it_finished(hound, show):
    """A job that is under way again counts by its status, whenever it finished before."""
    await hound.job("retrying", finished_at="-3d", error_code="OOM")
    found = await show(load, range="1h")
    assert (found["jobs_by_status"]["retrying"], found["top_failures"], found["anomalies"]) == (1, [], [])


@pytest.mark.parametrize(
    ("range", "start", "before"),
    [
        ("1h", "2026-03-02 11:00", "2026-03-02 10:59:59.999999"),
        ("24h", "2026-03-01 12:00", "2026-03-01 11:59:59.999999"),
        ("7d", "2026-02-23 12:00", "2026-02-23 11:59:59.999999"),
    ],
)
async def test_it_places_finished_jobs_by_their_finish(hound, show, range, start, before):
    """A finish exactly on the start counts, and one 5 s ahead; one 1 µs before is out, one 6 s ahead an anomaly."""
    early = {"queued_at": "-9d", "claimed_at": "-9d", "started_at": "-9d"}
    await hound.job("completed", finished_at=start, times=2, **early)
    await hound.job("failed", finished_at=start, times=3, **early)
    await hound.job("completed", finished_at=before, times=10, **early)
    await hound.job("failed", finished_at=before, times=10, **early)
    await hound.job("completed", finished_at="+5s", **early)
    await hound.job("completed", finished_at="+6s", times=4, **early)
    found = await show(load, range=range)
    assert found["jobs_by_status"] == NOTHING | {"failed": 3, "completed": 3}
    assert (found["failure_ratio"], found["duration_minutes"]["sample_count"]) == (0.5, 3)
    assert (found["top_failures"][0]["count"], found["finished_last_15m"]) == (3, 1)
    assert found["anomalies"] == [{"kind": "future_time", "count": 4}]


async def test_it_counts_failures_of_the_local_day(hound, show):
    """`failed_today` starts at local midnight, whatever the range, by the time of the finish."""
    early = {"queued_at": "-2d", "claimed_at": "-2d", "started_at": "-2d"}
    for at in ("2026-03-01 22:59:59.999999", "2026-03-01 23:00", "2026-03-02 00:00", "-1m"):
        await hound.job("failed", finished_at=at, **early)
    await hound.job("completed", finished_at="-1m")
    assert (await show(load, range="1h"))["failed_today"] == 2
    assert (await show(load, range="1h", zone="Europe/Berlin"))["failed_today"] == 3
    assert (await show(load, range="7d", zone="Pacific/Auckland"))["failed_today"] == 1


@pytest.mark.parametrize(
    ("queued_at", "finished", "stalled"),
    [
        ("-15m", None, False),
        ("2026-03-02 11:45:29.999999", None, True),
        ("-9d", None, True),
        ("-9d", ("completed", "2026-03-02 11:45:00"), False),
        ("-9d", ("failed", "-1m"), False),
        ("-9d", ("failed", "+5s"), False),
        ("-9d", ("completed", "2026-03-02 11:44:59.999999"), True),
        ("-9d", ("completed", "+6s"), True),
        ("-9d", ("cancelled", "-1m"), True),
        ("-1m", ("completed", "-2h"), False),
    ],
)
async def test_it_is_stalled_when_a_job_waits_and_nothing_finishes(hound, show, queued_at, finished, stalled):
    """Stalled: a queued job has waited for more than 15 min, and nothing finished in the window of 15 min."""
    await hound.job("queued", queued_at=queued_at)
    if finished:
        await hound.job(finished[0], queued_at="-9d", claimed_at="-9d", started_at="-9d", finished_at=finished[1])
    assert (await show(load, range="1h"))["stalled"] is stalled


async def test_it_is_not_stalled_by_jobs_that_are_not_queued(hound, show):
    """A job in progress, or one that waits for its retry, does not make a stalled queue."""
    await hound.job("in_progress", queued_at="-9d", claimed_at="-9d", started_at="-9d")
    await hound.job("retrying", queued_at="-9d")
    assert (await show(load))["stalled"] is False


async def test_it_never_mixes_environments(hound, show):
    """Each environment has its own jobs; those of any other, unfinished or not, are an anomaly in both."""
    await hound.job("queued", queued_at="-1m")
    await hound.job("failed", times=2)
    await hound.job("queued", environment="staging", queued_at="-50m", job_id="theirs")
    await hound.job("completed", environment="staging", times=3)
    await hound.job("queued", environment="Prod", queued_at="-90d")
    await hound.job("failed", environment="", finished_at="-1h")
    await hound.job("failed", environment="zz", finished_at="+1h")
    await hound.job("failed", environment="qa", finished_at="-8d")
    strangers = [{"kind": "unknown_environment", "count": 3}]
    prod, staging = await show(load), await show(load, environment="staging")
    assert (prod["jobs_by_status"], prod["anomalies"]) == (NOTHING | {"queued": 1, "failed": 2}, strangers)
    assert (prod["oldest_queued_age_minutes"], prod["failed_today"], prod["failure_ratio"]) == (1.0, 2, 1.0)
    assert (staging["jobs_by_status"], staging["anomalies"]) == (NOTHING | {"queued": 1, "completed": 3}, strangers)
    assert (staging["oldest_queued_job_id"], staging["failed_today"], staging["failure_ratio"]) == ("theirs", 0, 0.0)


async def test_it_counts_no_status_that_it_does_not_know(hound, show):
    """A status outside the list is in no figure; an anomaly if the job has no finish, or finished in the window."""
    for status in ("Queued", "queued ", "done", "", "FAILED"):
        await hound.job(status, queued_at="-9d", error_code="OOM", attempt=7)
        await hound.job(status, finished_at="-5m", error_code="OOM", attempt=7)
        await hound.job(status, finished_at="-2d")
    await hound.conn.execute("alter table hound.transcode_jobs alter status drop not null")
    await hound.job(None)
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING
    assert (found["oldest_queued_age_minutes"], found["oldest_queued_job_id"]) == (None, None)
    assert (found["retry_distribution"], found["top_failures"], found["stalled"]) == ([], [], False)
    assert found["anomalies"] == [{"kind": "unknown_value", "count": 11}]


@pytest.mark.parametrize("column", ["queued_at", "claimed_at", "started_at", "finished_at"])
@pytest.mark.parametrize("at", ["+6s", "infinity", "20000-01-01Z"])
async def test_it_counts_no_job_of_the_future(hound, show, column, at):
    """A job of which any time lies more than 5 s ahead is in no figure, whatever its status; it is an anomaly."""
    for status in STATUSES:
        await hound.job(status, **{column: at})
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING
    assert (found["oldest_queued_age_minutes"], found["oldest_queued_job_id"]) == (None, None)
    assert (found["oldest_in_progress_age_minutes"], found["oldest_retrying_age_minutes"]) == (None, None)
    assert (found["duration_minutes"]["sample_count"], found["failed_today"], found["top_failures"]) == (0, 0, [])
    assert found["anomalies"] == [{"kind": "future_time", "count": 7}]


async def test_it_takes_a_time_just_ahead_for_now(hound, show):
    """A job queued 5 s ahead waits, and its age is 0, not less."""
    await hound.job("queued", queued_at="+5s")
    found = await show(load)
    assert (found["oldest_queued_age_minutes"], found["anomalies"]) == (0.0, [])


async def test_it_misses_the_finish_of_finished_jobs(hound, show):
    """A finished job without a finish is in no figure of the window, and an anomaly in every range."""
    await hound.job("failed", finished_at=None, attempt=5)
    await hound.job("completed", finished_at=None, queued_at="-30d", claimed_at=None, started_at=None, times=2)
    await hound.job("cancelled", finished_at=None, times=4)
    for range in ("1h", "7d"):
        found = await show(load, range=range)
        assert (found["jobs_by_status"], found["failed_today"], found["top_failures"]) == (NOTHING, 0, [])
        assert found["retry_distribution"] == []
        assert found["anomalies"] == [{"kind": "missing_time", "count": 7}]


async def test_it_counts_jobs_that_end_before_they_begin(hound, show):
    """A negative duration leaves the job in the counts and out of the percentiles."""
    await hound.job("completed", started_at="-5m", finished_at="-6m", times=2)
    await hound.job("failed", started_at="-5m", finished_at="-6m")
    await hound.job("completed", started_at="-6m", finished_at="-6m")
    await hound.job("completed", started_at="-6m", claimed_at="-5m", finished_at="-5m")
    await hound.job("cancelled", started_at="-5m", finished_at="-6m")
    found = await show(load)
    assert found["jobs_by_status"] == NOTHING | {"failed": 1, "completed": 4, "cancelled": 1}
    assert (found["failed_today"], found["failure_ratio"], found["finished_last_15m"]) == (1, 0.2, 5)
    assert found["anomalies"] == [{"kind": "negative_duration", "count": 4}]
    durations = found["duration_minutes"]
    assert (durations["sample_count"], durations["p50"], durations["max"]) == (2, 0.0, 1.0)


async def test_it_times_only_jobs_with_a_start(hound, show):
    """A completed job without a start, or with one before all time, counts and has no duration."""
    await hound.job("completed", started_at=None)
    await hound.job("completed", started_at="-infinity", claimed_at="-infinity", queued_at="-infinity")
    await hound.job("completed", started_at="-10m", finished_at="-6m")
    await hound.job("failed", started_at="-60m", finished_at="-6m")
    found = await show(load)
    assert (found["jobs_by_status"]["completed"], found["anomalies"]) == (3, [])
    assert (found["duration_minutes"]["sample_count"], found["duration_minutes"]["max"]) == (1, 4.0)


async def test_it_takes_durations_by_nearest_rank(hound, show):
    """p50 of 20 samples is the 10th, p95 the 19th, each within the stated error; the largest is exact."""
    for seconds in range(20):
        await hound.job("completed", started_at="-10m", finished_at=f"-{600 - seconds * 6}s")
    found = (await show(load))["duration_minutes"]
    assert found == timed(0.9, 1.8, found["max"], 20)
    assert found["max"] == pytest.approx(1.9)


async def test_it_ages_jobs_of_the_epoch(hound, show):
    """A time of 1970, which is what a program writes that has none, is as old as it says."""
    await hound.job("queued", queued_at="1970-01-01Z")
    await hound.job("in_progress", started_at="1970-01-01Z")
    epoch = (NOW - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() / 60
    found = await show(load)
    assert (found["oldest_queued_age_minutes"], found["oldest_in_progress_age_minutes"]) == (epoch, epoch)


@pytest.mark.parametrize("far", ["294276-12-31 23:59:59Z", "9999-12-31Z", "infinity"])
async def test_it_survives_the_end_of_time(hound, show, far):
    """A finish as late as a database has them is an anomaly, however early the start, and raises nothing."""
    await hound.job("completed", started_at="1970-01-01Z", finished_at=far)
    await hound.job("completed", started_at="4713-01-01 BC", finished_at="-1m")
    found = await show(load)
    assert found["anomalies"] == [{"kind": "future_time", "count": 1}]
    assert found["jobs_by_status"]["completed"] == found["duration_minutes"]["sample_count"] == 1


FFMPEG = """ffmpeg version 6.1 Copyright (c) 2000-2023 the FFmpeg developers
  built with gcc 12
Input #0, mp3, from 'in.mp3':
  Duration: 00:03:12.00, start: 0.025057, bitrate: 320 kb/s
[mp3float @ 0x560838d6e640] Header missing
size=     512kB time=00:00:12.00 bitrate= 320.0kbits/s speed=  42x
av_interleaved_write_frame(): No space left on device
Error writing trailer of out.m4a: No space left on device
Conversion failed!
"""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (FFMPEG, "av_interleaved_write_frame(): No space left on device"),
        ("x\n" * 5000 + FFMPEG, "av_interleaved_write_frame(): No space left on device"),
        (" " * 300 + "killed", "killed"),
        ("exit\x1b[31m 1", "exit�[31m 1"),
        ("y" * 1_000_000, "y" * 200),
        (" \n\u3000", None),
    ],
)
async def test_it_shows_the_line_that_tells(hound, show, message, line):
    """Of a tool's output the line that says what was wrong is shown, not the banner; null where it says nothing."""
    await hound.job("failed", error_code="E", error_message=message)
    assert [found["message"] for found in (await show(load))["top_failures"]] == [line]


async def test_it_counts_codes_of_one_shape_as_one(hound, show):
    """What belongs to one job alone makes no code of its own, wherever its rows are counted."""
    for number in range(12):
        await hound.job("failed", error_code=f"GET https://cdn.example/{number}.wav failed")
        await hound.job("failed", error_code=f"no object 6f1c2b1e-0000-4000-8000-0000000000{number:02}")
        await hound.job("failed", error_code=f"E{number:011}")
    await hound.job("failed", error_code="no object …", error_message="gone")
    found = (await show(load))["top_failures"]
    assert [(line["error_code"], line["count"], line["message"]) for line in found[:3]] == [
        ("no object …", 13, "gone"),
        ("GET … failed", 12, None),
        ("E00000000000", 1, None),
    ]
    assert [line["is_rest"] for line in found] == [False] * 10 + [True]
    assert (found[-1]["count"], found[-1]["message"]) == (4, None)


async def test_it_ages_jobs_of_all_time(hound, show):
    """A time before all time gives a great age, a finite one."""
    await hound.job("queued", queued_at="-infinity", job_id="eternal")
    await hound.job("queued", queued_at="-30d")
    await hound.job("retrying", queued_at="4000-01-01 BC")
    await hound.job("in_progress", started_at="-infinity")
    found = await show(load)
    ever = (NOW - datetime(1, 1, 1, tzinfo=UTC)).total_seconds() / 60
    ages = [found[f"oldest_{status}_age_minutes"] for status in ("queued", "retrying", "in_progress")]
    assert ages == pytest.approx([ever] * 3)
    assert (found["oldest_queued_job_id"], found["stalled"]) == ("eternal", True)


async def test_it_names_the_oldest_queued_job(hound, show):
    """The oldest queued job is named, of equal ones the first by id; a retry does not reset its clock."""
    await hound.job("queued", job_id="b", queued_at="-9m", attempt=4)
    await hound.job("queued", job_id="a", queued_at="-9m")
    await hound.job("retrying", job_id="older", queued_at="-90m")
    assert (await show(load))["oldest_queued_job_id"] == "a"


@pytest.mark.parametrize(("kind", "this", "that"), ID_TYPES)
async def test_it_answers_for_one_artist_or_release(hound, show, kind, this, that):
    """With an id of any type every figure is that artist's or release's; job ids are strings."""
    await hound.retype("transcode_jobs", kind, "job_id", "artist_id", "release_id")
    await hound.job("queued", job_id=this, queued_at="-40m", artist_id=this, release_id=that)
    await hound.job("queued", job_id=that, queued_at="-50m", artist_id=that, release_id=that)
    await hound.conn.execute("alter table hound.transcode_jobs drop constraint transcode_jobs_pkey")
    await hound.job("failed", job_id=this, artist_id=this, release_id=this, error_code="OOM", attempt=3)
    await hound.job("completed", job_id=this, artist_id=that, release_id=that)
    await hound.job("completed", job_id=this, times=7)
    await hound.job("queued", job_id=this, artist_id=this, environment="qa")
    artist = await show(load, artist_id=this)
    assert artist["jobs_by_status"] == NOTHING | {"queued": 1, "failed": 1}
    assert (artist["oldest_queued_age_minutes"], artist["oldest_queued_job_id"]) == (40.0, this)
    assert (artist["failure_ratio"], artist["failed_today"], artist["duration_minutes"]["sample_count"]) == (1.0, 1, 0)
    assert artist["retry_distribution"] == [{"attempt": 2, "jobs": 1}, {"attempt": 3, "jobs": 1}]
    assert artist["anomalies"] == [{"kind": "unknown_environment", "count": 1}]
    release = await show(load, release_id=that)
    assert release["jobs_by_status"] == NOTHING | {"queued": 2, "completed": 1}
    assert (release["oldest_queued_job_id"], release["duration_minutes"]["sample_count"]) == (that, 1)
    both = await show(load, artist_id=this, release_id=that)
    assert both["jobs_by_status"] == NOTHING | {"queued": 1}
    assert (await show(load))["jobs_by_status"] == NOTHING | {"queued": 2, "failed": 1, "completed": 8}


async def test_it_counts_how_far_jobs_had_to_go(hound, show):
    """For each attempt from the second on, up to the highest seen, the jobs that reached it, active ones included."""
    for attempt in (1, 1, 2, 4):
        await hound.job("completed", attempt=attempt)
    await hound.job("queued", attempt=2)
    await hound.job("failed", attempt=9, finished_at="-2d", queued_at="-3d", claimed_at="-3d", started_at="-3d")
    assert (await show(load))["retry_distribution"] == [
        {"attempt": 2, "jobs": 3},
        {"attempt": 3, "jobs": 1},
        {"attempt": 4, "jobs": 1},
    ]


@pytest.mark.parametrize("attempt", [20, 21, 2**31 - 1])
async def test_it_counts_attempts_up_to_twenty(hound, show, attempt):
    """However often a job was tried, the list ends with the twentieth attempt."""
    await hound.job("failed", attempt=attempt)
    await hound.job("failed", attempt=-(2**31))
    await hound.job("failed", attempt=0)
    assert (await show(load))["retry_distribution"] == [{"attempt": k, "jobs": 1} for k in range(2, 21)]


async def test_it_lists_why_jobs_failed(hound, show):
    """Codes of failed jobs alone, null and blank ones as `unspecified`, each with one message fit for display."""
    for code in BLANK:
        await hound.job("failed", error_code=code, error_message="")
    await hound.job("failed", error_code="OOM", error_message=None)
    await hound.job("failed", error_code="OOM", error_message="\u3000\n")
    await hound.job("failed", error_code="OOM", error_message=WORST)
    await hound.job("failed", error_code="<b>&amp;", error_message="exit\x1b[31m 1")
    await hound.job("completed", error_code="WARN", error_message="no failure")
    await hound.job("retrying", error_code="LATER")
    found = (await show(load))["top_failures"]
    assert [(line["error_code"], line["count"], line["message"]) for line in found] == [
        ("unspecified", 6, None),
        ("OOM", 3, "<script>alert(1)</script>"),
        ("<b>&amp;", 1, "exit�[31m 1"),
    ]
    assert sum(line["share"] for line in found) == pytest.approx(1)


async def test_it_lists_ten_codes_of_ten_thousand(hound, show):
    """Of ten thousand codes the ten commonest are named, the rest is one row without a message, shares sum to 1."""
    row = {"environment": "prod", "status": "failed", "attempt": 1, "queued_at": "-10m", "finished_at": "-5m"}
    rows = [row | {"job_id": str(n), "error_code": f"E{n:05}", "error_message": "m"} for n in range(10_000)]
    await hound.insert("transcode_jobs", rows)
    found = (await show(load))["top_failures"]
    assert [line["error_code"] for line in found] == [*(f"E{n:05}" for n in range(10)), "other"]
    assert (found[-1]["count"], found[-1]["message"], found[0]["message"]) == (9990, None, "m")
    assert sum(line["share"] for line in found) == pytest.approx(1)


async def test_it_keeps_a_code_named_other_apart(hound, show):
    """A code really named `other` keeps its own message and count beside the rest."""
    await hound.job("failed", error_code="other", error_message="mine", times=3)
    for number in range(11):
        await hound.job("failed", error_code=f"E{number:02}", error_message="m", times=2)
    found = (await show(load))["top_failures"]
    assert (found[0]["error_code"], found[0]["count"], found[0]["message"]) == ("other", 3, "mine")
    assert (found[-1]["error_code"], found[-1]["count"], found[-1]["message"]) == ("other", 4, None)
    assert (found[0]["is_rest"], found[-1]["is_rest"]) == (False, True)


async def test_it_reads_several_windows_at_once(hound, snapshot):
    """One read gives each window what it would give alone."""
    early = {"queued_at": "-3d", "claimed_at": "-3d", "started_at": "-3d"}
    await hound.job("failed", finished_at="-5m", times=2, **early)
    await hound.job("completed", finished_at="-2h", times=3, **early)
    await hound.job("completed", finished_at="-25h", times=4, **early)
    clock = Clock(hound.now)
    windows = (clock.window("1h"), clock.window("6h"), Window(clock.since("7d"), clock.since("24h")))
    found = await load_windows(snapshot(), Filters(), *windows)
    assert [(window.failed, window.completed) for window in found] == [(2, 0), (2, 3), (0, 4)]


async def test_it_says_when_a_job_last_finished(hound, snapshot):
    """Idle since the newest sound finish of the last 7 days; none, if there is none."""
    early = {"queued_at": "-9d", "claimed_at": "-9d", "started_at": "-9d"}
    await hound.job("completed", finished_at="-8d", **early)
    await hound.job("completed", finished_at="+1h", **early)
    await hound.job("completed", finished_at="infinity", **early)
    await hound.job("done", finished_at="-1m", **early)
    await hound.job("failed", environment="staging", finished_at="-1m", **early)
    assert await load_idle_minutes(snapshot(), Filters()) is None
    await hound.job("failed", finished_at="-20m", **early)
    await hound.job("completed", finished_at="-30m", **early)
    assert await load_idle_minutes(snapshot(), Filters()) == 20
    assert await load_idle_minutes(snapshot(), Filters(environment="staging")) == 1
    await hound.job("completed", finished_at="+5s", **early)
    assert await load_idle_minutes(snapshot(), Filters()) == 0


@pytest.mark.parametrize(
    ("finished_at", "minutes", "reads"),
    [
        ("+5s", 0, 1),
        ("-3m", 3, 1),
        ("2026-03-02 11:45:00", 15.5, 1),
        ("2026-03-02 11:44:59.999999", pytest.approx(15.5, abs=1e-6), 2),
        ("-40m", 40, 2),
        ("-5h", 300, 3),
        ("-23h", 1380, 4),
        ("2026-02-23 12:00:00", 10080.5, 5),
        ("2026-02-23 11:59:59.999999", None, 5),
    ],
)
async def test_it_looks_no_further_back_than_it_must(hound, snapshot, finished_at, minutes, reads):
    """The newest finish is looked for in stretches further and further back, none read twice, none past the first."""
    early = {"queued_at": None, "claimed_at": "-9d", "started_at": "-9d"}
    for at in (finished_at, "-8d"):
        await hound.job("completed", finished_at=at, **early)
    await hound.job("cancelled", finished_at="-1m", **early)
    asked: list[str] = []
    hound.conn.add_query_logger(lambda record: asked.append(record.query))
    assert await load_idle_minutes(snapshot(), Filters()) == minutes
    await hound.conn.execute("select 1")  # what was asked is told after its answer
    assert len([query for query in asked if "order by finished_at desc" in query]) == reads


@given(job_rows(), live_rows())
def test_it_counts_each_job_once(rows, live):
    """Jobs by status sum to the sound jobs; codes sum to the failed ones; flaws and sound ones to all."""
    theirs = finished_jobs(rows, SLICES, DAY, CLOCK)
    done = summarize(theirs)
    counted = jobs_by_status(active_jobs(live), done)
    assert done.failed == done.codes.total() == counted.failed
    assert done.finished + counted.cancelled == sum(row.jobs for row in theirs)
    under_way = counted.queued + counted.scheduled + counted.in_progress + counted.retrying
    known = [row for row in live if row.status is not None]
    assert under_way == sum(row.jobs for row in known if row.flaw in (None, "missing_time"))
    placed = sum(row.jobs for row in rows if row.slice >= 1)
    placed += sum(row.jobs for row in live if row.unfinished or row.slice >= 1)
    assert flaws(rows, live, SLICES, DAY, CLOCK).total() == placed


@given(job_rows())
def test_it_counts_a_job_once_its_times_have_come(rows):
    """A job with a time ahead is an anomaly until 5 s before that time, and whatever else it is from then on."""
    later = Clock(RIPE)
    ahead = sum(row.jobs for row in rows if row.slice >= 1 and row.ripe_at and row.flaw != "unknown_environment")
    assert flaws(rows, [], SLICES, DAY, CLOCK)["future_time"] == ahead
    assert flaws(rows, [], SLICES, DAY, later)["future_time"] == 0


@given(job_rows())
def test_it_never_has_more_jobs_at_a_later_attempt(rows):
    """The jobs that reached an attempt reached all before it: the list never rises, has no gap, and ends in jobs."""
    found = retry_distribution(rows)
    assert [step.attempt for step in found] == list(range(2, 2 + len(found)))
    assert len(found) <= 19
    assert all(this.jobs >= after.jobs for this, after in pairwise(found))
    assert all(0 < step.jobs <= sum(row.jobs for row in rows) for step in found)


@given(job_rows(), st.data())
def test_it_gives_the_same_for_rows_in_any_split(rows, data):
    """However the counts are cut and ordered, the figures are the same."""
    other = data.draw(split(rows, "jobs"))
    assert summarize(finished_jobs(rows, SLICES, DAY, CLOCK)) == summarize(finished_jobs(other, SLICES, DAY, CLOCK))
    assert retry_distribution(rows) == retry_distribution(other)
    assert flaws(rows, [], SLICES, DAY, CLOCK) == flaws(other, [], SLICES, DAY, CLOCK)


@given(st.one_of(st.none(), st.floats(0, 1e6)), st.integers(0, 5))
def test_it_stalls_on_both_conditions_alone(age, done):
    """An old queued job alone does not stall the queue, nor does silence alone."""
    for after in (15, 40):
        assert is_stalled(age, done, after) == (age is not None and age > after and done == 0)
