"""Charts: lines, gaps, bands, and words for those who cannot see them."""

import re
from datetime import timedelta
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.core.answer import window_shown
from houndmon.core.clock import Clock
from houndmon.core.trend import Chart, Series, Trend
from houndmon.web.chart import HEIGHT, WIDTH, cut_text, draw, labels, line, stretch_text

VALUES = st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=60)
STEP = timedelta(minutes=2)


def chart(*series: Series, unit: str = "count") -> Chart:
    return Chart(name="n", title="Uploads", unit=unit, series=list(series))  # type: ignore[arg-type]


def trend(*charts: Chart) -> Trend:
    window = window_shown(Clock(NOW), "1h")
    return Trend(
        panel="ingest",
        as_of=NOW,
        window=window,
        step_seconds=STEP.total_seconds(),
        starts=[window.start + STEP * n for n in range(30)],
        charts=list(charts),
    )


def drawing(one: Chart) -> ET.Element:
    return ET.fromstring(draw(one, trend(one)))


def paths(one: Chart, name: str) -> list[str]:
    return [path.attrib["d"] for path in drawing(one).iter("path") if name in path.attrib["class"].split()]


@given(VALUES, st.none() | VALUES)
def test_it_draws_within_its_box(values: list[float | None], before: list[float | None] | None) -> None:
    """Every point lies inside the view box, whatever the values, and the drawing is well-formed XML."""
    for path in drawing(chart(Series(name="a", values=values, before=before))).iter("path"):
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.attrib["d"]):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_it_leaves_a_gap_where_nothing_was_measured() -> None:
    """A null ends the line; the next value starts another."""
    assert line([1, None, 2, 3], 3).count("M") == 2


def test_it_says_in_words_what_it_shows() -> None:
    """The label holds the last value and the highest, with their unit."""
    label = drawing(chart(Series(name="failure ratio", values=[0.5, 0.25, None]), unit="ratio")).attrib["aria-label"]
    assert label == "Uploads: failure ratio 25.0% now, 50.0% at most"


def test_it_escapes_a_name() -> None:
    """A name cannot leave the label."""
    one = chart(Series(name='"><script', values=[1.0]))
    assert '"><script' not in draw(one, trend(one))


def test_it_has_an_axis_where_all_is_zero() -> None:
    """Zeros lie on the ground; the axis still ends somewhere."""
    assert labels(chart(Series(name="a", values=[0.0, 0.0]))) == ["1", "0"]


def test_it_draws_the_worst_where_that_is_known() -> None:
    """What rose and fell within a stretch is in the line, its axis and its label; so is that of a week before."""
    worst: list[float | None] = [1.0, 19.0]
    one = chart(
        Series(name="oldest", values=[0.0, 2.0], worst=worst, before=[0.0, 0.0], worst_before=[3.0, 0.0]),
        unit="minutes",
    )
    assert labels(one) == ["20 min", "10 min", "0"]
    assert paths(one, "s0") == [line(worst, 20)]
    assert paths(one, "before") == [line([3.0, 0.0], 20)]
    assert drawing(one).attrib["aria-label"] == "Uploads: oldest 2 min now, 19 min at most"
    assert stretch_text(one, trend(one)) == "worst in each 2 min"


def test_it_says_that_a_band_is_cut() -> None:
    """A wide interval of few samples does not flatten the line: it ends at the axis, which is marked and said."""
    series = Series(name="a", values=[0.1, 0.1], low=[0.0, 0.05], high=[0.9, None])
    one = chart(series, unit="ratio")
    assert labels(one) == ["10%", "5%", "0"]
    assert [path.count("h150.0") for path in paths(one, "band")] == [1]
    assert paths(one, "cut") == ["M0.0 0h150.0"]
    assert cut_text(one) == "cut, reaches 90%"


def test_it_says_nothing_of_a_band_that_is_whole() -> None:
    """A band within the axis is neither marked nor said to be cut."""
    one = chart(Series(name="a", values=[0.1, 0.1], low=[0.0, 0.05], high=[0.1, None]), unit="ratio")
    assert (paths(one, "cut"), cut_text(one)) == ([], "")


def test_it_draws_the_threshold() -> None:
    """The threshold that watches a figure is a line with its value, below the axis' end, and in the label."""
    one = chart(Series(name="oldest", values=[0.0, 2.0]), unit="minutes")
    one.threshold = 15.0
    assert labels(one) == ["20 min", "10 min", "0"]
    assert paths(one, "limit") == ["M0 25.0H300"]
    assert [text.text for text in drawing(one).iter("text")][-1] == "limit 15 min"
    assert drawing(one).attrib["aria-label"] == "Uploads: oldest 2 min now, 2 min at most; limit 15 min"


@given(st.floats(0, 1e6), st.sampled_from(["count", "minutes", "ratio"]))
def test_it_keeps_a_threshold_within_its_box(threshold: float, unit: str) -> None:
    """However high a threshold, its line lies within the drawing, and nothing above it hides where the axis ends."""
    one = chart(Series(name="a", values=[0.0]), unit=unit)
    one.threshold = min(threshold, 1.0) if unit == "ratio" else threshold
    [path] = paths(one, "limit")
    assert 0 <= float(path.partition("H")[0].split()[1]) <= HEIGHT


def test_it_marks_the_hours() -> None:
    """The last hour, from 11:00 to noon, has its twenty minutes marked; the ends would reach beyond."""
    found = [(text.text, text.attrib["x"]) for text in drawing(chart(Series(name="a", values=[1.0]))).iter("text")]
    assert found == [("11:20", "33.3%"), ("11:40", "66.7%")]
