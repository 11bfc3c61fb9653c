"""Reads panels as the service's desk does, in this process and past the shared answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import asyncpg

from houndmon.app import PANELS
from houndmon.config.live import LiveConfig
from houndmon.kit.filters import Filters
from houndmon.kit.room import Desk, Served
from houndmon.kit.settings import Settings
from houndmon.kit.source import Source
from houndmon.running import rooms_of, source_of, state_of

NAMES = ("ingest", "transcode", "workers", "publish", "playback", "api")
LIMIT_SECONDS = 600.0  # the service gives up after 1.8 s; here it is wanted to know how long it would have taken

Load = Callable[[Filters], Awaitable[Served]]


class Console:
    """Every panel's load, each call on a snapshot of its own."""

    def __init__(self, source: Source, state: Source) -> None:
        self.source = source
        self.rooms = {room.name: room for room in rooms_of(PANELS, LiveConfig(None))}
        desk = Desk(tuple(self.rooms.values()), source, state)
        self.loads: dict[str, Load] = {name: desk._loader(self.rooms[name]) for name in NAMES}


@asynccontextmanager
async def console(dsn: str) -> AsyncIterator[Console]:
    """A console on one database, with the service's pools but for their limits on time."""
    async with pool(dsn) as opened:
        source = source_of(opened, Settings(), **counts_of(opened))
        source.timeout_seconds = LIMIT_SECONDS
        yield Console(source, state_of(opened, Settings()))


def counts_of(opened: asyncpg.Pool) -> dict[str, Any]:
    """The reader of the counts, in a houndmon that keeps some."""
    if find_spec("houndmon.counts") is None:
        return {}
    identity = import_module("houndmon.running").identity_of(Settings())
    return {"counts": import_module("houndmon.counts.read").Counts(opened, identity)}


@asynccontextmanager
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the service's, whose statements may take their time."""
    opened = await asyncpg.create_pool(
        dsn, min_size=1, max_size=4, statement_cache_size=0, command_timeout=LIMIT_SECONDS
    )
    try:
        yield opened
    finally:
        await opened.close()
