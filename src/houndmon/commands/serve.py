"""Run the service: the page, the API and the evaluator, in the foreground.

Without HOUNDMON_DATABASE_URL an embedded PostgreSQL under HOUNDMON_DATA_DIR serves.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from types import FrameType

import structlog
import uvicorn
from litestar import Litestar
from litestar.types import ASGIApp

from houndmon.access.tokens import has_token
from houndmon.app import create_app
from houndmon.commands.database import DatabaseDown, apply_migrations, connect, own_database
from houndmon.commands.port import local_address, reserve_sockets
from houndmon.commands.token import first_token
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.core import log as logs
from houndmon.core.migrate import migrate_when_possible, migrations_folder
from houndmon.core.request_timeout import RequestTimeoutProtocol
from houndmon.core.settings import Settings, SettingsError
from houndmon.core.stopping import stopped
from houndmon.notify.channels import CHANNELS
from houndmon.web.dependencies import services_of
from houndmon.web.head_requests import HeadSupport
from houndmon.web.response_cache import ResponseCache

log = structlog.get_logger()
DRAIN_SECONDS = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may be left undone."""
    parser.add_argument("--no-migrate", action="store_true", help="leave houndmon's tables as they are")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT."""
    logs.configure(settings.log_level)
    with exit_on_sigterm(), reserve_sockets(settings) as sockets, own_database(settings) as (url, beside):
        is_late = not options.no_migrate and not migrate_now(url)
        if settings.auth == "on" and not is_late:
            asyncio.run(print_first_token(url, settings))
        config = LiveConfig(path_of(os.environ), CHANNELS, page=local_address(settings))
        reload_on_sighup(config)
        companions = [*beside, *([migrate_later] if is_late else [])]
        app = create_app(settings, url, config, companions=companions)
        listen(app if settings.auth == "on" else ResponseCache(app), settings, sockets)
    return 0


async def print_first_token(url: str, settings: Settings) -> None:
    """Print an admin's token where there is none yet. Raises SettingsError where others could read it first."""
    async with connect(url) as conn, conn.transaction():
        if not settings.on_loopback and not await has_token(conn):
            raise SettingsError(
                f"nobody could log in on {settings.host}, for there are no tokens: "
                "run `houndmon token create --role admin --name NAME` first"
            )
        made = await first_token(conn)
    if made:
        print(f"There were no tokens. This one is for an admin, and is shown this once:\n{made.token}", flush=True)


def migrate_now(url: str) -> bool:
    """Migrate; whether the database was there. Where it is down, serve all the same: `/readyz` says so."""
    try:
        for name in apply_migrations(url):
            log.info("migration_applied", name=name)
    except DatabaseDown as error:
        log.warning("migration_postponed", error=str(error))
        return False
    return True


def migrate_later(app: Litestar) -> AbstractAsyncContextManager[None]:
    """Beside the service: migrate as soon as the database answers."""

    @asynccontextmanager
    async def beside() -> AsyncIterator[None]:
        told = partial(log.info, "migration_applied")
        pool = services_of(app).database.pool
        task = asyncio.create_task(migrate_when_possible(pool, migrations_folder(), lambda name: told(name=name)))
        try:
            yield
        finally:
            await stopped(task, seconds=0.5)

    return beside()


class Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        if self.started:
            host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
            print(f"houndmon listens on http://{host}:{self.config.port}", file=sys.stderr, flush=True)


def listen(app: ASGIApp, settings: Settings, sockets: list[socket.socket]) -> None:
    """Answer HTTP until a signal, then drain."""
    config = uvicorn.Config(
        HeadSupport(app),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=30,
        http=RequestTimeoutProtocol,
        # uvicorn believes X-Forwarded-For of every peer on loopback; a limit by address would hold nobody.
        proxy_headers=False,
    )
    Server(config).run(sockets)


def reload_on_sighup(config: LiveConfig) -> None:
    """Read the configuration again on SIGHUP, where there is such a signal; a bad file keeps the old rules."""

    def reload(number: int, frame: FrameType | None) -> None:
        config.reload()

    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)


@contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C would, which asyncio knows how to do in order, but with exit status 0."""
    asked = False

    def leave(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, leave)
    interrupt = signal.getsignal(signal.SIGINT)
    if interrupt is signal.SIG_IGN:  # as shells start what runs in their background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        if not asked:
            raise
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, interrupt)
