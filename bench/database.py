"""The bench's own PostgreSQL: its settings, its empty tables, its log of statements."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from houndmon.core import embedded
from houndmon.core.migrate import migrate, migrations_folder

SETTINGS = {
    "shared_buffers": "1GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "4GB",
    "effective_cache_size": "4GB",
    "random_page_cost": "1.1",
    "max_connections": "150",
    # Parallel plans and builds want more shared memory than a container has.
    "max_parallel_maintenance_workers": "0",
}
TOLD = "houndmon's embedded PostgreSQL with " + ", ".join(
    f"{name}={value}" for name, value in (embedded.UNSAFE | SETTINGS).items()
)
SNAPSHOT = re.compile(r"begin isolation level repeatable read read only")
EXECUTE = re.compile(r"execute [^:]*: ")


async def prepare(dsn: str) -> None:
    """Make houndmon's tables and Hound's; Hound's leave no trace in the write-ahead log."""
    conn = await asyncpg.connect(dsn)
    try:
        await migrate(conn, migrations_folder())
        await conn.execute((migrations_folder() / "source" / "hound.sql").read_text())
        for name in await conn.fetch(
            "select relname from pg_class where relnamespace = 'hound'::regnamespace and relkind = 'r'"
        ):
            await conn.execute(f"alter table hound.{name[0]} set unlogged")
    finally:
        await conn.close()


@asynccontextmanager
async def connection(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection, without a limit on time."""
    conn = await asyncpg.connect(dsn, command_timeout=None)
    try:
        yield conn
    finally:
        await conn.close()


class StatementLog:
    """The server's own log, from which statements are counted: there is no contrib module to do it."""

    def __init__(self, conn: asyncpg.Connection, file: Path) -> None:
        self._conn, self._file = conn, file

    @classmethod
    async def of(cls, conn: asyncpg.Connection) -> "StatementLog":
        """The log of the server that a connection leads to."""
        folder = Path(await conn.fetchval("show data_directory"))
        return cls(conn, folder.parent / "server.log")

    @asynccontextmanager
    async def on(self) -> AsyncIterator[None]:
        """Let the server write down every statement."""
        await self._alter("set log_min_duration_statement = 0")
        try:
            yield
        finally:
            await self._alter("reset log_min_duration_statement")

    async def _alter(self, change: str) -> None:
        await self._conn.execute(f"alter system {change}")
        await self._conn.execute("select pg_reload_conf()")
        await asyncio.sleep(0.3)  # each session reads the change before its next statement

    def mark(self) -> int:
        """Where the log ends now."""
        return self._file.stat().st_size

    def since(self, mark: int) -> tuple[int, int]:
        """How many snapshots were opened and how many statements read Hound since a mark."""
        with self._file.open(encoding="utf-8", errors="replace") as log:
            log.seek(mark)
            return counted(log.read())


def counted(text: str) -> tuple[int, int]:
    """The snapshots and the statements on Hound in a stretch of the log."""
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)
    reads = sum(bool(EXECUTE.search(entry)) and "hound." in entry.replace('"', "") for entry in entries)
    return len(SNAPSHOT.findall(text)), reads
