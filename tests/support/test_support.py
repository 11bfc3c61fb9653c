"""Where one release is stuck: on a real database, with literal rows, hostile ones among them."""

import re

import pytest

from factories import ID_TYPES, WORST
from houndmon.support.load import SQL
from houndmon.web.dependencies import services_of

NEEDS = ("releases", "tracks", "transcode_jobs", "upload_attempts", "play_attempts")
R = {"release_id": "r-1", "artist_id": "a-1"}


async def support(console, **params):
    services_of(console.app).support.invalidate()
    answer = await console.get("/api/support", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def stuck(console):
    """A release of three tracks: one live, one whose job failed, one on its way; and others that are none of ours."""
    hound = console.hound
    await hound.insert("releases", [R | {"title": "Slow Lanterns", "artist_name": "Ostralune"}])
    await hound.track(track_id="t-live", state="live", uploaded_at="-60m", live_at="-56m", **R)
    await hound.track(track_id="t-bad", state="processing", uploaded_at="-50m", **R)
    await hound.track(track_id="t-new", state="processing", uploaded_at="-3m", **R)
    await hound.track(track_id="t-else", release_id="r-2", artist_id="a-1")
    await hound.track(track_id="t-staging", environment="staging", **R)
    failed = {"attempt": 3, "started_at": "-45m", "finished_at": "-40m", "error_message": "Invalid data"}
    await hound.job("failed", job_id="j-bad", track_id="t-bad", **failed, **R)
    await hound.job("queued", job_id="j-new", track_id="t-new", queued_at="-2m", **R)
    await hound.job("completed", job_id="j-live", track_id="t-live", **R)
    await hound.job("failed", job_id="j-else", release_id="r-2")
    await hound.upload(times=3, **R)
    await hound.play(times=20, **R)
    await hound.play(outcome="failed", error_code="NET", **R)
    await hound.play(outcome="failed", release_id="r-2", times=9)
    return console


async def test_it_says_where_a_release_is_stuck(stuck):
    """Its tracks with stages, its jobs with attempts and errors, its uploads and plays, and one sentence."""
    found = await support(stuck, release_id="r-1")
    assert found["release"] == R | {"title": "Slow Lanterns", "artist_name": "Ostralune"}
    assert (found["verdict"]["state"], found["verdict"]["stage"]) == ("stuck", "transcode")
    assert found["verdict"]["text"].startswith(
        "Transcode holds 1 of 3 tracks: t-bad failed with FFMPEG_EXIT_1, attempt 3"
    )
    assert [(t["track_id"], t["fate"], t["stage"]) for t in found["tracks"]] == [
        ("t-bad", "stuck", "transcode"),
        ("t-new", "moving", "transcode"),
        ("t-live", "live", None),
    ]
    assert (found["track_count"], found["live_count"], found["job_count"]) == (3, 1, 3)
    jobs = {job["job_id"]: job for job in found["jobs"]}
    assert jobs.keys() == {"j-bad", "j-new", "j-live"}
    assert (jobs["j-bad"]["attempt"], jobs["j-bad"]["error_code"], jobs["j-bad"]["error_message"]) == (
        3,
        "FFMPEG_EXIT_1",
        "Invalid data",
    )
    assert found["uploads"] == {"uploads": 3, "rejected": 0, "rejection_reasons": []}
    assert (found["plays"]["attempts"], found["plays"]["failed"]) == (21, 1)
    assert (found["releases"], found["unreadable"], found["anomalies"]) == ([], [], [])


async def test_it_agrees_with_the_panels(stuck):
    """One number, one source: its plays and uploads are those of the panels under the same filter."""
    found = await support(stuck, release_id="r-1", range="1h")
    plays, uploads = await stuck.panel("playback", release_id="r-1", range="1h"), found["uploads"]
    assert found["plays"] == {name: plays[name] for name in found["plays"]}
    assert uploads["uploads"] == (await stuck.panel("ingest", release_id="r-1", range="1h"))["uploads"]


async def test_it_shows_an_artists_releases(stuck):
    """An artist's releases stand with their counts, those with waiting tracks first, named or not."""
    await stuck.hound.insert("releases", [R | {"release_id": "r-3", "title": "Unborn", "artist_name": "Ostralune"}])
    found = await support(stuck, artist_id="a-1")
    assert (found["artist_name"], found["release"]) == ("Ostralune", None)
    assert found["releases"] == [
        {"release_id": "r-1", "title": "Slow Lanterns", "tracks": 3, "live": 1, "out": 0},
        {"release_id": "r-2", "title": None, "tracks": 1, "live": 0, "out": 0},
        {"release_id": "r-3", "title": "Unborn", "tracks": 0, "live": 0, "out": 0},
    ]


async def test_it_does_not_call_live_what_says_so_of_the_future(console):
    """A `live_at` more than 5 s ahead makes no track live: not in the counts, the stages or the sentence."""
    await console.hound.track(times=60, uploaded_at="-60m", state="live", live_at="+28260m", **R)
    found = await support(console, release_id="r-1")
    assert (found["track_count"], found["live_count"]) == (60, 0)
    assert {(track["fate"], track["stage"]) for track in found["tracks"]} == {("stuck", "publish")}
    assert (found["verdict"]["state"], found["verdict"]["stage"]) == ("stuck", "publish")
    assert found["verdict"]["text"].startswith("Publish holds 60 of 60 tracks: track-1 is called live, and waits to go")
    assert found["anomalies"] == [{"kind": "future_time", "count": 60}]
    artist = await support(console, artist_id="a-1")
    assert [(one["tracks"], one["live"], one["out"]) for one in artist["releases"]] == [(60, 0, 0)]


async def test_it_waits_for_a_release_day(console):
    """Tracks that are due later are on their way however long ago they came, and say when they are due."""
    plan = {"uploaded_at": "-21d", "state": "ready", **R}
    await console.hound.track(track_id="t-day", publish_at="2126-03-06 00:00Z", **plan)
    await console.hound.track(track_id="t-never", publish_at="infinity", **plan)
    await console.hound.track(track_id="t-early", publish_at="+9d", **plan | {"state": "live"}, live_at="-1d")
    found = await support(console, release_id="r-1")
    assert (
        found["verdict"]["text"]
        == "2 tracks of 3 on the way, none too late: the first is due at Mar 6, 2126, 00:00 UTC."
    )
    tracks = {track["track_id"]: track for track in found["tracks"]}
    assert {id: track["fate"] for id, track in tracks.items()} == {
        "t-day": "moving",
        "t-never": "moving",
        "t-early": "live",
    }
    assert tracks["t-day"]["due_at"] == "2126-03-06T00:00:00Z"
    assert tracks["t-early"]["what"] == "went live before it was due"
    await console.hound.track(track_id="t-late", publish_at="-11m", **plan)
    found = await support(console, release_id="r-1")
    assert (found["verdict"]["state"], found["tracks"][0]["track_id"]) == ("stuck", "t-late")


async def test_it_keeps_environments_apart(stuck):
    """In staging only staging's track is there."""
    found = await support(stuck, release_id="r-1", environment="staging")
    assert [track["track_id"] for track in found["tracks"]] == ["t-staging"]
    assert found["jobs"] == []


async def test_it_knows_nothing_of_a_stranger(console):
    """An id that nobody has is an empty answer, not an error."""
    found = await support(console, release_id="nobody")
    assert (found["verdict"]["state"], found["release"], found["tracks"]) == ("empty", None, [])


@pytest.mark.parametrize("relation", NEEDS)
async def test_it_answers_without_one_relation(stuck, relation):
    """A relation that is gone is named, and takes down nothing else of the answer; then it heals."""
    good = await support(stuck, release_id="r-1")
    await stuck.hound.conn.execute(f"alter table hound.{relation} rename to gone")
    found = await support(stuck, release_id="r-1")
    assert len(found["unreadable"]) == 1
    assert found["unreadable"][0].startswith(f"relation hound.{relation} cannot be read: it does not exist")
    lost = {"releases": {"release", "artist_name"}, "tracks": {"tracks"}, "transcode_jobs": {"jobs"}}
    lost |= {"upload_attempts": {"uploads"}, "play_attempts": {"plays"}}
    for name in ("release", "artist_name", "jobs", "uploads", "plays"):
        assert (found[name] == good[name]) == (name not in lost[relation]), name
    assert (found["verdict"]["state"] == "unknown") == (relation in ("tracks", "transcode_jobs"))
    html = (await stuck.get("/fragments/support", release_id="r-1")).text
    assert f"relation hound.{relation} cannot be read" in html
    await stuck.hound.conn.execute(f"alter table hound.gone rename to {relation}")
    await support(stuck, release_id="r-1")  # which makes the catalogue be looked at anew
    assert (await support(stuck, release_id="r-1"))["unreadable"] == []


async def test_it_serves_the_last_good_answer(stuck, outage):
    """While the source is gone the last good answer is served, and marked; without one it is a 503."""
    good = await support(stuck, release_id="r-1")
    async with outage():
        found = await support(stuck, release_id="r-1")
        assert found == good | {"stale": True, "stale_reason": found["stale_reason"]}
        assert "cannot be read" in found["stale_reason"]
        answer = await stuck.get("/api/support", release_id="r-9")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        html = (await stuck.get("/fragments/support", release_id="r-9")).text
        assert 'data-state="failed"' in html
    assert (await support(stuck, release_id="r-1"))["stale"] is False


@pytest.mark.parametrize(("kind", "one", "other"), ID_TYPES)
async def test_it_compares_ids_in_their_own_type(console, kind, one, other):
    """Ids may be text, uuid or numbers: each is compared in the type of its column."""
    hound = console.hound
    for relation in NEEDS:
        await hound.conn.execute(f"alter table hound.{relation} drop constraint if exists {relation}_pkey")
        await hound.retype(relation, kind, "release_id", "artist_id")
    ids = {"release_id": one, "artist_id": other}
    await hound.insert("releases", [ids | {"title": "T", "artist_name": "A"}])
    await hound.track(**ids)
    await hound.job(**ids)
    found = await support(console, release_id=one)
    assert (found["release"]["release_id"], found["track_count"], found["job_count"]) == (one, 1, 1)
    assert (await support(console, release_id=other))["track_count"] == 0


async def test_it_refuses_an_id_that_its_column_cannot_hold(console):
    """A text where the column holds numbers is 400, and says so; NUL and a long id are too."""
    await console.hound.conn.execute("alter table hound.releases drop constraint releases_pkey")
    await console.hound.retype("releases", "bigint", "release_id")
    for id in ("abc", "9" * 30, "a\0b", "x" * 201):
        answer = await console.get("/api/support", release_id=id)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "release_id"), id


@pytest.mark.parametrize("query", ["", "range=6h", "q=slow", "release_id=a&release_id=b"])
async def test_it_needs_a_release_or_an_artist(console, query):
    """Without an id, or with a parameter that is none of its own, it is 400."""
    assert (await console.get(f"/api/support?{query}")).status_code == 400


async def test_it_survives_hostile_rows(console):
    """Infinity, the year 20000, unknown states, negative times and a megabyte of markup neither raise nor vanish."""
    hound = console.hound
    await hound.track(track_id="t-inf", uploaded_at="infinity", **R)
    await hound.track(track_id="t-far", state="live", uploaded_at="-1h", live_at="20000-01-01", **R)
    await hound.track(track_id="t-odd", state="LIVE ", **R)
    await hound.track(track_id="t-back", state="live", uploaded_at="-1h", live_at="-2h", **R)
    await hound.track(track_id="<script>alert(1)</script>", **R)
    await hound.job("failed", job_id="j-worst", error_code=WORST, error_message=WORST, worker_id=WORST, **R)
    await hound.job("paused", job_id="j-odd", queued_at="-infinity", **R)
    found = await support(console, release_id="r-1")
    assert (found["track_count"], found["job_count"]) == (5, 2)
    kinds = {one["kind"]: one["count"] for one in found["anomalies"]}
    assert kinds == {"future_time": 2, "unknown_value": 2, "negative_duration": 1}
    worst = next(job for job in found["jobs"] if job["job_id"] == "j-worst")
    assert (len(worst["error_code"]), len(worst["error_message"])) == (200, 200)
    html = (await console.get("/fragments/support", release_id="r-1")).text
    assert html.startswith('<section id="panel-support"')
    assert html.endswith("</section>")
    assert "<script>alert" not in html
    assert "\x07" not in html
    assert len(html) < 100_000


async def test_it_bounds_what_it_lists(console):
    """Of a thousand tracks and jobs 100 of each are listed, what waits first, and the counts are of all."""
    await console.hound.track(times=990, state="live", live_at="-1m", **R)
    await console.hound.track(times=10, state="processing", uploaded_at="-2h", **R)
    await console.hound.job("completed", times=990, **R)
    await console.hound.job("queued", times=10, **R)
    found = await support(console, release_id="r-1")
    assert (len(found["tracks"]), found["track_count"], found["live_count"]) == (100, 1000, 990)
    assert (len(found["jobs"]), found["job_count"]) == (100, 1000)
    assert {track["fate"] for track in found["tracks"][:10]} == {"unknown"}
    assert {job["status"] for job in found["jobs"][:10]} == {"queued"}


@pytest.mark.parametrize("times", [99, 100, 101])
async def test_it_counts_all_around_what_it_lists(console, times):
    """A list that holds all, that is just full, or that leaves one out: the counts are those of all."""
    await console.hound.track(times=times - 1, state="live", live_at="-1m", **R)
    await console.hound.track(state="processing", uploaded_at="-2h", **R)
    await console.hound.job("failed", times=times, **R)
    await console.hound.track(environment="staging", times=3, **R)
    await console.hound.job("failed", environment="staging", times=3, **R)
    found = await support(console, release_id="r-1")
    assert (found["track_count"], found["live_count"], found["job_count"]) == (times, times - 1, times)
    assert (len(found["tracks"]), len(found["jobs"])) == (min(times, 100), min(times, 100))


def test_it_brings_no_row_together_to_count_it():
    """No statement of support has a window: a distributed PostgreSQL would pull all rows to one server for it."""
    assert [name for name, one in SQL.items() if re.search(r"\bover\s*\(", one.text)] == []


async def test_it_stands_on_the_page(stuck):
    """The page that is narrowed to a release shows its case, under a form that keeps nothing hidden."""
    html = (await stuck.get("/", release_id="r-1")).text
    assert 'id="panel-support"' in html
    assert "Where is this release stuck?" in html
    assert 'hx-get="/fragments/support?release_id=r-1"' in html
    assert "Slow Lanterns" in (await stuck.get("/fragments/support", release_id="r-1")).text
    assert 'id="panel-support"' not in (await stuck.get("/")).text


async def test_it_sends_nothing_twice(stuck):
    """A client that has the answer gets 304."""
    first = await stuck.get("/api/support", release_id="r-1")
    again = await stuck.client.get("/api/support?release_id=r-1", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
