from datetime import UTC, datetime

import pytest

from factories import ID_TYPES, NO_SAMPLES, timed
from houndmon.core.clock import Clock
from houndmon.core.filters import Filters
from houndmon.panels.publish.load import load, load_windows

COUNTS = ("due", "live_in_time", "live_late", "waiting", "overdue")


def counts(panel):
    return tuple(panel[name] for name in COUNTS)


async def test_it_shows_every_figure(hound, show):
    """How many tracks went live in time, how many late, and how many still wait."""
    await hound.track(uploaded_at="-60m", live_at="-50m", state="live", times=2)
    await hound.track(uploaded_at="-60m", live_at="-55m", state="live")
    await hound.track(uploaded_at="-60m", live_at="-40m", state="live")
    await hound.track(uploaded_at="-30m", state="processing")
    await hound.track(uploaded_at="-4m", state="uploaded")
    await hound.track(uploaded_at="-3m", state="ready")
    await hound.track(uploaded_at="-60m", state="rejected", times=5)
    await hound.track(uploaded_at="-60m", live_at="-59m", state="withdrawn", times=5)
    await hound.track(uploaded_at="-2d", live_at="-1d", state="live", times=50)
    found = await show(load)
    assert found == found | {
        "panel": "publish",
        "anomalies": [],
        "stale": False,
        "stale_reason": None,
        "due": 7,
        "live_in_time": 3,
        "live_late": 1,
        "waiting": 2,
        "overdue": 1,
        "in_time_ratio": 3 / 5,
        "limit_minutes": 10.0,
        "oldest_waiting_age_minutes": 30.0,
        "upload_to_live_minutes": timed(10.0, 20.0, 20.0, 4),
    }


async def test_it_shows_nothing_where_nothing_is(show):
    """Without tracks there is no ratio, no age and no percentile."""
    found = await show(load)
    assert counts(found) == (0, 0, 0, 0, 0)
    assert (found["in_time_ratio"], found["oldest_waiting_age_minutes"]) == (None, None)
    assert (found["upload_to_live_minutes"], found["anomalies"]) == (NO_SAMPLES, [])


async def test_it_does_not_judge_a_pipeline_that_publishes_nothing_as_perfect(hound, show):
    """A track that has waited longer than the limit counts against the ratio; one still within it does not."""
    await hound.track(uploaded_at="-10m")
    assert counts(await show(load)) == (1, 0, 0, 1, 0)
    assert (await show(load))["in_time_ratio"] is None
    await hound.track(uploaded_at="2026-03-02 11:50:29.999999")
    found = await show(load)
    assert (counts(found), found["in_time_ratio"]) == ((2, 0, 0, 1, 1), 0.0)


async def test_it_is_in_time_up_to_the_limit(hound, show):
    """Live after exactly 10 min is in time; 1 µs later is late, whatever the state says."""
    await hound.track(uploaded_at="2026-03-02 11:00", live_at="2026-03-02 11:10", state="live")
    await hound.track(uploaded_at="2026-03-02 11:00", live_at="2026-03-02 11:10:00.000001", state="ready")
    found = await show(load)
    assert (counts(found), found["in_time_ratio"]) == ((2, 1, 1, 0, 0), 0.5)


@pytest.mark.parametrize(
    ("range", "start", "before"),
    [
        ("1h", "2026-03-02 11:00", "2026-03-02 10:59:59.999999"),
        ("7d", "2026-02-23 12:00", "2026-02-23 11:59:59.999999"),
    ],
)
async def test_it_places_tracks_by_their_upload(hound, show, range, start, before):
    """An upload exactly on the start counts, and one 5 s ahead; one 1 µs before is out, one later an anomaly."""
    await hound.track(uploaded_at=start, times=2)
    await hound.track(uploaded_at=before, live_at="-1m", state="live", times=10)
    await hound.track(uploaded_at="+5s")
    for at in ("+6s", "infinity", "20000-01-01Z", "294276-12-31 23:59:59Z"):
        await hound.track(uploaded_at=at)
        await hound.track(uploaded_at="-1m", live_at=at, state="live")
    await hound.track(uploaded_at="-infinity")
    found = await show(load, range=range)
    assert counts(found) == (3, 0, 0, 1, 2)
    assert found["upload_to_live_minutes"] == NO_SAMPLES
    assert found["anomalies"] == [{"kind": "future_time", "count": 8}]


async def test_it_names_what_is_wrong_with_tracks(hound, show):
    """Unknown states, live tracks without a time, and tracks live before their upload are anomalies."""
    await hound.conn.execute("alter table hound.tracks alter state drop not null")
    for state in ("Live", "live ", "", "deleted", None):
        await hound.track(state=state, live_at="-1m")
    await hound.track(state="live", live_at=None, times=2)
    await hound.track(uploaded_at="-5m", live_at="-6m", state="live", times=3)
    await hound.track(uploaded_at="-5m", live_at="-5m", state="live")
    found = await show(load)
    assert counts(found) == (4, 4, 0, 0, 0)
    assert (found["in_time_ratio"], found["oldest_waiting_age_minutes"]) == (1.0, None)
    assert (found["upload_to_live_minutes"]["sample_count"], found["upload_to_live_minutes"]["max"]) == (1, 0.0)
    assert found["anomalies"] == [
        {"kind": "unknown_value", "count": 5},
        {"kind": "missing_time", "count": 2},
        {"kind": "negative_duration", "count": 3},
    ]


async def test_it_never_mixes_environments(hound, show):
    """Each environment has its own tracks; those of any other are an anomaly in both."""
    await hound.track(times=2)
    await hound.track(environment="staging", times=3)
    for stranger in ("Prod", "", "q", "zz"):
        await hound.track(environment=stranger, uploaded_at="+1h")
        await hound.track(environment=stranger, uploaded_at="-2d")
    strangers = [{"kind": "unknown_environment", "count": 4}]
    prod, staging = await show(load), await show(load, environment="staging")
    assert (prod["due"], prod["anomalies"]) == (2, strangers)
    assert (staging["due"], staging["anomalies"]) == (3, strangers)


@pytest.mark.parametrize(("kind", "this", "that"), ID_TYPES)
async def test_it_answers_for_one_artist_or_release(hound, show, kind, this, that):
    """With an id of any type every figure is that artist's or release's; with both, of both."""
    await hound.retype("tracks", kind, "artist_id", "release_id")
    await hound.track(artist_id=this, release_id=that, live_at="-15m", state="live", times=2)
    await hound.track(artist_id=this, release_id=this, times=3)
    await hound.track(artist_id=that, release_id=that, times=10)
    artist = await show(load, artist_id=this)
    assert (counts(artist), artist["upload_to_live_minutes"]["sample_count"]) == ((5, 2, 0, 0, 3), 2)
    assert (await show(load, release_id=that))["due"] == 12
    assert (await show(load, artist_id=this, release_id=that))["due"] == 2
    assert (await show(load))["due"] == 15


async def test_it_reads_several_windows_with_a_limit_of_their_own(hound, snapshot):
    """A service level may ask for another limit; the anomalies are those of the last window."""
    await hound.track(uploaded_at="-30m", live_at="-10m", state="live")
    await hound.track(uploaded_at="-2h", live_at=None, state="live")
    await hound.track(uploaded_at="-3h", state="processing")
    clock = Clock(hound.now)
    (hour, day), seen = await load_windows(snapshot(), Filters(), 20, clock.window("1h"), clock.window("24h"))
    assert (hour.in_time, hour.judged, day.in_time, day.judged, day.overdue) == (1, 1, 1, 2, 1)
    assert day.oldest_waiting_minutes == 180
    assert [(anomaly.kind, anomaly.count) for anomaly in seen] == [("missing_time", 1)]


async def test_it_ages_tracks_on_the_clock_of_the_source(hound, show):
    """A track uploaded a little ahead waits, and its age is 0, not less."""
    await hound.track(uploaded_at="+5s")
    found = await show(load, now=datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC))
    assert (found["waiting"], found["oldest_waiting_age_minutes"]) == (1, 0.0)
