"""A chart as a table: the same values in words, for those who cannot see it, and for what stands at the pointer."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from houndmon.core.trend import Chart, Mark, Series, Trend
from houndmon.rulebook.units import NOTHING, count, minutes, percent, said_times
from houndmon.web.chart_marks import look_of, mark_text

MOST_MARKS = 4  # of a stretch; those beyond are counted


class Happened(NamedTuple):
    """One mark in words: when, of what kind, and what."""

    at: datetime
    words: str
    text: str


class ChartRow(NamedTuple):
    """A stretch: where it starts, its values in the order of the columns, what happened, and how much more did."""

    start: str
    cells: list[str]
    happened: list[Happened]
    more: int


class ChartTable(NamedTuple):
    """A chart's columns but for the first and the last, and its rows, oldest first."""

    columns: list[str]
    rows: list[ChartRow]
    has_marks: bool


def as_table(chart: Chart, trend: Trend) -> ChartTable:
    """A chart as a table, a row a stretch."""
    columns = [column for series in chart.series for column in columns_of(series, chart.unit)]
    ends: list[datetime | None] = [*trend.starts[1:], None]
    marks = [marks_within(trend, start, end) for start, end in zip(trend.starts, ends, strict=True)]
    rows = [
        ChartRow(
            start_text(start, trend.as_of),
            [cells[place] for _, cells in columns],
            [Happened(mark.at, look_of(mark).words, mark_text(mark)) for mark in found[:MOST_MARKS]],
            max(0, len(found) - MOST_MARKS),
        )
        for place, (start, found) in enumerate(zip(trend.starts, marks, strict=True))
    ]
    return ChartTable([name for name, _ in columns], rows, has_marks=any(marks))


def columns_of(series: Series, unit: str) -> Iterator[tuple[str, list[str]]]:
    """The columns of a line, each with its cells: what is drawn of it."""
    yield series.name, [value_text(value, unit) for value in series.worst or series.values]
    if series.low and series.high:
        yield "95% interval", [interval_text(low, high) for low, high in zip(series.low, series.high, strict=True)]
    if before := series.worst_before or series.before:
        yield "a week before", [value_text(value, unit) for value in before]


def value_text(value: float | None, unit: str) -> str:
    """A value with its unit."""
    if value is None:
        return NOTHING
    if unit == "ratio":
        return percent(value)
    if unit == "minutes":
        return minutes(value) if value else "0 min"
    if unit == "times":
        return said_times(value)
    return count(int(value))


def interval_text(low: float | None, high: float | None) -> str:
    """An interval in words."""
    return NOTHING if low is None or high is None else f"{percent(low)} to {percent(high)}"


def start_text(at: datetime, now: datetime) -> str:
    """When a stretch starts, in UTC, with its day where that is not today."""
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at:%a} {at.day}, {at:%H:%M}"


def marks_within(trend: Trend, start: datetime, end: datetime | None) -> list[Mark]:
    """What happened within a stretch; the last one is open."""
    return [mark for mark in trend.marks or [] if start <= mark.at and (end is None or mark.at < end)]
