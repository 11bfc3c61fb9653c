"""Charts: lines, gaps, bands, and words for those who cannot see them."""

import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from houndmon.kit.trend import Chart, Series
from houndmon.web.chart import HEIGHT, WIDTH, axis, draw, line

VALUES = st.lists(st.none() | st.floats(0, 1e9), min_size=1, max_size=60)


def chart(*series: Series, unit: str = "count") -> Chart:
    return Chart(name="n", title="Uploads", unit=unit, series=list(series))  # type: ignore[arg-type]


@given(VALUES, st.none() | VALUES)
def test_it_draws_within_its_box(values: list[float | None], before: list[float | None] | None) -> None:
    """Every point lies inside the view box, whatever the values, and the drawing is well-formed XML."""
    svg = draw(chart(Series(name="a", values=values, before=before)))
    root = ET.fromstring(svg)
    for path in root:
        for x, y in re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.attrib["d"]):
            assert 0 <= float(x) <= WIDTH
            assert 0 <= float(y) <= HEIGHT


def test_it_leaves_a_gap_where_nothing_was_measured() -> None:
    """A null ends the line; the next value starts another."""
    assert line([1, None, 2, 3], 3).count("M") == 2


def test_it_says_in_words_what_it_shows() -> None:
    """The label holds the last value and the highest, with their unit."""
    svg = draw(chart(Series(name="failure ratio", values=[0.5, 0.25, None]), unit="ratio"))
    assert 'aria-label="Uploads: failure ratio 25.0% now, 50.0% at most"' in svg


def test_it_escapes_a_name() -> None:
    """A name cannot leave the label."""
    assert '"><script' not in draw(chart(Series(name='"><script', values=[1.0])))


def test_it_has_an_axis_where_all_is_zero() -> None:
    """Zeros lie on the ground; the axis still ends somewhere."""
    assert axis(chart(Series(name="a", values=[0.0, 0.0]))) == "1"


def test_it_cuts_a_band_that_reaches_beyond_the_axis() -> None:
    """A wide interval of few samples does not flatten the line."""
    series = Series(name="a", values=[0.1, 0.1], low=[0.0, 0.05], high=[0.9, None])
    svg = draw(chart(series, unit="ratio"))
    assert axis(chart(series, unit="ratio")) == "10.0%"
    assert svg.count("h150.0") == 1
