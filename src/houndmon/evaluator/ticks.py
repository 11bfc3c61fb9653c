"""Watches the watcher, on a path of its own: when did it last finish a tick?"""

from datetime import datetime
from typing import Annotated

import asyncpg
import msgspec
from msgspec import Meta

from houndmon.core.source import as_structs
from houndmon.evaluator.loop import SQL
from houndmon.rulebook.detection import TICK_SECONDS

LATE_SECONDS = 2 * TICK_SECONDS + 3


class Watched(msgspec.Struct):
    """When the evaluator last finished a tick."""

    last_evaluated_at: Annotated[
        datetime | None,
        Meta(description="When a tick last ended; null before the first.", examples=["2026-03-02T12:00:28Z"]),
    ]
    lag_seconds: Annotated[
        float | None,
        Meta(description="How long ago that was; null too where it lies ahead: the clock went back.", examples=[2.1]),
    ]

    @property
    def is_late(self) -> bool:
        """Whether more than two ticks are missing: then no verdict can be trusted."""
        return self.lag_seconds is None or self.lag_seconds > LATE_SECONDS


class TickRow(msgspec.Struct):
    """The last tick."""

    finished_at: datetime
    lag_seconds: float | None
    duration_ms: float
    unknown: int


async def read_last_tick(conn: asyncpg.Connection) -> Watched:
    """The evaluator's own age."""
    rows = as_structs(await conn.fetch(SQL["last_tick"]), TickRow)
    return Watched(rows[0].finished_at, rows[0].lag_seconds) if rows else Watched(None, None)
