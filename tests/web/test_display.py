from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from houndmon.panels.playback.model import Client, Playback
from houndmon.panels.transcode.model import Transcode
from houndmon.web import display

TEXT = st.text(max_size=300)


def test_it_writes_counts_and_samples() -> None:
    """Thousands are set apart; no traffic is said in words."""
    assert display.sample(170, 41230) == "170 of 41,230"
    assert display.sample(0, 0) == "no traffic"
    assert display.plural(1, "job", "jobs") == "1 job"
    assert display.plural(2710, "job", "jobs") == "2,710 jobs"
    assert display.interval(0.0035, 0.0047) == "95% interval 0.35% to 0.47%"
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
