"""Axes: round numbers that hold every value, few labels, and times that leave each other room."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.core.clock import SPANS, Clock, Range
from houndmon.core.filters import RANGES
from houndmon.core.trend import ChartUnit
from houndmon.web.axes import axis_labels, axis_text, axis_top, time_ticks

FIRST, LAST = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 -- hypothesis wants naive bounds
NOW = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
UNITS: tuple[ChartUnit, ...] = ("count", "minutes", "ratio", "times")
SIZES = {"s": 1 / 60, "min": 1, "h": 60, "d": 1440, "%": 0.01, "k": 1e3, "M": 1e6, "G": 1e9, "×": 1}
LONGEST_LABEL = 6  # characters, of 6.2 px each
NARROWEST = 150 / (LONGEST_LABEL * 6.2)  # how many of them stand beside each other in the narrowest chart


def number_of(label: str) -> float:
    """What a label says."""
    found = re.fullmatch(r"([\d.,]+)([kMG]?)(?: ?(s|min|h|d|%|×))?", label)
    assert found, label
    return float(found[1].replace(",", "")) * SIZES.get(found[2], 1) * SIZES.get(found[3], 1)


@given(st.floats(0, 1e9), st.sampled_from(UNITS))
@example(0.0, "count")
@example(1.0, "ratio")
@example(60.0, "minutes")
@example(1440.0, "minutes")
def test_it_ends_above_every_value(highest: float, unit: ChartUnit) -> None:
    """The highest value is never above its axis, and reaches a third of it where it could; no ratio is above 1."""
    value = min(highest, 1.0) if unit == "ratio" else highest
    top = axis_top(highest, unit)
    assert value <= top
    assert unit != "ratio" or top <= 1
    least = axis_top(0, unit)
    assert top == least or value > top / 3


@given(st.floats(0, 1e9), st.sampled_from(UNITS))
def test_it_labels_an_axis_with_two_or_three_short_numbers(highest: float, unit: ChartUnit) -> None:
    """The labels fall from the axis' end to 0 in equal steps, each says exactly where it stands, and all are short."""
    top = axis_top(highest, unit)
    labels = axis_labels(top, unit)
    assert len(labels) in (2, 3)
    assert max(map(len, labels)) <= LONGEST_LABEL + 1
    values = [number_of(label) for label in labels]
    assert values == pytest.approx([top * n / (len(labels) - 1) for n in range(len(labels) - 1, -1, -1)])
    assert unit != "count" or all(value == int(value) for value in values)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.005, "ratio", "0.5%"), (0.06, "ratio", "6%"), (1.0, "ratio", "100%"),
        (0.5, "minutes", "30 s"), (20, "minutes", "20 min"), (60, "minutes", "60 min"), (720, "minutes", "12 h"),
        (1440, "minutes", "24 h"), (2880, "minutes", "2 d"),
        (1440e5, "minutes", "100k d"),
        (8, "count", "8"), (8000, "count", "8,000"), (20_000, "count", "20k"), (4e6, "count", "4M"),
    ],
)  # fmt: skip
def test_it_names_values_in_their_unit(value: float, unit: ChartUnit, text: str) -> None:
    """Shares are in per cent, times in the unit that makes them small, counts in thousands from ten thousand on."""
    assert axis_text(value, unit) == text


@given(NOW, st.sampled_from(RANGES))
def test_it_lays_ticks_that_leave_each_other_room(now: datetime, span: Range) -> None:
    """Ticks rise, lie within the chart, and the labels of neighbours never touch, however narrow the chart."""
    ticks = time_ticks(Clock(now).since(span), span)
    assert all(0 <= tick.place <= 1 for tick in ticks)
    assert all(one.place < other.place for one, other in pairwise(ticks))
    named = [tick for tick in ticks if tick.text]
    assert 2 <= len(named) <= 4
    assert max(len(tick.text) for tick in named) <= LONGEST_LABEL
    assert all(other.place - one.place >= 1 / NARROWEST for one, other in pairwise(named))


@given(NOW, st.sampled_from(RANGES))
def test_it_names_each_tick_for_its_instant(now: datetime, span: Range) -> None:
    """A tick stands at the time that it names, in UTC: a time of day, or at midnight the day."""
    start = Clock(now).since(span)
    for tick in time_ticks(start, span):
        at = start + timedelta(seconds=round(tick.place * SPANS[span].total_seconds()))
        assert at.second == 0
        assert tick.text in ("", f"{at:%a} {at.day}" if f"{at:%H:%M}" == "00:00" else f"{at:%H:%M}")
        assert span != "7d" or f"{at:%H:%M}" == "00:00"
