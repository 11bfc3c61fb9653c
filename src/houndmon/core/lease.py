"""One process at a time at a task: a row with a term, on the database's clock."""

import uuid
from datetime import datetime
from pathlib import Path

import asyncpg
import structlog

from houndmon.core.sql import load_statements

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("lease.sql")).items()}
LEASE_SECONDS = 14.0  # with a tick of 5 s, another takes over within 20 s
log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """Another process has taken over: what this one was about to write must not be written."""


class Lease:
    """This process's hold on the task."""

    def __init__(self, task: str) -> None:
        self.task = task
        self.holder = uuid.uuid4()
        self.term: int | None = None

    async def acquire(self, conn: asyncpg.Connection) -> bool:
        """Take or renew the lease; whether it is ours now.

        One that ends further ahead than its length is over: the database's clock has gone back since.
        """
        row = await conn.fetchrow(SQL["take_lease"], self.task, self.holder, LEASE_SECONDS)
        self.term = row["term"] if row else None
        if row and row["was_ahead"]:
            log.warning("clock_went_back", task=self.task, term=self.term)
        return self.term is not None

    async def force_acquire(self, conn: asyncpg.Connection) -> None:
        """Take the task whoever holds it, for a person asks: the other's next write fails, and it waits its turn."""
        self.term = await conn.fetchval(SQL["seize_lease"], self.task, self.holder, LEASE_SECONDS)

    async def check(self, conn: asyncpg.Connection) -> datetime:
        """The database's clock, the lease locked until the transaction ends. Raises LeaseLost."""
        now: datetime | None = await conn.fetchval(SQL["hold_lease"], self.task, self.holder, self.term, LEASE_SECONDS)
        if now is None:
            raise LeaseLost
        return now

    async def release(self, conn: asyncpg.Connection) -> None:
        """Let another take over at once."""
        await conn.execute(SQL["give_up_lease"], self.task, self.holder)
