"""Which blocks make up a stretch of time: pure arithmetic on whole minutes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from houndmon.core.clock import Slices
from houndmon.core.series import Interval

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60


class BlockRun(msgspec.Struct, frozen=True):
    """Neighbouring blocks of one length, in seconds."""

    grain: int
    start: datetime
    end: datetime


def block_start(at: datetime, grain: int) -> datetime:
    """The start of the block of that length in which an instant lies."""
    return EPOCH + timedelta(seconds=(at - EPOCH) // timedelta(seconds=1) // grain * grain)


def is_whole_minute(at: datetime) -> bool:
    """Whether an instant is a whole minute."""
    return block_start(at, MINUTE) == at


def clip(slices: Slices, covered: Interval, now: datetime, tail: timedelta = timedelta(0)) -> Interval | None:
    """The part of what is covered that serves some slices: blocks end at whole minutes, and before the tail."""
    ends = [covered.end, block_start(now - tail, MINUTE), *([slices.stop] if slices.stop else [])]
    ends += [block_start(edge, MINUTE) for edge in slices.edges if not is_whole_minute(edge)][:1]
    start, end = max(covered.start, slices.start), min(ends)
    return Interval(start, end) if start < end else None


def plan_blocks(slices: Slices, covered: Interval, grains: Sequence[int]) -> list[BlockRun]:
    """The fewest blocks that make up the wanted slices within what is covered, none of them across an edge."""
    edges = [edge for edge in slices.edges if covered.start < edge < covered.end]
    bounds = [covered.start, *edges, covered.end]
    runs: list[BlockRun] = []
    for start, end in pairwise(bounds):
        if slices.at(start) in slices.wanted:
            runs += split_interval(start, end, grains)
    return join_runs(runs)


def split_interval(start: datetime, end: datetime, grains: Sequence[int]) -> list[BlockRun]:
    """A stretch between whole minutes as runs: short blocks at its ends, long ones in its middle."""
    grain = grains[-1]
    first = block_start(start + timedelta(seconds=grain - 1), grain)
    last = block_start(end, grain)
    if first >= last:
        return split_interval(start, end, grains[:-1]) if start < end else []
    sides = grains[:-1]
    before = split_interval(start, first, sides) if start < first else []
    after = split_interval(last, end, sides) if last < end else []
    return [*before, BlockRun(grain, first, last), *after]


def join_runs(runs: list[BlockRun]) -> list[BlockRun]:
    """Runs of the same length that touch or overlap, as one: slices do not matter to the read."""
    found: list[BlockRun] = []
    for run in sorted(runs, key=lambda run: (run.grain, run.start)):
        if found and found[-1].grain == run.grain and found[-1].end >= run.start:
            found[-1] = BlockRun(run.grain, found[-1].start, max(found[-1].end, run.end))
        else:
            found.append(run)
    return found


def minutes_between(start: datetime, end: datetime) -> list[datetime]:
    """The whole minutes of a stretch."""
    return [start + timedelta(minutes=n) for n in range((end - start) // timedelta(minutes=1))]


def affected_blocks(
    changed: Sequence[datetime], fresh: Interval | None, covered: Interval, grain: int
) -> list[datetime]:
    """The blocks of one length within what is covered that hold a changed minute, or some of what was just covered."""
    step = timedelta(seconds=grain)
    starts = {block_start(at, grain) for at in changed}
    at, end = (block_start(fresh.start, grain), fresh.end) if fresh else (covered.end, covered.end)
    while at < end:
        starts.add(at)
        at += step
    return sorted(at for at in starts if covered.start <= at and at + step <= covered.end)
