"""Plays many open tabs: each polls every fragment of the page as the page's own script does."""

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
from tqdm import tqdm

from bench.console import NAMES
from bench.database import StatementLog
from bench.http import Connection, connect, fetch, request_of
from bench.options import Options
from bench.service import Service, settled
from bench.stats import Times, ratio
from bench.table import Line, milliseconds

PERIOD_SECONDS, JITTER = 10.0, 0.15
PATIENCE_SECONDS = 10.0
WARM_SECONDS = 5.0
TICK_SECONDS = 5.0
PROGRAMS = 50
CONNECTIONS_EACH = 6  # as many as a browser opens to a host
P99_MS, CORES = 100, 0.5
POLLED = re.compile(r'\bhx-get="(/fragments/[^"]+)"')


@dataclass
class Crowd:
    """What all tabs saw."""

    port: int
    paths: list[str]
    recording: bool = False
    samples: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    def note(self, status: str, seconds: float) -> None:
        """Write down one answer, once all are warm."""
        if self.recording:
            self.statuses[status] += 1
            self.samples.append(seconds)


class Tab:
    """One tab: its connections and what its browser has kept."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self._idle: list[Connection] = []
        self._places = asyncio.Semaphore(CONNECTIONS_EACH)
        self._etags: dict[str, str] = {}

    async def live(self) -> None:
        """Poll every fragment until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for path in self.crowd.paths:
                    group.create_task(self.poll(path))
        finally:
            for connection in self._idle:
                connection.close()

    async def poll(self, path: str) -> None:
        """Poll one fragment, first at any moment of the period."""
        await asyncio.sleep(random.uniform(0, PERIOD_SECONDS))
        while True:
            began = time.perf_counter()
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    status = str(await self.ask(path))
            except (OSError, TimeoutError) as error:
                status = type(error).__name__
            self.crowd.note(status, time.perf_counter() - began)
            await asyncio.sleep(PERIOD_SECONDS * random.uniform(1 - JITTER, 1 + JITTER))

    async def ask(self, path: str) -> int:
        """One question, with what the browser would add. Raises OSError."""
        known = {"If_None_Match": self._etags[path]} if path in self._etags else {}
        request = request_of(self.crowd.port, path, Accept_Encoding="gzip", HX_Request="true", **known)
        async with self._places:
            answer = await (await self.connection()).ask(request)
        etag = answer.header(b"etag")
        if etag and answer.status == 200:
            self._etags[path] = etag.decode()
        return answer.status

    async def connection(self) -> Connection:
        """An open connection that nobody uses."""
        self._idle = [kept for kept in self._idle if not kept.closed]
        found = self._idle.pop() if self._idle else await connect(self.crowd.port)
        found.when_free = self._idle.append
        return found


async def polled_paths(port: int) -> list[str]:
    """What the page polls, read from the page itself."""
    page = await fetch(port, "/", Accept="text/html")
    return list(dict.fromkeys(POLLED.findall(page.body.decode())))


async def measure_tabs(service: Service, conn: asyncpg.Connection, options: Options) -> list[Line]:
    """So many tabs for a minute: how long they wait, what they cost, and what they make the source do."""
    crowd = Crowd(service.port, await polled_paths(service.port))
    programs = Crowd(service.port, [f"/api/panels/{name}" for name in NAMES])
    log, seconds = await StatementLog.of(conn), options.tabs_seconds
    async with log.on():
        alone = await counted(log, seconds, "source without tabs")
        async with polling(crowd, options.tabs):
            cpu, queued = service.cpu_seconds, service.queued_seconds
            together = await counted(log, seconds, f"{options.tabs} tabs")
            cpu, queued = service.cpu_seconds - cpu, service.queued_seconds - queued
        await settled(service)
        async with polling(programs, min(options.tabs, PROGRAMS)):
            panels = await counted(log, seconds, "panels alone")
    return [
        *lines_of(crowd, options, cpu / seconds, queued / seconds),
        reads_line("six panels", beside(panels, alone), most=1),
        reads_line("all that a page polls, for each of its panels", beside(together, alone)),
    ]


@asynccontextmanager
async def polling(crowd: Crowd, tabs: int) -> AsyncIterator[None]:
    """Let so many tabs poll; what they see is recorded once all are warm."""
    tasks = [asyncio.create_task(Tab(crowd).live()) for _ in range(tabs)]
    try:
        await asyncio.sleep(PERIOD_SECONDS + WARM_SECONDS)
        crowd.recording = True
        yield
    finally:
        crowd.recording = False
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def beside(found: tuple[float, float], alone: tuple[float, float]) -> tuple[float, float]:
    """Reads a panel and tick, less those that happen without anybody who looks."""
    first, second = ((more - less) * TICK_SECONDS / len(NAMES) for more, less in zip(found, alone, strict=True))
    return first, second


def reads_line(what: str, rates: tuple[float, float], most: float | None = None) -> Line:
    """One line on what viewers make the source do."""
    snapshots, statements = rates
    return Line(
        "tabs",
        f"reads of the source a panel and tick: {what}",
        f"{snapshots:.2f} snapshots, {statements:.2f} statements",
        "the evaluator's are not among them",
        f"{snapshots / most:.2f} × of the limit" if most else "",
        f"≤ {most:g} snapshots" if most else "",
        snapshots <= most if most else None,
    )


async def counted(log: StatementLog, seconds: float, words: str) -> tuple[float, float]:
    """Snapshots and statements on the source, a second."""
    mark, began = log.mark(), time.perf_counter()
    for _ in tqdm(range(round(seconds)), desc=words, unit=" s", mininterval=0.5):
        await asyncio.sleep(1)
    took = time.perf_counter() - began
    snapshots, statements = log.since(mark)
    return snapshots / took, statements / took


def lines_of(crowd: Crowd, options: Options, cores: float, queued: float) -> list[Line]:
    """The lines on tabs."""
    found, asked = Times(tuple(crowd.samples)), sum(crowd.statuses.values())
    wrong = {status: count for status, count in crowd.statuses.items() if status not in ("200", "304")}
    unchanged = crowd.statuses["304"]
    told = f"{asked / options.tabs_seconds:,.0f} requests/s, {len(crowd.paths)} fragments each"
    of = ratio(found.p99, P99_MS)
    return [
        Line(
            "tabs",
            f"{options.tabs} tabs, wait for a fragment",
            f"p50 {milliseconds(found.p50)}, p99 {milliseconds(found.p99)}",
            told,
            f"{of:.2f} × of the limit",
            f"p99 ≤ {P99_MS} ms",
            found.p99 <= P99_MS,
        ),
        Line(
            "tabs",
            "answers that are none",
            ", ".join(f"{count} {status}" for status, count in sorted(wrong.items())) or "none",
            f"{asked:,} answers, {unchanged:,} of them 304",
            f"{sum(wrong.values()) / asked:.2%}",
            "none",
            not wrong,
        ),
        Line(
            "tabs",
            "the service's processor time",
            f"{cores:.2f} cores",
            f"half a core; it queued for one for {queued:.0%} of the time",
            f"{cores / CORES:.2f} × of the limit",
            f"≤ {CORES} cores",
            cores <= CORES,
        ),
    ]
