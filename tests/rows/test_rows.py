"""A figure and the rows behind it have one definition: held on a real database, with rows as production has them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import cycle, product
from typing import Any

import pytest

from factories import BLANK, ID_TYPES, NOW, WORST, Hound
from houndmon.config.defaults import DEFAULTS
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.panels.ingest.load import load as load_ingest
from houndmon.panels.playback.load import load as load_playback
from houndmon.panels.publish.load import load as load_publish
from houndmon.panels.transcode.load import load as load_transcode
from houndmon.panels.transcode.load import load_running
from houndmon.panels.workers.load import load as load_workers
from houndmon.rows.load import load
from houndmon.rows.model import KINDS, MOST_ROWS, AnyRowList, RowsQuestion

ZONE = "Europe/Berlin"  # its day began at 23:00 UTC
ENDS = (
    *("-6m", "-14m", "-16m", "2026-03-02 11:00", "2026-03-02 10:59:59.999999", "2026-03-01 23:00"),
    *("2026-03-01 22:59:59.999999", "2026-03-01 12:00", "2026-03-01 11:59:59.999999", "-6d", "-8d"),
    *("+5s", "+6s", "infinity", "-infinity", "20000-01-01Z"),
)
"""Times on the edges of the windows at NOW, beside them, and such as no calendar has."""
CODES = (
    *("A", "a", None, "", "\u3000", "unspecified", "failed: 6f1c2b1e-0000-4000-8000-000000000007"),
    *("failed: 6f1c2b1e-0000-4000-8000-000000000008", "failed: …", "GET https://cdn.example/1", "other", "100% _ \\"),
)
"""Codes as strangers write them: two that are one by their shape, one that looks like it, blank ones."""
WORDS = {
    "upload_attempts": ("accepted", "rejected", "Rejected", " rejected"),
    "play_attempts": ("started", "failed", "blocked", "aborted", "Failed", "failed "),
    "transcode_jobs": (
        *("queued", "scheduled", "in_progress", "retrying", "failed", "completed", "cancelled"),
        *("Failed", "queued "),
    ),
    "tracks": ("uploaded", "processing", "ready", "live", "rejected", "withdrawn", "Live"),
}
Count = Callable[[Snapshot, Filters], Awaitable[int]]


def figure(load_panel: Any, *path: str) -> Count:
    """What a panel counts."""

    async def count(snapshot: Snapshot, filters: Filters) -> int:
        found = await load_panel(snapshot, filters, DEFAULTS)
        for name in path:
            found = getattr(found, name)
        assert isinstance(found, int)
        return found

    return count


async def stuck(snapshot: Snapshot, filters: Filters) -> int:
    """How many jobs the rule `job_stuck` takes for endless."""
    longest = timedelta(seconds=DEFAULTS.rules["job_stuck"].stuck_after_seconds)
    return sum(one.endless for one in await load_running(snapshot, filters, longest))


FIGURES: dict[str, Count] = {
    "failed_jobs_today": figure(load_transcode, "failed_today"),
    "failed_jobs": figure(load_transcode, "jobs_by_status", "failed"),
    "completed_jobs": figure(load_transcode, "jobs_by_status", "completed"),
    "cancelled_jobs": figure(load_transcode, "jobs_by_status", "cancelled"),
    "finished_jobs_15m": figure(load_transcode, "finished_last_15m"),
    "queued_jobs": figure(load_transcode, "jobs_by_status", "queued"),
    "scheduled_jobs": figure(load_transcode, "jobs_by_status", "scheduled"),
    "jobs_in_progress": figure(load_transcode, "jobs_by_status", "in_progress"),
    "retrying_jobs": figure(load_transcode, "jobs_by_status", "retrying"),
    "stuck_jobs": stuck,
    "claimed_jobs": figure(load_workers, "claimed_not_started", "count"),
    "uploads": figure(load_ingest, "uploads"),
    "uploads_today": figure(load_ingest, "uploads_today"),
    "uploads_1h": figure(load_ingest, "uploads_last_hour"),
    "rejected_uploads": figure(load_ingest, "rejected"),
    "attempted_plays": figure(load_playback, "attempts"),
    "failed_plays": figure(load_playback, "failed"),
    "blocked_plays": figure(load_playback, "blocked"),
    "aborted_plays": figure(load_playback, "aborted"),
    "due_tracks": figure(load_publish, "due"),
    "live_tracks": figure(load_publish, "live_in_time"),
    "late_tracks": figure(load_publish, "live_late"),
    "overdue_tracks": figure(load_publish, "overdue"),
    "waiting_tracks": figure(load_publish, "waiting"),
}
TOP_LISTS = {
    "failed_jobs": (load_transcode, "top_failures", "error_code"),
    "failed_plays": (load_playback, "top_errors", "error_code"),
    "rejected_uploads": (load_ingest, "rejection_reasons", "reason"),
}


async def fill_awkward(hound: Hound) -> None:
    """Fill Hound with events, jobs and tracks at each of those times, of each word and code, in any environment."""
    codes = cycle(CODES)
    for relation, column in (("upload_attempts", "rejection_reason"), ("play_attempts", "error_code")):
        events = [
            {"environment": "prod", "occurred_at": at, "outcome": word, column: next(codes)}
            for word, at in product(WORDS[relation], ENDS)
        ]
        await hound.insert(relation, [*events, *elsewhere(events)])
    jobs: list[dict[str, str | None]] = [
        {"environment": "prod", "status": word, "queued_at": "-9d", "finished_at": at, "error_code": next(codes)}
        for word, at in product(WORDS["transcode_jobs"], (*ENDS, None))
    ]
    jobs += [
        {"environment": "prod", "status": word, "finished_at": ended} | times
        for word, ended in (("queued", None), ("scheduled", None), ("in_progress", None), ("failed", "-3m"))
        for times in JOB_TIMES
    ]
    rows = [*jobs, *elsewhere(jobs)]
    await hound.insert("transcode_jobs", [{"job_id": f"j-{n:04}"} | row for n, row in enumerate(rows)])
    tracks: list[dict[str, str | None]] = [
        {"environment": "prod", "state": word, **times} for word, times in product(WORDS["tracks"], TRACK_TIMES)
    ]
    rows = [*tracks, *elsewhere(tracks)]
    await hound.insert("tracks", [{"track_id": f"t-{n:04}"} | row for n, row in enumerate(rows)])


JOB_TIMES: tuple[dict[str, str | None], ...] = (
    {"queued_at": None},
    {"queued_at": None, "available_at": "+1h"},
    {"queued_at": "-infinity", "available_at": "-5m"},
    {"queued_at": "-5m", "available_at": "+5s"},
    {"queued_at": "-5m", "available_at": "+6s"},
    {"queued_at": "-5m", "available_at": "infinity"},
    {"queued_at": "+6s"},
    {"queued_at": "-5m", "claimed_at": "+6s"},
    {"queued_at": "-5h", "claimed_at": "-4h"},
    {"queued_at": "-5h", "claimed_at": "-4h", "started_at": "-3h"},
    {"queued_at": "-5m", "claimed_at": "-4m", "started_at": "-2m"},
    {"queued_at": "-5m", "claimed_at": "-1m", "started_at": "+1h"},
)
TRACK_TIMES: tuple[dict[str, str | None], ...] = (
    {"uploaded_at": "-5m"},
    {"uploaded_at": "-10m"},
    {"uploaded_at": "2026-03-02 11:50:29.999999"},
    {"uploaded_at": "-20m", "live_at": "-10m"},
    {"uploaded_at": "-20m", "live_at": "2026-03-02 11:50:30.000001"},
    {"uploaded_at": "-20m", "live_at": "-30m"},
    {"uploaded_at": "-20m", "live_at": "+6s"},
    {"uploaded_at": "+6s"},
    {"uploaded_at": "-2d", "publish_at": "-20m"},
    {"uploaded_at": "-2d", "publish_at": "-20m", "live_at": "-21m"},
    {"uploaded_at": "-20m", "publish_at": "-2d"},
    {"uploaded_at": "-20m", "publish_at": "+2d"},
    {"uploaded_at": "-20m", "publish_at": "+2d", "live_at": "-6m"},
    {"uploaded_at": "-20m", "publish_at": "infinity", "live_at": "-6m"},
    {"uploaded_at": "-infinity", "publish_at": "-7m"},
    {"uploaded_at": "infinity", "publish_at": None},
)


def elsewhere(rows: list[dict[str, str | None]]) -> list[dict[str, str | None]]:
    """Some of the rows again: in staging, and in no environment that is known."""
    return [row | {"environment": name} for row, name in zip(rows, cycle(("staging", "Prod", *BLANK)), strict=False)]


async def listed(snapshot: Snapshot, kind: str, filters: Filters | None = None, code: str | None = None) -> AnyRowList:
    """The rows of a kind."""
    return await load(snapshot, RowsQuestion(kind, filters or Filters(), code), DEFAULTS)


def test_it_holds_each_kind_against_a_figure() -> None:
    """No kind of rows is left out of the comparison below."""
    assert FIGURES.keys() == KINDS.keys()
    assert {kind for kind in KINDS if KINDS[kind].has_codes} == {*TOP_LISTS, "failed_jobs_today"}


@pytest.mark.parametrize("kind", KINDS)
async def test_it_lists_as_many_rows_as_the_panel_counts(
    hound: Hound, snapshot: Callable[..., Snapshot], kind: str
) -> None:
    """Whatever the rows hold, a count of at most 100 is the number of rows: in each range and environment."""
    await fill_awkward(hound)
    view, seen = snapshot(NOW, ZONE), set()
    for span, environment in product(("1h", "24h", "7d"), ("prod", "staging")):
        filters = Filters(span, environment)  # type: ignore[arg-type]
        count, found = await FIGURES[kind](view, filters), await listed(view, kind, filters)
        assert (len(found.items), found.truncated) == (min(count, MOST_ROWS), count > MOST_ROWS), filters
        assert count <= MOST_ROWS
        seen.add(count)
    assert max(seen) > 0


@pytest.mark.parametrize("kind", TOP_LISTS)
async def test_it_lists_as_many_rows_of_a_code_as_the_panel_counts(
    hound: Hound, snapshot: Callable[..., Snapshot], kind: str
) -> None:
    """A code of a top list leads to its rows: those of its shape, blank ones, and no others."""
    await fill_awkward(hound)
    load_panel, field, name = TOP_LISTS[kind]
    view, filters = snapshot(NOW, ZONE), Filters("7d")
    counts = {
        getattr(line, name): line.count
        for line in getattr(await load_panel(view, filters, DEFAULTS), field)
        if not line.is_rest
    }
    assert {"unspecified", "failed: …"} <= counts.keys()
    assert {code: len((await listed(view, kind, filters, code)).items) for code in counts} == counts
    assert (await listed(view, kind, filters, "failed: 6f1c2b1e-0000-4000-8000-000000000007")).items == []


async def test_it_lists_the_newest_first_and_says_that_there_are_more(
    hound: Hound, snapshot: Callable[..., Snapshot]
) -> None:
    """Of 101 jobs that failed, the first 100 are the newest, with their ids; of 101 that wait, the oldest."""
    await hound.insert(
        "transcode_jobs",
        [
            {"environment": "prod", "job_id": f"{status}-{n:03}", "status": status, column: f"-{n + 1}m"}
            for n in range(MOST_ROWS + 1)
            for status, column in (("failed", "finished_at"), ("queued", "queued_at"))
        ],
    )
    failed, queued = [await listed(snapshot(), kind) for kind in ("failed_jobs", "queued_jobs")]
    assert (failed.order, failed.truncated, len(failed.items)) == ("newest_first", True, MOST_ROWS)
    assert (queued.order, queued.truncated, len(queued.items)) == ("oldest_first", True, MOST_ROWS)
    ends = [[one.job_id for one in (found.items[0], found.items[-1])] for found in (failed, queued)]  # type: ignore[union-attr]
    assert ends == [["failed-000", "failed-099"], ["queued-100", "queued-001"]]


@pytest.mark.parametrize(("type_name", "mine", "other"), ID_TYPES)
async def test_it_narrows_to_an_artist(
    hound: Hound, snapshot: Callable[..., Snapshot], type_name: str, mine: str, other: str
) -> None:
    """The support filter holds for rows as for figures, whatever the type of an id; ids are strings."""
    for relation in ("transcode_jobs", "play_attempts", "upload_attempts", "tracks"):
        await hound.retype(relation, type_name, "artist_id")
    for id in (mine, other):
        await hound.job("failed", artist_id=id)
        await hound.play(outcome="failed", artist_id=id)
        await hound.upload(outcome="rejected", artist_id=id)
        await hound.track(artist_id=id)
    for kind in ("failed_jobs", "failed_plays", "rejected_uploads", "overdue_tracks"):
        found = await listed(snapshot(), kind, Filters(artist_id=mine))
        assert [one.artist_id for one in found.items] == [mine], kind
        assert found.filters.artist_id == mine


async def test_it_cuts_what_strangers_wrote(hound: Hound, snapshot: Callable[..., Snapshot]) -> None:
    """A message of 1 MB is cut at 200 characters, without control characters; times that no calendar has are null."""
    await hound.job("failed", error_message=WORST, queued_at="-infinity", available_at="infinity", worker_id="w" * 999)
    [job] = (await listed(snapshot(), "failed_jobs")).items
    assert (job.queued_at, job.available_at) == (None, None)  # type: ignore[union-attr]
    assert len(job.error_message or "") == 200  # type: ignore[union-attr]
    assert "\x07" not in (job.error_message or "")  # type: ignore[union-attr]
    assert job.worker_id == "w" * 200  # type: ignore[union-attr]
