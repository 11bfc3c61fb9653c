"""How a figure went: its values over equal stretches of a window, beside the same stretches a week before."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.answer import WindowShown
from houndmon.core.clock import SPANS, Clock, Range, Window

TREND_STEPS: dict[Range, timedelta] = {
    "1h": timedelta(minutes=2),
    "6h": timedelta(minutes=10),
    "24h": timedelta(minutes=30),
    "7d": timedelta(hours=4),
}
WEEK = timedelta(days=7)
ChartUnit = Literal["count", "minutes", "ratio", "times"]


class Series(msgspec.Struct, kw_only=True):
    """One line of a chart; a value is null where there is nothing to measure."""

    name: Annotated[str, Meta(description="What it is.", examples=["rejected"])]
    values: Annotated[list[float | None], Meta(description="One value a stretch, oldest first.")]
    low: Annotated[list[float | None] | None, Meta(description="Low ends of 95 % intervals, of ratios.")] = None
    high: Annotated[list[float | None] | None, Meta(description="High ends of 95 % intervals, of ratios.")] = None
    before: Annotated[
        list[float | None] | None, Meta(description="The same stretches a week before, by local time.")
    ] = None
    worst: Annotated[
        list[float | None] | None,
        Meta(description="The highest within each stretch, where `values` are those at its end."),
    ] = None
    worst_before: Annotated[list[float | None] | None, Meta(description="The same of the stretches a week before.")] = (
        None
    )


class Chart(msgspec.Struct, kw_only=True):
    """Lines that share an axis."""

    name: Annotated[str, Meta(description="The chart's name.", examples=["uploads"])]
    title: Annotated[str, Meta(description="Its title.", examples=["Uploads and rejections"])]
    unit: Annotated[ChartUnit, Meta(description="The unit of its axis.", examples=["count"])]
    series: Annotated[list[Series], Meta(description="Its lines.")]
    rule: Annotated[
        str | None,
        Meta(description="The rule that watches what it draws; null where none does.", examples=["queue_age"]),
    ] = None
    threshold: Annotated[
        float | None, Meta(description="That rule's threshold, in the unit of the axis.", examples=[15.0])
    ] = None


MarkKind = Literal["alert_fired", "alert_recovered", "manual", "external"]


class Mark(msgspec.Struct, kw_only=True):
    """What happened, and is marked in the charts: an alert, or what a person or another tool reported."""

    at: Annotated[datetime, Meta(description="When.", examples=["2026-03-02T11:58:00Z"])]
    kind: Annotated[MarkKind, Meta(description="What kind of event, as in the feed.", examples=["alert_fired"])]
    severity: Annotated[
        Literal["info", "warning", "critical"], Meta(description="How bad it is, as in the feed.", examples=["warning"])
    ]
    text: Annotated[str, Meta(description="What it means, in one line.", examples=["New uploads go live late"])]
    alert_id: Annotated[str | None, Meta(description="The alert it belongs to.", examples=["17"])] = None
    rule: Annotated[str | None, Meta(description="Of an alert: its rule.", examples=["queue_age"])] = None
    subject: Annotated[str | None, Meta(description="Of an alert: what it is about.", examples=["gateway"])] = None


class Trend(msgspec.Struct, kw_only=True):
    """A panel's charts."""

    panel: Annotated[str, Meta(description="The panel's name.", examples=["ingest"])]
    as_of: Annotated[datetime, Meta(description="The source's clock.", examples=["2026-03-02T12:00:30Z"])]
    window: Annotated[WindowShown, Meta(description="The window that the stretches divide.")]
    step_seconds: Annotated[float, Meta(description="How long a stretch is; the last may be shorter.", examples=[1800])]
    starts: Annotated[list[datetime], Meta(description="Where each stretch starts, oldest first.")]
    charts: Annotated[list[Chart], Meta(description="The charts.")]
    marks: Annotated[
        list[Mark] | None,
        Meta(
            description="Alerts of the panel, and all that people and other tools reported in the environment, oldest"
            " first; null where houndmon's own database cannot be read."
        ),
    ] = None


def trend_windows(clock: Clock, span: Range) -> list[Window]:
    """The window of a range in equal stretches, on whole minutes; the last one is open."""
    start, step = clock.since(span), TREND_STEPS[span]
    count = int(SPANS[span] / step)
    closed = [Window(start + step * n, start + step * (n + 1)) for n in range(count - 1)]
    return [*closed, Window(start + step * (count - 1))]


def windows_week_before(windows: list[Window], clock: Clock) -> list[Window]:
    """The same stretches a local week before, each for itself: where clocks changed then, two may overlap."""
    return [clock.stretch_before(window, WEEK.days) for window in windows]
