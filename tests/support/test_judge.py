"""Where a track is, and which stage holds a release: literal rows in, stages and sentences out."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.clock import Clock
from houndmon.panels.ingest.model import Reason
from houndmon.panels.playback.model import PlayError
from houndmon.support.judge import STAGE_ORDER, judge_release, judge_track, newest_jobs
from houndmon.support.model import Plays, ReleaseJobRow, ReleaseTrackRow, Uploads

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)

CLOCK = Clock(NOW)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def track(
    state: str | None = "processing",
    *,
    minutes: float = 5,
    plan: float | None = None,
    live: float | None = None,
    **more,
) -> ReleaseTrackRow:
    row = {"track_id": "t", "release_id": "r", "flaw": None} | more
    return ReleaseTrackRow(
        state=state,
        uploaded_at=ago(minutes),
        due_at=ago(minutes if plan is None else plan),
        live_at=None if live is None else ago(live),
        is_live=state == "live" if live is None else live >= 0,
        **row,
    )


def job(status: str, *, minutes: float = 5, **more) -> ReleaseJobRow:
    row: dict[str, Any] = (
        dict.fromkeys(ReleaseJobRow.__struct_fields__) | {"job_id": "j", "track_id": "t", "attempt": 1} | more
    )
    return ReleaseJobRow(**row | {"status": status, "queued_at": ago(minutes)})


def judge(row: ReleaseTrackRow, *jobs: ReleaseJobRow, all_read: bool = True):
    return judge_track(row, newest_jobs(jobs), CLOCK, 10, all_read)


CASES = [
    (track("rejected"), [], "out", None, "rejected"),
    (track("live", minutes=60, live=57), [], "live", None, "went live after 3 min"),
    (track("live"), [], "live", None, "went live"),
    (track("live", minutes=9000, plan=60, live=57), [], "live", None, "went live 3 min after it was due"),
    (track("live", minutes=9000, plan=60, live=61), [], "live", None, "went live before it was due"),
    (track("live", minutes=9000, plan=-60, live=61), [], "live", None, "went live before it was due"),
    (track("ready", plan=-9000), [], "moving", "publish",
     "is ready, and waits to go live (due at Mar 8, 18:00 UTC)"),
    (track("ready", minutes=9000, plan=-30 * 24 * 60 * 12), [job("completed")], "moving", "publish",
     "is transcoded, and waits to go live (due at Feb 25, 2027, 12:00 UTC)"),
    (track(minutes=9000, plan=-9000), [job("failed", error_code="OOM")], "stuck", "transcode",
     "failed with OOM (due at Mar 8, 18:00 UTC)"),
    (track("live", live=-28260), [], "moving", "publish",
     "is called live, and waits to go live (its live_at lies ahead: Mar 22, 03:00 UTC)"),
    (track("ready", minutes=60, live=-28260), [job("completed")], "stuck", "publish",
     "is transcoded, and waits to go live (its live_at lies ahead: Mar 22, 03:00 UTC)"),
    (track("withdrawn", plan=-60, live=-60), [], "out", None, "withdrawn"),
    (track("uploaded"), [], "moving", "upload", "is uploaded, and has no transcode job"),
    (track("ready"), [], "moving", "publish", "is ready, and waits to go live"),
    (track(), [job("queued")], "moving", "transcode", "is queued"),
    (track(), [job("retrying", attempt=3, error_code="OOM")], "moving", "transcode",
     "waits for its next attempt after OOM, attempt 3"),
    (track(), [job("in_progress", claimed_at=ago(3), worker_id="w-1")], "moving", "worker",
     "is claimed by w-1, and has not started"),
    (track(), [job("in_progress", claimed_at=ago(3), started_at=ago(2), worker_id="w-1")], "moving", "worker",
     "runs on w-1"),
    (track(), [job("failed", finished_at=ago(1), error_code=None)], "stuck", "transcode", "failed with unspecified"),
    (track(), [job("completed", finished_at=ago(1))], "moving", "publish", "is transcoded, and waits to go live"),
    (track(), [job("scheduled", available_at=ago(1))], "moving", "transcode", "is queued"),
    (track(), [job("queued", available_at=ago(-90), attempt=2)], "moving", "transcode",
     "is held back until Mar 2, 13:30 UTC, attempt 2"),
    (track(), [job("scheduled")], "moving", "transcode", "is scheduled, and nothing says for when"),
    (track(), [job("cancelled", finished_at=ago(1))], "stuck", "transcode", "has a cancelled job"),
    (track(), [job("PAUSED")], "unknown", None, "has a job with the status PAUSED, which houndmon does not know"),
    (track("LIVE", flaw="unknown_value"), [], "unknown", None, "has the state LIVE, which houndmon does not know"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "jobs", "fate", "stage", "what"), CASES)
def test_it_places_a_track(row, jobs, fate, stage, what):
    """A track is where its own state and its newest job say."""
    found = judge(row, *jobs)
    assert (found.fate, found.stage, found.what) == (fate, stage, what)


def test_it_takes_the_newest_job():
    """An earlier failure does not hold a track whose later job is queued."""
    found = judge(track(), job("failed", minutes=9), job("queued", minutes=2))
    assert (found.fate, found.what) == ("moving", "is queued")


def test_it_is_stuck_past_the_limit():
    """Whatever is not live within the limit is stuck, in the stage where it waits."""
    assert judge(track(minutes=9.9), job("queued")).fate == "moving"
    late = judge(track(minutes=10.1), job("queued"))
    assert (late.fate, late.stage) == ("stuck", "transcode")


def test_it_is_not_stuck_before_it_is_due():
    """The limit runs from the later of upload and plan: weeks of waiting for a release day are none too late."""
    waiting = judge(track("ready", minutes=30_000, plan=-60))
    assert waiting.fate == "moving"
    assert judge(track("ready", minutes=30_000, plan=9.9)).fate == "moving"
    assert judge(track("ready", minutes=30_000, plan=10.1)).fate == "stuck"
    found = said(waiting, judge(track("ready", minutes=30_000, plan=-90)))
    assert (found.state, found.stage) == ("moving", "publish")
    assert found.text == "2 tracks of 2 on the way, none too late: the first is due at Mar 2, 13:00 UTC."
    both = said(waiting, judge(track("ready", minutes=5)))
    assert both.text == "2 tracks of 2 on the way, none too late."


def test_it_does_not_guess_where_it_has_not_looked():
    """Where jobs cannot be read, or not all were, a track without one is unknown, not jobless."""
    assert judge_track(track(minutes=60), None, CLOCK, 10, True).fate == "unknown"
    assert judge(track(minutes=60), all_read=False).fate == "unknown"


@pytest.mark.parametrize(
    ("row", "fate", "stage", "what"),
    [
        (track("ready", minutes=60), "stuck", "publish", "is ready, and waits to go live"),
        (track("ready", minutes=5), "moving", "publish", "is ready, and waits to go live"),
        (track("live", minutes=60, live=50), "live", None, "went live after 10 min"),
        (track(minutes=60), "unknown", None, "is not live; this source has no jobs, by houndmon.toml"),
        (track("uploaded", minutes=60), "unknown", None, "is not live; this source has no jobs, by houndmon.toml"),
    ],
)
def test_it_goes_by_the_state_where_the_source_has_no_jobs(row, fate, stage, what):
    """Without jobs by configuration a ready track waits to go live; of others nobody can say where they are, or why."""
    found = judge_track(row, None, CLOCK, 10, True, has_jobs=False)
    assert (found.fate, found.stage, found.what) == (fate, stage, what)


def said(*tracks, live=0, uploads=None, plays=None):
    return judge_release(list(tracks), live, live + len(tracks), uploads, plays, 0.03, CLOCK)


def test_it_names_the_first_stage_that_holds_something():
    """Of the stages with stuck tracks the first one counts, with one of its tracks as evidence."""
    failed = judge(track(track_id="t"), job("failed", finished_at=ago(3), error_code="OOM", attempt=3))
    waiting = judge(track(track_id="u", minutes=90), job("completed", track_id="u"))
    found = said(waiting, failed, live=8)
    assert (found.state, found.stage) == ("stuck", "transcode")
    assert found.text == "Transcode holds 1 of 10 tracks: t failed with OOM, attempt 3, since Mar 2, 11:57 UTC; 8 live."


def test_it_says_that_all_is_on_its_way_or_live():
    """What still has time is not stuck, and a release that is all live is done."""
    moving = said(judge(track(), job("queued")), live=2)
    assert (moving.state, moving.stage, moving.text) == (
        "moving",
        "transcode",
        "1 track of 3 on the way, none too late.",
    )
    done = judge_release([judge(track("rejected"))], 4, 5, None, None, 0.03, CLOCK)
    assert (done.state, done.text) == ("ok", "4 of 5 tracks live, 1 rejected or withdrawn.")


def plays(failed: int, attempts: int, low: float) -> Plays:
    error = PlayError("DECODE", failed, 1.0, None, False)
    return Plays(
        attempts=attempts, failed=failed, blocked=0, aborted=0, failure_ratio=failed / attempts, ratio_low=low,
        ratio_high=1.0, top_errors=[error] if failed else [],
    )  # fmt: skip


@pytest.mark.parametrize(("of", "state"), [((40, 100, 0.3), "stuck"), ((2, 2, 0.34), "ok"), ((3, 900, 0.001), "ok")])
def test_it_looks_at_plays_last(of, state):
    """A release that is live is stuck at play where its plays fail by any reading of the sample, and three or more."""
    live = judge(track("live", live=1))
    found = judge_release([live], 1, 1, None, plays(*of), 0.03, CLOCK)
    assert found.state == state
    assert (found.stage == "play") == (state == "stuck")


def test_it_tells_rejected_uploads_from_nothing():
    """A release without a track is held at upload where its uploads were rejected; else there is nothing of it."""
    refused = Uploads(uploads=3, rejected=2, rejection_reasons=[Reason("clipping", 2, 1.0, False)])
    found = said(uploads=refused)
    assert (found.state, found.stage) == ("stuck", "upload")
    assert "2 of 3 uploads were rejected, most for clipping" in found.text
    assert said().state == "empty"


def test_it_cannot_tell_without_tracks():
    """Where the tracks cannot be read there is no verdict."""
    assert judge_release(None, 0, 0, None, None, 0.03, CLOCK).state == "unknown"


STATES = st.sampled_from(["uploaded", "processing", "ready", "live", "rejected", "withdrawn", "?", None])
STATUSES = st.sampled_from(["queued", "in_progress", "retrying", "failed", "completed", "?", None])


@given(st.lists(st.tuples(STATES, STATUSES, st.floats(0, 1e5), st.booleans()), max_size=12))
def test_it_always_has_a_verdict(rows):
    """Whatever the rows, there is one sentence; something stuck is never passed over, and a stage is a known one."""
    tracks = []
    for state, status, minutes, is_live in rows:
        flaw = (
            None if state in ("uploaded", "processing", "ready", "live", "rejected", "withdrawn") else "unknown_value"
        )
        row = track(state, minutes=minutes, live=0.0 if is_live else None, flaw=flaw)
        tracks.append(judge(row, job(status, minutes=minutes)))
    found = judge_release(tracks, sum(one.fate == "live" for one in tracks), len(tracks), None, None, 0.03, CLOCK)
    assert found.text
    assert (found.state == "stuck") == any(one.fate == "stuck" for one in tracks)
    assert found.stage in (None, *STAGE_ORDER)
