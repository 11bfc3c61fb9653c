from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.counts import folds as module
from houndmon.counts.folds import Folds
from houndmon.counts.series import add, decode, encode, gathered
from houndmon.panels.playback.load import PLAYS
from houndmon.panels.workers.load import STARTS
from houndmon.panels.workers.model import StartRecord
from strategies import play_rows

HOUR = 3600


def plain(series, bodies):
    """The cells of some blocks, each decoded and added."""
    cells = {}
    for body in bodies:
        for key, values in decode(body):
            add(cells, key, values, series.merges)
    return cells


def blocks(bodies):
    return [(NOW + timedelta(hours=hour), body) for hour, body in enumerate(bodies)]


def bodies_of(rows):
    return [encode(PLAYS, cells) for cells in gathered(PLAYS, rows).values()]


@given(st.lists(play_rows().map(bodies_of).filter(bool), min_size=1, max_size=4), st.data())
def test_it_comes_to_the_same_as_decoding_each_block(runs, data):
    """Whatever was folded before, in whatever order, and whatever changed since, the cells are those of the bytes."""
    folds = Folds()
    for _ in range(6):
        bodies = data.draw(st.sampled_from(runs))
        cells = {}
        folds.add_to(cells, PLAYS, "prod", HOUR, blocks(bodies))
        folds.add_to(cells, PLAYS, "prod", HOUR, blocks(bodies))
        assert cells == plain(PLAYS, bodies * 2)


def test_it_lends_histograms_that_nobody_changes():
    """What an answer adds to a histogram is not in the next answer."""
    rows = [StartRecord(1, None, NOW, bucket, 2, 1.5) for bucket in (5, 6)]
    bodies = [encode(STARTS, gathered(STARTS, rows)[1])]
    folds = Folds()
    first, second = {}, {}
    for cells in (first, second):
        folds.add_to(cells, STARTS, "prod", HOUR, blocks(bodies))
        for values in cells.values():
            values[0][5] += 1
    assert first == second
    assert first != plain(STARTS, bodies)


def test_it_decodes_again_only_what_changed(monkeypatch):
    """The same bytes are folded once; other bytes in the same place are folded anew."""
    seen = []
    monkeypatch.setattr(module, "decode", lambda body: seen.append(body) or decode(body))
    one, other = (encode(PLAYS, {(None, "started", name, None, None): [1, None]}) for name in ("ios", "android"))
    folds = Folds()
    for body in (one, one, other, other):
        folds.add_to({}, PLAYS, "prod", HOUR, blocks([body]))
    assert seen == [one, other]
    folds.add_to({}, PLAYS, "staging", HOUR, blocks([one]))
    folds.add_to({}, PLAYS, "prod", HOUR * 24, blocks([one]))
    assert len(seen) == 4


def test_it_keeps_no_more_than_fits(monkeypatch):
    """However many runs are asked for, the bytes of the kept ones stay within the limit; the latest used stay."""
    body = encode(PLAYS, {(None, "started", "ios", None, None): [1, None]})
    monkeypatch.setattr(module, "MOST_BYTES", 3 * len(body))
    folds = Folds()
    for series_hours in (1, 2, 3, 1, 4):
        folds.add_to({}, PLAYS, "prod", series_hours * HOUR, blocks([body]))
    assert [place[2] // HOUR for place in folds._kept] == [3, 1, 4]
    assert folds._bytes == 3 * len(body)
    folds.add_to({}, PLAYS, "prod", HOUR, blocks([body] * 9))
    assert (len(folds._kept), folds._bytes) == (3, 3 * len(body)), "one that is too large drives out no other"
