"""Measure the console under load: one program, one table."""

import asyncio
import os
import sys
from dataclasses import dataclass, field

from bench.counts import has_counts, measure_counts, rebuild
from bench.database import SETTINGS, TOLD, connection, prepare
from bench.events import measure_events
from bench.http import Loop
from bench.machine import facts
from bench.options import Options, read_options
from bench.panels import (
    MOST_MS,
    Cells,
    growth_lines,
    measure_panels,
    measure_raw,
    measure_support,
    panel_lines,
)
from bench.plot import draw
from bench.report import section, write
from bench.served import measure_cached, measure_memory, measure_ready
from bench.service import houndmon, settled, until_ok
from bench.stats import Times
from bench.table import Line, plain
from bench.tabs import measure_tabs
from bench.world import Loaded, Stage, artists_of, load
from houndmon.core import embedded


@dataclass
class Run:
    """What a run has found so far."""

    options: Options
    lines: list[Line] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    picture: str | None = None
    loaded: list[Loaded] = field(default_factory=list)


async def measure(dsn: str, options: Options) -> Run:
    """Load a tenth, measure, load the rest, measure all."""
    run = Run(options)
    await prepare(dsn)
    async with connection(dsn) as conn:
        run.facts = await facts(conn, options.plays, await conn.fetchval("select clock_timestamp()"))
    run.facts["rounds"] = "short (--quick)" if options.quick else "full"
    small = await stage(dsn, run, 1, options.plays // 10)
    large = await stage(dsn, run, 2, options.plays - options.plays // 10)
    rows, seconds = sum(one.rows for one in run.loaded), sum(one.insert_seconds for one in run.loaded)
    indexed = sum(one.index_seconds for one in run.loaded)
    run.facts["load"] = f"{rows:,} rows at {rows / seconds:,.0f}/s, then {indexed:.0f} s for their indexes"
    async with connection(dsn) as conn:
        size = await conn.fetchval("select pg_database_size(current_database())")
    run.facts["on disk"] = f"{size / 1e9:.1f} GB, {size / options.plays:,.0f} bytes a play"
    await unserved(dsn, run, small, large)
    await served(dsn, run)
    if options.wants("counts"):
        run.lines += await measure_counts(dsn)
    return run


async def stage(dsn: str, run: Run, number: int, plays: int) -> Cells:
    """Load some more plays with all that belongs to them, and measure the panels if they are wanted."""
    async with connection(dsn) as conn:
        now = await conn.fetchval("select clock_timestamp()")
    run.loaded.append(await load(dsn, Stage(number, plays, artists_of(run.options.plays), now)))
    wanted = ("growth",) if number == 1 else ("growth", "panels")
    if await has_counts(dsn):
        await rebuild(dsn)
    return await measure_panels(dsn, run.options) if run.options.wants(*wanted) else {}


async def unserved(dsn: str, run: Run, small: Cells, large: Cells) -> None:
    """What needs no service: panels against raw SQL, growth, the support filter."""
    options, raws = run.options, dict[str, Times]()
    if options.wants("panels"):
        raws = await measure_raw(dsn, options)
        run.lines += panel_lines(large, raws)
    if options.wants("growth"):
        run.lines += growth_lines(small, large, options.plays)
    if small and raws:
        run.picture = draw(small, large, raws, options.plays, MOST_MS)
    if options.wants("support"):
        run.lines += await measure_support(dsn, options, artists_of(options.plays))


async def served(dsn: str, run: Run) -> None:
    """What needs the service: how fast it starts, what it serves, what it costs."""
    options = run.options
    if options.wants("ready"):
        run.lines += await measure_ready(dsn)
    if not options.wants("cached", "tabs", "events", "memory"):
        return
    async with houndmon(dsn) as service, connection(dsn) as conn:
        await until_ok(service, "/readyz")
        if options.wants("cached"):
            run.lines += await measure_cached(service, options)
        if options.wants("tabs"):
            run.lines += await measure_tabs(service, conn, options)
            await settled(service)
        if options.wants("events"):
            run.lines += await measure_events(dsn, options, artists_of(options.plays))
        if options.wants("memory"):
            run.lines += measure_memory(service)


def main() -> int:
    """Run, print, and write what was found into the document if the run is whole."""
    options = read_options(sys.argv[1:], os.environ)
    with embedded.temporary(SETTINGS) as cluster, asyncio.Runner(loop_factory=Loop) as runner:
        run = runner.run(measure(cluster.dsn(), options))
    print("\n".join(f"{name}: {value}" for name, value in run.facts.items()))
    print(f"server: {TOLD}\n\n{plain(run.lines)}")
    if options.write:
        write(section(run.facts, run.lines, TOLD), run.picture)
        print("\nwritten into docs/performance.md and docs/performance.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
