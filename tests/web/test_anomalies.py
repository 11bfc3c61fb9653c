"""What the page says of rows that something is wrong with."""

from html import unescape

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import lock
from houndmon.app import PANELS
from houndmon.core.answer import ANOMALY_KINDS, Anomaly
from houndmon.core.filters import Filters
from houndmon.core.flawed_rows import Commonest
from houndmon.web.anomalies import ANOMALIES, anomaly, quoted_text
from houndmon.web.dependencies import services_of

SENTENCES = [
    (("unknown_environment", "environment", "production", 480, 500), 500,
     "500 rows of no known environment, most often 'production' (480): in no figure"),
    (("unknown_environment", "environment", None, 2, 2), 2, "2 rows of no known environment, all null: in no figure"),
    (("unknown_environment", "environment", " ", 1, 1), 1, "1 row of no known environment, blank: in no figure"),
    (("unknown_value", "status", "running", 97, 120), 120,
     "120 rows have an unknown status, most often 'running' (97): in no figure"),
    (("unknown_value", "status", "running", 97, 100), 1200,
     "1,200 rows have an unknown status, most often 'running' (97 of 100 looked at): in no figure"),
    (("unknown_value", "status", "running", 100, 100), 99,
     "99 rows have an unknown status, most often 'running' (100 of 100 looked at): in no figure"),
    (("unknown_value", "outcome", "ok", 1, 1), 1, "1 row has an unknown outcome, 'ok': in no figure"),
    (("unknown_value", "requests", "-5", 3, 3), 3, "3 rows have an impossible requests, all '-5': in no figure"),
    (("missing_time", "finished_at", None, 12, 12), 12, "12 rows without finished_at: in no figure of the range"),
    (("missing_time", "queued_at", None, 12, 12), 12, "12 rows without queued_at: counted, but in no age"),
    (("missing_time", "finished_at", None, 12, 15), 15,
     "15 rows without a time that they need, most often finished_at (12): not in all figures"),
    (("future_time", "claimed_at", None, 3, 3), 3, "3 rows with claimed_at in the future: in no figure"),
    (("future_time", "claimed_at", None, 2, 3), 9,
     "9 rows with a time in the future, most often claimed_at (2 of 3 looked at): not in all figures"),
    (("future_time", "process_started_at", None, 1, 1), 1,
     "1 row with process_started_at in the future: the beats count, such a start does not"),
    (("negative_duration", "finished_at before started_at", None, 4, 4), 4,
     "4 rows with finished_at before started_at: in the counts, not in the percentiles"),
]  # fmt: skip


def sentence(found, *args):
    told = anomaly(found, *args)
    return told.before + told.value + told.after


@pytest.mark.parametrize(("known", "count", "words"), SENTENCES)
def test_it_says_which_column_and_what_stands_in_it(known, count, words):
    """A sentence names the column and the commonest value, and how many have it of how many that were looked at."""
    one = Commonest(*known)
    assert sentence(Anomaly(one.kind, count), None, [one]) == words


def test_it_says_what_it_knows_where_nothing_was_looked_at():
    """Every kind of anomaly has its words, though nothing is known of the rows, or of those of other kinds alone."""
    assert set(ANOMALIES) == set(ANOMALY_KINDS)
    assert sentence(Anomaly("future_time", 1)) == "1 row dated in the future: in no figure"
    other = Commonest("unknown_value", "status", "running", 1, 1)
    for kind in ANOMALY_KINDS:
        assert sentence(Anomaly(kind, 1200), None, []).startswith("1,200 rows ")
    assert sentence(Anomaly("future_time", 1), None, [other]) == "1 row dated in the future: in no figure"


@given(st.text())
def test_it_shows_values_of_strangers_in_short(value):
    """Whatever stands in a column is at most 40 characters in quotes, all of them to be seen."""
    text = quoted_text(value)
    assert text == "blank" if not value.strip() else len(text) <= 42 and text[0] == text[-1] == "'"
    assert text.isprintable()


def test_it_escapes_what_cannot_be_seen():
    """A value that only looks like a known word shows why it is none; what is too long ends in dots."""
    assert [quoted_text(value) for value in ("prod\u200b", " prod", "pr\u202eod\n", "prod\u00a0", "o'k")] == [
        r"'prod\u200b'",
        "' prod'",
        r"'pr\u202eod\n'",
        r"'prod\xa0'",
        "'o'k'",
    ]
    assert (quoted_text("x" * 40), quoted_text("x" * 41)) == (f"'{'x' * 40}'", f"'{'x' * 39}…'")


async def test_it_names_values_on_the_page_alone(console):
    """A fragment names column and value, escaped and apart from its own direction; JSON has kind and count alone."""
    await console.hound.play(outcome="<b>\u202e&", times=2)
    await console.hound.play(outcome="ok")
    html = (await console.get("/fragments/panels/playback")).text
    value = '<bdi class="code">&#39;&lt;b&gt;\\u202e&amp;&#39;</bdi>'
    assert f"3 rows have an unknown outcome, most often {value} (2): in no figure." in html
    assert (await console.panel("playback"))["anomalies"] == [{"kind": "unknown_value", "count": 3}]


PAGE = {
    "ingest": ("3 rows have an unknown outcome, most often {} (2): in no figure.", "'ok'"),
    "transcode": ("3 rows have an unknown status, most often {} (2): in no figure.", "'running'"),
    "workers": ("3 rows of no known environment, most often {} (2): in no figure.", "'production'"),
    "playback": ("3 rows have an unknown outcome, most often {} (2): in no figure.", "'ok'"),
    "api": ("3 rows have an impossible requests, most often {} (2): in no figure.", "'-5'"),
    "publish": ("3 rows have an unknown state, most often {} (2): in no figure.", "'done'"),
}


async def test_it_names_column_and_commonest_value_in_each_panel(console):
    """Of each panel's flawed rows its fragment names the column and what stands there most often."""
    hound = console.hound
    for times, word in ((2, "ok"), (1, "fine")):
        await hound.upload(times, outcome=word)
        await hound.play(times, outcome=word)
    for times, status, state in ((2, "running", "done"), (1, "broken", "new")):
        await hound.job(status, times)
        await hound.track(times, state=state)
    await hound.beat(2, environment="production")
    await hound.beat(environment="live")
    await hound.requests(requests=-5, times=2)
    await hound.requests(requests=-6)
    console.invalidate()
    assert PAGE.keys() == {spec.name for spec in PANELS if spec.flawed}
    for name, (sentence, value) in PAGE.items():
        html = unescape((await console.get(f"/fragments/panels/{name}")).text)
        assert sentence.format(f'<bdi class="code">{value}</bdi>') in html, name


async def test_it_names_a_column_that_needs_no_look(console):
    """Where a kind can be wrong in one column alone, the page names it at once."""
    await console.hound.track(state="live", live_at="-1h")
    await console.hound.track(state="live")
    html = (await console.get("/fragments/panels/publish")).text
    assert "1 row with live_at before uploaded_at: in the counts, not in the percentiles." in html
    assert "1 row without live_at: in no figure of the range." in html


async def test_it_asks_nothing_where_nothing_is_wrong(console):
    """No row is looked at where a panel has no anomalies; where it has some, once for all who look in a minute."""
    panel_cache = services_of(console.app).panel_cache
    await console.hound.upload()
    await console.get("/fragments/panels/ingest")
    assert [shared.last_good(Filters()) for shared in panel_cache._looks.values()] == [None] * len(panel_cache._looks)
    await console.hound.upload(outcome="ok")
    console.invalidate()
    assert "1 row has an unknown outcome" in (await console.get("/fragments/panels/ingest")).text
    kept = panel_cache._looks["ingest"].last_good(Filters())
    assert kept == (Commonest("unknown_value", "outcome", "ok", 1, 1),)
    await console.get("/fragments/panels/ingest")
    assert panel_cache._looks["ingest"].last_good(Filters()) is kept
    assert panel_cache._looks["playback"].last_good(Filters()) is None


async def test_it_draws_a_panel_whose_flawed_rows_are_slow(console, database):
    """A look that takes long holds no panel up: it says how many rows there are, and later what stands in them."""
    filters, panel_cache = Filters(), services_of(console.app).panel_cache
    await console.hound.beat(environment="dev", times=2)
    answer = (await panel_cache.answer("workers", filters)).panel
    other = await asyncpg.connect(database)
    async with other.transaction():
        await lock(other, "hound.worker_heartbeats")
        assert await panel_cache.commonest_if_quick("workers", answer, filters) == ()
    await other.close()
    found = (Commonest("unknown_environment", "environment", "dev", 2, 2),)
    assert await panel_cache._looks["workers"].get(filters) == found
    assert await panel_cache.commonest_if_quick("workers", answer, filters) is not None


async def test_it_keeps_what_it_saw_of_a_panel_that_is_old(console):
    """A source that cannot be read is not looked at: what was seen last stands beside the last figures."""
    await console.hound.upload(outcome="ok")
    await console.get("/fragments/panels/ingest")
    await console.hound.conn.execute("alter table hound.upload_attempts rename to gone")
    console.invalidate()
    html = (await console.get("/fragments/panels/ingest")).text
    assert 'data-state="stale"' in html
    assert "1 row has an unknown outcome" in html
    filters, panel_cache = Filters(environment="staging"), services_of(console.app).panel_cache
    assert await panel_cache._looks["ingest"].get(filters) == ()
