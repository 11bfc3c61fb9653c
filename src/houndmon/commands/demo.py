"""Run houndmon on a simulated Hound: a week of history first, then a platform that lives and breaks.

Without log-in, on loopback only. Incidents happen and heal on a schedule that the page announces.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import asyncpg
import msgspec
from litestar import Litestar

from houndmon.app import Companion, create_app
from houndmon.commands.database import connected, data_dir, migrated, own_database
from houndmon.commands.port import reserved
from houndmon.commands.serve import ended_by_sigterm, listen, reload_on_sighup
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.demo import history, world
from houndmon.demo.incidents import INCIDENTS
from houndmon.demo.relations import unhide
from houndmon.demo.schedule import Announcement, Schedule
from houndmon.kit import log as logs
from houndmon.kit.paths import resource
from houndmon.kit.problems import HoundmonError
from houndmon.kit.settings import Settings, SettingsError
from houndmon.panels.incidents.model import NewIncident
from houndmon.panels.incidents.store import record_incident
from houndmon.web.lane import Lane

MARK = "made by houndmon demo"


class NotOurs(HoundmonError):
    """The database holds a Hound that the demo did not make."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """How the simulated Hound behaves."""
    parser.add_argument("--seed", type=int, default=1, help="another seed is another Hound (default: 1)")
    parser.add_argument(
        "--speed", type=speed, default=1.0, help="times the traffic, and the pace of incidents: 0.1 to 50"
    )
    parser.add_argument("--incident", choices=sorted(INCIDENTS), metavar="NAME", help="let this one happen now")
    parser.add_argument("--calm", action="store_true", help="let no incident happen")
    parser.epilog = "incidents:\n" + "\n".join(f"  {name}: {one.title}" for name, one in sorted(INCIDENTS.items()))


def speed(text: str) -> float:
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
    with ended_by_sigterm(), reserved(settings) as sockets, own_database(settings) as (url, beside):
        migrated(url)
        started_at, opening = asyncio.run(prepare(url, options.seed, calm=options.calm))
        schedule = Schedule(
            seed=options.seed,
            started_at=started_at,
            speed=options.speed,
            calm=options.calm,
            first=options.incident,
            opening=opening,
        )
        announce_on_terminal(schedule, started_at)
        config = LiveConfig(path_of(os.environ))
        reload_on_sighup(config)
        companions = [*beside, living(url, options, started_at, opening=opening)]
        app = create_app(settings, url, config, companions=companions, demo=schedule)
        listen(Lane(app), settings, sockets)
    return 0


async def prepare(url: str, seed: int, *, calm: bool) -> tuple[datetime, bool]:
    """Create Hound's relations and fill them up to now.

    Returns the database's clock, and whether staging has stood still. Raises NotOurs.
    """
    async with connected(url) as conn:
        await refuse_strangers(conn)
        await unhide(conn)
        await conn.execute((resource("migrations") / "source" / "hound.sql").read_text(encoding="utf-8"))
        await conn.execute(f"comment on schema hound is '{MARK}'")
        now = await conn.fetchval("select clock_timestamp()")
        print("Filling Hound with its last seven days …", file=sys.stderr, flush=True)
        opening = not calm and await history.has_room(conn, now)
        await history.load_history(conn, seed=seed, now=now, progress=sys.stderr.isatty(), opening=opening)
        return await conn.fetchval("select clock_timestamp()"), opening


async def refuse_strangers(conn: asyncpg.Connection) -> None:
    """The demo deletes old rows: it touches no Hound but its own. Raises NotOurs."""
    known = await conn.fetchrow(
        "select obj_description(oid, 'pg_namespace') as mark from pg_namespace where nspname = 'hound'"
    )
    if known and known["mark"] != MARK:
        raise NotOurs(
            "this database has a schema `hound` that the demo did not make, and the demo deletes old rows: "
            "unset HOUNDMON_DATABASE_URL, or name an empty database"
        )


def announce_on_terminal(schedule: Schedule, now: datetime) -> None:
    """Say what happens, and what will happen next."""
    for one in schedule.on(now):
        print(f"  now           {one.title}", file=sys.stderr, flush=True)
    for one in schedule.upcoming(now):
        print(f"  {one.begins_at:%H:%M:%S} UTC  {one.title}", file=sys.stderr, flush=True)


def living(url: str, options: argparse.Namespace, started_at: datetime, *, opening: bool) -> Companion:
    """The simulated Hound beside the service, for as long as it runs."""

    @asynccontextmanager
    async def beside(app: Litestar) -> AsyncIterator[None]:
        async def announce(news: Announcement) -> None:
            async with app.state.state.borrowed() as conn:
                await record_incident(conn, as_incident(news))
            app.state.desk.forget("incidents")

        task = asyncio.create_task(
            world.run(
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
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return beside


def as_incident(news: Announcement) -> NewIncident:
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
