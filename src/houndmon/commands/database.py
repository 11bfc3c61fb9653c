"""Finds the database that a command works on: the one of the environment, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import asyncpg

from houndmon.kit import embedded
from houndmon.kit.migrate import migrate, migrations_folder
from houndmon.kit.problems import HoundmonError
from houndmon.kit.settings import Settings


class DatabaseDown(HoundmonError):
    """houndmon's own database cannot be reached."""


def data_dir(settings: Settings) -> Path:
    """Where the embedded database lies."""
    return settings.data_dir or embedded.default_data_dir()


@contextmanager
def database(settings: Settings, *, shared: bool = True) -> Iterator[str]:
    """The URL of houndmon's database; an embedded one runs until the block ends. Raises HoundmonError.

    A `shared` one may be that of another houndmon that runs already; a service wants one of its own, for it would
    lose the other's with it.
    """
    if settings.database_url:
        yield settings.database_url
    elif shared and (running := embedded.attach(data_dir(settings))):
        yield running
    else:
        with embedded.start(data_dir(settings)) as cluster:
            yield cluster.dsn()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection. Raises DatabaseDown."""
    try:
        conn = await asyncpg.connect(url, timeout=5, command_timeout=600, statement_cache_size=0)
    except ValueError:  # its text may quote a part of the password
        raise DatabaseDown(
            "HOUNDMON_DATABASE_URL is no address of PostgreSQL: write / # ? @ in a password as %2F %23 %3F %40"
        ) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        why = str(error) or type(error).__name__
        raise DatabaseDown(f"the database of HOUNDMON_DATABASE_URL does not answer: {why}") from error
    try:
        yield conn
    finally:
        await conn.close()


def migrated(url: str) -> list[str]:
    """Bring the database up to date; the names of what was applied. Raises HoundmonError."""

    async def work() -> list[str]:
        async with connected(url) as conn:
            return await migrate(conn, migrations_folder())

    return asyncio.run(work())
