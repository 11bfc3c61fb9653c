"""Which blocks make up a stretch of time: pure arithmetic on whole minutes."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import msgspec

from houndmon.kit.clock import Slices

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60


class Reach(msgspec.Struct, frozen=True):
    """The stretch that counts cover: from `start` on, up to but without `end`; both whole minutes."""

    start: datetime
    end: datetime


class Run(msgspec.Struct, frozen=True):
    """Neighbouring blocks of one length, in seconds."""

    grain: int
    start: datetime
    end: datetime


def floor(at: datetime, grain: int) -> datetime:
    """The start of the block of that length in which an instant lies."""
    return EPOCH + timedelta(seconds=(at - EPOCH) // timedelta(seconds=1) // grain * grain)


def is_whole(at: datetime) -> bool:
    """Whether an instant is a whole minute."""
    return floor(at, MINUTE) == at


def clipped(slices: Slices, reach: Reach, now: datetime, tail: timedelta = timedelta(0)) -> Reach | None:
    """The part of what is covered that serves some slices: blocks end at whole minutes, and before the tail."""
    ends = [reach.end, floor(now - tail, MINUTE), *([slices.stop] if slices.stop else [])]
    ends += [floor(edge, MINUTE) for edge in slices.edges if not is_whole(edge)][:1]
    start, end = max(reach.start, slices.start), min(ends)
    return Reach(start, end) if start < end else None


def plan(slices: Slices, reach: Reach, grains: Sequence[int]) -> list[Run]:
    """The fewest blocks that make up the wanted slices within reach, none of them across an edge."""
    edges = [edge for edge in slices.edges if reach.start < edge < reach.end]
    bounds = [reach.start, *edges, reach.end]
    runs: list[Run] = []
    for start, end in pairwise(bounds):
        if slices.at(start) in slices.wanted:
            runs += cut(start, end, grains)
    return joined(runs)


def cut(start: datetime, end: datetime, grains: Sequence[int]) -> list[Run]:
    """A stretch between whole minutes as runs: short blocks at its ends, long ones in its middle."""
    grain = grains[-1]
    first = floor(start + timedelta(seconds=grain - 1), grain)
    last = floor(end, grain)
    if first >= last:
        return cut(start, end, grains[:-1]) if start < end else []
    sides = grains[:-1]
    before = cut(start, first, sides) if start < first else []
    after = cut(last, end, sides) if last < end else []
    return [*before, Run(grain, first, last), *after]


def joined(runs: list[Run]) -> list[Run]:
    """Runs of the same length that touch, as one: slices do not matter to the read."""
    found: list[Run] = []
    for run in sorted(runs, key=lambda run: (run.grain, run.start)):
        if found and found[-1].grain == run.grain and found[-1].end == run.start:
            found[-1] = Run(run.grain, found[-1].start, run.end)
        else:
            found.append(run)
    return found


def minutes(start: datetime, end: datetime) -> list[datetime]:
    """The whole minutes of a stretch."""
    return [start + timedelta(minutes=n) for n in range((end - start) // timedelta(minutes=1))]


def touched(changed: Sequence[datetime], fresh: Reach | None, reach: Reach, grain: int) -> list[datetime]:
    """The blocks of one length within reach that hold a changed minute, or some of what was just covered."""
    step = timedelta(seconds=grain)
    starts = {floor(at, grain) for at in changed}
    at, end = (floor(fresh.start, grain), fresh.end) if fresh else (reach.end, reach.end)
    while at < end:
        starts.add(at)
        at += step
    return sorted(at for at in starts if reach.start <= at and at + step <= reach.end)
