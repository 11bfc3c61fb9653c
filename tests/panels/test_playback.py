from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BLANK, ID_TYPES, WORST, present
from houndmon.config.defaults import DEFAULTS
from houndmon.core.clock import Clock, Slices, Window
from houndmon.core.filters import Filters
from houndmon.panels.playback.load import load, load_windows
from houndmon.panels.playback.model import (
    Attempts,
    PlayRow,
    by_client,
    count_attempts,
    countable_rows,
    flaws,
    split,
    summarize,
    top_errors,
)
from strategies import play_rows
from strategies import split as cut

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SLICES = Slices(*(Window(MONDAY.replace(hour=hour)) for hour in (0, 6, 12, 18)))
DAY = Window(MONDAY)
IOS = ("ios", "safari")
IPHONE = {"platform": "ios", "browser": "safari"}
NO_ATTEMPTS = {"attempts": 0, "failed": 0, "failure_ratio": None}


async def test_it_shows_every_figure(hound, show):
    """Who could not play, and why; over the range, and always over 24 h."""
    await hound.play(times=7)
    await hound.play(outcome="failed", error_code="MEDIA_ERR_DECODE", error_message="cannot decode", **IPHONE)
    await hound.play(times=2, **IPHONE)
    await hound.play(outcome="blocked", times=5, **IPHONE)
    await hound.play(outcome="aborted", times=4)
    await hound.play(occurred_at="-23h", outcome="failed", error_code="OLD", times=2)
    await hound.play(occurred_at="-2d", outcome="failed", error_code="OLDER", times=100)
    found = await show(load, range="1h")
    assert found == found | {
        "panel": "playback",
        "anomalies": [],
        "stale": False,
        "stale_reason": None,
        "attempts": 10,
        "failed": 1,
        "blocked": 5,
        "aborted": 4,
        "failure_ratio": 0.1,
        "ratio_low": pytest.approx(0.0178762131),
        "ratio_high": pytest.approx(0.4041500268),
        "abandoned_ratio": 4 / 14,
        "abandoned_ratio_low": pytest.approx(0.1172138),
        "abandoned_ratio_high": pytest.approx(0.5464908),
        "last_24h": {"attempts": 12, "failed": 3, "failure_ratio": 0.25},
        "top_errors": [
            {
                "error_code": "MEDIA_ERR_DECODE",
                "count": 1,
                "share": 1.0,
                "message": "cannot decode",
                "is_rest": False,
            }
        ],
        "ios_safari": {"attempts": 3, "failed": 1, "failure_ratio": 1 / 3},
        "other_clients": {"attempts": 7, "failed": 0, "failure_ratio": 0.0},
        "by_client": [
            {
                "attempts": 3,
                "failed": 1,
                "failure_ratio": 1 / 3,
                "platform": "ios",
                "browser": "safari",
                "ratio_low": pytest.approx(0.0614919447),
                "ratio_high": pytest.approx(0.7923403992),
                "is_rest": False,
            },
            {
                "attempts": 7,
                "failed": 0,
                "failure_ratio": 0.0,
                "platform": "android",
                "browser": "chrome",
                "ratio_low": 0.0,
                "ratio_high": pytest.approx(0.3543304742),
                "is_rest": False,
            },
        ],
    }
    week = await show(load, range="7d")
    assert (week["attempts"], week["failed"], week["last_24h"]["failed"]) == (112, 103, 3)


async def test_it_shows_nothing_where_nothing_is(show):
    """Without attempts there is no ratio: no traffic is not 0 % failure."""
    found = await show(load)
    assert (found["attempts"], found["failed"], found["blocked"], found["aborted"]) == (0, 0, 0, 0)
    assert (found["failure_ratio"], found["ratio_low"], found["ratio_high"]) == (None, None, None)
    assert [found[f"abandoned_ratio{end}"] for end in ("", "_low", "_high")] == [None, None, None]
    assert found["last_24h"] == found["ios_safari"] == found["other_clients"] == NO_ATTEMPTS
    assert (found["top_errors"], found["by_client"], found["anomalies"]) == ([], [], [])


async def test_it_counts_blocked_and_aborted_plays_in_no_ratio(hound, show):
    """Plays that the browser refused, or that the listener left, are neither attempts nor clients nor errors."""
    await hound.play(outcome="blocked", error_code="NotAllowedError", error_message="x", platform="tv", times=9)
    await hound.play(outcome="aborted", error_code="AbortError", platform="tv")
    found = await show(load)
    assert (found["attempts"], found["blocked"], found["aborted"]) == (0, 9, 1)
    assert (found["failure_ratio"], found["top_errors"], found["by_client"]) == (None, [], [])
    assert (found["last_24h"], found["other_clients"]) == (NO_ATTEMPTS, NO_ATTEMPTS)


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
    """A play exactly on the start counts, and one 5 s ahead; one 1 µs before is out, one later lies in the future."""
    await hound.play(occurred_at=start, times=2)
    await hound.play(occurred_at=before, outcome="failed", times=10)
    await hound.play(occurred_at="+5s", outcome="failed", error_code="NOW")
    await hound.play(occurred_at="2026-03-02 12:00:35.000001", outcome="failed", times=4)
    await hound.play(occurred_at="+6s", times=4)
    found = await show(load, range=range)
    assert (found["attempts"], found["failed"], found["failure_ratio"]) == (3, 1, 1 / 3)
    assert [line["error_code"] for line in found["top_errors"]] == ["NOW"]
    assert found["anomalies"] == [{"kind": "future_time", "count": 8}]


async def test_it_keeps_the_last_day_to_the_minute(hound, show):
    """`last_24h` has the edges of the range 24h, in every range."""
    await hound.play(occurred_at="2026-03-01 12:00", times=3)
    await hound.play(occurred_at="2026-03-01 11:59:59.999999", times=10)
    for range in ("1h", "6h", "24h", "7d"):
        assert (await show(load, range=range))["last_24h"] == {"attempts": 3, "failed": 0, "failure_ratio": 0.0}


async def test_it_never_mixes_environments(hound, show):
    """Each environment has its own plays; those of any other are an anomaly in both."""
    await hound.play(times=2)
    await hound.play(environment="staging", outcome="failed", times=3)
    for stranger in ("Prod", "prod ", "", "q", "zz"):
        await hound.play(environment=stranger, outcome="failed", error_code="X")
        await hound.play(environment=stranger, occurred_at="infinity", outcome="?")
    strangers = [{"kind": "unknown_environment", "count": 10}]
    prod, staging = await show(load), await show(load, environment="staging")
    assert (prod["attempts"], prod["failed"], prod["anomalies"]) == (2, 0, strangers)
    assert (staging["attempts"], staging["failed"], staging["anomalies"]) == (3, 3, strangers)
    assert (prod["last_24h"]["attempts"], staging["last_24h"]["attempts"]) == (2, 3)


async def test_it_counts_no_outcome_that_it_does_not_know(hound, show):
    """An outcome outside the list is in no figure: no attempt, no client, no error; an anomaly."""
    await hound.conn.execute("alter table hound.play_attempts alter outcome drop not null")
    for outcome in ("Failed", "failed ", "stalled", "", None):
        await hound.play(outcome=outcome, platform="tv", error_code="X", error_message="x")
    found = await show(load)
    assert (found["attempts"], found["failed"], found["blocked"], found["aborted"]) == (0, 0, 0, 0)
    assert (found["by_client"], found["top_errors"]) == ([], [])
    assert found["anomalies"] == [{"kind": "unknown_value", "count": 5}]


async def test_it_places_times_that_no_calendar_holds(hound, show):
    """An infinite time, or one of the year 20000, lies in the future; one before all time in no window."""
    for at in ("infinity", "20000-01-01Z", "-infinity", "4000-01-01 BC"):
        await hound.play(occurred_at=at, outcome="failed")
    found = await show(load, range="7d")
    assert (found["attempts"], found["anomalies"]) == (0, [{"kind": "future_time", "count": 2}])


async def test_it_never_drops_a_client_without_a_name(hound, show):
    """Null and blank platforms and browsers are `unspecified`; all others are groups as they are written."""
    for blank in BLANK:
        await hound.play(platform=blank, browser=blank)
    await hound.play(platform="unspecified", browser=None, outcome="failed")
    await hound.play(platform="Windows", browser=" edge ")
    await hound.play(platform="windows", browser="edge")
    found = (await show(load))["by_client"]
    assert [(c["platform"], c["browser"], c["attempts"], c["failed"]) for c in found] == [
        ("unspecified", "unspecified", 7, 1),
        ("Windows", " edge ", 1, 0),
        ("windows", "edge", 1, 0),
    ]


@pytest.mark.parametrize(
    ("outcomes", "ratio"),
    [
        ({"aborted": 90, "started": 10}, 0.9),
        ({"aborted": 1, "failed": 3, "blocked": 50}, 0.25),
        ({"aborted": 2}, 1.0),
        ({"started": 5}, 0.0),
        ({"blocked": 5}, None),
    ],
)
async def test_it_tells_who_left_before_the_first_sound(hound, show, outcomes, ratio):
    """Those who left are told as a share of them and the attempts; who was blocked is in neither."""
    for outcome, times in outcomes.items():
        await hound.play(outcome=outcome, times=times)
    found = await show(load)
    assert found["abandoned_ratio"] == ratio
    if ratio is not None:
        assert found["abandoned_ratio_low"] <= ratio <= found["abandoned_ratio_high"]


async def test_it_lists_fifty_clients_and_one_for_all_others(hound, show):
    """The most failed are listed, then the most attempts, then by name; all others are the last row, summed up."""
    play = {"occurred_at": "-5m", "environment": "prod", "platform": "web"}
    calm = [play | {"browser": f"calm-{n:02}", "outcome": "started"} for n in range(60)]
    await hound.insert("play_attempts", calm)
    await hound.play(platform="zz", browser="busy", outcome="started", times=2)
    await hound.play(platform="zz", browser="bad", outcome="failed", times=3)
    await hound.play(platform="other", browser="other", outcome="failed")
    await hound.play(platform="other", browser="other", times=9)
    found = (await show(load))["by_client"]
    names = [(one["platform"], one["browser"], one["is_rest"]) for one in found]
    assert len(found) == 51
    assert names[:2] == [("zz", "bad", False), ("other", "other", False)]
    assert names[2:50] == [*(("web", f"calm-{n:02}", False) for n in range(47)), ("zz", "busy", False)]
    assert (names[50], found[50]["attempts"], found[50]["failed"]) == (("other", "other", True), 13, 0)
    assert (found[50]["failure_ratio"], found[50]["ratio_low"]) == (0.0, 0.0)


async def test_it_has_no_row_for_others_where_fifty_are_all(hound, show):
    """Fifty clients are fifty rows."""
    play = {"occurred_at": "-5m", "environment": "prod", "platform": "web", "outcome": "failed"}
    await hound.insert("play_attempts", [play | {"browser": f"b{n}"} for n in range(50)])
    found = (await show(load))["by_client"]
    assert (len(found), any(one["is_rest"] for one in found)) == (50, False)


@pytest.mark.parametrize(
    ("platform", "browser", "is_theirs"),
    [
        ("ios", "safari", True),
        ("iPhone OS", "Mobile Safari", True),
        ("iPhone", "Safari Mobile", True),
        ("iPad", "iOS Safari", True),
        ("iPadOS\t", "\u3000Safari iOS ", True),
        (" ios", "safari", True),
        ("iOS", "Chrome Mobile iOS", False),
        ("iOS", "Safari UI/WKWebView", False),
        ("Mac OS X", "Mobile Safari", False),
        ("ios 17", "safari", False),
        ("iOS", "Safari", True),
        ("IOS", "SAFARI", True),
        ("ios", "chrome", False),
        ("macos", "safari", False),
        ("ios", None, False),
        (None, "safari", False),
    ],
)
async def test_it_tells_ios_safari_from_all_others(hound, show, platform, browser, is_theirs):
    """Safari on iOS, by whatever name parsers give it, is one side of the split; every other client is the other."""
    await hound.play(platform=platform, browser=browser, outcome="failed")
    found = await show(load)
    one = {"attempts": 1, "failed": 1, "failure_ratio": 1.0}
    assert (found["ios_safari"], found["other_clients"]) == ((one, NO_ATTEMPTS) if is_theirs else (NO_ATTEMPTS, one))


async def test_it_reads_the_names_of_ios_safari_from_the_configuration(hound, snapshot):
    """A house whose parser has names of its own says them, and the split follows."""
    await hound.play(platform="Apfel", browser="Reise", outcome="failed")
    named = msgspec.structs.replace(DEFAULTS, ios_platforms=("apfel",), ios_browsers=("reise",))
    found = await load(snapshot(), Filters("1h", "prod"), named)
    assert (found.ios_safari.failed, found.other_clients.failed) == (1, 0)


def test_it_splits_clients_by_other_names():
    """Which names are Safari on iOS is a matter of two lists."""
    rows = [
        PlayRow(1, None, "started", "Apfel", "Reise", None, 3, None),
        PlayRow(1, None, "failed", *IOS, None, 2, None),
    ]
    assert split(rows, ("apfel",), ("reise",)) == (Attempts(3, 0, 0), Attempts(2, 2, 1))
    assert split(rows) == (Attempts(2, 2, 1), Attempts(3, 0, 0))


async def test_it_lists_the_surely_worst_client_first(hound, show):
    """900 failed of 10,000 rank before 1 of 1; those without failures come last, by name."""
    await hound.play(platform="busy", times=9_100)
    await hound.play(platform="busy", outcome="failed", times=900)
    await hound.play(platform="once", outcome="failed")
    await hound.play(platform="calm", times=5)
    await hound.play(platform="calmer", times=50)
    await hound.play(platform="bad", outcome="failed", times=40)
    await hound.play(platform="bad", times=60)
    found = (await show(load))["by_client"]
    assert [client["platform"] for client in found] == ["bad", "once", "busy", "calm", "calmer"]
    assert found[2]["ratio_low"] == pytest.approx(0.0845472474)
    assert found[1]["ratio_low"] == pytest.approx(0.2065493144)


async def test_it_lists_why_plays_failed(hound, show):
    """Codes of failed plays alone, null and blank ones as `unspecified`, each with one message fit for display."""
    for code in BLANK:
        await hound.play(outcome="failed", error_code=code, error_message=None)
    await hound.play(outcome="failed", error_code="DECODE", error_message=WORST)
    await hound.play(outcome="failed", error_code="DECODE", error_message=" \u00a0", platform="tv")
    await hound.play(outcome="failed", error_code="NET", error_message="timeout\x9b")
    await hound.play(outcome="started", error_code="WARN", error_message="recovered")
    found = (await show(load))["top_errors"]
    assert [(line["error_code"], line["count"], line["message"]) for line in found] == [
        ("unspecified", 6, None),
        ("DECODE", 2, "<script>alert(1)</script>"),
        ("NET", 1, "timeout�"),
    ]
    assert [line["share"] for line in found] == pytest.approx([6 / 9, 2 / 9, 1 / 9])


async def test_it_counts_codes_of_one_shape_as_one(hound, show):
    """What belongs to one play alone makes no code of its own; a real code `other` is not the rest."""
    rows: list[dict[str, str | None]] = [
        {"error_code": f"GET https://cdn.example/{n}.m4a?t={n} failed"} for n in range(40)
    ]
    rows += [{"error_code": f"segment {n:012} is late"} for n in range(30)]
    rows += [{"error_code": "segment … is late", "error_message": "late"}]
    rows += [{"error_code": "other", "error_message": "o"}] * 20
    rows += [{"error_code": f"E{n}", "error_message": "m"} for n in range(9)]
    play: dict[str, str | None] = {"occurred_at": "-5m", "environment": "prod", "outcome": "failed"}
    await hound.insert("play_attempts", [play | {"error_message": None} | row for row in rows])
    found = (await show(load))["top_errors"]
    assert [(line["error_code"], line["count"], line["message"], line["is_rest"]) for line in found] == [
        ("GET … failed", 40, None, False),
        ("segment … is late", 31, "late", False),
        ("other", 20, "o", False),
        *((f"E{n}", 1, "m", False) for n in range(7)),
        ("other", 2, None, True),
    ]
    assert sum(line["share"] for line in found) == pytest.approx(1)


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("player 4.1\n  at load (a.js:1)\nNetworkError: segment 7 timed out\n\n", "NetworkError: segment 7 timed out"),
        ("banner\n" * 1000 + "Error: no decoder\n" + "  at frame\n" * 20, "Error: no decoder"),
        ("Error: " + "x" * 5000, "Error: " + "x" * 193),
        ("Error: first\n" + "y" * 3000, "Error: first"),
        ("a\r" * 1000 + "Error: cut he" + "re" * 1000, "a"),  # what is cut short is no line
        ("a\n" * 1500 + "Error: whole", "Error: whole"),
        ("short\n" + "z" * 1990 + "\nError: last", "Error: last"),
        (" \n\u3000", None),
    ],
)
async def test_it_shows_the_line_that_tells(hound, show, message, line):
    """Of a message of many lines the one that says what was wrong is shown, whole or its first 200 characters."""
    await hound.play(outcome="failed", error_code="X", error_message=message)
    assert [found["message"] for found in (await show(load))["top_errors"]] == [line]


async def test_it_lists_ten_codes_of_ten_thousand(hound, show):
    """Of ten thousand codes the ten commonest are named, the rest is one row without a message, shares sum to 1."""
    row = {"occurred_at": "-5m", "environment": "prod", "outcome": "failed", "error_message": "m"}
    await hound.insert("play_attempts", [row | {"error_code": f"E{n:05}"} for n in range(10_000)])
    found = (await show(load))["top_errors"]
    assert [line["error_code"] for line in found] == [*(f"E{n:05}" for n in range(10)), "other"]
    assert (found[-1]["count"], found[-1]["message"], found[0]["message"]) == (9990, None, "m")
    assert sum(line["share"] for line in found) == pytest.approx(1)


async def test_it_counts_duplicates_twice(hound, show):
    """Two rows that are alike are two plays: there is no identity to tell them apart by."""
    await hound.play(outcome="failed", artist_id="a", release_id="r", track_id="t", error_code="X", times=2)
    assert (await show(load))["failed"] == 2


@pytest.mark.parametrize(("kind", "this", "that"), ID_TYPES)
async def test_it_answers_for_one_artist_or_release(hound, show, kind, this, that):
    """With an id of any type every figure and anomaly is that artist's or release's; with both, of both."""
    await hound.retype("play_attempts", kind, "artist_id", "release_id")
    await hound.play(artist_id=this, release_id=that, outcome="failed", error_code="X", times=2, **IPHONE)
    await hound.play(artist_id=this, release_id=this, times=3)
    await hound.play(artist_id=that, release_id=that, times=10)
    await hound.play(artist_id=this, outcome="?")
    await hound.play(artist_id=that, environment="qa", times=5)
    await hound.play(times=100)
    artist = await show(load, artist_id=this)
    assert (artist["attempts"], artist["failed"], artist["last_24h"]["attempts"]) == (5, 2, 5)
    assert (artist["ios_safari"]["attempts"], artist["other_clients"]["attempts"]) == (2, 3)
    assert artist["anomalies"] == [{"kind": "unknown_value", "count": 1}]
    assert artist["filters"] == {"environment": "prod", "artist_id": this, "release_id": None}
    release = await show(load, release_id=that)
    assert (release["attempts"], release["failed"]) == (12, 2)
    both = await show(load, artist_id=this, release_id=that)
    assert (both["attempts"], both["failed"], both["by_client"][0]["attempts"]) == (2, 2, 2)
    assert (await show(load))["attempts"] == 115


async def test_it_reads_several_windows_at_once(hound, snapshot):
    """One read gives each window what it would give alone."""
    await hound.play(occurred_at="-5m", outcome="failed", times=2)
    await hound.play(occurred_at="-2h", times=3)
    await hound.play(occurred_at="-25h", outcome="blocked", times=4)
    clock = Clock(hound.now)
    windows = (clock.window("15m"), clock.window("6h"), Window(clock.since("7d"), clock.since("24h")))
    found = await load_windows(snapshot(), Filters(), *windows)
    assert [(window.attempts, window.failed, window.blocked) for window in found] == [(2, 2, 0), (5, 2, 0), (0, 0, 4)]


@given(play_rows())
def test_it_splits_attempts_without_loss(rows):
    """Clients, and the two sides of the split, sum to all attempts; codes sum to all failed ones."""
    theirs = countable_rows(rows, SLICES, DAY)
    whole, clients = summarize(theirs), by_client(theirs)
    sides = split(theirs)
    assert sum(client.attempts for client in clients) == sum(side.attempts for side in sides) == whole.attempts
    assert sum(client.failed for client in clients) == sum(side.failed for side in sides) == whole.failed
    assert sum(line.count for line in top_errors(theirs, whole.codes)) == whole.codes.total() == whole.failed
    assert whole.attempts + whole.blocked + whole.aborted == sum(row.plays for row in theirs)
    lows = [present(client.ratio_low) for client in clients]
    ends = [(present(client.failure_ratio), present(client.ratio_high)) for client in clients]
    assert all(low <= ratio <= high for low, (ratio, high) in zip(lows, ends, strict=True))
    assert lows == sorted(lows, reverse=True)
    assert flaws(rows, SLICES, DAY)[None] == sum(row.plays for row in theirs)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 9), st.integers(1, 9)), min_size=40, max_size=80))
def test_it_caps_clients_without_loss(plays):
    """However many clients there are, the sums of the list are those of all; nobody left out has more failed."""
    rows = [
        PlayRow(1, None, outcome, "web", f"b{name}", None, number, None)
        for name, failed, started in plays
        for outcome, number in (("failed", failed), ("started", started))
    ]
    listed, whole = by_client(rows), count_attempts(rows)
    assert len(listed) <= 51
    assert sum(one.attempts for one in listed) == whole.attempts
    assert sum(one.failed for one in listed) == whole.failed
    assert [one.is_rest for one in listed] == [False] * min(50, len(listed)) + [True] * (len(listed) - 50)
    failed = Counter({name: sum(n for other, n, _ in plays if other == name) for name, _, _ in plays})
    shown = {int(one.browser[1:]) for one in listed if not one.is_rest}
    assert len(shown) == min(50, len(failed))
    assert all(failed[name] <= min(failed[one] for one in shown) for name in failed if name not in shown)


@given(play_rows(), st.data())
def test_it_gives_the_same_for_rows_in_any_split(rows, data):
    """However the counts are cut and ordered, the figures are the same."""
    one, other = countable_rows(rows, SLICES, DAY), countable_rows(data.draw(cut(rows, "plays")), SLICES, DAY)
    assert summarize(one) == summarize(other)
    assert by_client(one) == by_client(other)
    assert top_errors(one, summarize(one).codes) == top_errors(other, summarize(other).codes)
