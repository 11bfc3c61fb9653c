import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Meta

from houndmon.panels.playback.model import Client, Playback
from houndmon.panels.transcode.model import Transcode
from houndmon.web import display

SHARES = st.floats(0, 1)
SECONDS = st.floats(0, 10**9)
TEXT = st.text(max_size=300)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "—"),
        (0, "0%"),
        (1, "100%"),
        (0.0041, "0.41%"),
        (0.00001, "<0.01%"),
        (0.99999, ">99.99%"),
        (0.1234, "12.3%"),
        (0.0942, "9.42%"),
        (0.9971, "99.71%"),
        (1e-17, "0%"),
    ],
)
def test_it_writes_a_ratio_in_per_cent(share: float | None, words: str) -> None:
    """More digits near both ends; a dash where there is no ratio."""
    assert display.percent(share) == words


@given(SHARES, st.sampled_from([None, 1, 2]))
@example(1e-9, 1)
@example(1 - 1e-9, 2)
@example(0.9996, 1)
def test_it_never_rounds_some_to_none_or_all(share: float, digits: int | None) -> None:
    """One failure in a million is not 0 %, and all but one is not 100 %."""
    words = display.percent(share, digits)
    if 1e-9 <= share <= 1 - 1e-9:
        assert float(words.strip("<>%")) not in (0, 100)


@given(SHARES)
def test_it_stays_near_the_ratio(share: float) -> None:
    """What is written differs from the ratio by less than a tenth of a per cent."""
    assert abs(float(display.percent(share).strip("<>%")) - share * 100) < 0.1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "—"),
        (0, "0.0 s"),
        (9.1, "9.1 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1.0 min"),
        (150, "2.5 min"),
        (300, "5 min"),
        (300.4, "5.0 min"),
        (599, "10 min"),
        (2820, "47 min"),
        (3600, "60 min"),
        (7199, "2 h"),
        (11520, "3 h 12 min"),
        (86400, "24 h"),
        (90060, "25 h 1 min"),
        (172800, "2 d"),
        (788400, "9 d 3 h"),
    ],
)
def test_it_writes_a_duration_in_the_units_that_matter(seconds: float | None, words: str) -> None:
    """No unit is ever full, and none is said to be empty: 60 s are a minute, and two hours are just that."""
    assert display.duration(seconds) == words


def in_seconds(words: str) -> float:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    parts = words.replace(",", "").split(" ")
    return sum(float(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))


@given(SECONDS)
@example(59.5)
@example(597.0)
@example(7170.0)
@example(172770.0)
def test_it_writes_a_duration_that_can_be_read_back(seconds: float) -> None:
    """What is written is within 5 % of the duration, or a twentieth of a second."""
    assert abs(in_seconds(display.duration(seconds)) - seconds) <= max(0.0501, 0.05 * seconds)


@given(SECONDS)
@example(7200.0)
@example(86400.0)
@example(172800.0)
def test_it_never_says_how_much_of_a_unit_there_is_not(seconds: float) -> None:
    """A second unit is there only where it adds something."""
    assert not re.search(r" 0 (s|min|h)$", display.duration(seconds))


@given(SECONDS, SECONDS)
def test_it_keeps_durations_in_order(one: float, other: float) -> None:
    """A longer time never reads as a shorter one."""
    less, more = sorted((one, other))
    assert in_seconds(display.duration(less)) <= in_seconds(display.duration(more))


def test_it_writes_minutes_as_durations() -> None:
    """Figures in minutes and in seconds read alike."""
    assert display.minutes(2.5) == display.duration(150)
    assert display.minutes(None) == "—"


def test_it_writes_counts_and_samples() -> None:
    """Thousands are set apart; no traffic is said in words."""
    assert display.count(41230) == "41,230"
    assert display.count(None) == "—"
    assert display.sample(170, 41230) == "170 of 41,230"
    assert display.sample(0, 0) == "no traffic"
    assert display.plural(1, "job", "jobs") == "1 job"
    assert display.plural(2710, "job", "jobs") == "2,710 jobs"
    assert display.interval(0.0035, 0.0047) == "95% sure: 0.35% to 0.47%"
    assert display.interval(None, None) == ""


NOON = datetime(2026, 3, 2, 12, 0, 30, 250_000, tzinfo=UTC)


def test_it_writes_times_in_utc() -> None:
    """The date stands where it is not that of the answer."""
    assert display.clock(NOON) == "12:00:30"
    assert display.clock(NOON, NOON + timedelta(minutes=5)) == "12:00:30"
    assert display.clock(NOON, NOON + timedelta(days=1)) == "Mar 2, 12:00"
    assert display.iso(NOON) == "2026-03-02T12:00:30.250Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_it_writes_instants_that_machines_read_back(at: datetime) -> None:
    """To the millisecond, as the page's script reads them."""
    assert abs(datetime.fromisoformat(display.iso(at)) - at) < timedelta(milliseconds=1)


@given(TEXT, st.integers(1, 100))
def test_it_clamps_what_strangers_wrote(text: str, most: int) -> None:
    """Never longer than allowed, never with a control character, and whole where it fits."""
    shown = display.clamp(text, most)
    assert len(shown) <= most
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in shown)
    if len(text) <= most and text.isprintable():
        assert shown == text


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        " https://a.example/",
        "data:text/html,<script>alert(1)</script>",
        "//a.example/",
        "/runbooks/queue",
        "https:///no-host",
        "http:a.example",
        "https://[broken",
        "vbscript:x",
        "",
    ],
)
def test_it_makes_no_link_of_anything_but_the_web(url: str) -> None:
    """Only absolute http and https addresses become links."""
    assert display.safe_url(url) is None


@pytest.mark.parametrize("url", ["//a.example", "/\\a.example", "/a b", "/../x", "javascript:alert(1)", "/", "/a?b"])
def test_it_knows_its_own_paths(url: str) -> None:
    """A path of our own may become a link where that is asked for; nothing that leads elsewhere looks like one."""
    assert display.safe_url("/runbooks/queue_age", own=True) == "/runbooks/queue_age"
    assert display.safe_url("https://wiki.example.com/a", own=True) == "https://wiki.example.com/a"
    assert display.safe_url(url, own=True) is None


@pytest.mark.parametrize("url", ["https://wiki.example.com/a?b=c#d", "http://localhost:8080/x", "HTTPS://a.example"])
def test_it_makes_links_of_the_web(url: str) -> None:
    """They stay as they were written."""
    assert display.safe_url(url) == url


@given(TEXT)
def test_it_lets_through_nothing_that_a_browser_would_run(text: str) -> None:
    """Whatever stands before, a link begins with http: or https:."""
    url = display.safe_url(text)
    assert url is None or url.lower().startswith(("http://", "https://"))


@given(st.none() | st.floats(-1, 2))
def test_it_draws_bars_within_their_frame(share: float | None) -> None:
    """A bar is from nothing to all, whatever the share."""
    width = display.bar(share)
    assert width.endswith("%")
    assert 0 <= float(width[:-1]) <= 100


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (True, "true"), (3, "3"), (0.25, "0.25"), ("<b>", "<b>"), (2.0, "2.0")]
)
def test_it_writes_raw_figures_as_json_does(value: Any, text: str) -> None:
    """So that a program reads the same from the page and from the API."""
    assert display.raw(value) == text


def test_it_lists_words() -> None:
    """With `and` before the last."""
    assert display.listing(["artist"]) == "artist"
    assert display.listing(["artist", "release"]) == "artist and release"
    assert display.listing(["a", "b", "c"]) == "a, b and c"


def test_it_says_what_is_wrong_with_rows() -> None:
    """Every kind of anomaly has its words."""
    assert display.anomaly("future_time", 1) == "1 row dated in the future: in no figure"
    for kind in display.ANOMALIES:
        assert display.anomaly(kind, 1200).startswith("1,200 rows ")


def test_it_knows_every_kind_of_anomaly() -> None:
    """The kinds are those of the panels."""
    from houndmon.kit.panel import KINDS

    assert set(display.ANOMALIES) == set(KINDS)


def test_it_takes_definitions_from_the_api() -> None:
    """The page and the OpenAPI document say the same, for a struct and for its type, inherited fields included."""

    class Thing(msgspec.Struct):
        size: Annotated[int | None, Meta(description="How `big` it is.", examples=[3])]

    assert display.definition(Thing, "size") == "How big it is."
    assert display.definition(Thing(1), "size") == "How big it is."
    assert display.definition(Transcode, "as_of").startswith("The source's clock")
    assert display.definition(Client, "failure_ratio") == "failed / attempts, in [0, 1]; null without attempts."
    assert display.definition(Playback, "blocked") != display.definition(Playback, "aborted")


def test_it_misses_no_definition() -> None:
    """A figure without a definition is a mistake, not a blank."""
    with pytest.raises(KeyError):
        display.definition(Transcode, "no_such_figure")
