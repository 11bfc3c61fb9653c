"""Marks of what happened: where they stand, how they look, and what they say."""

from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.core.clock import Clock
from houndmon.core.filters import RANGES, Filters
from houndmon.core.panel_cache import build_trend
from houndmon.core.trend import Chart, Mark, Series, Trend
from houndmon.web.chart import draw
from houndmon.web.chart_marks import look_of, mark_keys, mark_position, mark_text

CHART = Chart(name="wait", title="Oldest wait", unit="minutes", series=[Series(name="oldest", values=[1.0, 2.0])])


def mark(at: datetime = NOW, **values: Any) -> Mark:
    row: dict[str, Any] = {"kind": "manual", "severity": "warning", "text": "The importer is late"}
    return Mark(at=at, **row | values)


def trend(*marks: Mark, span: Any = "1h") -> Trend:
    found = build_trend("transcode", Clock(NOW), Filters(range=span), [CHART])
    found.marks = list(marks)
    return found


@given(st.datetimes(), st.sampled_from(RANGES))
def test_it_stands_within_the_chart(at: datetime, span: str) -> None:
    """Whatever the time of a mark, it stands between the ends; a later one stands no further left."""
    one = mark(at.replace(tzinfo=NOW.tzinfo))
    found = trend(span=span)
    place = mark_position(one, found)
    assert 0 <= place <= 100
    if at.replace(tzinfo=NOW.tzinfo) > NOW:
        assert place == 100


def test_it_draws_marks_at_their_time() -> None:
    """An alert stands under a line at its time; two of a kind within a hundredth of the width are one shape."""
    start = trend().starts[0]
    half, quarter = start + timedelta(minutes=30), start + timedelta(minutes=15)
    fired = [mark(half + timedelta(seconds=n), kind="alert_fired", rule="queue_age") for n in (0, 5)]
    svg = ET.fromstring(draw(CHART, trend(*fired, mark(quarter, severity="info"))))
    shapes = [(one.attrib["class"], one.attrib["x"]) for one in svg.iter("svg") if "x" in one.attrib]
    assert shapes == [("change", "25%"), ("fired", "50%")]
    assert [(line.attrib["class"], line.attrib["x1"]) for line in svg.iter("line")] == [("fired", "50%")]


def test_it_tells_kinds_apart_without_colour() -> None:
    """Alerts, recoveries, incidents and changes have each a shape and a word of their own."""
    kinds = [mark(kind="alert_fired"), mark(kind="alert_recovered"), mark(), mark(kind="external", severity="info")]
    assert [look_of(one).words for one in kinds] == ["alert", "recovered", "incident", "change"]
    assert len({look_of(one).shape for one in kinds}) == 4
    assert [look.words for look in mark_keys(trend(*reversed(kinds)))] == ["alert", "recovered", "incident", "change"]
    assert mark_keys(trend(kinds[0])) == [look_of(kinds[0])]


def test_it_says_what_happened() -> None:
    """An alert goes by its rule's title and its subject in words; what others wrote stays as it is."""
    assert mark_text(mark(kind="alert_fired", rule="queue_age")) == "The oldest job has waited too long"
    burns = mark(kind="alert_recovered", rule="slo_burn_fast", subject="playback_success")
    assert mark_text(burns) == "An error budget burns fast, Playback success"
    assert mark_text(mark()) == "The importer is late"
