"""A Hound to fill, and its panels at NOW: every test works in a transaction of its own, on one database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from conftest import TEMPLATE, administer
from factories import NOW, Hound
from houndmon.kit import embedded
from houndmon.kit.clock import Clock
from houndmon.kit.filters import Filters
from houndmon.kit.source import Snapshot, Source

Show = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(scope="session")
def panels_database(cluster: embedded.Cluster) -> Iterator[str]:
    """The DSN of a database whose relations stay empty: what a test writes is rolled back."""
    asyncio.run(administer(cluster, f"create database panels template {TEMPLATE}"))
    yield cluster.dsn("panels")
    asyncio.run(administer(cluster, "drop database panels with (force)"))


@pytest.fixture
async def hound(panels_database: str) -> AsyncIterator[Hound]:
    """An empty Hound at NOW, in a transaction."""
    conn = await asyncpg.connect(panels_database)
    await conn.execute("begin")
    yield Hound(conn)
    await conn.execute("rollback")
    await conn.close()


@pytest.fixture
def snapshot(hound: Hound) -> Callable[..., Snapshot]:
    """Give a view of Hound at a time and in a zone; it stands on the test's own transaction."""

    def snapshot(now: datetime = NOW, zone: str = "UTC") -> Snapshot:
        pool: Any = None
        return Snapshot(Source(pool, "hound", zone), hound.conn, Clock(now, zone))

    return snapshot


@pytest.fixture
def show(snapshot: Callable[..., Snapshot]) -> Show:
    """Show a panel as programs get it: through JSON and back."""

    async def show(load: Any, *, now: datetime = NOW, zone: str = "UTC", **filters: Any) -> dict[str, Any]:
        panel = await load(snapshot(now, zone), Filters(**filters))
        found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(panel))
        return found

    return show

    return show
