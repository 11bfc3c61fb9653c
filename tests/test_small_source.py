"""The whole service on a source that has a queue and its workers, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import asyncpg
import httpx
import pytest

from browser.service import Process, until
from deadlines import HANG_SECONDS
from factories import Hound

MISSING = ("upload_attempts", "play_attempts", "api_requests", "tracks", "releases")
FILE = """
[source]
absent = ["upload_attempts", "play_attempts", "api_requests", "tracks", "releases"]
"""
TICKS = 3


@dataclass
class Small:
    """The service, and what it said so far."""

    client: httpx.Client
    log: Path

    def said(self) -> list[dict[str, object]]:
        """The lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def is_well(self, environment: str) -> bool:
        """Whether JSON and page say so, and nothing is unread."""
        summary = self.client.get("/api/summary", params={"environment": environment}).raise_for_status().json()
        page = self.client.get("/", params={"environment": environment}).raise_for_status().text
        status = {"indicator": "none", "description": "All is well."}
        return (summary["status"], summary["unreadable"], summary["stale"]) == (
            status,
            [],
            False,
        ) and "All is well." in page

    async def wait_for_ticks(self) -> None:
        """Wait until the evaluator has ticked some times since now."""
        for _ in range(TICKS):
            await asyncio.to_thread(until, partial(self.has_ticked_since, self.evaluated_at()))

    def has_ticked_since(self, evaluated_at: str) -> bool:
        """Whether the evaluator has judged after a time."""
        return self.evaluated_at() > evaluated_at

    def evaluated_at(self) -> str:
        """When the evaluator last judged."""
        items = self.client.get("/api/rules").raise_for_status().json()["items"]
        return max((one["evaluated_at"] for one in items), default="")


async def beat(database: str) -> None:
    """Beat each second, whatever the machine takes to start a service."""
    conn = await asyncpg.connect(database)
    while True:
        await conn.execute(
            "insert into hound.worker_heartbeats (worker_id, environment, beat_at, process_started_at)"
            " values ('worker-1', 'prod', clock_timestamp(), '2026-01-01T00:00:00Z')"
        )
        await asyncio.sleep(1)


@pytest.fixture
async def small(database: str, conn: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Small]:
    """Jobs that complete and a worker that beats; the other relations do not exist."""
    for relation in MISSING:
        await conn.execute(f"drop table hound.{relation}")
    hound = await Hound.on_clock(conn)
    await hound.job("completed", times=30)
    await hound.job("in_progress", worker_id="worker-1", claimed_at="-40s", started_at="-39s", queued_at="-45s")
    (tmp_path / "houndmon.toml").write_text(FILE)
    process, log = Process(database), tmp_path / "houndmon.log"
    process.environ["HOUNDMON_CONFIG"] = str(tmp_path / "houndmon.toml")
    beating = asyncio.create_task(beat(database))
    with log.open("wb") as process.log, httpx.Client(base_url=process.url, timeout=HANG_SECONDS) as client:
        try:
            await asyncio.to_thread(process.start)
            yield Small(client, log)
        finally:
            await asyncio.to_thread(process.stop)
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


async def test_it_is_calm_with_a_queue_and_workers_alone(small: Small) -> None:
    """Such a source is ready and well in both environments: no alert, nothing unread, no trouble in the log."""
    await small.wait_for_ticks()
    for environment in ("prod", "staging"):
        await asyncio.to_thread(
            until, partial(small.is_well, environment)
        )  # a busy machine may be late with one answer
    assert small.client.get("/api/alerts").json()["items"] == []
    assert small.client.get("/readyz").status_code == 200
    rules = small.client.get("/api/rules").json()["items"]
    assert {one["verdict"] for one in rules} <= {"ok", "no_data"}
    for panel in ("transcode", "workers"):
        assert small.client.get(f"/api/panels/{panel}").raise_for_status().json()["anomalies"] == []
    assert len(rules) > 10
    said = small.said()
    assert said
    trouble = [one for one in said if one["level"] != "info" and "took too long" not in str(one.get("error"))]
    asked_too_early = {"event": "request_failed", "path": "/readyz"}
    assert [one for one in trouble if not asked_too_early.items() <= one.items()] == []
