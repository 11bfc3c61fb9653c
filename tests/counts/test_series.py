from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.counts import series as module
from houndmon.counts.series import MOST_COUNTED, add, bounded, decode, encode, gathered, merged, within
from houndmon.kit.stats import REST, TOP, top
from houndmon.panels.api.load import REQUESTS
from houndmon.panels.api.model import RequestRow, top_routes
from houndmon.panels.playback.load import PLAYS
from houndmon.panels.playback.model import PlayRow
from houndmon.panels.workers.load import STARTS
from houndmon.panels.workers.model import StartRecord
from strategies import play_rows, split


@given(play_rows(), st.data())
def test_it_adds_up_rows_in_any_order_and_split(rows, data):
    """However the rows are cut and ordered, the cells are the same, and so are their bytes."""
    other = data.draw(split(rows, "plays"))
    one, two = gathered(PLAYS, rows), gathered(PLAYS, other)
    assert one == two
    assert all(encode(PLAYS, cells) == encode(PLAYS, two[number]) for number, cells in one.items())


@given(play_rows())
def test_it_reads_what_it_wrote(rows):
    """Cells come back as they were, so that an answer from blocks is one from rows."""
    for cells in gathered(PLAYS, rows).values():
        assert dict(decode(encode(PLAYS, cells))) == cells


@given(play_rows())
def test_it_counts_every_row(rows):
    """The cells hold as many plays as the rows."""
    cells = gathered(PLAYS, rows)
    assert sum(values[0] for those in cells.values() for values in those.values()) == sum(row.plays for row in rows)


def test_it_keeps_no_more_groups_than_fit(monkeypatch):
    """With endless error codes the commonest stay, the rest count under one; no play is lost."""
    monkeypatch.setattr(module, "MOST_CELLS", 10)
    rows = [PlayRow(1, None, "failed", "ios", "safari", f"E{n:03}", n + 1, None) for n in range(50)]
    cells = bounded(PLAYS, gathered(PLAYS, rows)[1])
    assert len(cells) == 11
    assert sum(values[0] for values in cells.values()) == sum(row.plays for row in rows)
    assert {key[4] for key in cells} == {REST, *(f"E{n:03}" for n in range(40, 50))}


@given(play_rows(), st.integers(1, 30))
def test_it_lists_the_commonest_names_whatever_was_left_out(rows, most):
    """Names are kept whole and in the order of the top lists, so that what was left out is in `other` alone."""
    rows = [PlayRow(1, None, "failed", "ios", f"b{row.slice}", row.error_code or "E", row.plays, None) for row in rows]
    true = by_code(gathered(PLAYS, rows).get(1, {}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_CELLS", most)
        found = by_code(bounded(PLAYS, gathered(PLAYS, rows).get(1, {})))
    assert found.total() == true.total()
    assert all(found[name] == true[name] for name in found if name != REST)
    certain = min(len(found) - (REST in found), TOP)
    assert [line.name for line in top(found)][:certain] == [line.name for line in top(true)][:certain]


def by_code(cells):
    """The plays of each error code."""
    counts = Counter()
    for key, values in cells.items():
        counts[key[4]] += values[0]
    return counts


def test_it_keeps_the_route_that_fails_before_those_that_are_busy(monkeypatch):
    """Of too many routes those with 5xx are kept first, then those with 4xx, then the busiest; ties by name."""
    monkeypatch.setattr(module, "MOST_CELLS", 3)
    rows = [RequestRow(1, None, "api", f"/u/{n}", 0, 100, 1) for n in range(9)]
    rows += [RequestRow(1, None, "api", "/boom", 5, 1, 1), RequestRow(1, None, "api", "/gone", 4, 12, 1)]
    cells = bounded(REQUESTS, gathered(REQUESTS, rows)[1])
    assert [key[2] for key in cells] == ["/boom", "/gone", "/u/0", REST]
    made = [RequestRow(1, *key, *values) for key, values in cells.items()]
    assert [route.route for route in top_routes(made)] == ["/boom", "/gone", "/u/0"]
    assert sum(row.requests for row in made) == sum(row.requests for row in rows)


def test_it_keeps_numbers_that_fit():
    """A sum beyond what the database counts is kept as the most that it does."""
    cells = {("k",): [MOST_COUNTED * 3]}
    assert decode(encode(PLAYS, cells)) == [(("k",), [MOST_COUNTED])]


def test_it_leaves_out_a_minute_that_lies_within_its_block():
    """A start within the block needs no minute of its own; one outside keeps it, so that windows can tell."""
    hour = NOW.replace(minute=0, second=0)
    inside, outside = hour + timedelta(minutes=3), hour - timedelta(minutes=3)
    rows = [StartRecord(1, None, at, 5, 2, 1.5) for at in (inside, outside)]
    cells = gathered(STARTS, rows)[1]
    found = merged(STARTS, [(hour, cells)], hour, 3600)
    assert set(found) == {(None, None), (None, outside)}
    assert within(STARTS, (None, None), hour, 3600) == (None, None)


def test_it_adds_histograms_bucket_by_bucket():
    """Two cells of one key add up to one, whatever their buckets."""
    cells = {}
    for values in ([{1: 2}, 3.0], [{1: 1, 7: 4}, 9.0]):
        add(cells, (None, None), values, STARTS.merges)
    assert cells == {(None, None): [{1: 3, 7: 4}, 9.0]}


def test_it_tells_series_apart_by_what_they_count():
    """Another statement, or another limit, makes another fingerprint; the same one the same."""
    assert PLAYS.fingerprint == PLAYS.fingerprint
    assert len({PLAYS.fingerprint, STARTS.fingerprint}) == 2
