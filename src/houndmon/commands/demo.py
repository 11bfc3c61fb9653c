"""Run houndmon on a simulated Hound: three weeks of history first, then a platform that lives and breaks.

Without log-in, on loopback only. Incidents happen and heal on a schedule that the page announces.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import asyncpg
import msgspec
from litestar import Litestar

from houndmon.app import LifespanPart, create_app
from houndmon.commands.database import apply_migrations, connect, data_dir, own_database
from houndmon.commands.port import local_address, reserve_sockets
from houndmon.commands.serve import exit_on_sigterm, listen, reload_on_sighup
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.core import log as logs
from houndmon.core.paths import resource
from houndmon.core.problems import HoundmonError
from houndmon.core.settings import Settings, SettingsError
from houndmon.core.stopping import stopped
from houndmon.counts.store import forget_coverage
from houndmon.demo import history, world
from houndmon.demo.incidents import INCIDENTS, OPENING
from houndmon.demo.relations import unhide
from houndmon.demo.schedule import Announcement, Schedule
from houndmon.notify.channels import CHANNELS
from houndmon.panels.incidents.model import NewIncident
from houndmon.panels.incidents.store import record_incident
from houndmon.web.dependencies import services_of
from houndmon.web.response_cache import ResponseCache

MARK = "made by houndmon demo"


class NotADemoDatabase(HoundmonError):
    """The database holds a Hound that the demo did not make."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """How the simulated Hound behaves."""
    parser.add_argument("--seed", type=int, default=1, help="another seed is another Hound (default: 1)")
    parser.add_argument(
        "--speed", type=parse_speed, default=1.0, help="times the traffic, and the pace of incidents: 0.1 to 50"
    )
    parser.add_argument("--incident", choices=sorted(INCIDENTS), metavar="NAME", help="let this one happen now")
    parser.add_argument("--calm", action="store_true", help="let no incident happen")
    parser.epilog = epilog()


def epilog() -> str:
    """Every incident with the rule that it is about, and what no incident can show."""
    told = {one.name: f"  {one.name}: {one.title} ({one.rule})" for one in INCIDENTS.values()}
    lines = ["incidents, and the rule that each is about:", *(told[name] for name in sorted(told))]
    lines += [
        "",
        f"On the first start, and after a longer pause, {OPENING.title[0].lower()}{OPENING.title[1:]} as well; there",
        "job_stuck, queue_retrying, queue_stalled and traffic_absent are at work. What breaks also spends error",
        "budgets: slo_burn_fast, slo_burn_slow, slo_burn_day.",
        "source_lagging cannot be shown: the demo's own database is no replica.",
    ]
    return "\n".join(lines)


def parse_speed(text: str) -> float:
    """A pace from 0.1 to 50."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 50:
        raise argparse.ArgumentTypeError("must be a number from 0.1 to 50")
    return value


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve the demo until SIGTERM or SIGINT."""
    if not settings.on_loopback:
        raise SettingsError(
            f"the demo has no log-in: it listens on loopback only, and HOUNDMON_HOST is {settings.host}"
        )
    if settings.source_url:
        raise SettingsError("the demo makes its own source: unset HOUNDMON_SOURCE_URL")
    settings = msgspec.structs.replace(
        settings, data_dir=data_dir(settings) / "demo", auth="off", demo=True, source_schema="hound"
    )
    logs.configure(settings.log_level)
    with exit_on_sigterm(), reserve_sockets(settings) as sockets, own_database(settings) as (url, beside):
        apply_migrations(url)
        started_at, opening = asyncio.run(prepare_demo(url, options.seed, calm=options.calm))
        schedule = Schedule(
            seed=options.seed,
            started_at=started_at,
            speed=options.speed,
            calm=options.calm,
            first=options.incident,
            opening=opening,
        )
        announce_on_terminal(schedule, started_at)
        config = LiveConfig(path_of(os.environ), CHANNELS, page=local_address(settings))
        reload_on_sighup(config)
        companions = [*beside, world_task(url, options, started_at, opening=opening)]
        app = create_app(settings, url, config, companions=companions, demo=schedule)
        listen(ResponseCache(app), settings, sockets)
    return 0


async def prepare_demo(url: str, seed: int, *, calm: bool) -> tuple[datetime, bool]:
    """Create Hound's relations and fill them up to now.

    Returns the database's clock, and whether staging has stood still. Raises NotADemoDatabase.
    """
    async with connect(url) as conn:
        await refuse_other_data(conn)
        await unhide(conn)
        await conn.execute((resource("migrations") / "source" / "hound.sql").read_text(encoding="utf-8"))
        await conn.execute(f"comment on schema hound is '{MARK}'")
        now = await conn.fetchval("select clock_timestamp()")
        print("Filling Hound with its last three weeks …", file=sys.stderr, flush=True)
        opening, progress = not calm and await history.has_gap_to_fill(conn, now), sys.stderr.isatty()
        await history.load_history(conn, seed=seed, now=now, progress=progress, opening=opening)
        await fill_in_earlier(conn, seed, now, progress=progress)
        return await conn.fetchval("select clock_timestamp()"), opening


async def fill_in_earlier(conn: asyncpg.Connection, seed: int, now: datetime, *, progress: bool) -> None:
    """Give a demo that began with a shorter past all of it; what was counted without that is counted anew."""
    async with conn.transaction():
        if await history.load_earlier(conn, seed=seed, now=now, progress=progress):
            await forget_coverage(conn)


async def refuse_other_data(conn: asyncpg.Connection) -> None:
    """The demo deletes old rows: it touches no Hound but its own. Raises NotADemoDatabase."""
    known = await conn.fetchrow(
        "select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = 'hound'"
    )
    if known and known["mark"] != MARK:
        raise NotADemoDatabase(
            "this database has a schema `hound` that the demo did not make, and the demo deletes old rows: "
            "unset HOUNDMON_DATABASE_URL, or name an empty database"
        )


def announce_on_terminal(schedule: Schedule, now: datetime) -> None:
    """Say what happens, and what will happen next."""
    for one in schedule.on(now):
        print(f"  now           {one.title}", file=sys.stderr, flush=True)
    for one in schedule.upcoming(now):
        print(f"  {one.begins_at:%H:%M:%S} UTC  {one.title}", file=sys.stderr, flush=True)


def world_task(url: str, options: argparse.Namespace, started_at: datetime, *, opening: bool) -> LifespanPart:
    """The simulated Hound beside the service, for as long as it runs."""

    @asynccontextmanager
    async def beside(app: Litestar) -> AsyncIterator[None]:
        async def announce(news: Announcement) -> None:
            services = services_of(app)
            async with services.database.connection() as conn:
                await record_incident(conn, incident_of(news))
            services.panel_cache.invalidate("incidents")

        task = asyncio.create_task(
            world.run_world(
                url,
                seed=options.seed,
                speed=options.speed,
                calm=options.calm,
                incident=options.incident,
                announce=announce,
                started_at=started_at,
                opening=opening,
            )
        )
        try:
            yield
        finally:
            await stopped(task, seconds=3)  # it closes its own connection

    return beside


def incident_of(news: Announcement) -> NewIncident:
    """What the simulated Hound does, as an event from outside."""
    if news.phase == "healed":
        return NewIncident(
            service_area="demo",
            severity="info",
            impact=f"Healed: {news.title}",
            environment=news.environment,
            kind="external",
        )
    impact = f"{news.title}. {news.expect}"
    return NewIncident(
        service_area="demo", severity="warning", impact=impact[:200], environment=news.environment, kind="external"
    )
