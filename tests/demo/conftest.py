"""Hound's empty relations in the test's own database."""

from pathlib import Path

import asyncpg
import pytest

DDL = Path(__file__).parents[2] / "migrations" / "source" / "hound.sql"


@pytest.fixture
async def hound(conn: asyncpg.Connection) -> asyncpg.Connection:
    """Give a connection to a database with Hound's relations, made once more where they exist already."""
    await conn.execute(DDL.read_text())
    return conn
