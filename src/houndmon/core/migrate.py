"""Brings houndmon's own tables up to date: plain SQL files, forward only, each in its own transaction."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from houndmon.core.paths import resource
from houndmon.core.problems import HoundmonError
from houndmon.core.stopping import is_stopping, pause

LOCK = 4_686_783  # any number, the same in every houndmon
LOCK_WAIT_SECONDS = 60.0
POLL_SECONDS = 0.1
RETRY_SECONDS = 3.0
TABLE = """
create schema if not exists houndmon;
create table if not exists houndmon.migrations (
    version integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default clock_timestamp()
)
"""
APPLIED = "select version, name, checksum from houndmon.migrations order by version"


class MigrationError(HoundmonError):
    """The database cannot be brought up to date; the text says what to do next."""


class MigrationChanged(MigrationError):
    """A file differs from what was applied, or was put in behind it."""


class DatabaseNewer(MigrationError):
    """A later houndmon has worked on this database."""


@dataclass(frozen=True)
class Migration:
    """One file `NNNN_what.sql`; its checksum ignores how lines end."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations_folder() -> Path:
    """Find the folder of houndmon's own migrations."""
    return resource("migrations")


async def migrate(conn: asyncpg.Connection, folder: Path) -> list[str]:
    """Apply what is missing and give the names of what was applied now. Raises MigrationError."""
    files, applied = _files(folder), list[str]()
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        async with conn.transaction():
            # Asked for again and again, never waited for: a waiter's snapshot would block an index built
            # concurrently. It ends with the transaction, so it holds behind a pooler too.
            if await conn.fetchval("select pg_try_advisory_xact_lock($1)", LOCK):
                missing = await _missing(conn, files)
                if not missing:
                    return applied
                await _apply(conn, missing[0])
                applied.append(missing[0].name)
                continue
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another migration has run for {LOCK_WAIT_SECONDS:.0f} s: wait for it, then try again"
            )
        await asyncio.sleep(POLL_SECONDS)


async def migrate_when_possible(pool: asyncpg.Pool, folder: Path, on_applied: Callable[[str], object]) -> None:
    """Migrate a database that was down at the start as soon as it answers. `on_applied` gets what was applied."""
    while not is_stopping():
        try:
            async with pool.acquire(timeout=2) as conn:
                for name in await migrate(conn, folder):
                    on_applied(name)
                return
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            await pause(RETRY_SECONDS)


async def pending_migrations(conn: asyncpg.Connection, folder: Path) -> list[str]:
    """Give the names of the migrations that are not applied yet; changes nothing. Raises MigrationError."""
    return [file.name for file in await _missing(conn, _files(folder))]


async def _missing(conn: asyncpg.Connection, files: list[Migration]) -> list[Migration]:
    known = await conn.fetchval("select to_regclass('houndmon.migrations') is not null")
    applied = await conn.fetch(APPLIED) if known else []
    for file, row in zip(files, applied, strict=False):
        if (file.version, file.checksum) != (row["version"], row["checksum"]):
            raise MigrationChanged(
                f"migration {file.name} is not what this database got as {row['name']}: "
                "restore that file, and put the change into a new one with the next number"
            )
    if len(applied) > len(files):
        raise DatabaseNewer(f"this database already has {applied[-1]['name']}: install a houndmon that knows it")
    return files[len(applied) :]


async def _apply(conn: asyncpg.Connection, file: Migration) -> None:
    try:
        await conn.execute(TABLE)
        await conn.execute("set local statement_timeout = 0; set local lock_timeout = '10s'")
        await conn.execute(file.sql)
    except asyncpg.PostgresError as error:
        text = f"migration {file.name} failed, and nothing of it was kept: {error}. Mend that, then try again"
        raise MigrationError(text) from error
    record = "insert into houndmon.migrations (version, name, checksum) values ($1, $2, $3)"
    await conn.execute(record, file.version, file.name, file.checksum)


def _files(folder: Path) -> list[Migration]:
    files = [_file(path) for path in sorted(folder.glob("*.sql"))]
    if [file.version for file in files] != list(range(1, len(files) + 1)):
        raise MigrationError(f"the files in {folder} must be numbered 0001, 0002 and so on, each number once")
    return files


def _file(path: Path) -> Migration:
    match = re.fullmatch(r"(\d{4})_[a-z0-9_]+", path.stem)
    if not match:
        raise MigrationError(f"{path} must be named like 0007_what_it_does.sql")
    return Migration(int(match[1]), path.stem, path.read_text(encoding="utf-8").replace("\r\n", "\n"))
