"""Loads a week of Hound, made by the server itself: the same number gives the same rows but for their times."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
from tqdm import tqdm

from bench.database import connection
from houndmon.core.sql import load_statements

SQL = load_statements(Path(__file__).with_name("world.sql"))
SLICE_ROWS = 100_000
CONNECTIONS = 2
MOST_BEATS = 1_209_600  # twenty workers that beat each ten seconds for a week
WEEK = timedelta(days=7)
INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
from pg_index
join pg_class on pg_class.oid = indrelid
where relnamespace = 'hound'::regnamespace and not indisprimary
order by 1
"""


@dataclass(frozen=True)
class Stage:
    """Rows to load beside those that are there: as many as belong to some plays, over the week up to now."""

    number: int
    plays: int
    artists: int
    now: datetime

    @property
    def rows(self) -> dict[str, int]:
        """How many rows of each statement; the rarer events in proportion to the plays."""
        return {
            "plays": self.plays,
            "uploads": self.plays // 14,
            "jobs": self.plays // 15,
            "tracks": self.plays // 15,
            "requests": self.plays // 20,
            "beats": min(self.plays // 25, MOST_BEATS),
        }

    def slices(self) -> Iterator[tuple[str, int, int]]:
        """The statements to run, each with its first and last number."""
        for name, rows in self.rows.items():
            for first in range(1, rows + 1, SLICE_ROWS):
                yield name, first, min(first + SLICE_ROWS - 1, rows)

    def arguments(self, name: str, first: int, last: int) -> list[object]:
        """The parameters of one statement."""
        given = [first, last, self.rows[name], self.now - WEEK, self.now, self.artists]
        return given[:5] if name == "requests" else given


@dataclass(frozen=True)
class Loaded:
    """How long it took."""

    rows: int
    insert_seconds: float
    index_seconds: float


def artists_of(plays: int) -> int:
    """How many artists so many plays have."""
    return max(100, plays // 1000)


async def load(dsn: str, stage: Stage) -> Loaded:
    """Load a stage: first the rows, then the indexes, as a bulk load should."""
    async with connection(dsn) as conn:
        indexes = await conn.fetch(INDEXES)
        for index in indexes:
            await conn.execute(f"drop index {index['name']}")
        await conn.execute(SQL["releases"].text, 0, stage.artists * 4 - 1)
    began = time.monotonic()
    rows = await insert(dsn, stage)
    inserted = time.monotonic()
    await build(dsn, [index["definition"] for index in indexes])
    return Loaded(rows, inserted - began, time.monotonic() - inserted)


async def insert(dsn: str, stage: Stage) -> int:
    """Insert the rows in slices, on a few connections; how many they were."""
    queue, total = list(reversed(list(stage.slices()))), sum(stage.rows.values())
    with tqdm(total=total, unit=" rows", unit_scale=True, desc=f"load {total:,} rows", mininterval=0.5) as bar:

        async def work() -> None:
            async with connection(dsn) as conn:
                while queue:
                    name, first, last = queue.pop()
                    await insert_slice(conn, stage, name, first, last)
                    bar.update(last - first + 1)

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return total


async def insert_slice(conn: asyncpg.Connection, stage: Stage, name: str, first: int, last: int) -> None:
    """Insert one slice, whose dice depend on nothing but its place."""
    seed = ((stage.number * 7919 + first * 31 + sum(name.encode())) % 1_000_003) / 1_000_003
    await conn.execute("select setseed($1::float8)", seed)
    await conn.execute(SQL[name].text, *stage.arguments(name, first, last))


async def build(dsn: str, definitions: list[str]) -> None:
    """Make the indexes, then let the planner know what there is."""
    queue = list(reversed(definitions))
    with tqdm(total=len(queue) + 1, unit=" indexes", desc="index", mininterval=0.5) as bar:

        async def work() -> None:
            async with connection(dsn) as conn:
                while queue:
                    await conn.execute(queue.pop())
                    bar.update()

        await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
        async with connection(dsn) as conn:
            await conn.execute("vacuum (analyze)")
        bar.update()
