"""A Hound with counts beside it: filled when a test says so, read as the panels read them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import asyncpg
import pytest

from factories import Hound
from houndmon.app import PANELS
from houndmon.config.live import LiveConfig
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import ENVIRONMENTS, RANGES, Filters
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase
from houndmon.counts.loop import CountsTask
from houndmon.counts.read import Counts
from houndmon.counts.store import SQL
from houndmon.counts_check.compare import Comparison, compare_panel
from houndmon.lifespan import counted_series
from houndmon.notify.channels import CHANNELS

STATUSES = ["completed"] * 5 + ["failed"] * 3 + ["queued", "in_progress", "retrying", "Done"]
CODES = (None, "", " ", "DECODE", "NETWORK", "unspecified", "other")


@dataclass
class CountsHarness:
    """The filler and both ways to read: by counts, and from the rows alone."""

    hound: Hound
    conn: asyncpg.Connection
    pool: asyncpg.Pool
    counts_task: CountsTask
    counts: Counts
    config: LiveConfig = field(default_factory=lambda: LiveConfig(None, CHANNELS))

    @property
    def served(self) -> Source:
        return Source(self.pool, "hound", "UTC", timeout_seconds=30, counts=self.counts)

    @property
    def raw(self) -> Source:
        return Source(self.pool, "hound", "UTC", timeout_seconds=30)

    async def fill(self) -> None:
        """Tick until nothing of the past is left."""
        for _ in range(400):
            if not await self.counts_task.tick():
                self.counts.invalidate()
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the past is never counted")

    async def differences(self) -> dict[tuple[str, str, str], list[Any]]:
        """Every answer that is not what the rows come to."""
        self.counts.invalidate()
        specs = [spec for spec in PANELS if spec.reads == "source"]
        asked = [Filters(span, where) for span in RANGES for where in ENVIRONMENTS]
        found = [
            await compare_panel(self.served, self.raw, spec, filters, self.config())
            for spec in specs
            for filters in asked
        ]
        assert all(one.figures > 5 and one.problem is None for one in found), found
        return {key_of(one): one.differences for one in found if one.differences}

    async def blocks(self, series: str, grain: int = 60) -> dict[tuple[str, datetime], bytes]:
        """The blocks of a series as they are kept."""
        query = "select environment, at, cells from houndmon.counts where series = $1 and grain = $2"
        return {(row["environment"], row["at"]): row["cells"] for row in await self.conn.fetch(query, series, grain)}

    async def reach(self, series: str) -> tuple[datetime, datetime]:
        """What a series covers."""
        row = await self.conn.fetchrow(SQL["coverage"], series)
        return row["covered_from"], row["covered_to"]


def key_of(one: Comparison) -> tuple[str, str, str]:
    return one.panel, one.range, one.environment


@pytest.fixture
async def harness(database: str, conn: asyncpg.Connection) -> AsyncIterator[CountsHarness]:
    """A Hound on the database's own clock, with nothing counted yet."""
    pool, config = await open_pool(database, size=4), LiveConfig(None, CHANNELS)
    source, state = Source(pool, "hound", "UTC"), StateDatabase(pool, "UTC")
    counts_task = CountsTask(source, state, partial(counted_series, PANELS, config), "this source")
    yield CountsHarness(await Hound.on_clock(conn), conn, pool, counts_task, Counts(pool, "this source"), config)
    await close_pool(pool)


async def fill_at_random(hound: Hound, seed: int, count: int = 250, ahead: str = "+20s") -> None:
    """Rows of every relation over fifteen days, hostile ones among them, so that no figure is the sum of nothing.

    Some of their times lie `ahead`: those count only once that time has come.
    """
    random = Random(seed)

    def ago(days: float = 14.2) -> str:
        # Most of it lately, where windows begin and end.
        return f"-{int(random.choice([600, 3600, 6 * 3600, 86400, days * 86400]) * random.random() * 10**6)}us"

    def where() -> str:
        return random.choice(["prod"] * 8 + ["staging"] * 3 + ["qa", "Prod"])

    rows: dict[str, list[dict[str, Any]]] = {}
    for number in range(count):
        rows.setdefault("upload_attempts", []).append(
            {
                "occurred_at": ago(),
                "environment": where(),
                "outcome": random.choice(["accepted"] * 6 + ["rejected"] * 3 + ["Accepted"]),
                "rejection_reason": random.choice([None, "clipping", "mono", " "]),
            }
        )
        rows.setdefault("play_attempts", []).append(
            {
                "occurred_at": ago(),
                "environment": where(),
                "platform": random.choice(["ios", "android", None, "iOS"]),
                "browser": random.choice(["safari", "chrome", " ", "Safari"]),
                "outcome": random.choice(["started"] * 4 + ["failed"] * 3 + ["blocked", "aborted", "FAILED"]),
                "error_code": random.choice(CODES),
                "error_message": random.choice([None, " ", f"at {number}", "always the same"]),
            }
        )
        rows.setdefault("api_requests", []).append(
            {
                "occurred_at": ago(),
                "environment": where(),
                "service": random.choice(["gateway", "functions", ""]),
                "route": random.choice([None, "/play", "/upload"]),
                "status_code": random.choice([200, 404, 503]),
                "requests": random.choice([1, 60, -1]),
            }
        )
        rows.setdefault("worker_heartbeats", []).append(
            {
                "worker_id": random.choice(["w1", "w2", "w3"]),
                "environment": where(),
                "beat_at": ago(),
                "process_started_at": random.choice(["-9d", "-3d", "-5h", "-1h", ahead]),
            }
        )
        uploaded = ago()
        rows.setdefault("tracks", []).append(
            {
                "track_id": f"t{number}",
                "environment": where(),
                "state": random.choice(["live"] * 4 + ["uploaded", "rejected", "withdrawn", "Live"]),
                "uploaded_at": uploaded,
                "publish_at": random.choice([None, None, moved(uploaded, random.uniform(-9e4, 9e4)), ahead, "+1d"]),
                "live_at": random.choice([None, moved(uploaded, random.uniform(-60, 1500)), ahead]),
            }
        )
        end = ago()
        start, claim = moved(end, -random.uniform(-4000, 4000)), moved(end, -random.uniform(0, 4000))
        rows.setdefault("transcode_jobs", []).append(
            {
                "job_id": f"j{number}",
                "environment": where(),
                "status": random.choice(STATUSES),
                "attempt": random.choice([1, 1, 1, 2, 3, 25]),
                "queued_at": random.choice([moved(end, -5000), ahead] + [moved(end, -5000)] * 8),
                "claimed_at": random.choice([None, claim, claim, claim]),
                "started_at": random.choice([None, start, start, start]),
                "finished_at": random.choice([None, end, end, end, end]),
                "error_code": random.choice(CODES),
                "error_message": random.choice([None, " ", f"at {number}"]),
            }
        )
    for relation, theirs in rows.items():
        await hound.insert(relation, theirs)


def moved(at: str, seconds: float) -> str:
    """An offset, so many seconds later; what would lie in the future stays just before now."""
    return f"{min(-1, int(at[:-2]) + int(seconds * 10**6))}us"


def minutes_ago(harness: CountsHarness, minutes: float) -> datetime:
    """A time before the Hound's now."""
    return harness.hound.now - timedelta(minutes=minutes)
