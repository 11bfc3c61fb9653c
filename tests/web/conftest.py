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

from conftest import TEMPLATE, administer, judged
from deadlines import FACTOR, HANG_SECONDS
from factories import LEASE_KEPT, Hound
from houndmon.app import PANELS, create_app
from houndmon.config.live import LiveConfig
from houndmon.core import embedded, panel_cache
from houndmon.core.settings import Settings
from houndmon.evaluator import level_cache
from houndmon.web import page as drawing
from houndmon.web.dependencies import services_of
from houndmon.web.head_requests import HeadSupport
from houndmon.web.summary import routes as summary_routes

NAMES = [spec.name for spec in PANELS]


@dataclass
class Console:
    """A running service, a client of it, and the Hound that it watches."""

    app: Litestar
    client: httpx.AsyncClient
    hound: Hound

    async def get(self, path: str, **params: Any) -> httpx.Response:
        return await self.client.get(path, params=params or None)

    async def alert_page(self, id: int) -> str:
        """The page of an alert; it must be good."""
        answer = await self.get(f"/alerts/{id}")
        assert answer.status_code == 200, answer.text
        return answer.text

    async def panel(self, name: str, **params: Any) -> dict[str, Any]:
        """What a panel answers; it must be good."""
        answer = await self.get(f"/api/panels/{name}", **params)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def limit(self, seconds: float) -> None:
        """Give each statement on the source so much time."""
        services_of(self.app).panel_cache._source.timeout_seconds = seconds

    def invalidate(self) -> None:
        """End the life of every shared answer, as time would."""
        services = services_of(self.app)
        for name in NAMES:
            services.panel_cache.invalidate(name)
        services.summaries.invalidate()


@asynccontextmanager
async def serving(
    database: str, conn: asyncpg.Connection, config: LiveConfig | None = None, **settings: Any
) -> AsyncIterator[Console]:
    """Run the service on a database."""
    app = create_app(Settings(auth="off", **settings), database, config)
    transport = httpx.ASGITransport(HeadSupport(app))  # type: ignore[arg-type]
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://houndmon.test") as client:
        yield Console(app, client, await Hound.on_clock(conn))


@pytest.fixture
def serve(database: str, conn: asyncpg.Connection) -> Callable[..., AbstractAsyncContextManager[Console]]:
    """Give services with other settings, on a database of their own."""
    return partial(serving, database, conn)


@pytest.fixture
async def calm(
    serve: Callable[..., AbstractAsyncContextManager[Console]], ticked: Callable[[float], Awaitable[None]]
) -> AsyncIterator[Console]:
    """A service whose evaluator ticked just now and does so no more: what a test writes stays as it is."""
    await ticked(0)
    async with serve() as console:
        yield console


@pytest.fixture(autouse=True)
def patient_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the page wait for what it draws: a busy machine takes longer than the quarter of a second that it has."""
    monkeypatch.setattr(drawing, "PAGE_WAIT_SECONDS", FACTOR * drawing.PAGE_WAIT_SECONDS)


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let shared figures live until a test ends their life, however slow the machine is. Before the service starts."""
    for module in (level_cache, panel_cache, summary_routes):
        monkeypatch.setattr(module, "LIFE_SECONDS", HANG_SECONDS)


@pytest.fixture
async def console(database: str, conn: asyncpg.Connection) -> AsyncIterator[Console]:
    """A service on a database of its own, with an empty Hound."""
    async with serving(database, conn) as console:
        await judged(conn)
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
        await judged(conn)
        yield console
    await conn.close()


@pytest.fixture
async def ticked(conn: asyncpg.Connection) -> Callable[[float], Awaitable[None]]:
    """Hold the evaluator's lease, so that it ticks when a test says so: a tick that ended so many seconds ago."""
    await conn.execute(LEASE_KEPT)

    async def ticked(seconds_ago: float) -> None:
        query = (
            "insert into houndmon.ticks (term, started_at, finished_at, duration_ms, judged, unknown)"
            " select 7, at, at, 10, 20, 0 from (select clock_timestamp() - make_interval(secs => $1) as at) as ended"
        )
        await conn.execute(query, seconds_ago)

    return ticked
