import asyncio
import os
import random

import pytest

from houndmon.app import create_app
from houndmon.core.settings import Settings
from houndmon.counts import loop as counts
from houndmon.evaluator import loop as evaluator

STOPS = 500 if os.environ.get("HOUNDMON_TORTURE") == "1" else 10


@pytest.mark.parametrize("leads", [True, False])
async def test_it_stops_at_any_instant(database, ticked, conn, monkeypatch, leads):
    """A service that is stopped at random instants, leader or not, leaves no task behind, each of a thousand times."""
    monkeypatch.setattr(evaluator, "TICK_SECONDS", 0.02)  # ticks without rest: most stops fall into one
    monkeypatch.setattr(counts, "TICK_SECONDS", 0.02)
    if leads:
        await conn.execute("delete from houndmon.leases")
    app, instants, before = create_app(Settings(auth="off"), database), random.Random(12), asyncio.all_tasks()
    for _ in range(STOPS):
        async with app.lifespan():
            await asyncio.sleep(instants.uniform(0, 0.5))
        assert asyncio.all_tasks() == before
