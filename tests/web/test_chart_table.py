"""Charts as tables: a row a stretch, with all that is drawn of it."""

import re
from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW, WORST
from houndmon.app import templates
from houndmon.core.clock import Clock
from houndmon.core.filters import RANGES, Filters
from houndmon.core.panel_cache import build_trend
from houndmon.core.settings import Settings
from houndmon.core.trend import Chart, Mark, Series, Trend
from houndmon.web.chart_table import MOST_MARKS, as_table

MACRO = '{% from "web/macros.html" import charts %}{{ charts(trend, 1, "transcode") }}'


def trend(*series: Series, unit: str = "minutes", span: Any = "1h") -> Trend:
    chart = Chart(name="wait", title="Oldest wait", unit=unit, series=list(series))  # type: ignore[arg-type]
    return build_trend("transcode", Clock(NOW), Filters(range=span), [chart])


def rising(count: int = 30) -> Series:
    return Series(name="oldest", values=[float(n) for n in range(count)])


def marks(found: Trend, *times: timedelta, text: str = "Somebody deployed") -> list[Mark]:
    return [Mark(at=found.starts[0] + time, kind="external", severity="info", text=text) for time in times]


def html(found: Trend) -> str:
    return templates(Settings()).from_string(MACRO).render(trend=found)


def test_it_says_what_is_drawn() -> None:
    """The worst of each stretch, not the instant at its end, and that of a week before; what is not known is a dash."""
    worst: list[float | None] = [19.0, *[None] * 29]
    before: list[float | None] = [2.0, *[0.0] * 29]
    found = trend(Series(name="oldest", values=[0.0] * 30, worst=worst, before=[0.0] * 30, worst_before=before))
    table = as_table(found.charts[0], found)
    assert table.columns == ["oldest", "a week before"]
    assert [row.cells for row in table.rows[:2]] == [["19 min", "2 min"], ["—", "0 min"]]


def test_it_says_what_an_interval_is() -> None:
    """A ratio has its interval beside it, whole, also where the drawing cuts it."""
    line = Series(name="failure ratio", values=[0.5] * 30, low=[0.1, *[None] * 29], high=[0.9, *[None] * 29])
    found = trend(line, unit="ratio")
    table = as_table(found.charts[0], found)
    assert table.columns == ["failure ratio", "95% interval"]
    assert [row.cells for row in table.rows[:2]] == [["50.0%", "10.0% to 90.0%"], ["50.0%", "—"]]


def test_it_names_each_stretch_by_its_start() -> None:
    """A stretch of today goes by the time of its start, one of another day by that day too."""
    found = trend(rising(48), span="24h")
    starts = [row.start for row in as_table(found.charts[0], found).rows]
    assert (starts[0], starts[23], starts[24], starts[-1]) == ("Sun 1, 12:00", "Sun 1, 23:30", "00:00", "11:30")


@given(st.lists(st.integers(0, 3600)), st.sampled_from(RANGES))
def test_it_puts_each_mark_into_one_row(seconds: list[int], span: str) -> None:
    """What happened stands in the row of its stretch, and in no other; what is too much for a row is counted."""
    found = trend(Series(name="oldest", values=[0.0] * 60), span=span)
    found.marks = marks(found, *(timedelta(seconds=second) for second in seconds))
    table = as_table(found.charts[0], found)
    assert table.has_marks is bool(seconds)
    assert sum(len(row.happened) + row.more for row in table.rows) == len(seconds)
    assert all(len(row.happened) <= MOST_MARKS for row in table.rows)
    assert all(row.more == 0 or len(row.happened) == MOST_MARKS for row in table.rows)


def test_it_has_a_row_for_each_place_of_the_pointer() -> None:
    """What the pointer moves over has as many places as its table has rows, and begins at the last."""
    text = html(trend(rising()))
    [pick] = re.findall(r"<i class=\"pick\"[^>]*>", text)
    assert 'aria-valuemax="30" aria-valuenow="30" aria-valuetext="11:58 to now: 29 min"' in pick
    assert 'data-values="values-transcode-wait"' in pick
    table = text.partition('<table id="values-transcode-wait"')[2].partition("</table>")[0]
    assert table.partition("<tbody>")[2].count("<tr>") == 30


def test_it_lets_nobody_out_of_a_cell() -> None:
    """What strangers reported is escaped, cut, and kept apart from the direction of our text."""
    found = trend(rising())
    found.marks = marks(found, timedelta(minutes=5), text=WORST)
    text = html(found)
    assert "<script" not in text
    assert "\u0007" not in text
    [said] = re.findall(r"change: <bdi[^>]*>([^<]*)</bdi>", text)
    assert said.endswith("…")


def test_it_costs_little() -> None:
    """A table of a day's stretches takes under 3 KB of markup."""
    text = html(trend(rising(48), span="24h"))
    assert len(text.partition("<table")[2].partition("</table>")[0]) < 3000
