"""Measures every panel past the shared answers, against its raw SQL, and as the rows grow."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
from tqdm import tqdm

from bench.console import NAMES, Console, console
from bench.database import connection
from bench.options import Options
from bench.raw import raw
from bench.stats import Times, ratio
from bench.table import Line, milliseconds, times
from bench.world import WEEK
from houndmon.core.filters import RANGES, Filters

MOST_MS, LEAST_TIMES, MOST_GROWTH, SUPPORT_MS = 25, 50, 1.2, 50
RAW_REPEATS = 5
Cells = dict[tuple[str, str], Times]


async def timed(work: Callable[[], Awaitable[Any]], repeats: int, seconds: float) -> Times:
    """How long some work takes, time after time; at least three times, warm."""
    await work()
    samples: list[float] = []
    began = time.perf_counter()
    while len(samples) < 3 or (len(samples) < repeats and time.perf_counter() - began < seconds):
        start = time.perf_counter()
        await work()
        samples.append(time.perf_counter() - start)
    return Times(tuple(samples))


async def measure_panels(dsn: str, options: Options) -> Cells:
    """Every panel at every range, uncached and unfiltered."""
    cells: Cells = {}
    async with console(dsn) as read:
        for name, range in tqdm([(n, r) for n in NAMES for r in RANGES], desc="panels", mininterval=0.5):
            filters = Filters(range=range)
            cells[name, range] = await timed(
                lambda load=read.loads[name], asked=filters: load(asked),  # type: ignore[misc]
                options.repeats,
                options.cell_seconds,
            )
    return cells


async def measure_raw(dsn: str, options: Options) -> dict[str, Times]:
    """Every panel's raw SQL over seven days, by a plain connection."""
    found = {}
    async with connection(dsn) as conn:
        now = await conn.fetchval("select clock_timestamp()")
        for name in tqdm(NAMES, desc="raw SQL", mininterval=0.5):
            found[name] = await timed(
                lambda panel=name: raw(conn, panel, "prod", now - WEEK, now),  # type: ignore[misc]
                RAW_REPEATS,
                60,
            )
    return found


def panel_lines(cells: Cells, raws: dict[str, Times]) -> list[Line]:
    """Each panel at each range, against its raw SQL at 7d."""
    lines = []
    for (name, range), found in cells.items():
        against = raws[name]
        faster = ratio(against.p50, found.p50)
        lines.append(
            Line(
                "panels",
                f"{name} {range}, uncached",
                f"p50 {milliseconds(found.p50)}, p95 {milliseconds(found.p95)}",
                f"raw SQL 7d {milliseconds(against.p50)}",
                times(faster),
                f"p95 ≤ {MOST_MS} ms, ≥ {LEAST_TIMES} ×",
                found.p95 <= MOST_MS and faster is not None and faster >= LEAST_TIMES,
            )
        )
    return lines


def growth_lines(small: Cells, large: Cells, plays: int) -> list[Line]:
    """Each panel over seven days at a tenth of the plays and at all of them."""
    lines = []
    for name in NAMES:
        before, after = small[name, "7d"].p50, large[name, "7d"].p50
        growth = ratio(after, before)
        lines.append(
            Line(
                "growth",
                f"{name} 7d, uncached",
                f"p50 {milliseconds(after)} at {plays:,}",
                f"{milliseconds(before)} at {plays // 10:,}",
                times(growth),
                f"≤ {MOST_GROWTH} ×",
                growth is not None and growth <= MOST_GROWTH,
            )
        )
    return lines


async def measure_support(dsn: str, options: Options, artists: int) -> list[Line]:
    """The support filter: artists of every popularity, and the busiest one alone, on panels that honour it."""
    ids = [f"artist-{int(artists * ((step + 0.5) / options.repeats) ** 2)}" for step in range(options.repeats)]
    lines = []
    async with console(dsn) as read, connection(dsn) as conn:
        for name in tqdm(("ingest", "transcode", "publish", "playback"), desc="support", mininterval=0.5):
            await once(read, name, "nobody")  # connections and plans
            typical = Times(tuple([await once(read, name, id) for id in ids]))
            busiest = Times(tuple([await once(read, name, "artist-0") for _ in range(5)]))
            rows = await plays_of(conn, "artist-0")
            lines += [
                support_line(f"{name} 7d, one artist of {len(ids)}", typical, ""),
                support_line(f"{name} 7d, the busiest artist", busiest, f"{rows:,} plays of theirs"),
            ]
    return lines


async def once(read: Console, name: str, artist: str) -> float:
    """How long one answer on one artist takes."""
    start = time.perf_counter()
    await read.loads[name](Filters(range="7d", artist_id=artist))
    return time.perf_counter() - start


async def plays_of(conn: asyncpg.Connection, artist: str) -> int:
    """How many plays an artist has."""
    found: int = await conn.fetchval("select count(*) from hound.play_attempts where artist_id = $1", artist)
    return found


def support_line(what: str, found: Times, against: str) -> Line:
    """One line on the support filter."""
    measured = f"p50 {milliseconds(found.p50)}, p95 {milliseconds(found.p95)}"
    part = times(ratio(found.p95, SUPPORT_MS))
    return Line(
        "support", what, measured, against, f"{part} of the limit", f"p95 ≤ {SUPPORT_MS} ms", found.p95 <= SUPPORT_MS
    )
