"""Finds the database that a command works on: the one of the environment, or the embedded one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path

import asyncpg
import structlog
from litestar import Litestar

from houndmon.app import LifespanPart
from houndmon.core import embedded
from houndmon.core.connections import open_connection
from houndmon.core.migrate import migrate, migrations_folder
from houndmon.core.problems import HoundmonError
from houndmon.core.settings import Settings
from houndmon.core.stopping import is_stopping, pause, stopped

log = structlog.get_logger()
WATCH_SECONDS = 2.0


class DatabaseDown(HoundmonError):
    """houndmon's own database cannot be reached."""


class DatabaseFailed(HoundmonError):
    """The database was reached, but could not do what was asked: its disk is full, or it went away."""


WORLD_ERRORS = (
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
    try:
        if not settings.database_url and (running := embedded.running_dsn(data_dir(settings))):
            yield running
        else:
            with own_database(settings) as (url, _):
                yield url
    except asyncpg.UndefinedTableError as error:
        if '"houndmon.' not in str(error):
            raise
        raise HoundmonError("houndmon's own tables are missing or old: run `houndmon migrate`") from error


@contextmanager
def own_database(settings: Settings) -> Iterator[tuple[str, list[LifespanPart]]]:
    """The URL of a service's database, and what must live beside the service for it. Raises HoundmonError.

    An embedded one is its own, and runs until the block ends: that of another would end with the other.
    """
    if settings.database_url:
        yield settings.database_url, []
    else:
        with embedded.start(data_dir(settings)) as cluster:
            yield cluster.dsn(), [partial(keep_alive, cluster)]


@asynccontextmanager
async def keep_alive(cluster: embedded.Cluster, _: Litestar | None = None) -> AsyncIterator[None]:
    """Beside the service: start its PostgreSQL anew whenever that has died."""

    async def watch() -> None:
        while not is_stopping():
            await pause(WATCH_SECONDS)
            try:
                if cluster.restart_if_dead():
                    log.warning("database_revived", pid=cluster.pid)
            except OSError as error:
                log.warning("database_not_revived", error=str(error))

    task = asyncio.create_task(watch())
    try:
        yield
    finally:
        await stopped(task, seconds=0.5)


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection. Raises DatabaseDown, or DatabaseFailed for what goes wrong with the world later."""
    try:
        conn = await open_connection(url, command_timeout=600)
    except ValueError:  # its text may quote a part of the password
        raise DatabaseDown(
            "HOUNDMON_DATABASE_URL is no address of PostgreSQL: write / # ? @ in a password as %2F %23 %3F %40"
        ) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        why = str(error) or type(error).__name__
        raise DatabaseDown(f"the database of HOUNDMON_DATABASE_URL does not answer: {why}") from error
    try:
        yield conn
    except (*WORLD_ERRORS, asyncpg.InterfaceError) as error:
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error.__context__, asyncio.CancelledError):
            raise error.__context__ from None  # a copy that is cancelled cannot even roll back
        if cause := world_error(error):
            raise DatabaseFailed(f"the database could not go on: {cause}. Mend that, then try again") from error
        raise
    finally:
        with suppress(OSError, TimeoutError, asyncpg.InterfaceError):  # a lost one cannot be closed in order
            await conn.close(timeout=5)


def world_error(error: BaseException | None) -> str | None:
    """What happened in the world, where that is behind an error: a lost connection hides why it was lost."""
    found: str | None = None
    while error:
        if isinstance(error, WORLD_ERRORS):
            found = str(error) or type(error).__name__
        error = error.__context__
    return found.partition("\n")[0] if found else None


def apply_migrations(url: str) -> list[str]:
    """Bring the database up to date; the names of what was applied. Raises HoundmonError."""

    async def work() -> list[str]:
        async with connect(url) as conn:
            return await migrate(conn, migrations_folder())

    return asyncio.run(work())
