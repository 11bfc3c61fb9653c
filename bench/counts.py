"""Measures how fast the counts are built from raw rows, against the two fastest things one can do with rows."""

import asyncio
import sys
import time
from pathlib import Path

import asyncpg

from bench.database import connection
from bench.service import environment
from bench.stats import ratio
from bench.table import Line, percent

COPIED_ROWS = 2_000_000
EVENTS = ("play_attempts", "upload_attempts", "transcode_jobs", "tracks", "api_requests", "worker_heartbeats")


async def has_counts(dsn: str) -> bool:
    """Whether this houndmon keeps counts."""
    status, _ = await run(dsn, "counts", "--help")
    return status == 0


async def rebuild(dsn: str) -> float:
    """Build all counts anew; the seconds that it took. Raises RuntimeError."""
    began = time.perf_counter()
    status, said = await run(dsn, "counts", "rebuild")
    if status:
        raise RuntimeError(f"houndmon counts rebuild ended with {status}:\n{said[-2000:]}")
    return time.perf_counter() - began


async def run(dsn: str, *words: str) -> tuple[int, str]:
    """Run a command of houndmon's; its status, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "houndmon", *words),
        env=environment(dsn),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode(errors="replace")


async def measure_counts(dsn: str) -> list[Line]:
    """The build of the counts in rows a second, against COPY and a sequential scan."""
    async with connection(dsn) as conn:
        rows = sum([await conn.fetchval(f"select count(*) from hound.{relation}") for relation in EVENTS])
        copied, scanned = await copy_rate(conn), await scan_rate(conn)
    told = f"COPY {copied:,.0f} rows/s; sequential scan {scanned:,.0f} rows/s"
    if not await has_counts(dsn):
        return [Line("counts", "build of the counts", "n/a", told)]
    rate = rows / await rebuild(dsn)
    of = f"{percent(ratio(rate, copied))} of COPY, {percent(ratio(rate, scanned))} of a scan"
    return [Line("counts", f"build of the counts, {rows:,} rows", f"{rate:,.0f} rows/s", told, of)]


async def copy_rate(conn: asyncpg.Connection) -> float:
    """Rows a second that COPY loads into a table without indexes, from a file of the server's own."""
    file = Path(await conn.fetchval("show data_directory")) / "bench.copy"
    try:
        await conn.execute(f"copy (select * from hound.play_attempts limit {COPIED_ROWS}) to '{file}'")
        await conn.execute("create unlogged table public.copied (like hound.play_attempts)")
        began = time.perf_counter()
        done = await conn.execute(f"copy public.copied from '{file}'")
        took = time.perf_counter() - began
    finally:
        await conn.execute("drop table if exists public.copied")
        file.unlink(missing_ok=True)
    return int(done.split()[1]) / took


async def scan_rate(conn: asyncpg.Connection) -> float:
    """Rows a second that a sequential scan counts."""
    async with conn.transaction():
        await conn.execute("set local enable_indexscan = off; set local enable_indexonlyscan = off")
        await conn.execute("set local enable_bitmapscan = off")
        began = time.perf_counter()
        rows: int = await conn.fetchval("select count(*) from hound.play_attempts")
        return rows / (time.perf_counter() - began)
