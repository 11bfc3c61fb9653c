"""The demo, its evaluator and the service on one clock that a test sets: no second of it is waited for."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import httpx

from demo.conftest import WEEK
from houndmon.app import PANELS, create_app
from houndmon.config.live import LiveConfig
from houndmon.core.connections import close_pool
from houndmon.core.settings import Settings
from houndmon.counts.loop import CountsTask
from houndmon.counts.read import Counts
from houndmon.counts_check.sampling import CountsSampler
from houndmon.demo.history import load_history
from houndmon.demo.schedule import SAMPLED_SECONDS, Schedule
from houndmon.demo.world import World
from houndmon.evaluator.loop import Evaluator
from houndmon.lifespan import counted_series, make_source, make_state, open_pools, source_identity
from houndmon.notify.channels import CHANNELS
from houndmon.panels.workers.arrivals import Arrivals
from houndmon.rulebook.detection import TICK_SECONDS
from houndmon.web.dependencies import Services, services_of
from web.one_truth import contradictions

EVENING = datetime(2026, 11, 25, 18, 0, 20, tzinfo=UTC)
SEED = 11  # of its past no error budget burns in the evening
STEP, TICK = timedelta(seconds=2.5), timedelta(seconds=TICK_SECONDS)
SETTINGS = Settings(auth="off")

# Found before PostgreSQL's own: whoever asks this database for the time is told the test's.
CLOCK = """
create schema clock;
create table clock.reading (at timestamptz not null);
insert into clock.reading select pg_catalog.clock_timestamp();
create function clock.clock_timestamp() returns timestamptz language sql volatile as 'select at from clock.reading';
create function clock.now() returns timestamptz language sql stable as 'select at from clock.reading';
"""

# A column's default keeps the function that it was made with.
DEFAULTS = r"""
do $$
declare one record;
begin
    for one in
        select attrelid::regclass as relation, attname as name, pg_get_expr(adbin, adrelid) as default_text
        from pg_attrdef
        join pg_attribute on attrelid = adrelid and attnum = adnum
        join pg_class on pg_class.oid = adrelid
        where relnamespace = 'houndmon'::regnamespace and pg_get_expr(adbin, adrelid) ~ '\y(clock_timestamp|now)\(\)'
    loop
        execute format(
            'alter table %s alter column %I set default %s', one.relation, one.name,
            regexp_replace(one.default_text, '(pg_catalog\.)?\y(clock_timestamp|now)\(\)', 'clock.\2()')
        );
    end loop;
end $$
"""


async def set_clock(conn: asyncpg.Connection, at: datetime) -> None:
    """Let the database tell this time."""
    await conn.execute("update clock.reading set at = $1", at)


async def begin_clock(conn: asyncpg.Connection, at: datetime) -> None:
    """Let whoever asks a database for the time be told the test's, from this time on; for sessions opened from then."""
    await conn.execute(CLOCK)
    await tell_time(conn)
    await set_clock(conn, at)


async def tell_time(conn: asyncpg.Connection) -> None:
    """Let the sessions that are opened from now on find the test's clock; a database that is cloned forgets it."""
    name = await conn.fetchval("select current_database()")
    await conn.execute(f'alter database "{name}" set search_path = clock, pg_catalog, public')


async def fill_past(database: str, start: datetime, *, opening: bool = False) -> None:
    """Give an empty database the past of a demo that starts at a given time, and count it.

    The first days have fewer plays and uploads.
    """
    conn = await asyncpg.connect(database)
    await begin_clock(conn, start)
    await conn.execute(DEFAULTS)
    await load_history(conn, seed=SEED, now=start - timedelta(hours=2), progress=False, scale=0.1, span=WEEK)
    await load_history(conn, seed=SEED, now=start, progress=False, opening=opening)
    await conn.close()
    pools = await open_pools(database, database)
    counts_task = make_counts_task(pools, LiveConfig(None, CHANNELS))
    while await counts_task.tick():
        pass
    await counts_task.release_lease()
    await asyncio.gather(*(close_pool(pool) for pool in pools.values()))


def make_counts_task(pools: Mapping[str, asyncpg.Pool], config: LiveConfig) -> CountsTask:
    """What counts, as the service has it."""
    return CountsTask(
        make_source(pools["fill_source"], SETTINGS, config=config),
        make_state(pools["fill_state"], SETTINGS),
        partial(counted_series, PANELS, config),
        source_identity(SETTINGS),
    )


@dataclass
class Simulation:
    """A demo whose time is the test's, judged tick by tick, with the service that shows it."""

    conn: asyncpg.Connection
    world: World
    evaluator: Evaluator
    counts: Counts
    counts_task: CountsTask
    services: Services
    client: httpx.AsyncClient

    @property
    def now(self) -> datetime:
        """The time of its clock."""
        return self.world.ticked_at

    async def go_on(self) -> None:
        """Live until the evaluator's next tick, then judge; hold the counts against the rows where that is due."""
        until = self.now + TICK
        while self.now < until:
            at = self.now + STEP
            await set_clock(self.conn, at)
            async with self.conn.transaction():
                await self.world.tick(self.conn, at)
        await self.counts_task.tick()
        if self.evaluator.sampler and self.now.timestamp() % SAMPLED_SECONDS < TICK_SECONDS:
            self.counts.invalidate()
            await self.evaluator.sampler.sample()
        await self.evaluator.tick()

    def share_no_longer(self) -> None:
        """End the life of the figures that all who ask share, as time would."""
        self.services.summaries.invalidate()
        self.services.levels.invalidate()

    async def look(self, environment: str) -> list[str]:
        """What contradicts itself on the page, in the text and in the JSON."""
        alerts = await self.get("/fragments/alerts", environment)
        summary = await self.client.get("/api/summary", params={"environment": environment})
        text = await self.get("/api/summary", environment, Accept="text/plain")
        page = await self.get("/fragments/summary", environment)
        return contradictions(summary.raise_for_status().json(), text, alerts, page)

    async def fired(self) -> set[str]:
        """The rules that have fired."""
        return {row["rule"] for row in await self.conn.fetch("select rule from houndmon.alerts")}

    async def get(self, path: str, environment: str, **headers: str) -> str:
        """What the service answers of an environment; it must be good."""
        answer = await self.client.get(path, params={"environment": environment}, headers=headers)
        return answer.raise_for_status().text


@asynccontextmanager
async def simulated(database: str, schedule: Schedule, start: datetime) -> AsyncIterator[Simulation]:
    """The demo as it starts on a database with a past.

    The evaluator and the counts of the service itself find their leases taken, and rest.
    """
    conn = await asyncpg.connect(database)
    await tell_time(conn)
    world = World(schedule, seed=SEED)
    await world.resume(conn, start)
    config, identity, pools = (
        LiveConfig(None, CHANNELS),
        source_identity(SETTINGS),
        await open_pools(database, database),
    )
    counts, arrivals = Counts(pools["watch_counts"], identity), Arrivals(pools["watch_counts"], identity)
    source = make_source(pools["watch_source"], SETTINGS, counts, arrivals, config=config)
    sampler = CountsSampler(source, PANELS, config)
    evaluator = Evaluator(source, make_state(pools["watch_state"], SETTINGS), config, identity, sampler=sampler)
    counts_task = make_counts_task(pools, config)
    await counts_task.tick()
    await evaluator.tick()
    app = create_app(SETTINGS, database, config)
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url="http://houndmon.test") as client:
        yield Simulation(conn, world, evaluator, counts, counts_task, services_of(app), client)
    await sampler.close()
    await asyncio.gather(conn.close(), *(close_pool(pool) for pool in pools.values()))
