"""Lets events come in at a steady rate, and looks at what that does to the ticks and to the live answers."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from tqdm import tqdm

from bench.console import NAMES, console
from bench.database import connection
from bench.options import Options
from bench.raw import differences, raw
from bench.stats import Times, ratio
from bench.table import Line, milliseconds, times
from bench.world import SQL
from houndmon.core.clock import Range
from houndmon.core.filters import Filters

A_SECOND = 1000
BATCHES_A_SECOND = 10
SHARES = {"plays": 0.8, "uploads": 0.05, "live_jobs": 0.05, "tracks": 0.04, "requests": 0.04, "beats": 0.02}
LONGEST_TICK_MS = 250
CHECK_SECONDS = 5.0
RANGES: tuple[Range, ...] = ("1h", "24h", "7d")
COVERAGE = "houndmon.counts_coverage"
WATERMARKS = """
select attname
from pg_attribute
where attrelid = to_regclass($1) and atttypid = 'timestamptz'::regtype and attnum > 0 and not attisdropped
order by attname in ('covered_to', 'covered_until', 'watermark') desc, attnum
limit 1
"""


@dataclass
class Inflow:
    """What has come in."""

    events: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds if self.seconds else 0.0


@asynccontextmanager
async def inflow(dsn: str, artists: int) -> AsyncIterator[Inflow]:
    """Events of every relation, each batch dated since the one before, for as long as the block runs."""
    seen = Inflow()
    task = asyncio.create_task(pour(dsn, artists, seen))
    try:
        yield seen
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def pour(dsn: str, artists: int, seen: Inflow) -> None:
    """Insert batch after batch, and make up for those that took too long."""
    async with connection(dsn) as conn:
        last: datetime = await conn.fetchval("select clock_timestamp()")
        began = time.monotonic()
        while True:
            seen.seconds = time.monotonic() - began
            due = int(seen.seconds * A_SECOND) - seen.events
            if due >= A_SECOND / BATCHES_A_SECOND:
                now = await conn.fetchval("select clock_timestamp()")
                seen.events += await insert_batch(conn, last, now, due, artists)
                last = now
            await asyncio.sleep(0.5 / BATCHES_A_SECOND)


async def insert_batch(conn: asyncpg.Connection, since: datetime, now: datetime, events: int, artists: int) -> int:
    """Insert one batch in one transaction; how many events it held. Tracks of five minutes ago go live with it."""
    done = 0
    async with conn.transaction():
        for name, share in SHARES.items():
            rows = round(events * share)
            given = [1, rows, rows, since, now, artists][: 5 if name == "requests" else 6]
            if rows:
                await conn.execute(SQL[name].text, *given)
            done += rows
        await conn.execute(SQL["live_tracks"].text, since, now)
    return done


async def measure_events(dsn: str, options: Options, artists: int) -> list[Line]:
    """Ticks at rest, then ticks under a thousand events a second; the watermark's lag and the live answers with it."""
    lags, checks = list[float](), Checks()
    async with connection(dsn) as conn:
        quiet = await ticks_during(conn, max(15.0, options.events_seconds / 10), "ticks at rest")
        async with inflow(dsn, artists) as seen:
            watch = asyncio.create_task(watched(dsn, lags, checks))
            busy = await ticks_during(conn, options.events_seconds, f"ticks at {A_SECOND:,} events/s")
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
    return [*tick_lines(quiet, busy, seen.rate), lag_line(lags), checks.line()]


async def ticks_during(conn: asyncpg.Connection, seconds: float, words: str) -> list[float]:
    """How long the ticks took, in seconds, that ended in the next while."""
    start = await conn.fetchval("select clock_timestamp()")
    for _ in tqdm(range(round(seconds)), desc=words, unit=" s", mininterval=0.5):
        await asyncio.sleep(1)
    rows = await conn.fetch("select duration_ms from houndmon.ticks where finished_at > $1", start)
    return [row["duration_ms"] / 1000 for row in rows]


@dataclass
class Checks:
    """How often a live answer was held against the raw rows of the same snapshot, and where it was wrong."""

    answers: int = 0
    wrong: int = 0
    example: str = ""

    def line(self) -> Line:
        """The line on live answers."""
        said = f"{self.wrong:,} wrong" + (f", such as {self.example}" if self.example else "")
        return Line(
            "events",
            "live answers against raw counts as of their as_of",
            said,
            f"{self.answers:,} answers",
            f"{self.wrong / self.answers:.2%}" if self.answers else "n/a",
            "none wrong",
            not self.wrong if self.answers else None,
        )


async def watched(dsn: str, lags: list[float], checks: Checks) -> None:
    """Every few seconds: the watermark's lag, and every panel against raw rows; until cancelled."""
    async with console(dsn) as read, connection(dsn) as conn:
        while True:
            lag = await watermark_lag(conn)
            lags += [] if lag is None else [lag]
            for name in NAMES:
                for range in RANGES:
                    async with read.source.snapshot() as snapshot:
                        panel = await read.specs[name].load(snapshot, Filters(range=range), read.config())
                        found = await raw(snapshot.conn, name, "prod", panel.window.start, snapshot.clock.soon)
                    wrong = differences(panel, found)
                    checks.answers += 1
                    checks.wrong += bool(wrong)
                    if wrong and not checks.example:
                        figure, (said, counted) = next(iter(wrong.items()))
                        checks.example = f"{name} {range} {figure} {said} for {counted}"
            await asyncio.sleep(CHECK_SECONDS)


async def watermark_lag(conn: asyncpg.Connection) -> float | None:
    """Seconds that the oldest watermark of the counts lies behind; None where there are no counts."""
    column = await conn.fetchval(WATERMARKS, COVERAGE)
    if column is None:
        return None
    lag: float | None = await conn.fetchval(
        f'select extract(epoch from clock_timestamp() - min("{column}"))::float8 from {COVERAGE}'
    )
    return lag


def tick_lines(quiet: list[float], busy: list[float], rate: float) -> list[Line]:
    """The lines on ticks."""
    if not quiet or not busy:
        return [Line("events", "ticks", f"{len(busy)} under load, {len(quiet)} at rest", target="some", met=False)]
    rest, load = Times(tuple(quiet)), Times(tuple(busy))
    return [
        Line(
            "events",
            f"tick at {rate:,.0f} events/s",
            f"p50 {milliseconds(load.p50)}, p95 {milliseconds(load.p95)}, most {milliseconds(load.most)}",
            f"at rest p50 {milliseconds(rest.p50)}, p95 {milliseconds(rest.p95)}",
            times(ratio(load.p50, rest.p50)),
            f"p95 ≤ {LONGEST_TICK_MS} ms",
            load.p95 <= LONGEST_TICK_MS,
        )
    ]


def lag_line(lags: list[float]) -> Line:
    """The line on the counts' watermark."""
    if not lags:
        return Line("events", "the counts' watermark lag", "n/a", "there are no counts")
    found = Times(tuple(lags))
    return Line("events", "the counts' watermark lag", f"p50 {found.p50 / 1000:.1f} s, most {found.most / 1000:.1f} s")
