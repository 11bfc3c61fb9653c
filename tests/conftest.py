"""One PostgreSQL for each test process, one fresh database for each test that asks for it."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import asyncpg
import pytest

from houndmon.core import embedded
from houndmon.core.migrate import migrate, migrations_folder

pytest_plugins = ["deadlines", "introspection", "time_limit"]
TEMPLATE = "template_houndmon"
names = (f"test_{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command run within a test sends the log to that test's stderr: no later one shall write there."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session")
def cluster() -> Iterator[embedded.Cluster]:
    """A running PostgreSQL, with a template database that holds houndmon's tables and Hound's."""
    with embedded.temporary({"max_connections": "300"}) as cluster:  # several services stand on it at a time
        asyncio.run(fill_template(cluster))
        yield cluster


async def fill_template(cluster: embedded.Cluster) -> None:
    await administer(cluster, f"create database {TEMPLATE}")
    conn = await asyncpg.connect(cluster.dsn(TEMPLATE))
    await migrate(conn, migrations_folder())
    await conn.execute((migrations_folder() / "source" / "hound.sql").read_text())
    await conn.close()  # a template with connections cannot be cloned


async def administer(cluster: embedded.Cluster, statement: str) -> None:
    conn = await asyncpg.connect(cluster.dsn("postgres"))
    await conn.execute(statement)
    await conn.close()


@pytest.fixture(scope="session")
def panels_database(cluster: embedded.Cluster) -> Iterator[str]:
    """The DSN of a database whose relations stay empty: what a test writes is rolled back."""
    asyncio.run(administer(cluster, f"create database panels template {TEMPLATE}"))
    yield cluster.dsn("panels")
    asyncio.run(administer(cluster, "drop database panels with (force)"))


@pytest.fixture
def database(cluster: embedded.Cluster) -> Iterator[str]:
    """The DSN of a fresh, migrated database with empty source relations."""
    name = next(names)
    asyncio.run(administer(cluster, f"create database {name} template {TEMPLATE}"))
    yield cluster.dsn(name)
    asyncio.run(administer(cluster, f"drop database {name} with (force)"))


@pytest.fixture
def empty_database(cluster: embedded.Cluster) -> Iterator[str]:
    """The DSN of a fresh database with nothing in it."""
    name = next(names)
    asyncio.run(administer(cluster, f"create database {name}"))
    yield cluster.dsn(name)
    asyncio.run(administer(cluster, f"drop database {name} with (force)"))


@pytest.fixture
async def conn(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the fresh database; its session's time zone is UTC."""
    conn = await asyncpg.connect(database)
    yield conn
    await conn.close()


async def judged(conn: asyncpg.Connection) -> None:
    """Wait until the evaluator of a service has ticked: until then the service is not ready."""
    while not await conn.fetchval("select exists (select from houndmon.ticks)"):
        await asyncio.sleep(0.01)


@pytest.fixture
def outage(cluster: embedded.Cluster, database: str) -> Callable[[], AbstractAsyncContextManager[None]]:
    """Give a time in which the test's database ends every connection and takes no new one."""
    name = database.partition("?")[0].rpartition("/")[2]

    @asynccontextmanager
    async def outage() -> AsyncIterator[None]:
        conn = await asyncpg.connect(cluster.dsn("postgres"))
        await conn.execute(f"alter database {name} allow_connections false")
        await conn.fetch("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", name)
        yield
        await conn.execute(f"alter database {name} allow_connections true")
        await conn.close()

    return outage
