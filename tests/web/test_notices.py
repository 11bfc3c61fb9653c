"""Sentences of the page that say why something is not there."""

import re

import pytest

import houndmon.evaluator.level_cache as levels
from alerting import NOTES, new_alert
from houndmon.app import PANELS
from houndmon.core import panel_cache
from houndmon.support import routes as support
from houndmon.web.dependencies import services_of
from houndmon.web.summary import routes as summary

LATE = "It took too long to answer; ask again in a few seconds"
SHARED = [
    *(f"/fragments/panels/{one.name}" for one in PANELS),
    "/fragments/summary",
    "/fragments/slos",
    "/fragments/support?release_id=r",
    "/fragments/search?q=r",
]
ALL = [*SHARED, "/fragments/alerts", "/fragments/rules", "/silences"]


def words(html):
    """What stands on the page, tags taken out and blanks collapsed."""
    return " ".join(re.sub(r"<[^>]*>", "", html).split())


@pytest.fixture
def hurry(monkeypatch):
    """Let the deadline of every answer that is shared be up at once."""
    for module in (levels, panel_cache, support, summary):
        for name in {"DEADLINE_SECONDS", "LONG_DEADLINE_SECONDS"} & vars(module).keys():
            monkeypatch.setattr(module, name, 0.0)


async def test_it_ends_a_sentence_once_where_an_answer_came_too_late(hurry, serve):
    """A notice that quotes an error, itself a sentence, has one full stop."""
    async with serve() as console:
        for path in SHARED:
            said = words((await console.get(path)).text)
            assert f"{LATE}." in said, path
            assert f"{LATE}.." not in said, path


async def test_it_ends_a_sentence_where_nothing_can_be_read(console):
    """A notice that quotes an error, which is a clause alone, has one full stop, too."""
    await console.hound.conn.execute("alter schema hound rename to hidden")
    await console.hound.conn.execute("alter schema houndmon rename to hidden_too")
    for path in ALL:
        html = (await console.get(path)).text
        found = [words(one) for one in re.findall(r'<p class="(?:notice|sentence)".*?</p>', html, re.DOTALL)]
        notices = found or [words(html)]  # the answer of a search is a sentence and no notice
        assert any("does not exist" in notice for notice in notices), path
        assert [one for one in notices if not re.fullmatch(r".*[^.]\.", one) or ".." in one] == [], path


async def test_it_ends_a_sentence_of_figures_that_are_old(console):
    """A stale answer says why with one full stop: a panel's and support's alike, to programs without any."""
    paths = {
        "panels/playback": services_of(console.app).panel_cache._answers["playback"],
        "support": services_of(console.app).support._answers,
    }
    for path, shared in paths.items():
        asked = "?release_id=r" if path == "support" else ""
        assert (await console.get(f"/api/{path}{asked}")).json()["stale"] is False
        shared.invalidate()
        shared._deadline = 0.0
        assert (await console.get(f"/api/{path}{asked}")).json()["stale_reason"] == LATE
        said = words((await console.get(f"/fragments/{path}{asked}")).text)
        assert f"The last good answer is shown: {LATE}. " in said


@pytest.mark.parametrize("act", ["acknowledge", "close"])
async def test_it_ends_the_sentence_of_a_refusal(console, act):
    """What is refused on an alert's page is said with one full stop."""
    id = await new_alert(console.hound.conn, state="closed")
    html = (await console.client.post(f"/alerts/{id}/{act}", data=NOTES if act == "close" else {})).text
    notice = re.search(r"<strong>Not done.</strong> (.*?)</p>", html)
    assert notice
    assert re.fullmatch(r".*[^.]\.", notice[1])
