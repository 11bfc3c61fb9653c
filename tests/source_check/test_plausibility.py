"""What rows show of a source's ways: attempts as rows, deleted jobs, silent workers, slow beats, names of browsers."""

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.source_check.model import Report
from houndmon.source_check.plausibility import CHANCE, Beats, History, beating, chance_of_run, deleting

counts = st.integers(0, 10_000)


def said(report: Report, relation: str) -> list[tuple[str, str]]:
    """Levels and words of what was found of a relation."""
    return [(one.level, one.what) for one in report.findings if one.relation == relation]


async def test_it_names_jobs_that_are_rows_an_attempt(conn: asyncpg.Connection, hound, look) -> None:
    """A row an attempt counts each job several times: an error that names the commonest ids."""
    await conn.execute("alter table hound.transcode_jobs drop constraint transcode_jobs_pkey")
    await hound.job("completed", 8)
    await hound.job("completed", 3, job_id="job-a", attempt=2)
    await hound.job("completed", 2, job_id="job-b")
    report = await look()
    assert said(report, "transcode_jobs") == [
        ("error", "2 of 10 values of job_id stand on several rows: each row counts as a job")
    ]
    assert report.findings[0].shown == ("'job-a'  3 rows", "'job-b'  2 rows")


async def test_it_names_tracks_that_repeat(conn: asyncpg.Connection, hound, look) -> None:
    """A row a version of a track counts each track several times."""
    await conn.execute("alter table hound.tracks drop constraint tracks_pkey")
    await hound.track(2, track_id="track-a")
    what = "1 of 1 values of track_id stand on several rows: each row counts as a track"
    assert said(await look(), "tracks") == [("error", what)]


async def test_it_sees_that_completed_jobs_are_deleted(hound, look) -> None:
    """Failed jobs reach back three days and completed ones an hour: the queue deletes what went well, ratios lie."""
    for hours in range(2, 72, 5):
        await hound.job("failed", finished_at=f"-{hours}h", queued_at="-4d", claimed_at=None, started_at=None)
    await hound.job("completed", 50, finished_at="-1h", claimed_at=None, started_at=None)
    ((level, what),) = said(await look(), "transcode_jobs")
    assert level == "error"
    assert what.startswith("completed jobs reach back 60 min, failed ones 2 d 19 h: the queue deletes what goes well")


async def test_it_sees_that_no_completed_job_is_kept(hound, look) -> None:
    """Where none ever completed and several failed, the ratio is 100 % whatever happens: an error."""
    await hound.job("failed", 3)
    ((level, what),) = said(await look(), "transcode_jobs")
    assert (level, what) == (
        "error",
        "3 jobs failed, none ever completed: every ratio is 100 %. Does the queue delete what goes well?",
    )


async def test_it_takes_an_outage_for_no_mapping(hound, look) -> None:
    """All failed for days, and yet something completed before: that is an outage, and nothing to say of the mapping."""
    await hound.job("failed", 40)
    await hound.job("completed", queued_at="-9d", claimed_at="-9d", started_at="-9d", finished_at="-8d")
    assert said(await look(), "transcode_jobs") == []


@given(counts, counts, counts)
def test_its_chance_is_one_and_falls(failures: int, failed: int, completed: int) -> None:
    """A run of failures is a probability, less likely the longer it is and the more jobs complete."""
    chance = chance_of_run(failures, failed, completed)
    assert 0 <= chance <= 1
    assert chance_of_run(failures + 1, failed, completed) <= chance
    assert chance_of_run(failures, failed, completed + 1) <= chance
    assert chance_of_run(0, failed, completed) == 1


@given(st.integers(0, 500), st.integers(0, 500), st.integers(1, 500))
def test_it_accuses_no_history_without_a_run(before: int, failed: int, completed: int) -> None:
    """Whatever the figures, fewer than three failures before the first success are chance, as are likely runs."""
    history = History(before + failed + completed, completed, failed, before, 3600.0, 90000.0)
    is_run = before >= 3 and chance_of_run(before, failed, completed) < CHANCE
    assert (deleting(history, ever_completed=True) is not None) == is_run


@pytest.mark.parametrize(("worker", "level"), [("host-1/77", "error"), ("worker-1", None)])
async def test_it_names_workers_that_never_beat(hound, look, worker, level) -> None:
    """Where no worker of a job ever beat the two relations name workers differently: an error."""
    await hound.beat()
    await hound.beat(beat_at="-40s")
    await hound.job("in_progress", worker_id=worker)
    found = said(await look(), "transcode_jobs")
    assert found == ([(level, "no worker that a job names ever beat in the last 7 days: 'host-1/77'")] if level else [])


async def test_it_warns_of_one_silent_worker_among_others(hound, look) -> None:
    """One of two works at a job and never beat: a warning with its name. One that has left is none."""
    await hound.beat()
    await hound.beat(beat_at="-40s")
    await hound.job("completed", worker_id="worker-1")
    await hound.job("completed", worker_id="gone")
    assert said(await look(), "transcode_jobs") == []
    await hound.job("in_progress", worker_id="ghost")
    report = await look()
    assert said(report, "transcode_jobs") == [
        ("warning", "1 worker has jobs in progress and did not beat in the last 7 days")
    ]
    assert report.findings[0].shown == ("'ghost'",)


async def test_it_calls_one_row_a_worker_a_registry(hound, look) -> None:
    """A row a worker that is updated is a valid source: a note says so, and nothing is wrong."""
    for worker in ("worker-1", "worker-2"):
        await hound.beat(worker_id=worker)
    report = await look()
    ((level, what),) = said(report, "worker_heartbeats")
    assert level == "note"
    assert what.startswith("one row a worker (2 workers): a registry, which is a valid source")
    assert (report.errors, report.warnings) == (0, 0)


async def test_it_names_beats_that_are_too_rare(hound, look) -> None:
    """A worker that beats every five minutes is missing most of the time: an error."""
    for minutes in range(1, 60, 5):
        await hound.beat(beat_at=f"-{minutes}m")
    assert said(await look(), "worker_heartbeats") == [
        ("error", "workers beat every 5 min: one counts as missing after 2 min")
    ]


async def test_it_names_workers_that_are_new_each_time(hound, look) -> None:
    """Eleven workers of the day are gone, one is there: an id that ends with its process is missing for a day."""
    for worker in range(11):
        await hound.beat(worker_id=f"host:{worker}", beat_at="-2h")
    await hound.beat(2, worker_id="host:11")
    assert said(await look(), "worker_heartbeats") == [
        (
            "warning",
            "12 workers beat in the last 24 h, 1 of them just now: one that is gone counts as missing for a day",
        )
    ]


async def test_it_warns_where_nobody_beats_and_jobs_are_there(hound, look) -> None:
    """Jobs without any beat raise an alert whenever one waits; without jobs there is nothing to warn of."""
    assert said(await look(), "worker_heartbeats") == []
    await hound.job("queued")
    ((level, what),) = said(await look(), "worker_heartbeats")
    assert level == "warning"
    assert what.startswith("no worker beat in the last 24 h, and there are jobs")


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.floats(0, 120))
def test_it_finds_nothing_in_beats_that_come_in_time(workers: int, rows: int, gap: float) -> None:
    """However many workers there are: all alive, with several rows each and beats in time, are no finding."""
    assert beating(Beats(workers, workers * (rows + 1), rows + 1, workers, gap), jobs=1) == []


async def test_it_names_browsers_that_look_like_safari_on_ios(hound, look) -> None:
    """Names with versions, and those of web views, are no Safari on iOS to houndmon: a warning shows them."""
    await hound.play(6, platform="iOS", browser="Mobile Safari")
    await hound.play(3, platform="iOS 17.4", browser="Mobile Safari 17")
    await hound.play(1, platform="iOS", browser="Mobile Safari UI/WKWebView")
    await hound.play(10, platform="iOS", browser="Chrome Mobile iOS")
    report = await look()
    assert said(report, "play_attempts") == [
        ("warning", "20.0% of the rows look like Safari on iOS, and are not counted as it")
    ]
    assert report.findings[0].shown == (
        "platform 'iOS 17.4', browser 'Mobile Safari 17'  3  15.0%",
        "platform 'iOS', browser 'Mobile Safari UI/WKWebView'  1  5.00%",
    )
