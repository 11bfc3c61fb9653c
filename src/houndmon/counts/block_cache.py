"""Runs of blocks folded into one: what was folded before is not decoded again while its bytes stay the same.

A week is some fifty blocks, and all but the newest are the same from tick to tick. Whether they are is seen from their
bytes, which are read each time: a block that was counted anew is folded anew.
"""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from houndmon.core.clock import SlicedRow
from houndmon.core.series import Cells, CountSeries, Measures
from houndmon.counts.series import add_measures, decode_cells

MOST_BYTES = 2**21  # of blocks as they are kept; folded they take about ten times as much
StoredBlock = tuple[datetime, bytes]
RunKey = tuple[str, str, int, datetime, datetime]


class BlockCache:
    """The folded runs of one service, the latest used ones."""

    def __init__(self) -> None:
        self._kept: OrderedDict[RunKey, tuple[list[bytes], Cells]] = OrderedDict()
        self._bytes = 0

    def add_to(
        self, cells: Cells, series: CountSeries[SlicedRow], environment: str, grain: int, blocks: Sequence[StoredBlock]
    ) -> None:
        """Add neighbouring blocks of one length, in order, to some cells."""
        merges = series.merges
        for key, values in self._folded(series, environment, grain, blocks).items():
            add_measures(cells, key, copy_measures(values), merges)

    def _folded(
        self, series: CountSeries[SlicedRow], environment: str, grain: int, blocks: Sequence[StoredBlock]
    ) -> Cells:
        run_key = (series.name, environment, grain, blocks[0][0], blocks[-1][0])
        bodies = [body for _, body in blocks]
        known = self._kept.get(run_key)
        if known and known[0] == bodies:
            self._kept.move_to_end(run_key)
            return known[1]
        folded: Cells = {}
        merges = series.merges
        for body in bodies:
            for key, values in decode_cells(body):
                add_measures(folded, key, values, merges)
        self._keep(run_key, bodies, folded)
        return folded

    def _keep(self, run_key: RunKey, bodies: list[bytes], folded: Cells) -> None:
        if run_key in self._kept:
            self._drop(run_key)
        size = sum(map(len, bodies))
        if size > MOST_BYTES:
            return
        self._kept[run_key] = bodies, folded
        self._bytes += size
        while self._bytes > MOST_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, run_key: RunKey) -> None:
        self._bytes -= sum(map(len, self._kept.pop(run_key)[0]))


def copy_measures(values: Measures) -> Measures:
    """Measures that may be changed."""
    return [dict(value) if isinstance(value, dict) else value for value in values]
