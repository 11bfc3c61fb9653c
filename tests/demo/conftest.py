"""Hound's empty relations in the test's own database, and simulated time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from houndmon.demo.world import World

QUIETEST = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
BUSIEST = datetime(2026, 11, 28, 19, 0, tzinfo=UTC)
HOURS = pytest.mark.parametrize("start", [QUIETEST, BUSIEST], ids=["quietest", "busiest"])
WEEK = timedelta(days=7, minutes=40)  # with the half hour of a week before that `traffic_absent` looks at
DDL = Path(__file__).parents[2] / "migrations" / "source" / "hound.sql"


@pytest.fixture
async def hound(conn: asyncpg.Connection) -> asyncpg.Connection:
    """Give a connection to a database with Hound's relations, made once more where they exist already."""
    await conn.execute(DDL.read_text())
    return conn


async def drive(conn: asyncpg.Connection, world: World, seconds: float, step: float = 1.0) -> datetime:
    """Tick through simulated seconds and return the last one's time."""
    ends = world.ticked_at + timedelta(seconds=seconds)
    while world.ticked_at < ends:
        async with conn.transaction():
            await world.tick(conn, world.ticked_at + timedelta(seconds=step))
    return world.ticked_at
