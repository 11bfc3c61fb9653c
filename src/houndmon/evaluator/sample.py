"""Holds some of what is served against the rows each hour; what it found last is a figure of a rule."""

import asyncio
import time
from datetime import datetime
from typing import Any

import msgspec
import structlog

from houndmon.evaluator.verify import Held, held
from houndmon.kit.filters import ENVIRONMENTS, Environment, Filters
from houndmon.kit.room import Room
from houndmon.kit.source import Source

EVERY_SECONDS = 3600.0
AGAIN_SECONDS = 6.0  # what came late is counted in the next tick
STATEMENT_SECONDS = 2.0
MOST_SHOWN = 5

log = structlog.get_logger()


class Sampled(msgspec.Struct, frozen=True):
    """What a sample found in an environment."""

    now: datetime
    figures: int
    differing: int
    shown: list[str]


class Sampler:
    """Compares each panel's last 24 h. A sample runs beside the ticks, for it takes longer than one."""

    def __init__(self, source: Source, rooms: tuple[Room[Any], ...]) -> None:
        self._served, self._rooms = source, [room for room in rooms if room.reads == "source"]
        self._raw = Source(source.pool, source.schema, source.zone, STATEMENT_SECONDS)
        self.last: dict[Environment, Sampled] = {}
        self._due = time.monotonic() + EVERY_SECONDS
        self._task: asyncio.Task[None] | None = None

    def poke(self) -> None:
        """Take a sample where one is due and none is under way."""
        if self._served.counts and time.monotonic() >= self._due and (self._task is None or self._task.done()):
            self._due = time.monotonic() + EVERY_SECONDS
            self._task = asyncio.create_task(self._guarded())

    async def close(self) -> None:
        """End the sample under way."""
        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _guarded(self) -> None:
        try:
            await self.sample()
        except Exception:
            log.exception("sample_raised")

    async def sample(self) -> None:
        """Compare every panel in both environments; one that cannot be read in time is left out."""
        for environment in ENVIRONMENTS:
            found = [await self._held(room, Filters("24h", environment)) for room in self._rooms]
            known = [one for one in found if one.problem is None]
            if known:
                self.last[environment] = summed(known)

    async def _held(self, room: Room[Any], filters: Filters) -> Held:
        one = await held(self._served, self._raw, room, filters)
        if one.differences:
            await asyncio.sleep(AGAIN_SECONDS)
            self._served.counts.forget()
            one = await held(self._served, self._raw, room, filters)
        return one


def summed(found: list[Held]) -> Sampled:
    """What some comparisons found together."""
    shown = [
        f"{one.panel} {one.range} {path}: served {served!r:.60}, the rows say {counted!r:.60}"
        for one in found
        for path, served, counted in one.differences
    ]
    figures = sum(one.figures for one in found)
    return Sampled(max(one.now for one in found if one.now), figures, len(shown), shown[:MOST_SHOWN])
