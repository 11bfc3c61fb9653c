"""A series: one grouped statement of a room, and how the rows that it gives add up."""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal

import msgspec

from houndmon.kit.clock import Sliced
from houndmon.kit.sql import Statement
from houndmon.kit.stats import REST

Merge = Literal["sum", "min", "max", "histogram"]
Key = tuple[Any, ...]
Measures = list[Any]
Cells = dict[Key, Measures]
GRAINS = (60, 600, 3600, 86400)
"""The lengths of blocks in seconds, each a multiple of the one before."""
MOST_CELLS = 200_000  # of one block: strangers choose error codes, and a block must fit into memory
MOST_COUNTED = 2**63 - 1  # what a bigint holds


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What is counted, and how.

    The statement takes $1 environment, $2 the last instant that counts as now, $3 the edges of the slices, $4 the
    first instant, $5 the first one beyond (or null) and `extra` from $6 on. It gives the slice, `keys` columns that
    tell groups apart, then one for each of `merges`; `histogram` stands for two, a bucket and its samples.
    """

    name: str
    statement: Statement
    row: type[Sliced]
    record: type[Sliced] | None = None  # of the statement's own rows, where they differ: those of a histogram
    keys: int
    merges: tuple[Merge, ...]
    extra: tuple[Any, ...] = ()
    grains: tuple[int, ...] = GRAINS
    open_key: int | None = None  # the key that strangers choose freely, if any
    worst: tuple[int, tuple[Any, ...]] = (0, ())  # a key, and its values by which names rank before all others
    within_key: int | None = None  # a key that holds a minute: in a coarse block None where it lies within
    unsettled: tuple[int, Any] | None = None  # a key and its value: such groups change, and are counted again
    tail: timedelta = timedelta(0)  # for so long rows are read from the source in any case, for they change

    @property
    def fingerprint(self) -> str:
        """Tells counts that this statement made from those of another one."""
        parts = (self.statement.text, self.keys, self.merges, self.extra, self.grains, MOST_CELLS)
        return hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()


def gathered(series: Series, records: Iterable[Sliced]) -> dict[int, Cells]:
    """The rows of a statement as cells, by slice."""
    found: dict[int, Cells] = {}
    for record in records:
        number, *values = msgspec.structs.astuple(record)
        add(found.setdefault(number, {}), tuple(values[: series.keys]), measures(series, values), series.merges)
    return found


def measures(series: Series, values: list[Any]) -> Measures:
    """The measures of a row: a bucket and its samples become a histogram."""
    columns = iter(values[series.keys :])
    return [{next(columns): next(columns)} if how == "histogram" else next(columns) for how in series.merges]


def add(cells: Cells, key: Key, more: Measures, merges: tuple[Merge, ...]) -> None:
    """Add the measures of a key to those that are there. `more` may be kept: give it away."""
    known = cells.get(key)
    if known is None:
        cells[key] = more
        return
    for place, how in enumerate(merges):
        new = more[place]
        if how == "sum":
            known[place] += new
        elif how == "histogram":
            add_histogram(known[place], new)
        elif new is not None:
            old = known[place]
            known[place] = new if old is None else min(old, new) if how == "min" else max(old, new)


def add_histogram(known: dict[int, int], more: dict[int, int]) -> None:
    """Add up two histograms, bucket by bucket, in the first one."""
    for bucket, samples in more.items():
        known[bucket] = known.get(bucket, 0) + samples


def merged(series: Series, parts: Iterable[tuple[Any, Cells]], start: Any, grain: int) -> Cells:
    """The cells of a coarse block that starts at `start`, from those of its parts."""
    whole: Cells = {}
    for _, cells in parts:
        for key, values in cells.items():
            add(whole, within(series, key, start, grain), values, series.merges)
    return whole


def within(series: Series, key: Key, start: Any, grain: int) -> Key:
    """A key whose minute is left out where it lies within the block: how many there are stays small."""
    place = series.within_key
    if place is None or key[place] is None or not start <= key[place] < start + timedelta(seconds=grain):
        return key
    return (*key[:place], None, *key[place + 1 :])


def bounded(series: Series, cells: Cells) -> Cells:
    """About so many cells: the names of the open key that rank last are counted as one."""
    place = series.open_key
    if len(cells) <= MOST_CELLS or place is None:
        return cells
    kept: Cells = {}
    for name, keys in ranked(series, cells, place):
        fits = name != REST and len(kept) < MOST_CELLS
        for key in keys:
            add(kept, key if fits else (*key[:place], REST, *key[place + 1 :]), cells[key], series.merges)
    return kept


def ranked(series: Series, cells: Cells, place: int) -> list[tuple[Any, list[Key]]]:
    """The names of a key with their cells' keys, in the order of the top lists: what is worst, then commonest."""
    names: dict[Any, list[Key]] = {}
    for key in cells:
        names.setdefault(key[place], []).append(key)
    where, values = series.worst

    def rank(item: tuple[Any, list[Key]]) -> tuple[Any, ...]:
        name, keys = item
        bad = [-sum(cells[key][0] for key in keys if key[where] == value) for value in values]
        return *bad, -sum(cells[key][0] for key in keys), str(name or "")

    return sorted(names.items(), key=rank)


def encode(series: Series, cells: Cells) -> bytes:
    """Cells as they are kept: the same cells are the same bytes."""
    ordered = sorted(bounded(series, cells).items(), key=lambda cell: tuple(map(str, cell[0])))
    return msgspec.msgpack.encode([(key, [kept(value) for value in values]) for key, values in ordered])


def kept(value: Any) -> Any:
    """A measure as it is kept: buckets in order, and no number that is too large."""
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    return min(value, MOST_COUNTED) if isinstance(value, int) else value


_DECODER: msgspec.msgpack.Decoder[list[tuple[tuple[Any, ...], list[Any]]]] = msgspec.msgpack.Decoder(
    list[tuple[tuple[Any, ...], list[Any]]]
)


def decode(body: bytes) -> list[tuple[Key, Measures]]:
    """Cells as they were kept."""
    return _DECODER.decode(body)
