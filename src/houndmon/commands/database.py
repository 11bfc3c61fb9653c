"""Finds the database that a command works on: the one of the environment, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg
import structlog
from litestar import Litestar

from houndmon.app import Companion
from houndmon.kit import embedded
from houndmon.kit.migrate import migrate, migrations_folder
from houndmon.kit.problems import HoundmonError
from houndmon.kit.settings import Settings

log = structlog.get_logger()
LOOK_SECONDS = 2.0


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
def database(settings: Settings) -> Iterator[str]:
    """The URL of houndmon's database, perhaps that of another houndmon that runs already. Raises HoundmonError."""
    if not settings.database_url and (running := embedded.attach(data_dir(settings))):
        yield running
    else:
        with own_database(settings) as (url, _):
            yield url


@contextmanager
def own_database(settings: Settings) -> Iterator[tuple[str, list[Companion]]]:
    """The URL of a service's database, and what must live beside the service for it. Raises HoundmonError.

    An embedded one is its own, and runs until the block ends: that of another would end with the other.
    """
    if settings.database_url:
        yield settings.database_url, []
    else:
        with embedded.start(data_dir(settings)) as cluster:
            yield cluster.dsn(), [partial(kept_alive, cluster)]


@asynccontextmanager
async def kept_alive(cluster: embedded.Cluster, _: Litestar | None = None) -> AsyncIterator[None]:
    """Beside the service: start its PostgreSQL anew whenever that has died."""

    async def watch() -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if cluster.revive():
                    log.warning("database_revived", pid=cluster.pid)
            except OSError as error:
                log.warning("database_not_revived", error=str(error))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        task.cancel()


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection. Raises DatabaseDown, or DatabaseFailed for what goes wrong with the world later."""
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
