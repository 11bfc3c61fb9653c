"""When beats were seen to arrive, as those see it that read a source."""

from datetime import datetime
from typing import Protocol

import msgspec

from houndmon.core.filters import Environment


class Late(msgspec.Struct, frozen=True):
    """Beats that were old when they arrived: how many were noted, and how old the last one was, in seconds."""

    count: int = 0
    lag_seconds: float | None = None


class ArrivalsReader(Protocol):
    """The arrivals of a source's beats."""

    async def since(self, environment: Environment, start: datetime, end: datetime) -> list[datetime]:
        """When beats arrived, first and last in each minute between two times, and the last time before them."""

    async def late(self, environment: Environment, start: datetime, end: datetime, seconds: float) -> Late:
        """The beats that arrived between two times when they were older than that."""
