"""Reads panels as the service's desk does, in this process and past the shared answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from houndmon.app import PANELS
from houndmon.config.live import LiveConfig
from houndmon.counts.read import Counts
from houndmon.kit.filters import Filters
from houndmon.kit.room import Desk, Served
from houndmon.kit.settings import Settings
from houndmon.kit.source import Source, open_pool
from houndmon.running import identity_of, rooms_of, source_of, state_of

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
        source = source_of(opened, Settings(), Counts(opened, identity_of(Settings())))
        source.timeout_seconds = LIMIT_SECONDS
        yield Console(source, state_of(opened, Settings()))


@asynccontextmanager
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the service's, whose statements may take their time."""
    opened = await open_pool(dsn, size=4, command_timeout=LIMIT_SECONDS)
    try:
        yield opened
    finally:
        await opened.close()
