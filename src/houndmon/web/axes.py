"""Where the axes of a chart end and what stands along them: pure arithmetic, in round numbers."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from houndmon.core.clock import SPANS, Range
from houndmon.core.trend import ChartUnit

TickForm = Literal["tick", "day-tick"]
"""As the page's script knows them: a time, midnight by its day; or a day, with the time where it is not midnight."""
ROUND = (1, 2, 4, 6, 8)  # with halves that are round too
DAY = 24 * 60
UP_TO_A_DAY = (1, 2, 4, 6, 10, 20, 30, 60, 120, 240, 360, 720)  # minutes
LEAST_RATIO = 0.01  # the lowest that its axis ends, so that one failure does not look like a catastrophe
TICKS: dict[Range, timedelta] = {
    "1h": timedelta(minutes=20),
    "6h": timedelta(hours=2),
    "24h": timedelta(hours=6),
    "7d": timedelta(days=1),
}
EDGE = 0.05  # a label nearer to either end than this would reach beyond it
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Tick(NamedTuple):
    """A mark along the axis of time: when, its place from 0 to 1, what stands there, if anything, and in which form."""

    at: datetime
    place: float
    text: str
    form: TickForm


def axis_top(highest: float, unit: ChartUnit) -> float:
    """Where an axis from 0 ends: the first round number that is no lower than a value. No ratio is above 1."""
    if unit == "ratio":
        highest = min(highest, 1.0)
    return next(top for top in round_tops(unit) if top >= highest)


def round_tops(unit: ChartUnit) -> Iterator[float]:
    """The numbers that an axis may end at, rising."""
    least = {"count": 1.0, "minutes": float(DAY), "ratio": LEAST_RATIO, "times": 1.0}[unit]
    if unit == "minutes":
        yield from map(float, UP_TO_A_DAY)
    for power in itertools.count():
        yield from (least * step * 10.0**power for step in ROUND)


def axis_labels(top: float, unit: ChartUnit) -> list[str]:
    """What stands along the axis: its end, its middle where that is a number to read, and 0."""
    has_middle = unit != "count" or top >= 2
    return [axis_text(value, unit) for value in ((top, top / 2) if has_middle else (top,))] + ["0"]


def axis_text(value: float, unit: ChartUnit) -> str:
    """A value along an axis, with its unit, as short as can be."""
    if unit == "ratio":
        return f"{round(value * 100, 6):g}%"
    if unit == "times":
        return f"{axis_count_text(value) if value >= 10 else f'{value:g}'}×"
    return span_text(value) if unit == "minutes" else axis_count_text(value)


def span_text(minutes: float) -> str:
    """A stretch of time in the unit that makes it a small number: `30 s`, `10 min`, `6 h`, `2 d`."""
    if minutes < 1:
        return f"{minutes * 60:g} s"
    if minutes <= 60:
        return f"{minutes:g} min"
    return f"{minutes / 60:g} h" if minutes <= DAY else f"{axis_count_text(minutes / DAY)} d"


def axis_count_text(number: float) -> str:
    """A count, from ten thousand on in thousands and more: `8,000`, `20k`, `4M`."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size and number >= 10_000:
            return f"{number / size:g}{letter}"
    return f"{number:,.0f}"


def time_ticks(start: datetime, span: Range) -> list[Tick]:
    """The whole hours or days within a range, in UTC; midnight goes by its day. Every other day of a week is named."""
    step, width = TICKS[span], SPANS[span]
    first = start + (EPOCH - start) % step
    instants = [first + step * number for number in range(width // step + 1)]
    form: TickForm = "day-tick" if span == "7d" else "tick"
    return [
        Tick(at, place, tick_text(at, place, span), form) for at in instants if (place := (at - start) / width) <= 1
    ]


def tick_text(at: datetime, place: float, span: Range) -> str:
    """What stands at a tick; nothing near the ends, nor where names would run into each other."""
    if not EDGE <= place <= 1 - EDGE or (span == "7d" and at.toordinal() % 2):
        return ""
    return f"{at:%H:%M}" if at.hour or at.minute else f"{at:%a} {at.day}"
