"""What a run prints, writes and draws."""

import itertools
from xml.etree import ElementTree as ET

import pytest

from bench.console import NAMES
from bench.database import counted
from bench.options import PARTS, QUICK_PLAYS, read_options
from bench.panels import growth_lines, panel_lines
from bench.plot import Scale, draw
from bench.report import BEGIN, DOCUMENT, END, replaced, section
from bench.stats import Times
from bench.table import Line, markdown, plain
from bench.tabs import POLLED
from houndmon.core.filters import RANGES

SLOW, QUICK = Times((1.0, 1.2)), Times((0.004, 0.005))
CELLS: dict[tuple[str, str], Times] = {(name, range): QUICK for name in NAMES for range in RANGES}
RAWS = dict.fromkeys(NAMES, SLOW)


def test_it_prints_a_column_below_its_head() -> None:
    """Every line is there, and each column begins where its head does."""
    lines = [Line("a", "one", "1 ms", "2 ms", "2 ×", "≥ 1", True), Line("b", "two things", "n/a")]
    head, _, first, second = plain(lines).splitlines()
    assert first.index("1 ms") == second.index("n/a") == head.index("measured")
    assert first.endswith("met")
    assert second.endswith("n/a")


def test_it_escapes_what_would_break_a_table() -> None:
    """A bar within a cell does not end the cell."""
    rows = markdown([Line("a", "x|y", "1")]).splitlines()
    assert rows[2].startswith("| a | x\\|y | 1 |")
    assert len({row.replace("\\|", "").count("|") for row in rows}) == 1


@pytest.mark.parametrize(("cells", "raws", "met"), [(CELLS, RAWS, True), (CELLS, dict.fromkeys(NAMES, QUICK), False)])
def test_it_judges_panels_by_both_limits(cells, raws, met) -> None:
    """A panel that is quick but no quicker than its raw SQL misses its target."""
    lines = panel_lines(cells, raws)
    assert len(lines) == len(NAMES) * len(RANGES)
    assert {line.met for line in lines} == {met}


def test_it_judges_growth() -> None:
    """A panel that takes longer with more rows misses its target; one that does not meets it."""
    larger = CELLS | {("playback", "7d"): SLOW}
    assert {line.what: line.met for line in growth_lines(CELLS, larger, 1000) if not line.met} == {
        "playback 7d, uncached": False
    }


def test_it_draws_a_picture_that_can_be_read() -> None:
    """The picture is sound SVG, names every panel, and puts the slower to the right of the quicker."""
    root = ET.fromstring(draw(CELLS, CELLS, RAWS, 1000, 25))
    words = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(NAMES) <= words
    quick = {float(c.get("cx", "0")) for c in root.iter("{http://www.w3.org/2000/svg}circle")} - {0}
    slow = {x for r in root.iter("{http://www.w3.org/2000/svg}rect") if (x := float(r.get("x", "0"))) > 0}
    assert max(quick) < min(slow)


def test_it_scales_by_powers_of_ten() -> None:
    """Each power of ten is as far from the next as any other, and what was measured lies between the first and last."""
    scale = Scale([0.4, 90])
    steps = [scale.x(power) for power in scale.powers]
    assert scale.powers == [0.1, 1, 10, 100]
    assert len({round(right - left) for left, right in itertools.pairwise(steps)}) == 1
    assert steps[0] < scale.x(0.4) < scale.x(90) < steps[-1]


def test_it_leaves_the_words_of_people() -> None:
    """Only what stands between the marks is written anew."""
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    text = section({"cores": "2"}, [Line("a", "b", "c", met=False)], "settings")
    written = replaced(document, text)
    assert written.startswith(f"before\n{BEGIN}\n- cores: 2\n")
    assert written.endswith(f"{END}\nafter\n")
    assert "old" not in written
    assert "0 targets met, 1 missed" in written
    with pytest.raises(ValueError, match="holds no"):
        replaced("nothing", text)


def test_it_has_a_place_to_write_to() -> None:
    """The document on performance holds both marks, and a picture lies beside it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert replaced(text, "anew") != text
    assert DOCUMENT.with_suffix(".svg").exists()


def test_it_reads_its_options() -> None:
    """N comes from the environment; only a whole run is published unasked."""
    assert read_options([], {}).plays == 10_000_000
    assert read_options(["--quick"], {}).plays == QUICK_PLAYS
    assert read_options([], {"N": "100_000"}).plays == 100_000
    assert read_options([], {}).write
    assert not read_options(["--no-write"], {}).write
    assert not read_options(["--quick"], {}).write
    assert read_options(["--quick", "--write"], {}).write
    some = read_options(["--only", "panels", "growth"], {})
    assert some.wants("panels")
    assert not some.wants(*set(PARTS) - {"panels", "growth"})
    assert not some.write


@pytest.mark.parametrize("text", ["many", "-5", "12", "1e6"])
def test_it_refuses_a_number_that_is_none(text, capsys) -> None:
    """A wrong N ends the program, which says what to set."""
    with pytest.raises(SystemExit):
        read_options([], {"N": text})
    assert text in capsys.readouterr().err


def test_it_counts_statements_in_the_log() -> None:
    """Snapshots are told from statements on Hound, and from what reads houndmon's own tables."""
    log = (
        "2026-01-01 UTC [7] LOG:  duration: 0.1 ms  statement: begin isolation level repeatable read read only;set\n"
        '2026-01-01 UTC [7] LOG:  duration: 0.1 ms  parse <unnamed>: select 1 from "hound".play_attempts\n'
        '2026-01-01 UTC [7] LOG:  duration: 0.1 ms  execute <unnamed>: select 1\n\tfrom "hound".play_attempts\n'
        "2026-01-01 UTC [8] LOG:  duration: 0.1 ms  execute <unnamed>: select 1 from houndmon.ticks\n"
    )
    assert counted(log) == (1, 1)


def test_it_finds_what_the_page_polls() -> None:
    """The fragments are read from the page's own markup."""
    assert POLLED.findall('<section hx-get="/fragments/slos" hx-trigger="x"><a hx-get="/other">') == ["/fragments/slos"]
