"""Holds what is served against the source's own rows: every figure of every panel, on one snapshot."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from houndmon.config.model import Config
from houndmon.core.answer import PanelAnswer
from houndmon.core.filters import Filters
from houndmon.core.panel import PanelSpec
from houndmon.core.problems import SourceAbsent, SourceUnreadable
from houndmon.core.source import Snapshot, Source

RELATIVE_TOLERANCE = 1e-9


class Difference(NamedTuple):
    """One figure that differs: where it stands in the answer, what is served, and what the rows come to."""

    path: str
    served: object
    counted: object


class Comparison(msgspec.Struct, frozen=True):
    """A panel's answer held against the rows. `problem` says why it could not be."""

    panel: str
    range: str
    environment: str
    figures: int
    differences: list[Difference]
    problem: str | None = None
    now: datetime | None = None
    is_absent: bool = False  # the source does not have what the panel reads


async def compare_panel(
    served: Source, raw: Source, spec: PanelSpec[PanelAnswer, Config], filters: Filters, config: Config
) -> Comparison:
    """One answer. Both are computed at the same instant from the same view of the rows."""
    known = (spec.name, filters.range, filters.environment)
    try:
        async with raw.snapshot() as snapshot:
            ours = await spec.load(Snapshot(served, snapshot.conn, snapshot.clock), filters, config)
            theirs = await spec.load(snapshot, filters, config)
    except SourceUnreadable as error:
        return Comparison(*known, 0, [], str(error), is_absent=isinstance(error, SourceAbsent))
    leaves = list(differing_leaves(msgspec.to_builtins(ours), msgspec.to_builtins(theirs)))
    differing = [leaf for leaf in leaves if not is_same(leaf.served, leaf.counted)]
    return Comparison(*known, len(leaves), differing, now=snapshot.clock.now)


def differing_leaves(ours: object, theirs: object, path: str = "") -> Iterator[Difference]:
    """Every leaf of two answers, side by side."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in dict.fromkeys([*ours, *theirs]):
            yield from differing_leaves(ours.get(name), theirs.get(name), f"{path}.{name}" if path else str(name))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for place, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differing_leaves(mine, other, f"{path}[{place}]")
    else:
        yield Difference(path, ours, theirs)


def is_same(ours: object, theirs: object) -> bool:
    """Whether two figures are the same, but for what adding up in another order costs."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return bool(ours == theirs)
