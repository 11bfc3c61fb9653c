"""What the service runs on: pools, desks, the evaluator and the sender, for as long as it serves."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import asyncpg
from litestar import Litestar

from houndmon.config.live import LiveConfig
from houndmon.counts.loop import Filler
from houndmon.counts.read import Counts
from houndmon.counts.series import Series
from houndmon.evaluator import routes as evaluator_routes
from houndmon.evaluator.desk import LevelDesk
from houndmon.evaluator.loop import Evaluator, Ticked
from houndmon.evaluator.sample import Sampler
from houndmon.kit.filters import Filters
from houndmon.kit.room import Desk, Room
from houndmon.kit.settings import Settings
from houndmon.kit.source import Snapshot, Source, open_pool, retired
from houndmon.notify.heartbeat import Pulse
from houndmon.notify.outbox import deliveries_of
from houndmon.notify.sender import Sender
from houndmon.panels.api.load import REQUESTS
from houndmon.panels.ingest.load import UPLOADS
from houndmon.panels.playback.load import PLAYS
from houndmon.panels.publish.load import PUBLISHED, tracks_series
from houndmon.panels.publish.load import load as publish_load
from houndmon.panels.publish.model import Publish
from houndmon.panels.transcode.load import DURATIONS, FINISHED
from houndmon.panels.transcode.trend import STAYS
from houndmon.panels.workers.load import BEATS, LATE_STARTS, PULSE, STARTS
from houndmon.support import routes as support
from houndmon.web.summary import routes as summary

PLACES = {
    "state": 8,
    "source": 24,
    "counts": 12,
    "watch_source": 12,
    "watch_counts": 6,
    "watch_state": 4,
    "fill_source": 1,
    "fill_state": 2,
    "sender": 3,
}
"""The connections of each pool: no viewer can starve the evaluator, and no receiver either of them."""
ALIKE = (BEATS, PULSE, STARTS, LATE_STARTS, FINISHED, DURATIONS, STAYS, UPLOADS, PUBLISHED)
"""What is counted the same whatever the configuration."""


def running(
    settings: Settings, database_url: str, config: LiveConfig, panels: tuple[Room[Any], ...]
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """The lifespan of the service: everything opens as it begins, and is drained as it ends."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        pools = await open_pools(settings.source_url or database_url, database_url)
        identity = identity_of(settings)
        source = source_of(pools["source"], settings, Counts(pools["counts"], identity))
        state = state_of(pools["state"], settings)
        levels = LevelDesk(source, config)
        app.state.update(
            {
                "settings": settings,
                "config": config,
                "state": state,
                "source": source,
                "desk": Desk(rooms_of(panels, config), source, state),
                "levels": levels,
                "support": support.Desk(source, config),
                "summary": summary.Desk(source, state, levels),
                "rules": evaluator_routes.rules_desk(app.state),
                "deliveries": deliveries_of,
            }
        )
        sender, pulse = Sender(pools["sender"], config), Pulse(config)
        watched = source_of(pools["watch_source"], settings, Counts(pools["watch_counts"], identity))
        sampler = Sampler(watched, rooms_of(panels, config))
        evaluator = Evaluator(
            watched,
            state_of(pools["watch_state"], settings),
            config,
            after=pulse_and_poke(pulse, sender),
            sampler=sampler,
        )
        filler = Filler(
            source_of(pools["fill_source"], settings),
            state_of(pools["fill_state"], settings),
            partial(counted, config),
            identity,
        )
        tasks = [asyncio.create_task(task.run()) for task in (evaluator, sender, filler)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await pulse.close()
            await sampler.close()
            await asyncio.gather(*(retired(pool) for pool in pools.values()))

    return lifespan


async def open_pools(source_url: str, database_url: str) -> dict[str, asyncpg.Pool]:
    """Every pool, by name; none of them connects before it is asked."""
    urls = dict.fromkeys(("source", "watch_source", "fill_source"), source_url)
    return {name: await open_pool(urls.get(name, database_url), size=size) for name, size in PLACES.items()}


def source_of(pool: asyncpg.Pool, settings: Settings, counts: Counts | None = None) -> Source:
    """Hound's data, by one pool; `counts` answer for most of it."""
    return Source(pool, settings.source_schema, settings.timezone, counts=counts)


def identity_of(settings: Settings) -> str:
    """Tells this source from others that the same tables may have counted; a new password makes no new source."""
    place = re.sub(r"//([^@/:]*)(:[^@/]*)?@", r"//\1@", settings.source_url or "")
    return hashlib.blake2b(f"{place} {settings.source_schema}".encode(), digest_size=8).hexdigest()


def counted(config: LiveConfig) -> tuple[Series, ...]:
    """All that is counted, the shortest first; what is in time depends on the configuration."""
    limit_minutes = config().levels["upload_to_live"].limit_minutes
    return (*ALIKE, tracks_series(limit_minutes), REQUESTS, PLAYS)


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
