from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from factories import NOW
from houndmon.core.faults import MARK, lines_of
from houndmon.core.series import Cells, Measures
from houndmon.core.stats import OVERFLOW_NAME, TOP_COUNT, top_entries
from houndmon.counts import series as module
from houndmon.counts.series import (
    MOST_PER_CELL,
    add_measures,
    coarse_key,
    decode_cells,
    encode_cells,
    fingerprint_of,
    group_rows,
    limit_cells,
    merge_cells,
)
from houndmon.panels.api.load import REQUESTS
from houndmon.panels.api.model import RequestRow, top_routes
from houndmon.panels.playback.load import PLAYS
from houndmon.panels.playback.model import PlayRow
from houndmon.panels.workers.load import STARTS
from houndmon.panels.workers.model import StartRecord
from strategies import marked_messages, play_rows, split


@given(play_rows(), st.data())
def test_it_adds_up_rows_in_any_order_and_split(rows, data):
    """However the rows are cut and ordered, the cells are the same, and so are their bytes."""
    other = data.draw(split(rows, "plays"))
    one, two = group_rows(PLAYS, rows), group_rows(PLAYS, other)
    assert one == two
    assert all(encode_cells(PLAYS, cells) == encode_cells(PLAYS, two[number]) for number, cells in one.items())


@given(play_rows())
def test_it_reads_what_it_wrote(rows):
    """Cells come back as they were, so that an answer from blocks is one from rows."""
    for cells in group_rows(PLAYS, rows).values():
        assert dict(decode_cells(encode_cells(PLAYS, cells))) == cells


@given(play_rows())
def test_it_counts_every_row(rows):
    """The cells hold as many plays as the rows."""
    cells = group_rows(PLAYS, rows)
    assert sum(int(str(values[0])) for those in cells.values() for values in those.values()) == sum(
        row.plays for row in rows
    )


def test_it_keeps_no_more_groups_than_fit(monkeypatch):
    """With endless error codes the commonest stay, the rest count under one; no play is lost."""
    monkeypatch.setattr(module, "MOST_CELLS", 10)
    rows = [PlayRow(1, None, "failed", "ios", "safari", f"E{n:03}", n + 1, None) for n in range(50)]
    cells = limit_cells(PLAYS, group_rows(PLAYS, rows)[1])
    assert len(cells) == 11
    assert sum(int(str(values[0])) for values in cells.values()) == sum(row.plays for row in rows)
    assert {key[4] for key in cells} == {OVERFLOW_NAME, *(f"E{n:03}" for n in range(40, 50))}


@given(play_rows(), st.integers(1, 30))
def test_it_lists_the_commonest_names_whatever_was_left_out(rows, most):
    """Names are kept whole and in the order of the top lists, so that what was left out is in `other` alone."""
    rows = [PlayRow(1, None, "failed", "ios", f"b{row.slice}", row.error_code or "E", row.plays, None) for row in rows]
    true = by_code(group_rows(PLAYS, rows).get(1, {}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOST_CELLS", most)
        found = by_code(limit_cells(PLAYS, group_rows(PLAYS, rows).get(1, {})))
    assert found.total() == true.total()
    assert all(found[name] == true[name] for name in found if name != OVERFLOW_NAME)
    certain = min(len(found) - (OVERFLOW_NAME in found), TOP_COUNT)
    assert [line.name for line in top_entries(found)][:certain] == [line.name for line in top_entries(true)][:certain]


def by_code(cells):
    """The plays of each error code."""
    counts: Counter[str] = Counter()
    for key, values in cells.items():
        counts[key[4]] += values[0]
    return counts


def test_it_keeps_the_route_that_fails_before_those_that_are_busy(monkeypatch):
    """Of too many routes those with 5xx are kept first, then those with 4xx, then the busiest; ties by name."""
    monkeypatch.setattr(module, "MOST_CELLS", 3)
    rows = [RequestRow(1, None, "api", f"/u/{n}", 0, 100, 1) for n in range(9)]
    rows += [RequestRow(1, None, "api", "/boom", 5, 1, 1), RequestRow(1, None, "api", "/gone", 4, 12, 1)]
    cells = limit_cells(REQUESTS, group_rows(REQUESTS, rows)[1])
    assert [key[2] for key in cells] == ["/boom", "/gone", "/u/0", OVERFLOW_NAME]
    made = REQUESTS.rows(1, cells)
    assert [route.route for route in top_routes(made)] == ["/boom", "/gone", "/u/0"]
    assert sum(row.requests for row in made) == sum(row.requests for row in rows)


def test_it_counts_codes_of_one_shape_in_one_cell(monkeypatch):
    """Endless codes that differ only in what belongs to one play are one name, so that none of them is left out."""
    monkeypatch.setattr(module, "MOST_CELLS", 4)
    codes = [*(f"no {n:012}" for n in range(50)), None, " ", "A"]
    rows = [PlayRow(1, None, "failed", "ios", "safari", code, 1, None) for code in codes]
    cells = limit_cells(PLAYS, group_rows(PLAYS, rows)[1])
    assert {key[4]: values[0] for key, values in cells.items()} == {"no …": 50, None: 1, " ": 1, "A": 1}


@given(st.lists(st.tuples(st.integers(1, 3), marked_messages), min_size=1, max_size=12))
def test_it_tells_one_message_however_rows_are_cut(rows):
    """Which message stands for a code does not depend on the blocks that it was kept in; of each its line is kept."""
    plays = [PlayRow(slice, None, "failed", "ios", "safari", "E", 1, message) for slice, message in rows]
    at_once = group_rows(PLAYS, [replace(play, slice=1) for play in plays])[1]
    blocks = [dict(decode_cells(encode_cells(PLAYS, cells))) for cells in group_rows(PLAYS, plays).values()]
    kept = merge_cells(PLAYS, [(NOW, cells) for cells in blocks], NOW, 3600)
    assert report_groups(at_once) == report_groups(kept)
    assert all(len(str(values[1])) <= MARK + 200 for cells in blocks for values in cells.values())


def report_groups(cells):
    """The line that is shown for each code."""
    return lines_of((key[4], values[1]) for key, values in cells.items())


def test_it_keeps_numbers_that_fit():
    """A sum beyond what the database counts is kept as the most that it does."""
    cells: Cells = {("k",): [MOST_PER_CELL * 3]}
    assert decode_cells(encode_cells(PLAYS, cells)) == [(("k",), [MOST_PER_CELL])]


def test_it_leaves_out_a_minute_that_lies_within_its_block():
    """A start within the block needs no minute of its own; one outside keeps it, so that windows can tell."""
    hour = NOW.replace(minute=0, second=0)
    inside, outside = hour + timedelta(minutes=3), hour - timedelta(minutes=3)
    rows = [StartRecord(1, None, at, 5, 2, 1.5) for at in (inside, outside)]
    cells = group_rows(STARTS, rows)[1]
    found = merge_cells(STARTS, [(hour, cells)], hour, 3600)
    assert set(found) == {(None, None), (None, outside)}
    assert coarse_key((None, None), 1, hour, hour + timedelta(hours=1)) == (None, None)


def test_it_adds_histograms_bucket_by_bucket():
    """Two cells of one key add up to one, whatever their buckets."""
    cells: Cells = {}
    parts: list[Measures] = [[{1: 2}, 3.0], [{1: 1, 7: 4}, 9.0]]
    for values in parts:
        add_measures(cells, (None, None), values, STARTS.merges)
    assert cells == {(None, None): [{1: 3, 7: 4}, 9.0]}


def test_it_tells_series_apart_by_what_they_count():
    """Another statement, limit, source or view makes another fingerprint; the same one the same."""
    others = [
        STARTS,
        replace(PLAYS, statement=STARTS.statement),
        replace(PLAYS, extra=("another",)),
        replace(PLAYS, open_key="browser"),
        replace(PLAYS, worst=("outcome", ("failed",))),
        replace(PLAYS, unsettled=("outcome", "failed")),
        replace(PLAYS, grains=(60,)),
    ]
    alike = replace(PLAYS, name="another", tail=timedelta(minutes=1))
    assert fingerprint_of(PLAYS, "here", "view") == fingerprint_of(alike, "here", "view")
    found = {fingerprint_of(series, "here", "view") for series in [PLAYS, *others]}
    found |= {fingerprint_of(PLAYS, "elsewhere", "view"), fingerprint_of(PLAYS, "here", "another view")}
    assert len(found) == 1 + len(others) + 2
