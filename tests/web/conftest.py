"""The whole service on a real database, asked over ASGI."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
from litestar import Litestar

from conftest import TEMPLATE, administer
from factories import Hound
from houndmon.app import PANELS, create_app
from houndmon.kit import embedded
from houndmon.kit.settings import Settings
from houndmon.web.head import WithHead

NAMES = [room.name for room in PANELS]


@dataclass
class Console:
    """A running service, a client of it, and the Hound that it watches."""

    app: Litestar
    client: httpx.AsyncClient
    hound: Hound

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params or None)

    async def panel(self, name: str, **params: Any) -> dict[str, Any]:
        """What a panel answers; it must be good."""
        answer = await self.get(f"/api/panels/{name}", **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def forget(self) -> None:
        """End the life of every shared answer, as time would."""
        for name in NAMES:
            self.app.state.desk.forget(name)
        self.app.state.summary.forget()


@asynccontextmanager
async def serving(database: str, conn: asyncpg.Connection, **settings: Any) -> AsyncIterator[Console]:
    """Run the service on a database."""
    app = create_app(Settings(auth="off", **settings), database)
    transport = httpx.ASGITransport(WithHead(app))  # type: ignore[arg-type]
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://houndmon.test") as client:
        yield Console(app, client, await Hound.on_clock(conn))


@pytest.fixture
def serve(database: str, conn: asyncpg.Connection) -> Callable[..., AbstractAsyncContextManager[Console]]:
    """Give services with other settings, on a database of their own."""
    return partial(serving, database, conn)


@pytest.fixture
async def console(database: str, conn: asyncpg.Connection) -> AsyncIterator[Console]:
    """A service on a database of its own, with an empty Hound."""
    async with serving(database, conn) as console:
        yield console


@pytest.fixture(scope="session")
def quiet_database(cluster: embedded.Cluster) -> Iterator[str]:
    """The DSN of a database that no test writes to."""
    asyncio.run(administer(cluster, f"create database quiet template {TEMPLATE}"))
    yield cluster.dsn("quiet")
    asyncio.run(administer(cluster, "drop database quiet with (force)"))


@pytest.fixture
async def quiet(quiet_database: str) -> AsyncIterator[Console]:
    """A service for tests that only ask."""
    conn = await asyncpg.connect(quiet_database)
    async with serving(quiet_database, conn) as console:
        yield console
    await conn.close()


@pytest.fixture
async def ticked(conn: asyncpg.Connection) -> Callable[[float], Awaitable[None]]:
    """Hold the evaluator's lease, so that it ticks when a test says so: a tick that ended so many seconds ago."""
    await conn.execute(
        "insert into houndmon.leases values ('evaluator', gen_random_uuid(), 7, clock_timestamp() + interval '1 day')"
    )

    async def ticked(seconds_ago: float) -> None:
        query = (
            "insert into houndmon.ticks (term, started_at, finished_at, duration_ms, judged, unknown)"
            " select 7, at, at, 10, 20, 0 from (select clock_timestamp() - make_interval(secs => $1) as at) as ended"
        )
        await conn.execute(query, seconds_ago)

    return ticked
