from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.counts import series as module
from houndmon.counts.series import MOST_COUNTED, add, bounded, decode, encode, gathered, merged, within
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
    assert {key[4] for key in cells} == {"other", *(f"E{n:03}" for n in range(40, 50))}


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
