"""The arithmetic of a series: rows into cells, cells into coarser ones, and both into bytes."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from houndmon.core.clock import SlicedRow
from houndmon.core.faults import VERSION, shape, with_line_alone
from houndmon.core.series import CellKey, Cells, CountSeries, Measure, Measures, MergeRule, Value
from houndmon.core.stats import OVERFLOW_NAME

MOST_CELLS = 200_000  # of one block: strangers choose error codes, and a block must fit into memory
MOST_PER_CELL = 2**63 - 1  # what a bigint holds


def fingerprint_of(series: CountSeries[SlicedRow], identity: str, definition: str) -> str:
    """Tells counts from those that another statement or way to count made, another source, or another view.

    `identity` is the source's, `definition` that of the relation as the catalogue has it.
    """
    fields = [(field.name, repr(field.type)) for field in msgspec.structs.fields(series.row)]
    ways = (series.open_key, series.shaped, series.worst, series.within_key, series.unsettled, MOST_CELLS, VERSION)
    parts = (series.statement.text, fields, series.keys, series.measures, series.extra, series.grains, ways)
    return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest() + f":{identity}:{definition}"


def group_rows(series: CountSeries[SlicedRow], records: Iterable[SlicedRow]) -> dict[int, Cells]:
    """The rows of a statement as cells, by slice: codes of one shape are one, a bucket and its samples a histogram."""
    found: dict[int, Cells] = {}
    merges, end = series.merges, 1 + len(series.keys)
    codes = [series.place(key) for key in series.shaped]
    for record in records:
        fields = msgspec.structs.astuple(record)
        columns = iter(fields[end:])
        measures: Measures = [{next(columns): next(columns)} if how == "histogram" else next(columns) for how in merges]
        key = shaped(fields[1:end], codes) if codes else fields[1:end]
        add_measures(found.setdefault(fields[0], {}), key, measures, merges)
    return found


def shaped(key: CellKey, places: list[int]) -> CellKey:
    """A key with the shapes of its codes, which stand at some places."""
    values = list(key)
    for place in places:
        code = values[place]
        values[place] = shape(code) if isinstance(code, str) else code
    return tuple(values)


def add_measures(cells: Cells, key: CellKey, more: Measures, merges: tuple[MergeRule, ...]) -> None:
    """Add the measures of a key to those that are there. `more` may be kept: give it away."""
    known = cells.get(key)
    if known is None:
        cells[key] = more
        return
    # The series has checked its rows' types: to ask again for each measure takes 1.2 to 1.5 times as long.
    for place, how in enumerate(merges):
        new = more[place]
        if how == "sum":
            known[place] += new  # type: ignore[operator]
        elif how == "histogram":
            add_histogram(known[place], new)  # type: ignore[arg-type]
        elif new is not None:
            old = known[place]
            known[place] = new if old is None else max(old, new) if how == "max" else min(old, new)  # type: ignore[type-var]


def add_histogram(known: dict[int, int], more: dict[int, int]) -> None:
    """Add up two histograms, bucket by bucket, in the first one."""
    for bucket, samples in more.items():
        known[bucket] = known.get(bucket, 0) + samples


def merge_cells(
    series: CountSeries[SlicedRow], parts: Iterable[tuple[datetime, Cells]], start: datetime, grain: int
) -> Cells:
    """The cells of a coarse block that starts at `start`, from those of its parts."""
    whole: Cells = {}
    merges, end = series.merges, start + timedelta(seconds=grain)
    place = series.place(series.within_key) if series.within_key else None
    for _, cells in parts:
        for key, values in cells.items():
            add_measures(whole, key if place is None else coarse_key(key, place, start, end), values, merges)
    return whole


def coarse_key(key: CellKey, place: int, start: datetime, end: datetime) -> CellKey:
    """A key whose minute is left out where it lies within the block: how many there are stays small."""
    minute = key[place]
    if not isinstance(minute, datetime) or not start <= minute < end:
        return key
    return (*key[:place], None, *key[place + 1 :])


def limit_cells(series: CountSeries[SlicedRow], cells: Cells) -> Cells:
    """About so many cells: the names of the open key that rank last are counted as one."""
    if len(cells) <= MOST_CELLS or series.open_key is None:
        return cells
    kept: Cells = {}
    place, merges = series.place(series.open_key), series.merges
    for name, keys in rank_names(series, cells, place):
        fits = name != OVERFLOW_NAME and len(kept) < MOST_CELLS
        for key in keys:
            add_measures(kept, key if fits else (*key[:place], OVERFLOW_NAME, *key[place + 1 :]), cells[key], merges)
    return kept


def rank_names(series: CountSeries[SlicedRow], cells: Cells, place: int) -> list[tuple[Value, list[CellKey]]]:
    """The names of a key with their cells' keys, in the order of the top lists: what is worst, then commonest."""
    names: dict[Value, list[CellKey]] = {}
    for key in cells:
        names.setdefault(key[place], []).append(key)
    worst, values = series.worst or (series.keys[place], ())
    where = series.place(worst)

    def rank(item: tuple[Value, list[CellKey]]) -> tuple[int | str, ...]:
        name, keys = item
        bad = [-sum(count_of(cells[key]) for key in keys if key[where] == value) for value in values]
        return *bad, -sum(count_of(cells[key]) for key in keys), str(name or "")

    return sorted(names.items(), key=rank)


def count_of(measures: Measures) -> int:
    """The first measure, which is a sum where names are ranked."""
    count = measures[0]
    assert isinstance(count, int)
    return count


def encode_cells(series: CountSeries[SlicedRow], cells: Cells) -> bytes:
    """Cells as they are kept: the same cells are the same bytes."""
    ordered = sorted(limit_cells(series, cells).items(), key=lambda cell: tuple(map(str, cell[0])))
    merges = series.merges
    return msgspec.msgpack.encode([(key, list(map(stored_measure, values, merges))) for key, values in ordered])


def stored_measure(value: Measure, how: MergeRule) -> Measure:
    """A measure as it is kept: buckets in order, of a message the line that tells, and no number that is too large."""
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    if isinstance(value, str) and how == "message":
        return with_line_alone(value)
    return min(value, MOST_PER_CELL) if isinstance(value, int) else value


_DECODER = msgspec.msgpack.Decoder(list[tuple[tuple, list]])  # type: ignore[type-arg]


def decode_cells(body: bytes) -> list[tuple[CellKey, Measures]]:
    """Cells as they were kept."""
    # Their types are not looked at again: what wrote them had the same fields, or its fingerprint would be another.
    return _DECODER.decode(body)
