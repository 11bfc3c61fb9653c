"""A Hound to fill, and its panels at NOW: every test works in a transaction of its own, on one database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from factories import NOW, Hound
from houndmon.config.live import LiveConfig
from houndmon.core.clock import Clock
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot, Source
from houndmon.notify.channels import CHANNELS

Show = Callable[..., Awaitable[dict[str, Any]]]


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
        panel = await load(snapshot(now, zone), Filters(**filters), LiveConfig(None, CHANNELS)())
        found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(panel))
        return found

    return show
