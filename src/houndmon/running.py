"""What the service runs on: pools, desks, the evaluator and the sender, for as long as it serves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import Any

import asyncpg
from litestar import Litestar

from houndmon.config.live import LiveConfig
from houndmon.evaluator import routes as evaluator_routes
from houndmon.evaluator.desk import LevelDesk
from houndmon.evaluator.loop import Evaluator, Ticked
from houndmon.kit.filters import Filters
from houndmon.kit.room import Desk, Room
from houndmon.kit.settings import Settings
from houndmon.kit.source import Snapshot, Source, open_pool, retired
from houndmon.notify.heartbeat import Pulse
from houndmon.notify.outbox import deliveries_of
from houndmon.notify.sender import Sender
from houndmon.panels.publish.load import load as publish_load
from houndmon.panels.publish.model import Publish
from houndmon.web.summary import routes as summary

PLACES = {"state": 8, "source": 24, "watch_source": 12, "watch_state": 4, "sender": 3}
"""The connections of each pool: no viewer can starve the evaluator, and no receiver either of them."""


def running(
    settings: Settings, database_url: str, config: LiveConfig, panels: tuple[Room[Any], ...]
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """The lifespan of the service: everything opens as it begins, and is drained as it ends."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        pools = await open_pools(settings.source_url or database_url, database_url)
        source, state = source_of(pools["source"], settings), state_of(pools["state"], settings)
        levels = LevelDesk(source, config)
        app.state.update(
            {
                "settings": settings,
                "config": config,
                "state": state,
                "source": source,
                "desk": Desk(rooms_of(panels, config), source, state),
                "levels": levels,
                "summary": summary.Desk(source, state, levels),
                "rules": evaluator_routes.rules_desk(app.state),
                "deliveries": deliveries_of,
            }
        )
        sender, pulse = Sender(pools["sender"], config), Pulse(config)
        evaluator = Evaluator(
            source_of(pools["watch_source"], settings),
            state_of(pools["watch_state"], settings),
            config,
            after=pulse_and_poke(pulse, sender),
        )
        tasks = [asyncio.create_task(evaluator.run()), asyncio.create_task(sender.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await pulse.close()
            await asyncio.gather(*(retired(pool) for pool in pools.values()))

    return lifespan


async def open_pools(source_url: str, database_url: str) -> dict[str, asyncpg.Pool]:
    """Every pool, by name; none of them connects before it is asked."""
    urls = {"source": source_url, "watch_source": source_url}
    return {name: await open_pool(urls.get(name, database_url), size=size) for name, size in PLACES.items()}


def source_of(pool: asyncpg.Pool, settings: Settings) -> Source:
    """Hound's data, by one pool."""
    return Source(pool, settings.source_schema, settings.timezone)


def state_of(pool: asyncpg.Pool, settings: Settings) -> Source:
    """houndmon's own tables, by one pool."""
    return Source(pool, "houndmon", settings.timezone)


def pulse_and_poke(pulse: Pulse, sender: Sender) -> Callable[[Ticked | None, str | None], None]:
    """What follows each tick: the heartbeat URL is called, and the sender wakes."""

    def after(done: Ticked | None, trouble: str | None) -> None:
        pulse.beat(trouble)
        sender.poke()

    return after


def rooms_of(panels: tuple[Room[Any], ...], config: LiveConfig) -> tuple[Room[Any], ...]:
    """The panels; publishing is judged by the limit of its service level, whatever that is just now."""

    async def load_publish(snapshot: Snapshot, filters: Filters) -> Publish:
        return await publish_load(snapshot, filters, config().levels["upload_to_live"].limit_minutes)

    return tuple(replace(room, load=load_publish) if room.name == "publish" else room for room in panels)
