"""Run the service: the page, the API and the evaluator, in the foreground.

Without HOUNDMON_DATABASE_URL an embedded PostgreSQL under HOUNDMON_DATA_DIR serves.
"""

import argparse
import os
import signal
import sys
from types import FrameType

import structlog
import uvicorn
from litestar import Litestar

from houndmon.app import create_app
from houndmon.commands.database import DatabaseDown, database, migrated
from houndmon.config.live import LiveConfig
from houndmon.config.load import path_of
from houndmon.kit import log as logs
from houndmon.kit.settings import Settings, SettingsError

log = structlog.get_logger()
DRAIN_SECONDS = 10


def arguments(parser: argparse.ArgumentParser) -> None:
    """What may be left undone."""
    parser.add_argument("--no-migrate", action="store_true", help="leave houndmon's tables as they are")


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT."""
    if settings.auth == "on":
        raise SettingsError("there are no tokens yet, so nobody could log in: set HOUNDMON_AUTH=off (loopback only)")
    logs.configure(settings.log_level)
    end_on_sigterm()
    with database(settings) as url:
        if not options.no_migrate:
            migrate_or_wait(url)
        config = LiveConfig(path_of(os.environ))
        reload_on_sighup(config)
        listen(create_app(settings, url, config), settings)
    return 0


def migrate_or_wait(url: str) -> None:
    """Migrate now; where the database is down, serve all the same: the page says so, and `/readyz` too."""
    try:
        for name in migrated(url):
            log.info("migration_applied", name=name)
    except DatabaseDown as error:
        log.warning("migration_postponed", error=str(error))


def listen(app: Litestar, settings: Settings) -> None:
    """Answer HTTP until a signal, then drain."""
    print(f"houndmon listens on http://{settings.host}:{settings.port}", file=sys.stderr, flush=True)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=30,
    )
    uvicorn.Server(config).run()


def reload_on_sighup(config: LiveConfig) -> None:
    """Read the configuration again on SIGHUP, where there is such a signal; a bad file keeps the old rules."""

    def reload(number: int, frame: FrameType | None) -> None:
        config.reload()

    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, reload)


def end_on_sigterm() -> None:
    """Turn SIGTERM into SystemExit, so that the embedded database is stopped cleanly: uvicorn raises it anew."""

    def leave(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, leave)
