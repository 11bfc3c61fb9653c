"""A houndmon that answers on a port of its own: in a thread, or as a process that can be killed."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
import uvicorn
from litestar import Litestar

from houndmon.app import create_app
from houndmon.core.settings import Settings
from houndmon.web.dependencies import services_of

SOURCE = Path(__file__).resolve().parents[2] / "src"
PATIENCE_SECONDS = 180.0


@dataclass
class Service:
    """Where a houndmon answers, what it is, and the database it stands on."""

    url: str
    app: Litestar
    database: str

    def judged(self) -> "Service":
        """Wait until the evaluator has ticked, without which a page says that it is late."""
        until(lambda: httpx.get(f"{self.url}/readyz").status_code == 200)
        return self

    def limit(self, seconds: float) -> None:
        """Give each statement on the source so much time."""
        services_of(self.app).panel_cache._source.timeout_seconds = seconds

    def invalidate(self) -> None:
        """End the life of every shared answer, as time would."""
        self.invalidate_panels()
        services_of(self.app).summaries.invalidate()

    def invalidate_panels(self) -> None:
        """End the life of the panels' answers alone."""
        panels = services_of(self.app).panel_cache
        for name in panels.specs:
            panels.invalidate(name)


@contextmanager
def served(database: str, **settings: Any) -> Iterator[Service]:
    """Serve a database in a thread, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        app = create_app(Settings(**{"auth": "off", "port": port} | settings), database)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            until(lambda: server.started)
            yield Service(f"http://127.0.0.1:{port}", app, database)
        finally:
            server.should_exit = True
            thread.join(PATIENCE_SECONDS)


class Process:
    """houndmon as a process; after a kill it can be started again on the same port."""

    def __init__(self, database: str, *command: str) -> None:
        self.command = command or ("serve",)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        mine = {"DATABASE_URL": database, "PORT": str(self.port), "AUTH": "off", "HOST": "127.0.0.1"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HOUNDMON_")}
        self.environ = inherited | {f"HOUNDMON_{name}": value for name, value in mine.items()}
        self.environ["PYTHONPATH"] = str(SOURCE)
        self.log: int | IO[bytes] = subprocess.DEVNULL  # where it writes
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.running = subprocess.Popen(
            [sys.executable, "-m", "houndmon", *self.command],
            env=self.environ,
            stdout=self.log,
            stderr=self.log,
        )
        until(self.answers)

    def answers(self) -> bool:
        assert self.running
        assert self.running.poll() is None, "the service ended by itself"
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """End it at once, whatever it does."""
        if self.running:
            self.running.kill()
            self.running.wait()
            self.running = None

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        if self.running:
            self.running.terminate()
            self.running.wait()
            self.running = None


def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < ends_at, "it never came to be"
        time.sleep(0.02)
