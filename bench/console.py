"""Reads panels as the service's panel cache does, in this process and past the shared answers."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from houndmon.app import PANELS
from houndmon.config.defaults import DEFAULTS
from houndmon.config.live import LiveConfig
from houndmon.core.connections import open_pool
from houndmon.core.filters import Filters
from houndmon.core.panel import EncodedAnswer
from houndmon.core.panel_cache import PanelCache
from houndmon.core.settings import Settings
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase
from houndmon.counts.read import Counts
from houndmon.lifespan import make_source, make_state, source_identity
from houndmon.notify.channels import CHANNELS

NAMES = ("ingest", "transcode", "workers", "publish", "playback", "api")
LIMIT_SECONDS = 600.0  # the service gives up after 1.8 s; here it is wanted to know how long it would have taken

Load = Callable[[Filters], Awaitable[EncodedAnswer]]


class Console:
    """Every panel's load, each call on a snapshot of its own."""

    def __init__(self, source: Source, state: StateDatabase) -> None:
        self.source = source
        self.config = LiveConfig(None, CHANNELS)
        self.specs = {spec.name: spec for spec in PANELS}
        panel_cache = PanelCache(PANELS, source, state, self.config)
        self.loads: dict[str, Load] = {name: panel_cache._loader(self.specs[name], self.config) for name in NAMES}


@asynccontextmanager
async def console(dsn: str) -> AsyncIterator[Console]:
    """A console on one database, with the service's pools but for their limits on time."""
    async with pool(dsn) as opened:
        source = make_source(opened, Settings(), Counts(opened, source_identity(Settings())), config=lambda: DEFAULTS)
        source.timeout_seconds = LIMIT_SECONDS
        yield Console(source, make_state(opened, Settings()))


@asynccontextmanager
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool as the service's, whose statements may take their time."""
    opened = await open_pool(dsn, size=4, command_timeout=LIMIT_SECONDS)
    try:
        yield opened
    finally:
        await opened.close()
