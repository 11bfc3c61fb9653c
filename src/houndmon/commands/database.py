"""Finds the database that a command works on: the one of the environment, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg

from houndmon.kit import embedded
from houndmon.kit.migrate import migrate, migrations_folder
from houndmon.kit.problems import HoundmonError
from houndmon.kit.settings import Settings


class DatabaseDown(HoundmonError):
    """houndmon's own database cannot be reached."""


class DatabaseFailed(HoundmonError):
    """The database was reached, but could not do what was asked: its disk is full, or it went away."""


WORLD = (
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InsufficientPrivilegeError,
    OSError,
    TimeoutError,
)
"""What is no defect of ours."""


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
    """One connection. Raises DatabaseDown, or DatabaseFailed for what goes wrong with the world later."""
    try:
        conn = await asyncpg.connect(url, timeout=5, command_timeout=600, statement_cache_size=0)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        why = str(error) or type(error).__name__
        raise DatabaseDown(f"the database of HOUNDMON_DATABASE_URL does not answer: {why}") from error
    try:
        yield conn
    except (*WORLD, asyncpg.InterfaceError) as error:
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error.__context__, asyncio.CancelledError):
            raise error.__context__ from None  # a copy that is cancelled cannot even roll back
        if cause := world(error):
            raise DatabaseFailed(f"the database could not go on: {cause}. Mend that, then try again") from error
        raise
    finally:
        with suppress(OSError, TimeoutError, asyncpg.InterfaceError):  # a lost one cannot be closed in order
            await conn.close(timeout=5)


def world(error: BaseException | None) -> str | None:
    """What happened in the world, where that is behind an error: a lost connection hides why it was lost."""
    found: str | None = None
    while error:
        if isinstance(error, WORLD):
            found = str(error) or type(error).__name__
        error = error.__context__
    return found.partition("\n")[0] if found else None


def migrated(url: str) -> list[str]:
    """Bring the database up to date; the names of what was applied. Raises HoundmonError."""

    async def work() -> list[str]:
        async with connected(url) as conn:
            return await migrate(conn, migrations_folder())

    return asyncio.run(work())
