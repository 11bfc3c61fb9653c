"""Holds what is served against the source's own rows: every figure of every panel, on one snapshot."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from houndmon.kit.filters import Filters
from houndmon.kit.problems import SourceUnreadable
from houndmon.kit.room import Room
from houndmon.kit.source import Snapshot, Source

RELATIVE = 1e-9


class Difference(NamedTuple):
    """One figure that differs: where it stands in the answer, what is served, and what the rows come to."""

    path: str
    served: Any
    counted: Any


class Held(msgspec.Struct, frozen=True):
    """A panel's answer held against the rows. `problem` says why it could not be."""

    panel: str
    range: str
    environment: str
    figures: int
    differences: list[Difference]
    problem: str | None = None
    now: datetime | None = None


async def held(served: Source, raw: Source, room: Room[Any], filters: Filters) -> Held:
    """One answer. Both are computed at the same instant from the same view of the rows."""
    known = (room.name, filters.range, filters.environment)
    try:
        async with raw.snapshot() as snapshot:
            ours = await room.load(Snapshot(served, snapshot.conn, snapshot.clock), filters)
            theirs = await room.load(snapshot, filters)
    except SourceUnreadable as error:
        return Held(*known, 0, [], str(error))
    leaves = list(compared(msgspec.to_builtins(ours), msgspec.to_builtins(theirs)))
    differing = [leaf for leaf in leaves if not same(leaf.served, leaf.counted)]
    return Held(*known, len(leaves), differing, now=snapshot.clock.now)


def compared(ours: Any, theirs: Any, path: str = "") -> Iterator[Difference]:
    """Every leaf of two answers, side by side."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in dict.fromkeys([*ours, *theirs]):
            yield from compared(ours.get(name), theirs.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from compared(mine, other, f"{path}[{place}]")
    else:
        yield Difference(path, ours, theirs)


def same(ours: Any, theirs: Any) -> bool:
    """Whether two figures are the same, but for what adding up in another order costs."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=1e-12)
    return bool(ours == theirs)
