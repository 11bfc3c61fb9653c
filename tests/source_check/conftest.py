"""A Hound to fill, and the report of a check on it."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from factories import Hound
from houndmon.source_check.inspection import inspected
from houndmon.source_check.model import Report

Look = Callable[..., Awaitable[Report]]


@pytest.fixture
async def hound(conn: asyncpg.Connection) -> Hound:
    """Rows are dated by the database's clock: a check looks at the last day."""
    return await Hound.on_clock(conn)


@pytest.fixture
def look(conn: asyncpg.Connection) -> Look:
    """Check the source."""

    async def look(seconds: float = 20.0) -> Report:
        return await inspected(conn, "hound", seconds, lambda _: None)

    return look
