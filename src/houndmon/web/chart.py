"""Draws a small chart as SVG: lines, a band for intervals, a faint line for the week before; classes, no styles."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from houndmon.kit.trend import Chart, Series
from houndmon.web.display import count, minutes, percent

WIDTH, HEIGHT, MARGIN = 300.0, 56.0, 3.0
LEAST_TOP = {"count": 1.0, "minutes": 1.0, "ratio": 0.01}
"""The lowest that an axis may end, so that one failure does not look like a catastrophe."""
Values = Sequence[float | None]


def draw(chart: Chart) -> Markup:
    """A chart as one `svg` element that says in words what it shows."""
    top = highest(chart)
    parts = [part for number, series in enumerate(chart.series) for part in drawn(series, number, top)]
    label = escape(f"{chart.title}: {'; '.join(spoken(series, chart.unit) for series in chart.series)}")
    head = f'<svg class="chart" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none" role="img" aria-label="'
    return Markup(head) + label + Markup('">' + "".join(parts) + "</svg>")  # noqa: S704 -- numbers and our own words


def highest(chart: Chart) -> float:
    """Where the axis ends: the highest line. It starts at 0; a band of few samples that reaches beyond is cut."""
    lines = [v for s in chart.series for line in (s.values, s.before) for v in line or [] if v is not None]
    return max([*lines, LEAST_TOP[chart.unit]])


def drawn(series: Series, number: int, top: float) -> list[str]:
    """The shapes of one line, the faintest first."""
    shapes = []
    if series.low and series.high:
        shapes.append(f'<path class="band" d="{band(series.low, series.high, top)}"/>')
    if series.before:
        shapes.append(f'<path class="line before" d="{line(series.before, top)}"/>')
    shapes.append(f'<path class="line s{number}" d="{line(series.values, top)}"/>')
    return shapes


def place(index: int, value: float, length: int, top: float) -> str:
    """A point in the drawing."""
    x = WIDTH * (index + 0.5) / length
    y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * min(value, top) / top
    return f"{x:.1f} {y:.1f}"


def line(values: Values, top: float) -> str:
    """A path through some values; a gap where there is none."""
    path, is_down = [], False
    for index, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        point = place(index, value, len(values), top)
        # A lone point between gaps shows as a dot: a line of no length with round ends.
        path.append(f"L{point}" if is_down else f"M{point}L{point}")
        is_down = True
    return "".join(path)


def band(low: Values, high: Values, top: float) -> str:
    """The area between two lines, stretch by stretch."""
    width = WIDTH / len(low)
    boxes = []
    for index, (under, over) in enumerate(zip(low, high, strict=True)):
        if under is not None and over is not None:
            upper = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * min(over, top) / top
            lower = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * min(under, top) / top
            boxes.append(f"M{width * index:.1f} {upper:.1f}h{width:.1f}V{lower:.1f}h{-width:.1f}z")
    return "".join(boxes)


def spoken(series: Series, unit: str) -> str:
    """A line in words: where it is now, and its highest."""
    known = [value for value in series.values if value is not None]
    if not known:
        return f"{series.name}, nothing measured"
    return f"{series.name} {said(known[-1], unit)} now, {said(max(known), unit)} at most"


def said(value: float, unit: str) -> str:
    """A value with its unit."""
    if unit == "ratio":
        return percent(value)
    return minutes(value) if unit == "minutes" else count(int(value))


def axis(chart: Chart) -> str:
    """Where a chart's axis ends, in words."""
    return said(highest(chart), chart.unit)


FILTERS = {"draw": draw, "axis": axis}
