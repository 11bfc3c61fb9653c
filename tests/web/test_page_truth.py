"""What holds the page against itself finds each contradiction, and none where there is none."""

import pytest

from web.exits import Seen
from web.page_truth import Moment, course_contradictions

ROW = '<li data-state="{}" data-severity="critical" id="alert-{}"></li>'


def strip(sentence: str = "All is well.", *, mark: str = "a", opened: int | None = 0, more: str = "") -> str:
    """A strip as the page draws it."""
    known = "" if opened is None else f' data-open="{opened}" data-findings="{mark}"'
    count = "cannot be read" if opened is None else f"{opened or 'none'}"
    said = f'<p class="sentence">{sentence}</p><dl><dt>Open alerts</dt><dd>{count}</dd></dl>'
    return f"<section{known}>{said}{more}</section>"


def rows(*states: str, mark: str = "a") -> str:
    """A list as the page draws it, with a row for each state."""
    listed = "".join(ROW.format(state, number) for number, state in enumerate(states))
    return f'<section data-state="fresh" data-findings="{mark}">{listed}</section>'


def card(value: str) -> str:
    """One of the five answers."""
    return f'<a data-answer="worker_alive"><span class="value">{value}</span></a>'


UNREAD = '<section data-state="failed"><p class="notice">Alerts cannot be read: {} does not answer.</p></section>'
BROKEN = "Play is broken: too many plays fail."
CONTRADICTIONS = {
    "all-clear over what fires": [(rows("firing", mark="b"), strip())],
    "works again over what fires": [(rows("firing"), strip("Everything works again.", opened=1))],
    "all is well over what recovered": [(rows("recovered"), strip(opened=1))],
    "another number": [(rows("firing", "firing"), strip(BROKEN, opened=1))],
    "none for some": [(rows("firing"), strip(BROKEN, opened=1).replace("<dd>1", "<dd>none"))],
    "a number that nobody knows": [(UNREAD, strip(BROKEN, opened=None).replace("cannot be read", "none"))],
    "never judged": [(rows("firing"), strip(BROKEN, opened=1, more="No rule has been evaluated yet"))],
    "called the source": [(UNREAD.format("source hound"), strip(BROKEN, opened=1))],
    "a dash for a last good one": [(rows(), strip(more=card("Yes"))), (rows(), strip(more=card("—")))],
    "never of one tick": [(rows("firing"), strip(BROKEN, opened=1, mark=mark)) for mark in "bbbb"],
}
AGREEMENTS = {
    "all is well": [(rows(), strip())],
    "broken": [(rows("firing", "firing"), strip(BROKEN, opened=2))],
    "a list that cannot be read": [(UNREAD.format("houndmon's own database"), strip(BROKEN, opened=1))],
    "alerts that cannot be read": [(UNREAD.format("houndmon's own database"), strip(BROKEN, opened=None))],
    "a dash from the beginning": [(rows(), strip(more=card("—"))), (rows(), strip(more=card("Yes")))],
    "of one tick again": [(rows("firing"), strip(BROKEN, opened=1, mark=mark)) for mark in "bbba"],
}


def found(course: list[tuple[str, str]]) -> list[str]:
    """What contradicts itself where each moment has one answer more, and houndmon's own database is away."""
    moments = [Moment(Seen(listed, told), number) for number, (listed, told) in enumerate(course)]
    return course_contradictions(moments, away="own")


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_it_finds_each_contradiction(what):
    """One thing is said in two ways: it is found, and nothing else."""
    assert len(found(CONTRADICTIONS[what])) == 1


@pytest.mark.parametrize("what", AGREEMENTS)
def test_it_finds_nothing_where_all_agrees(what):
    """What is one truth, or soon is again, is no contradiction."""
    assert found(AGREEMENTS[what]) == []
