from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BLANK, ID_TYPES
from houndmon.core.clock import Clock, Slices, Window
from houndmon.core.filters import Filters
from houndmon.panels.ingest.load import load, load_windows
from houndmon.panels.ingest.model import flaws, rejection_ratio, summarize
from strategies import split, upload_rows

START = datetime(2026, 3, 2, tzinfo=UTC)
SLICES = Slices(*(Window(START.replace(hour=hour)) for hour in (0, 6, 12, 18)))
DAY, EVENING = Window(START), Window(START.replace(hour=18))


async def test_it_shows_every_figure(hound, show):
    """Uploads today, of the last hour and of the range, and why the rejected ones were."""
    await hound.upload(occurred_at="-5m", times=3)
    await hound.upload(occurred_at="-30m", outcome="rejected", rejection_reason="clipping")
    await hound.upload(occurred_at="2026-03-02 02:00", outcome="rejected", rejection_reason="clipping")
    await hound.upload(occurred_at="2026-03-02 00:00", outcome="rejected", rejection_reason="too_short")
    await hound.upload(occurred_at="2026-03-01 23:59:59.999999", times=2)
    await hound.upload(occurred_at="-2d", outcome="rejected", rejection_reason="clipping", times=4)
    found = await show(load)
    assert found == found | {
        "panel": "ingest",
        "as_of": "2026-03-02T12:00:30Z",
        "window": {
            "range": "24h",
            "start": "2026-03-01T12:00:00Z",
            "end": "2026-03-02T12:00:30Z",
            "today_start": "2026-03-02T00:00:00Z",
        },
        "filters": {"environment": "prod", "artist_id": None, "release_id": None},
        "filters_ignored": [],
        "anomalies": [],
        "stale": False,
        "stale_reason": None,
        "uploads_today": 6,
        "uploads_last_hour": 4,
        "uploads": 8,
        "rejected": 3,
        "rejection_ratio": 3 / 8,
        "rejection_reasons": [
            {"reason": "clipping", "count": 2, "share": 2 / 3, "is_rest": False},
            {"reason": "too_short", "count": 1, "share": 1 / 3, "is_rest": False},
        ],
    }
    week = await show(load, range="7d")
    assert (week["uploads"], week["rejected"], week["uploads_today"], week["uploads_last_hour"]) == (12, 7, 6, 4)
    hour = await show(load, range="1h")
    assert (hour["uploads"], hour["rejected"], hour["uploads_today"], hour["uploads_last_hour"]) == (4, 1, 6, 4)


async def test_it_shows_nothing_where_nothing_is(show):
    """Without uploads the counts are 0 and the ratio is null: no traffic is not 0 % rejection."""
    found = await show(load)
    assert (found["uploads"], found["rejected"], found["uploads_today"], found["uploads_last_hour"]) == (0, 0, 0, 0)
    assert found["rejection_ratio"] is None
    assert (found["rejection_reasons"], found["anomalies"]) == ([], [])


@pytest.mark.parametrize(
    ("range", "start", "before"),
    [
        ("1h", "2026-03-02 11:00", "2026-03-02 10:59:59.999999"),
        ("6h", "2026-03-02 06:00", "2026-03-02 05:59:59.999999"),
        ("24h", "2026-03-01 12:00", "2026-03-01 11:59:59.999999"),
        ("7d", "2026-02-23 12:00", "2026-02-23 11:59:59.999999"),
    ],
)
async def test_it_counts_from_the_start_of_its_window_to_five_seconds_ahead(hound, show, range, start, before):
    """A row exactly on the start counts, and one 5 s ahead; one 1 µs before is out, one later lies in the future."""
    await hound.upload(occurred_at=start, times=2)
    await hound.upload(occurred_at=before, times=10)
    await hound.upload(occurred_at="+5s", times=100)
    await hound.upload(occurred_at="2026-03-02 12:00:35.000001", times=1000)
    await hound.upload(occurred_at="+6s", times=1000)
    found = await show(load, range=range)
    assert found["uploads"] == 102
    assert found["anomalies"] == [{"kind": "future_time", "count": 2000}]


async def test_it_never_mixes_environments(hound, show):
    """Each environment has its own rows; those of any other are an anomaly in both."""
    await hound.upload(times=2)
    await hound.upload(environment="staging", outcome="rejected", times=3)
    for stranger in ("production", "Prod", " prod", "staging ", "", "a", "q", "zz", "PROD"):
        await hound.upload(environment=stranger, occurred_at="+1h")
        await hound.upload(environment=stranger, occurred_at="-2d")
    strangers = [{"kind": "unknown_environment", "count": 9}]
    prod, staging = await show(load), await show(load, environment="staging")
    assert (prod["uploads"], prod["rejected"], prod["anomalies"]) == (2, 0, strangers)
    assert (staging["uploads"], staging["rejected"], staging["anomalies"]) == (3, 3, strangers)
    assert staging["filters"]["environment"] == "staging"


async def test_it_counts_no_outcome_that_it_does_not_know(hound, show):
    """An outcome outside the list, by case or blanks too, is in no figure and an anomaly of the window."""
    for outcome in ("Accepted", "accepted ", " rejected", "REJECTED", "", "failed", "null"):
        await hound.upload(outcome=outcome, rejection_reason="x")
        await hound.upload(outcome=outcome, occurred_at="-2d")
    await hound.upload(outcome="failed", occurred_at="+1h")
    await hound.upload()
    found = await show(load)
    assert (found["uploads"], found["rejected"], found["uploads_today"], found["uploads_last_hour"]) == (1, 0, 1, 1)
    assert found["rejection_reasons"] == []
    assert found["anomalies"] == [{"kind": "future_time", "count": 1}, {"kind": "unknown_value", "count": 7}]


async def test_it_counts_no_null_outcome(hound, show):
    """A view may give a null outcome: it is no upload, and an anomaly."""
    await hound.conn.execute("alter table hound.upload_attempts alter outcome drop not null")
    await hound.upload(outcome=None)
    found = await show(load)
    assert (found["uploads"], found["anomalies"]) == (0, [{"kind": "unknown_value", "count": 1}])


async def test_it_never_drops_a_rejection_without_reason(hound, show):
    """Null and blank reasons, in any white space, are `unspecified`; all others stay as written."""
    for reason in BLANK:
        await hound.upload(outcome="rejected", rejection_reason=reason)
    await hound.upload(outcome="rejected", rejection_reason="unspecified")
    await hound.upload(outcome="rejected", rejection_reason=" clipping ")
    await hound.upload(outcome="rejected", rejection_reason="\u200b")  # no white space, though nobody sees it
    await hound.upload(outcome="accepted", rejection_reason="clipping")
    assert (await show(load))["rejection_reasons"] == [
        {"reason": "unspecified", "count": 7, "share": 7 / 9, "is_rest": False},
        {"reason": " clipping ", "count": 1, "share": 1 / 9, "is_rest": False},
        {"reason": "\u200b", "count": 1, "share": 1 / 9, "is_rest": False},
    ]


async def test_it_counts_reasons_of_one_shape_as_one(hound, show):
    """What belongs to one upload alone makes no reason of its own; a real reason `other` is not the rest."""
    rows = [{"rejection_reason": f"no such track 6f1c2b1e-0000-4000-8000-0000000000{n:02}"} for n in range(12)]
    rows += [{"rejection_reason": f"GET https://cdn.example/{n} 404"} for n in range(7)]
    rows += [{"rejection_reason": "other"}] * 5 + [{"rejection_reason": "no such track …"}]
    rows += [{"rejection_reason": f"r{n}"} for n in range(9)]
    await hound.insert(
        "upload_attempts", [{"occurred_at": "-5m", "environment": "prod", "outcome": "rejected"} | row for row in rows]
    )
    found = (await show(load))["rejection_reasons"]
    assert [(line["reason"], line["count"], line["is_rest"]) for line in found] == [
        ("no such track …", 13, False),
        ("GET … 404", 7, False),
        ("other", 5, False),
        *((f"r{n}", 1, False) for n in range(7)),
        ("other", 2, True),
    ]


async def test_it_lists_ten_reasons_of_ten_thousand(hound, show):
    """Of ten thousand reasons the ten commonest are named, the rest is one row, and the shares sum to 1."""
    row = {"occurred_at": "-5m", "environment": "prod", "outcome": "rejected"}
    rows = [row | {"rejection_reason": f"reason-{n:05}"} for n in range(10_000)]
    await hound.insert("upload_attempts", rows)
    await hound.upload(outcome="rejected", rejection_reason="zebra", times=2)
    found = (await show(load))["rejection_reasons"]
    assert [line["reason"] for line in found] == ["zebra", *(f"reason-{n:05}" for n in range(9)), "other"]
    assert [line["count"] for line in found] == [2, *[1] * 9, 9991]
    assert sum(line["share"] for line in found) == pytest.approx(1)


async def test_it_places_times_that_no_calendar_holds(hound, show):
    """An infinite time, or one of the year 20000, lies in the future; one before all time in no window."""
    for at in ("infinity", "20000-01-01Z"):
        await hound.upload(occurred_at=at)
    for at in ("-infinity", "4000-01-01 BC", "0001-01-01Z"):
        await hound.upload(occurred_at=at)
    found = await show(load, range="7d")
    assert (found["uploads"], found["uploads_today"]) == (0, 0)
    assert found["anomalies"] == [{"kind": "future_time", "count": 2}]


@pytest.mark.parametrize(("kind", "this", "that"), ID_TYPES)
async def test_it_answers_for_one_artist_or_release(hound, show, kind, this, that):
    """With an id of any type every figure and anomaly is that artist's or release's; with both, of both."""
    await hound.retype("upload_attempts", kind, "artist_id", "release_id")
    await hound.upload(artist_id=this, release_id=that, outcome="rejected", rejection_reason="clipping", times=2)
    await hound.upload(artist_id=this, release_id=this, times=3)
    await hound.upload(artist_id=that, release_id=that, times=10)
    await hound.upload(artist_id=this, environment="qa")
    await hound.upload(artist_id=that, environment="qa", times=5)
    await hound.upload(times=100)
    artist = await show(load, artist_id=this)
    assert (artist["uploads"], artist["rejected"], artist["uploads_today"], artist["uploads_last_hour"]) == (5, 2, 5, 5)
    assert artist["anomalies"] == [{"kind": "unknown_environment", "count": 1}]
    assert artist["filters"] == {"environment": "prod", "artist_id": this, "release_id": None}
    release = await show(load, release_id=that)
    assert (release["uploads"], release["rejected"], release["filters"]["release_id"]) == (12, 2, that)
    both = await show(load, artist_id=this, release_id=that)
    assert (both["uploads"], both["rejected"]) == (2, 2)
    assert (await show(load))["uploads"] == 115


async def test_it_starts_today_at_local_midnight(hound, show):
    """Today is the operators' day, also where a clock change makes it 23 hours long."""
    now = datetime(2026, 3, 29, 12, tzinfo=UTC)  # Berlin's clocks went forward in the night
    for at in ("2026-03-28 22:59:59.999999", "2026-03-28 23:00", "2026-03-29 00:00"):
        await hound.upload(occurred_at=at)
    berlin = await show(load, now=now, zone="Europe/Berlin", range="1h")
    assert (berlin["uploads_today"], berlin["window"]["today_start"]) == (2, "2026-03-28T23:00:00Z")
    assert (await show(load, now=now, zone="UTC", range="1h"))["uploads_today"] == 1
    assert (await show(load, now=now, zone="America/New_York", range="1h"))["uploads_today"] == 0


async def test_it_reads_several_windows_at_once(hound, snapshot):
    """One read gives each window what it would give alone, past and present ones."""
    await hound.upload(occurred_at="-5m", times=2)
    await hound.upload(occurred_at="-25h", times=3)
    await hound.upload(occurred_at="-2h", times=4)
    clock = Clock(hound.now)
    hour = clock.window("1h")
    yesterday = Window(hour.start.replace(day=1), clock.now.replace(day=1))
    found = await load_windows(snapshot(), Filters(), hour, clock.window("6h"), yesterday)
    assert [window.uploads for window in found] == [2, 6, 3]


@given(upload_rows())
def test_it_counts_each_sound_row_once(rows):
    """Rejections are uploads, reasons sum to the rejections, and a wider window holds at least as many."""
    day, evening = summarize(rows, SLICES, DAY), summarize(rows, SLICES, EVENING)
    sound = [row for row in rows if row.flaw is None and row.slice >= 1]
    assert day.uploads == sum(row.uploads for row in sound)
    assert sum(line.count for line in day.reasons) == day.rejected <= day.uploads
    assert evening.uploads <= day.uploads
    assert (rejection_ratio(day) is None) == (day.uploads == 0)
    assert sum(flaws(rows, SLICES, DAY).values()) == sum(row.uploads for row in rows if row.slice >= 1)


@given(upload_rows(), st.data())
def test_it_gives_the_same_for_rows_in_any_split(rows, data):
    """However the counts are cut and ordered, the panel is the same."""
    other = data.draw(split(rows, "uploads"))
    assert summarize(rows, SLICES, DAY) == summarize(other, SLICES, DAY)
