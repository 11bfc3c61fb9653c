"""What the service runs on: pools, caches, the evaluator and the sender, for as long as it serves."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import asyncpg
from litestar import Litestar

from houndmon.access.middleware import AuthState
from houndmon.alerts.actions import AlertActions
from houndmon.alerts.chart_notes import ChartNotes
from houndmon.config.live import LiveConfig
from houndmon.config.model import Config
from houndmon.core.answer import PanelAnswer
from houndmon.core.clock import SlicedRow
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_cache import PanelCache
from houndmon.core.series import CountSeries
from houndmon.core.settings import Settings
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase
from houndmon.core.stopping import stopped
from houndmon.counts.loop import CountsTask, length_of
from houndmon.counts.read import Counts
from houndmon.counts_check.sampling import EVERY_SECONDS, CountsSampler
from houndmon.demo.schedule import SAMPLED_SECONDS, Schedule
from houndmon.evaluator.level_cache import LevelCache
from houndmon.evaluator.loop import Evaluator, TickResult
from houndmon.evaluator.routes import RuleReader
from houndmon.evaluator.value_cache import ValueCache
from houndmon.notify.heartbeat import HeartbeatTask
from houndmon.notify.outbox import delivery_moments
from houndmon.notify.sender import Sender
from houndmon.panels.workers.arrivals import Arrivals
from houndmon.rows.routes import RowsCache
from houndmon.support.routes import SupportCache
from houndmon.web.dependencies import KEY, Services
from houndmon.web.summary.routes import SummaryCache

Panels = tuple[PanelSpec[PanelAnswer, Config], ...]
POOL_SIZES = {
    "state": 8,
    "source": 24,
    "counts": 12,
    "watch_source": 13,  # two environments of six parts each, and the lag
    "watch_counts": 6,
    "watch_state": 4,
    "fill_source": 1,
    "fill_state": 2,
    "sender": 3,
}
"""The connections of each pool: no viewer can starve the evaluator, and no receiver either of them."""
LOOPS_SECONDS = 5.5
"""How long the loops may take to end: the sender drains for 5. With what they left and the pools it is 10."""


def service_lifespan(
    settings: Settings,
    database_url: str,
    config: LiveConfig,
    panels: Panels,
    auth_state: AuthState,
    demo: Schedule | None,
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """The lifespan of the service: everything opens as it begins, and is drained as it ends."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        pools = await open_pools(settings.source_url or database_url, database_url)
        identity = source_identity(settings)
        counts, arrivals = Counts(pools["counts"], identity), Arrivals(pools["counts"], identity)
        source = make_source(pools["source"], settings, counts, arrivals, config=config)
        database = make_state(pools["state"], settings)
        auth_state.begin(database)
        app.state[KEY] = services(config, source, database, panels, auth_state, demo)
        sender, heartbeat = Sender(pools["sender"], config), HeartbeatTask(config)
        counts, arrivals = Counts(pools["watch_counts"], identity), Arrivals(pools["watch_counts"], identity)
        watched = make_source(pools["watch_source"], settings, counts, arrivals, config=config)
        sampler = CountsSampler(watched, panels, config, every_seconds=SAMPLED_SECONDS if demo else EVERY_SECONDS)
        evaluator = Evaluator(
            watched,
            make_state(pools["watch_state"], settings),
            config,
            identity,
            after=after_tick(heartbeat, sender),
            sampler=sampler,
        )
        counts_task = CountsTask(
            make_source(pools["fill_source"], settings, config=config),
            make_state(pools["fill_state"], settings),
            partial(counted_series, panels, config),
            identity,
        )
        loops = {"evaluator": evaluator.run(), "sender": sender.run(), "counts": counts_task.run()}
        tasks = [asyncio.create_task(loop, name=name) for name, loop in loops.items()]
        try:
            yield
        finally:
            await stopped(*tasks, seconds=LOOPS_SECONDS)
            await asyncio.gather(heartbeat.close(), sampler.close())
            await asyncio.gather(*(close_pool(pool) for pool in pools.values()))

    return lifespan


def services(
    config: LiveConfig,
    source: Source,
    database: StateDatabase,
    panels: Panels,
    auth_state: AuthState,
    demo: Schedule | None,
) -> Services:
    """What the handlers stand on."""
    notes, levels = ChartNotes(database, config), LevelCache(source, config)
    panel_cache = PanelCache(panels, source, database, config, notes.annotate)
    return Services(
        config=config,
        database=database,
        auth_state=auth_state,
        panel_cache=panel_cache,
        alerts=AlertActions(database, delivery_moments, closed=partial(panel_cache.invalidate, "incidents")),
        rules=RuleReader(database, config),
        levels=levels,
        values=ValueCache(source, config),
        summaries=SummaryCache(source, database, levels, config, turns=lambda: panel_cache.turns),
        support=SupportCache(source, config),
        rows=RowsCache(source, config),
        demo=demo,
    )


async def open_pools(source_url: str, database_url: str) -> dict[str, asyncpg.Pool]:
    """Every pool, by name; none of them connects before it is asked."""
    urls = dict.fromkeys(("source", "watch_source", "fill_source"), source_url)
    return {name: await open_pool(urls.get(name, database_url), size=size) for name, size in POOL_SIZES.items()}


def make_source(
    pool: asyncpg.Pool,
    settings: Settings,
    counts: Counts | None = None,
    arrivals: Arrivals | None = None,
    *,
    config: Callable[[], Config],
) -> Source:
    """Hound's data, by one pool; `counts` answer for most of it, `arrivals` for what its beats do not tell."""
    schema, zone = settings.source_schema, settings.timezone
    return Source(pool, schema, zone, counts=counts, arrivals=arrivals, absent=lambda: config().absent)


def source_identity(settings: Settings) -> str:
    """Tells this source from others that the same tables may have counted; a new password makes no new source."""
    place = re.sub(r"//([^@/:]*)(:[^@/]*)?@", r"//\1@", settings.source_url or "")
    return hashlib.blake2b(f"{place} {settings.source_schema}".encode(), digest_size=8).hexdigest()


def counted_series(panels: Panels, config: LiveConfig) -> tuple[CountSeries[SlicedRow], ...]:
    """All that is counted for the panels, the shortest first; it may depend on the configuration."""
    now = config()
    found = [series for panel in panels for series in panel.series(now) if series.statement.relation not in now.absent]
    return tuple(sorted(found, key=length_of))


def make_state(pool: asyncpg.Pool, settings: Settings) -> StateDatabase:
    """houndmon's own tables, by one pool."""
    return StateDatabase(pool, settings.timezone)


def after_tick(heartbeat: HeartbeatTask, sender: Sender) -> Callable[[TickResult | None, str | None], None]:
    """What follows each tick: the heartbeat URL is called, and the sender wakes."""

    def after(done: TickResult | None, trouble: str | None) -> None:
        heartbeat.report(trouble)
        sender.wake()

    return after
