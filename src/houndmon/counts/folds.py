"""Runs of blocks folded into one: what was folded before is not decoded again while its bytes stay the same.

A week is some fifty blocks, and all but the newest are the same from tick to tick. Whether they are is seen from their
bytes, which are read each time: a block that was counted anew is folded anew.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from houndmon.counts.series import Cells, Measures, Series, add, decode

MOST_BYTES = 2**21  # of blocks as they are kept; folded they take about ten times as much
Block = tuple[datetime, bytes]
Place = tuple[str, str, int, datetime, datetime]


class Folds:
    """The folded runs of one service, the latest used ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Place, tuple[list[bytes], Cells]] = OrderedDict()
        self._bytes = 0

    def add_to(self, cells: Cells, series: Series, environment: str, grain: int, blocks: Sequence[Block]) -> None:
        """Add neighbouring blocks of one length, in order, to some cells."""
        for key, values in self._folded(series, environment, grain, blocks).items():
            add(cells, key, copied(values), series.merges)

    def _folded(self, series: Series, environment: str, grain: int, blocks: Sequence[Block]) -> Cells:
        place = (series.name, environment, grain, blocks[0][0], blocks[-1][0])
        bodies = [body for _, body in blocks]
        known = self._kept.get(place)
        if known and known[0] == bodies:
            self._kept.move_to_end(place)
            return known[1]
        folded: Cells = {}
        for body in bodies:
            for key, values in decode(body):
                add(folded, key, values, series.merges)
        self._keep(place, bodies, folded)
        return folded

    def _keep(self, place: Place, bodies: list[bytes], folded: Cells) -> None:
        if place in self._kept:
            self._drop(place)
        size = sum(map(len, bodies))
        if size > MOST_BYTES:
            return
        self._kept[place] = bodies, folded
        self._bytes += size
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, place: Place) -> None:
        self._bytes -= sum(map(len, self._kept.pop(place)[0]))


def copied(values: Measures) -> Measures:
    """Measures that may be changed."""
    return [dict(value) if isinstance(value, dict) else value for value in values]
