"""Draws a chart as SVG: lines, a band for intervals, a faint line for the week before; classes, no styles."""

from collections.abc import Sequence

from markupsafe import Markup, escape

from houndmon.core.trend import Chart, Series, Trend
from houndmon.rulebook.units import percent
from houndmon.web.axes import Tick, axis_labels, axis_text, axis_top, span_text, time_ticks
from houndmon.web.chart_marks import mark_keys, mark_shapes
from houndmon.web.chart_table import as_table, start_text, value_text
from houndmon.web.display import iso

WIDTH, HEIGHT = 300.0, 100.0
ROOM_ABOVE = 1.1  # so that the line of a threshold is not that of the axis' end
Values = Sequence[float | None]


def draw(chart: Chart, trend: Trend) -> Markup:
    """A chart as one `svg` element that says in words what it shows.

    Shapes lie in a drawing that is stretched to its place; words stand over it, for they must not be.
    """
    top, ticks = chart_top(chart), time_ticks(trend.window.start, trend.window.range)
    shapes, notes = [grid(len(labels(chart)), ticks)], mark_shapes(trend) + times(ticks)
    shapes += [part for number, series in enumerate(chart.series) for part in line_shapes(series, number, top)]
    if chart.threshold is not None:
        level = height(chart.threshold, top)
        shapes.append(f'<path class="limit" d="M0 {level:.1f}H{WIDTH:g}"/>')
        notes += limit_label(chart, level)
    stretched = f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none">{"".join(shapes)}</svg>'
    label = escape(f"{chart.title}: {chart_text(chart, end_text(trend))}")
    head = Markup('<svg class="chart" role="img" aria-label="')
    return head + label + Markup(f'">{stretched}{notes}</svg>')  # noqa: S704 -- numbers and our own words


def chart_top(chart: Chart) -> float:
    """Where the axis ends: above the highest line and the threshold. A band that reaches beyond is cut."""
    lines = [line for series in chart.series for line in drawn(series)]
    values = [value for line in lines for value in line if value is not None]
    return axis_top(max([*values, (chart.threshold or 0.0) * ROOM_ABOVE]), chart.unit)


def drawn(series: Series) -> list[Values]:
    """The lines of a series: at its worst in each stretch where that is known, and the same of a week before."""
    before = series.worst_before or series.before
    return [series.worst or series.values, *([before] if before else [])]


def labels(chart: Chart) -> list[str]:
    """What stands along the axis of values, its end first."""
    return axis_labels(chart_top(chart), chart.unit)


def grid(levels: int, ticks: Sequence[Tick]) -> str:
    """The lines that the labels of both axes stand at; the lowest level is the axis itself."""
    across = "".join(f"M0 {HEIGHT * level / (levels - 1):g}H{WIDTH:g}" for level in range(levels - 1))
    upright = "".join(f"M{WIDTH * tick.place:.1f} 0V{HEIGHT:g}" for tick in ticks)
    return f'<path class="grid" d="{across}{upright}"/>'


def times(ticks: Sequence[Tick]) -> str:
    """The labels of the axis of time."""
    return "".join(
        f'<text x="{tick.place:.1%}" y="100%" dy="13" data-at="{iso(tick.at)}" data-form="{tick.form}">'
        f"{tick.text}</text>"
        for tick in ticks
        if tick.text
    )


def limit_label(chart: Chart, level: float) -> str:
    """What a threshold's line says of itself: above it, or below where it lies high."""
    offset = 12 if level < HEIGHT / 3 else -4
    return f'<text class="limit" x="4" y="{level:.1f}%" dy="{offset}">{limit_text(chart)}</text>'


def limit_text(chart: Chart) -> str:
    """A chart's threshold in words; empty where it has none."""
    if chart.threshold is None:
        return ""
    text = axis_text if chart.unit == "ratio" else value_text  # a threshold is a round share
    return f"limit {text(chart.threshold, chart.unit)}"


def line_shapes(series: Series, number: int, top: float) -> list[str]:
    """The shapes of one line, the faintest first."""
    now, *before = drawn(series)
    shapes = [f'<path class="line before" d="{line(then, top)}"/>' for then in before]
    if series.low and series.high:
        shapes.insert(0, f'<path class="band" d="{band(series.low, series.high, top)}"/>')
        if cut := cuts(series.high, top):
            shapes.append(f'<path class="cut" d="{cut}"/>')
    shapes.append(f'<path class="line s{number}" d="{line(now, top)}"/>')
    return shapes


def height(value: float, top: float) -> float:
    """How far down in the drawing a value lies."""
    return HEIGHT - HEIGHT * min(value, top) / top


def line(values: Values, top: float) -> str:
    """A path through some values; a gap where there is none."""
    path, is_down = [], False
    for index, value in enumerate(values):
        if value is None:
            is_down = False
            continue
        point = f"{WIDTH * (index + 0.5) / len(values):.1f} {height(value, top):.1f}"
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
            upper, lower = height(over, top), height(under, top)
            boxes.append(f"M{width * index:.1f} {upper:.1f}h{width:.1f}V{lower:.1f}h{-width:.1f}z")
    return "".join(boxes)


def cuts(high: Values, top: float) -> str:
    """A line along the top over each stretch whose band reaches beyond it."""
    width = WIDTH / len(high)
    return "".join(f"M{width * n:.1f} 0h{width:.1f}" for n, over in enumerate(high) if over is not None and over > top)


def cut_text(chart: Chart) -> str:
    """How far a band reaches that is cut, in words; empty where none is."""
    most = max((over for series in chart.series for over in series.high or [] if over is not None), default=0.0)
    return f"cut, reaches {percent(most, 0)}" if most > chart_top(chart) else ""


def end_text(trend: Trend) -> str:
    """Where the charts end, in words."""
    return "now" if trend.window.end >= trend.as_of else start_text(trend.window.end, trend.as_of)


def chart_text(chart: Chart, end: str = "now") -> str:
    """What a chart shows, in words, and where it ends."""
    texts = [series_text(series, chart.unit, end) for series in chart.series]
    return "; ".join([*texts, *filter(None, [limit_text(chart)])])


def series_text(series: Series, unit: str, end: str) -> str:
    """A line in words: where it is at its end, and its highest."""
    known = [value for value in series.values if value is not None]
    if not known:
        return f"{series.name}, nothing measured"
    highest = max(value for value in drawn(series)[0] if value is not None)
    return f"{series.name} {value_text(known[-1], unit)} {end}, {value_text(highest, unit)} at most"


def stretch_text(chart: Chart, trend: Trend) -> str:
    """What each point of a chart is of."""
    each = "worst in each" if any(series.worst for series in chart.series) else "per"
    return f"{each} {span_text(trend.step_seconds / 60)}"


FILTERS = {
    "draw": draw,
    "as_table": as_table,
    "labels": labels,
    "stretch_text": stretch_text,
    "end_text": end_text,
    "cut_text": cut_text,
    "mark_keys": mark_keys,
}
