"""Reads when beats were seen to arrive, from houndmon's own tables."""

from contextlib import suppress
from datetime import datetime
from typing import TypeVar

import asyncpg
import msgspec

from houndmon.core.arrivals import Late
from houndmon.core.filters import Environment
from houndmon.core.source import DOWN, as_structs
from houndmon.core.sql import Statement
from houndmon.panels.workers.load import SQL

T = TypeVar("T")
PATIENCE_SECONDS = 0.5  # the rows of the source tell most: what is kept beside them must not cost the answer


class ArrivalRow(msgspec.Struct):
    """When the first and the last beat of a minute were seen to arrive."""

    first_seen_at: datetime
    last_seen_at: datetime


class Arrivals:
    """What is noted of one source. While it cannot be read, that which was read last holds."""

    def __init__(self, pool: asyncpg.Pool, identity: str) -> None:
        """`identity` tells this source from others."""
        self._pool, self._identity = pool, identity
        self._known: dict[Environment, list[ArrivalRow]] = {}

    async def since(self, environment: Environment, start: datetime, end: datetime) -> list[datetime]:
        """When beats arrived, first and last in each minute between two times, and the last time before them."""
        with suppress(*DOWN):
            self._known[environment] = await self._fetch(SQL["arrivals"], ArrivalRow, environment, start, end)
        rows = self._known.get(environment, [])
        return [at for row in rows for at in (row.first_seen_at, row.last_seen_at) if at <= end]

    async def late(self, environment: Environment, start: datetime, end: datetime, seconds: float) -> Late:
        """The beats that arrived between two times when they were older than that; none while nobody knows."""
        try:
            return (await self._fetch(SQL["late_arrivals"], Late, environment, start, end, seconds))[0]
        except DOWN:
            return Late()

    async def _fetch(self, statement: Statement, row: type[T], *args: object) -> list[T]:
        async with self._pool.acquire(timeout=PATIENCE_SECONDS) as conn:
            return as_structs(await conn.fetch(statement.text, self._identity, *args, timeout=PATIENCE_SECONDS), row)
