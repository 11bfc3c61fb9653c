"""Starts the real service, and looks at it from outside."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.http import fetch
from houndmon.core.paths import PACKAGE

ROOT = Path(__file__).resolve().parents[1]
READY_SECONDS = 120.0
QUICK_SECONDS = 0.2
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Service:
    """A server process on a port of this machine."""

    process: "subprocess.Popen[bytes]"
    port: int
    started: float

    @property
    def cpu_seconds(self) -> float:
        """The processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND

    @property
    def queued_seconds(self) -> float:
        """For how long it wanted a processor and had none: others on this machine had them."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[1]) / 1e9

    def memory_mb(self) -> tuple[float, float]:
        """Its resident memory, now and at most."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        kilobytes = {
            name: int(text.split()[0]) for name, text in (line.split(":", 1) for line in lines if "kB" in line)
        }
        return kilobytes["VmRSS"] / 1024, kilobytes["VmHWM"] / 1024


def environment(dsn: str, **more: str) -> dict[str, str]:
    """An environment that holds nothing of houndmon's but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOUNDMON_")}
    paths = os.pathsep.join([str(ROOT), str(PACKAGE.parent)])
    return kept | {"PYTHONPATH": paths, "HOUNDMON_DATABASE_URL": dsn, "HOUNDMON_AUTH": "off", **more}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def houndmon(dsn: str) -> AsyncIterator[Service]:
    """The service, as `houndmon serve` starts it; its log goes nowhere unless it does not start."""
    port = free_port()
    words = [sys.executable, "-m", "houndmon", "serve"]
    env = environment(dsn, HOUNDMON_PORT=str(port), HOUNDMON_LOG_LEVEL="warning")
    async with running(words, env, port, "/healthz") as service:
        yield service


@asynccontextmanager
async def bare(body: bytes) -> AsyncIterator[Service]:
    """The bare handler, on the same server with the same settings."""
    port = free_port()
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        words = [sys.executable, "-m", "bench.bare", str(port), file.name]
        async with running(words, environment(""), port, "/") as service:
            yield service


@asynccontextmanager
async def running(words: list[str], env: dict[str, str], port: int, path: str) -> AsyncIterator[Service]:
    """A process that answers on a path; it ends with the block."""
    with tempfile.TemporaryFile() as log:
        started = time.perf_counter()
        process = started_process(words, env, log)
        service = Service(process, port, started)
        try:
            if await until_ok(service, path) is None:
                log.seek(0)
                raise RuntimeError(f"{words[2]} did not start:\n{log.read().decode(errors='replace')[-2000:]}")
            yield service
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def started_process(words: list[str], env: dict[str, str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start a process whose words go to a file."""
    return subprocess.Popen(words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


async def settled(service: Service) -> None:
    """Wait until nobody else is waited upon: what clients gave up is still being worked off."""
    quick, began = 0, time.perf_counter()
    while quick < 5 and time.perf_counter() - began < READY_SECONDS:
        start = time.perf_counter()
        with suppress(OSError):
            await fetch(service.port, "/healthz")
        quick = quick + 1 if time.perf_counter() - start < QUICK_SECONDS else 0
        await asyncio.sleep(0.5)


async def until_ok(service: Service, path: str) -> float | None:
    """Seconds from the process's start until a path answers 200; None where it never does."""
    while time.perf_counter() - service.started < READY_SECONDS and service.process.poll() is None:
        with suppress(OSError):
            if (await fetch(service.port, path)).status == 200:
                return time.perf_counter() - service.started
        await asyncio.sleep(0.01)
    return None
