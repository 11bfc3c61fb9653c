"""houndmon's own database: what it remembers of alerts, people, messages and counts. It is never the source."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg

from houndmon.core.problems import StateUnreadable
from houndmon.core.source import DOWN, Database, failure_reason

SCHEMA = "houndmon"
QUICK_READ_SECONDS = 1.5
WRITE_WAIT_SECONDS = 8.0
"""How long a change that a person asks for waits for a connection: it was typed, and is worth more than a poll."""


class StateDatabase(Database):
    """houndmon's own tables, by one pool."""

    def __init__(self, pool: asyncpg.Pool, zone: str, timeout_seconds: float | None = None) -> None:
        super().__init__(pool, SCHEMA, zone, timeout_seconds)

    def unreadable(self, relation: str | None, why: str) -> StateUnreadable:
        """The error that names houndmon's own database."""
        return StateUnreadable(relation, why)

    @asynccontextmanager
    async def connection(self, wait_seconds: float | None = None) -> AsyncIterator[asyncpg.Connection]:
        """A plain connection, had within that time. Raises StateUnreadable."""
        try:
            async with AsyncExitStack() as stack:
                yield await self._acquire(stack, wait_seconds or self.timeout_seconds)
        except DOWN as error:
            raise self.unreadable(None, failure_reason(error)) from error

    async def _acquire(self, stack: AsyncExitStack, wait_seconds: float) -> asyncpg.Connection:
        """A connection; one that is slow to open is tried anew while there is time."""
        until = time.monotonic() + wait_seconds
        while True:
            try:
                return await stack.enter_async_context(self.pool.acquire(timeout=until - time.monotonic()))
            except TimeoutError:
                if time.monotonic() >= until:
                    raise

    @asynccontextmanager
    async def quick_connection(self) -> AsyncIterator[asyncpg.Connection]:
        """The same for what the page shows: all is read within 1.5 s, whatever is locked. Raises StateUnreadable."""
        try:
            async with asyncio.timeout(QUICK_READ_SECONDS), self.connection() as conn:
                yield conn
        except TimeoutError as error:
            raise self.unreadable(None, failure_reason(error)) from error
