"""Single alerts as people see and close them: each with the deliveries of its notifications in its timeline."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from houndmon.alerts import store
from houndmon.alerts.model import Closing, Moment, SingleAlert
from houndmon.core.problems import StateUnreadable
from houndmon.core.state_database import WRITE_WAIT_SECONDS, StateDatabase

Response = Callable[[asyncpg.Connection, int], Awaitable[None]]
"""What somebody does about an alert, by its number."""
Deliveries = Callable[[asyncpg.Connection, int], Awaitable[list[Moment]]]


class AlertActions:
    """Reads and closes alerts. `deliveries` come from the outbox; `closed` is called once an alert is closed."""

    def __init__(self, database: StateDatabase, deliveries: Deliveries, closed: Callable[[], None]) -> None:
        self.database, self._deliveries, self._closed = database, deliveries, closed

    async def one(self, id: int) -> SingleAlert:
        """All that is known of an alert. Raises NoSuchAlert."""
        async with self.database.connection() as conn:
            return await self.read_with_deliveries(conn, id)

    async def read_with_deliveries(self, conn: asyncpg.Connection, id: int) -> SingleAlert:
        """The same, on a connection that is there already."""
        return await store.read_alert(conn, id, await self._deliveries(conn, id))

    async def respond(self, id: int, respond: Response) -> SingleAlert:
        """Do something about an open alert; it as it is then. Raises what `respond` does, or StateUnreadable."""
        async with self.database.connection(WRITE_WAIT_SECONDS) as conn:
            await respond(conn, id)
            return await self.read_with_deliveries(conn, id)

    async def close(self, id: int, closing: Closing, actor: str | None) -> SingleAlert:
        """Close an alert; it as it is then. Raises what `store.close_alert` does, or ClosingNotSaved."""
        async with self._closing(closing) as conn:
            await store.close_alert(conn, id, closing, actor)
            self._closed()
            return await self.read_with_deliveries(conn, id)

    async def close_all(self, ids: Sequence[int], closing: Closing, actor: str | None) -> None:
        """Close some alerts by one set of notes: all of them, or none. Raises as `close` does."""
        async with self._closing(closing) as conn:
            await store.close_alerts(conn, ids, closing, actor)
            self._closed()

    @asynccontextmanager
    async def _closing(self, closing: Closing) -> AsyncIterator[asyncpg.Connection]:
        """A connection to close alerts on; what was typed comes back where the database does not take it."""
        try:
            async with self.database.connection(WRITE_WAIT_SECONDS) as conn:
                yield conn
        except StateUnreadable as error:
            raise store.ClosingNotSaved(error, closing) from error
