from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.core.series import Cells
from houndmon.counts import block_cache as module
from houndmon.counts.block_cache import BlockCache
from houndmon.counts.series import add_measures, decode_cells, encode_cells, group_rows
from houndmon.panels.playback.load import PLAYS
from houndmon.panels.workers.load import STARTS
from houndmon.panels.workers.model import StartRecord
from strategies import play_rows

HOUR = 3600


def plain(series, bodies):
    """The cells of some blocks, each decoded and added."""
    cells: Cells = {}
    for body in bodies:
        for key, values in decode_cells(body):
            add_measures(cells, key, values, series.merges)
    return cells


def blocks(bodies):
    return [(NOW + timedelta(hours=hour), body) for hour, body in enumerate(bodies)]


def bodies_of(rows):
    return [encode_cells(PLAYS, cells) for cells in group_rows(PLAYS, rows).values()]


@given(st.lists(play_rows().map(bodies_of).filter(bool), min_size=1, max_size=4), st.data())
def test_it_comes_to_the_same_as_decoding_each_block(runs, data):
    """Whatever was folded before, in whatever order, and whatever changed since, the cells are those of the bytes."""
    cache = BlockCache()
    for _ in range(6):
        bodies = data.draw(st.sampled_from(runs))
        cells: Cells = {}
        cache.add_to(cells, PLAYS, "prod", HOUR, blocks(bodies))
        cache.add_to(cells, PLAYS, "prod", HOUR, blocks(bodies))
        assert cells == plain(PLAYS, bodies * 2)


def test_it_lends_histograms_that_nobody_changes():
    """What an answer adds to a histogram is not in the next answer."""
    rows = [StartRecord(1, None, NOW, bucket, 2, 1.5) for bucket in (5, 6)]
    bodies = [encode_cells(STARTS, group_rows(STARTS, rows)[1])]
    cache = BlockCache()
    first: Cells = {}
    second: Cells = {}
    for cells in (first, second):
        cache.add_to(cells, STARTS, "prod", HOUR, blocks(bodies))
        for values in cells.values():
            histogram = values[0]
            assert isinstance(histogram, dict)
            histogram[5] += 1
    assert first == second
    assert first != plain(STARTS, bodies)


def test_it_decodes_again_only_what_changed(monkeypatch):
    """The same bytes are folded once; other bytes in the same place are folded anew."""
    seen: list[bytes] = []

    def seeing(body):
        seen.append(body)
        return decode_cells(body)

    monkeypatch.setattr(module, "decode_cells", seeing)
    one, other = (encode_cells(PLAYS, {(None, "started", name, None, None): [1, None]}) for name in ("ios", "android"))
    cache = BlockCache()
    for body in (one, one, other, other):
        cache.add_to({}, PLAYS, "prod", HOUR, blocks([body]))
    assert seen == [one, other]
    cache.add_to({}, PLAYS, "staging", HOUR, blocks([one]))
    cache.add_to({}, PLAYS, "prod", HOUR * 24, blocks([one]))
    assert len(seen) == 4


def test_it_keeps_no_more_than_fits(monkeypatch):
    """However many runs are asked for, the bytes of the kept ones stay within the limit; the latest used stay."""
    body = encode_cells(PLAYS, {(None, "started", "ios", None, None): [1, None]})
    monkeypatch.setattr(module, "MOST_BYTES", 3 * len(body))
    cache = BlockCache()
    for series_hours in (1, 2, 3, 1, 4):
        cache.add_to({}, PLAYS, "prod", series_hours * HOUR, blocks([body]))
    assert [place[2] // HOUR for place in cache._kept] == [3, 1, 4]
    assert cache._bytes == 3 * len(body)
    cache.add_to({}, PLAYS, "prod", HOUR, blocks([body] * 9))
    assert (len(cache._kept), cache._bytes) == (3, 3 * len(body)), "one that is too large drives out no other"
