"""A small world on the tests' own PostgreSQL."""

import asyncio
from collections.abc import Iterator

import pytest

from bench.database import connection, prepare
from bench.world import Stage, artists_of, load
from conftest import administer

PLAYS = 20_000


@pytest.fixture(scope="module")
def world(cluster) -> Iterator[str]:
    """The DSN of a database with twenty thousand plays and all that belongs to them; tests read it, and leave it so."""
    asyncio.run(administer(cluster, "create database bench_world"))
    dsn = cluster.dsn("bench_world")
    asyncio.run(filled(dsn))
    yield dsn
    asyncio.run(administer(cluster, "drop database bench_world with (force)"))


async def filled(dsn: str) -> None:
    await prepare(dsn)
    for number, plays in enumerate((PLAYS // 10, PLAYS - PLAYS // 10)):
        async with connection(dsn) as conn:
            now = await conn.fetchval("select clock_timestamp()")
        await load(dsn, Stage(number, plays, artists_of(PLAYS), now))
