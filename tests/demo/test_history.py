from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from demo.conftest import WEEK
from houndmon.core.faults import shape
from houndmon.demo.history import load_history

pytestmark = pytest.mark.long

NOW = datetime(2026, 11, 24, 18, 3, 17, tzinfo=UTC)
TIMES = {
    "play_attempts": ("occurred_at",),
    "upload_attempts": ("occurred_at",),
    "api_requests": ("occurred_at",),
    "worker_heartbeats": ("beat_at", "process_started_at"),
    "tracks": ("uploaded_at", "live_at"),
    "transcode_jobs": ("queued_at", "claimed_at", "started_at", "finished_at"),
}
KNOWN = {
    "play_attempts": ("outcome", {"started", "failed", "blocked", "aborted"}),
    "upload_attempts": ("outcome", {"accepted", "rejected"}),
    "transcode_jobs": (
        "status",
        {"queued", "scheduled", "in_progress", "retrying", "failed", "completed", "cancelled"},
    ),
    "tracks": ("state", {"uploaded", "processing", "ready", "live", "rejected", "withdrawn"}),
}


async def ratio(conn: asyncpg.Connection, relation: str, part: str, whole: str = "true") -> float:
    """Return the share of rows that fit `part` among those that fit `whole`."""
    query = f"select count(*) filter (where {part})::float8 / count(*) from hound.{relation} where {whole}"
    share: float = await conn.fetchval(query)
    return share


@pytest.fixture
async def week(hound: asyncpg.Connection) -> asyncpg.Connection:
    """Give a connection to a Hound with a thinned week of history."""
    await load_history(hound, seed=7, now=NOW, progress=False, scale=0.2, span=WEEK)
    return hound


async def test_it_writes_a_week_that_holds_together(week: asyncpg.Connection) -> None:
    """No row lies in the future or ends before it began, and every value is one of the contract's."""
    for relation, columns in TIMES.items():
        newest = await week.fetchval(f"select max(greatest({', '.join(columns)})) from hound.{relation}")
        assert timedelta(0) <= NOW - newest < timedelta(minutes=15), relation
    for relation, (column, known) in KNOWN.items():
        rows = await week.fetch(f"select distinct {column} as value from hound.{relation}")
        assert {row["value"] for row in rows} <= known
    wrong = (
        "finished_at < started_at or started_at < claimed_at or claimed_at < queued_at "
        "or (status in ('failed', 'completed', 'cancelled')) <> (finished_at is not null) "
        "or (status = 'failed' and error_code is null)"
    )
    assert await week.fetchval(f"select count(*) from hound.transcode_jobs where {wrong}") == 0
    wrong = (
        "live_at < greatest(uploaded_at, publish_at) or state = 'live' and live_at is null "
        "or state not in ('live', 'withdrawn') and live_at is not null"
    )
    assert await week.fetchval(f"select count(*) from hound.tracks where {wrong}") == 0


async def test_it_covers_both_environments_for_the_whole_week(week: asyncpg.Connection) -> None:
    """Each event relation reaches back over a week in prod and in staging, 95 to 5."""
    for relation in ("play_attempts", "upload_attempts", "api_requests", "worker_heartbeats"):
        rows = await week.fetch(f"select distinct environment from hound.{relation}")
        assert {row["environment"] for row in rows} == {"prod", "staging"}
    people = "(platform, browser) is distinct from ('linux', 'chrome')"  # staging's check is one of those
    assert await ratio(week, "play_attempts", "environment = 'staging'", people) == pytest.approx(0.05, abs=0.01)
    oldest = await week.fetchval("select min(occurred_at) from hound.play_attempts")
    assert NOW - WEEK <= oldest < NOW - timedelta(days=7, minutes=30)


async def test_it_links_every_row_to_a_release(week: asyncpg.Connection) -> None:
    """Plays, uploads, jobs and tracks carry the ids of releases that exist, with a name for support."""
    for relation in ("play_attempts", "upload_attempts", "transcode_jobs", "tracks"):
        query = f"select count(*) from hound.{relation} left join hound.releases r using (release_id, artist_id)"
        assert await week.fetchval(f"{query} where r.artist_name is null") == 0


async def test_it_is_healthy(week: asyncpg.Connection) -> None:
    """The ratios of the week are those of a platform in good health."""
    attempts = "outcome in ('started', 'failed')"
    assert 0.002 < await ratio(week, "play_attempts", "outcome = 'failed'", attempts) < 0.009
    assert 0.010 < await ratio(week, "play_attempts", "outcome = 'blocked'") < 0.020
    assert 0.020 < await ratio(week, "upload_attempts", "outcome = 'rejected'") < 0.070
    finished = "finished_at is not null"
    assert await ratio(week, "transcode_jobs", "status = 'failed'", finished) < 0.015
    due_at = "greatest(uploaded_at, publish_at)"
    waited = f"track_id >= 'trk-0010000' and {due_at} < timestamptz '{NOW}' - interval '10 min'"
    waited += " and not (state = 'withdrawn' and live_at is null)"
    assert 0.965 < await ratio(week, "tracks", f"live_at - {due_at} < '10 min'", waited) < 0.995


async def test_it_ends_in_health(week: asyncpg.Connection) -> None:
    """In the last three hours nothing stands out, and every worker has just beaten."""
    recent = f"occurred_at > timestamptz '{NOW}' - interval '3 h'"
    failed = "outcome = 'failed'"
    assert await ratio(week, "play_attempts", failed, f"{recent} and outcome in ('started', 'failed')") < 0.015
    broken = await week.fetchval(
        f"select sum(requests) filter (where status_code >= 500)::float8 / sum(requests) "
        f"from hound.api_requests where {recent}"
    )
    assert broken < 0.004
    beats = await week.fetch("select max(beat_at) as at from hound.worker_heartbeats group by worker_id")
    assert len(beats) == 5
    assert all(NOW - beat["at"] <= timedelta(seconds=15) for beat in beats)


async def test_it_has_a_little_of_what_queues_and_clients_do(week: asyncpg.Connection) -> None:
    """Some jobs wait on purpose or are called off, some tracks for a Friday; players go by more than one name."""
    assert 0.01 < await ratio(week, "transcode_jobs", "available_at > queued_at") < 0.06
    assert 0.002 < await ratio(week, "transcode_jobs", "status = 'cancelled'") < 0.02
    assert 0.02 < await ratio(week, "tracks", "publish_at is not null", "track_id >= 'trk-0010000'") < 0.07
    planned = "publish_at = date_trunc('day', publish_at, 'UTC') and extract(isodow from publish_at) = 5"
    assert await ratio(week, "tracks", planned, "publish_at is not null") == 1
    ahead = f"publish_at > timestamptz '{NOW}'"
    assert await ratio(week, "tracks", ahead, "publish_at is not null") > 0
    assert await ratio(week, "tracks", "live_at is null", ahead) == 1
    safari = "lower(platform) = 'ios' and browser ~* 'safari'"
    assert 0 < await ratio(week, "play_attempts", "browser = 'Mobile Safari'", safari) < 0.5
    codes = "select distinct error_code from hound.play_attempts where error_code like 'GET https://%'"
    assert len({shape(row["error_code"]) for row in await week.fetch(codes)}) == 1
    assert 0 < await ratio(week, "api_requests", "status_code = 499") < 0.2
    assert 0 < await ratio(week, "api_requests", "service is null") < 0.2


async def test_it_leaves_what_is_planned_for_later_to_its_day(hound: asyncpg.Connection) -> None:
    """Of a demo that was stopped before a Friday and goes on after it, the tracks of that day are live since then."""
    thursday = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)
    friday = thursday + timedelta(hours=1)
    await load_history(hound, seed=7, now=thursday, progress=False, span=timedelta(hours=12))
    waiting = "select count(*) from hound.tracks where state = 'ready' and live_at is null and publish_at = $1"
    waited = await hound.fetchval(waiting, friday)
    assert waited > 20
    await load_history(hound, seed=7, now=thursday + timedelta(minutes=30), progress=False)
    assert await hound.fetchval(waiting, friday) >= waited
    await load_history(hound, seed=7, now=friday + timedelta(hours=1), progress=False)
    assert await hound.fetchval(waiting, friday) == 0
    live = "select count(*) from hound.tracks where publish_at = $1 and live_at between $1 and $1 + interval '10 min'"
    assert await hound.fetchval(live, friday) >= 0.95 * waited


async def test_it_keeps_a_daily_rhythm(week: asyncpg.Connection) -> None:
    """Evenings have several times the plays of the small hours."""
    hour = "extract(hour from occurred_at at time zone 'utc')"
    evening = await ratio(week, "play_attempts", f"{hour} = 19")
    assert evening > 5 * await ratio(week, "play_attempts", f"{hour} = 3")


async def test_it_is_the_same_for_the_same_seed(hound: asyncpg.Connection) -> None:
    """Two loads with one seed write the same rows."""
    found = []
    for _ in range(2):
        await hound.execute("truncate hound.releases, hound.tracks, hound.play_attempts, hound.upload_attempts")
        await hound.execute("truncate hound.transcode_jobs, hound.api_requests, hound.worker_heartbeats")
        await load_history(hound, seed=3, now=NOW, progress=False, span=timedelta(hours=1))
        query = "select md5(string_agg(p::text, ',' order by p::text)) from hound.play_attempts p"
        found.append(await hound.fetchval(query))
    assert found[0] == found[1]


@pytest.mark.parametrize("gap", [timedelta(0), timedelta(seconds=20), timedelta(hours=3), timedelta(days=8)])
async def test_it_fills_only_the_gap_on_a_later_start(hound: asyncpg.Connection, gap: timedelta) -> None:
    """What is there stays, the gap is filled, and nothing of the time before is left undone."""
    early = await load_history(hound, seed=7, now=NOW, progress=False, span=timedelta(hours=6))
    oldest = await hound.fetchval("select min(occurred_at) from hound.play_attempts")
    late = await load_history(hound, seed=7, now=NOW + gap, progress=False)
    assert late.releases == 0
    assert await hound.fetchval("select min(occurred_at) from hound.play_attempts") == oldest
    total = await hound.fetchval("select count(*) from hound.play_attempts")
    assert total == early.play_attempts + late.play_attempts
    newest = await hound.fetchval("select max(beat_at) from hound.worker_heartbeats")
    assert timedelta(0) <= NOW + gap - newest <= timedelta(seconds=30)
    if gap > timedelta(hours=1):
        active = "status in ('queued', 'scheduled', 'in_progress', 'retrying') and queued_at < $1"
        assert await hound.fetchval(f"select count(*) from hound.transcode_jobs where {active}", NOW) == 0


async def test_it_prunes_what_is_older_than_22_days(hound: asyncpg.Connection) -> None:
    """A start after 23 days leaves no event of the first hours, but the back catalogue."""
    await load_history(hound, seed=7, now=NOW, progress=False, span=timedelta(hours=2))
    later = NOW + timedelta(days=23)
    await load_history(hound, seed=7, now=later, progress=False, scale=0.02, span=timedelta(hours=2))
    for relation, columns in TIMES.items():
        extra = " and track_id >= 'trk-0010000'" if relation == "tracks" else ""
        query = f"select count(*) from hound.{relation} where {columns[0]} < $1{extra}"
        assert await hound.fetchval(query, NOW) == 0, relation
    assert await hound.fetchval("select count(*) from hound.tracks where track_id < 'trk-0010000'") > 1000
