"""How a figure went: its values over equal stretches of a window, beside the same stretches a week before."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from houndmon.kit.clock import SPANS, Clock, Range, Window
from houndmon.kit.panel import WindowShown

STEPS: dict[Range, timedelta] = {
    "1h": timedelta(minutes=2),
    "6h": timedelta(minutes=10),
    "24h": timedelta(minutes=30),
    "7d": timedelta(hours=4),
}
WEEK = timedelta(days=7)
T = TypeVar("T")


class Series(msgspec.Struct, kw_only=True):
    """One line of a chart; a value is null where there is nothing to measure."""

    name: Annotated[str, Meta(description="What it is.", examples=["rejected"])]
    values: Annotated[list[float | None], Meta(description="One value a stretch, oldest first.")]
    low: Annotated[list[float | None] | None, Meta(description="Low ends of 95 % intervals, of ratios.")] = None
    high: Annotated[list[float | None] | None, Meta(description="High ends of 95 % intervals, of ratios.")] = None
    before: Annotated[
        list[float | None] | None, Meta(description="The same stretches a week before; not for `7d`.")
    ] = None


class Chart(msgspec.Struct, kw_only=True):
    """Lines that share an axis."""

    name: Annotated[str, Meta(description="The chart's name.", examples=["uploads"])]
    title: Annotated[str, Meta(description="Its title.", examples=["Uploads and rejections"])]
    unit: Annotated[Literal["count", "minutes", "ratio"], Meta(description="The unit of its axis.", examples=["count"])]
    series: Annotated[list[Series], Meta(description="Its lines.")]


class Trend(msgspec.Struct, kw_only=True):
    """A panel's charts."""

    panel: Annotated[str, Meta(description="The panel's name.", examples=["ingest"])]
    as_of: Annotated[datetime, Meta(description="The source's clock.", examples=["2026-03-02T12:00:30Z"])]
    window: Annotated[WindowShown, Meta(description="The window that the stretches divide.")]
    step_seconds: Annotated[float, Meta(description="How long a stretch is; the last may be shorter.", examples=[1800])]
    starts: Annotated[list[datetime], Meta(description="Where each stretch starts, oldest first.")]
    charts: Annotated[list[Chart], Meta(description="The charts.")]


def stretches(clock: Clock, span: Range) -> list[Window]:
    """The window of a range in equal stretches, on whole minutes; the last one is open."""
    start, step = clock.since(span), STEPS[span]
    count = int(SPANS[span] / step)
    closed = [Window(start + step * n, start + step * (n + 1)) for n in range(count - 1)]
    return [*closed, Window(start + step * (count - 1))]


def week_before(windows: list[Window], clock: Clock) -> list[Window]:
    """The same stretches a week before; the open one ends where now was then."""
    closed = [Window(window.start, window.end or clock.now) for window in windows]
    return [window.shifted(-WEEK) for window in closed]


def has_week_before(span: Range) -> bool:
    """Whether a week before lies apart from the window, so that a comparison says something."""
    return SPANS[span] < WEEK
