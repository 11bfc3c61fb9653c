"""Rows of Hound's relations, short enough to be literal in a test."""

import itertools
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partialmethod
from typing import Any, TypeVar

import asyncpg
import pytest

T = TypeVar("T")
NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)  # a Monday, half a minute past noon
WORST = "<script>alert(1)</script>\n\x07\u202e😀" + "x" * 1_000_000  # a message as production has them
BLANK = (None, "", "   ", "\t\r\n", "\u00a0\u3000", "\u2028\u0085")
ID_TYPES = (  # a type that ids may have, an id, and its neighbour
    ("text", "artist-7", "artist-8"),
    ("uuid", "6f1c2b1e-0000-4000-8000-000000000007", "6f1c2b1e-0000-4000-8000-000000000008"),
    ("integer", "2147483647", "2147483646"),
    ("bigint", "9007199254740993", "9007199254740992"),
)
LEASE_KEPT = """
create or replace function public.keep() returns trigger language plpgsql as 'begin return null; end';
create or replace trigger kept before update on houndmon.leases for each row
    when (old.holder = '77777777-7777-7777-7777-777777777777') execute function public.keep();
insert into houndmon.leases
values ('evaluator', '77777777-7777-7777-7777-777777777777', 7, clock_timestamp() + interval '14 seconds');
"""
"""No evaluator ticks until that lease is deleted. By a trigger: a lease that ends further ahead would be over."""
UNITS = {
    "us": timedelta(microseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
NO_SAMPLES = {
    "p50": None,
    "p95": None,
    "max": None,
    "sample_count": 0,
    "method": "histogram",
    "relative_error": 0.005,
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "upload_attempts": {"occurred_at": "-5m", "outcome": "accepted"},
    "worker_heartbeats": {"worker_id": "worker-1", "beat_at": "-10s", "process_started_at": "-2d"},
    "play_attempts": {"occurred_at": "-5m", "outcome": "started", "platform": "android", "browser": "chrome"},
    "api_requests": {
        "occurred_at": "-5m",
        "service": "gateway",
        "route": "/v1/play",
        "status_code": 200,
        "requests": 1,
    },
    "tracks": {"uploaded_at": "-20m", "state": "uploaded"},
    "releases": {},
}
JOBS: dict[str, dict[str, Any]] = {
    "queued": {},
    "scheduled": {"available_at": "+1h"},
    "retrying": {"attempt": 2},
    "in_progress": {"claimed_at": "-9m", "started_at": "-8m"},
    "completed": {"claimed_at": "-9m", "started_at": "-8m", "finished_at": "-6m"},
    "failed": {"claimed_at": "-9m", "started_at": "-8m", "finished_at": "-6m", "error_code": "FFMPEG_EXIT_1"},
    "cancelled": {"finished_at": "-6m"},
}
"""Jobs by status: queued 10 min ago, claimed 1 min later, started 1 min later, finished 2 min later."""


def present(value: T | None) -> T:
    """What must be there."""
    assert value is not None
    return value


async def lock(conn: asyncpg.Connection, *relations: str) -> None:
    """Keep all others from some relations until the transaction ends; again where a reader held one for the other."""
    for _ in range(20):
        with suppress(asyncpg.DeadlockDetectedError):
            async with conn.transaction():
                await conn.execute(f"lock table {', '.join(relations)} in access exclusive mode")
                return
    raise AssertionError("readers never let go")


def timed(p50: float, p95: float, most: float, sample_count: int) -> dict[str, Any]:
    """Percentiles as an answer has them: within their stated error, but for the largest."""
    near = {"p50": pytest.approx(p50, rel=0.005), "p95": pytest.approx(p95, rel=0.005)}
    return NO_SAMPLES | near | {"max": most, "sample_count": sample_count}


class Hound:
    """Fills the relations of one database.

    A time is `now` with an offset (`-5m`, `+6s`, `-1us`), or anything that PostgreSQL reads, `infinity` too.
    """

    def __init__(self, conn: asyncpg.Connection, now: datetime = NOW) -> None:
        self.conn, self.now = conn, now
        self._numbers = itertools.count(1)

    @classmethod
    async def on_clock(cls, conn: asyncpg.Connection) -> "Hound":
        """One whose `now` is that of the database."""
        return cls(conn, await conn.fetchval("select clock_timestamp()"))

    async def insert(self, relation: str, rows: Iterable[Mapping[str, Any]], times: int = 1) -> None:
        """Insert rows as they are, each so many times; values go through text, so that every type is reached."""
        timed = [{column: self.when(column, value) for column, value in row.items()} for row in rows]
        await self.conn.execute(
            f"insert into hound.{relation}"
            f" select r.* from jsonb_populate_recordset(null::hound.{relation}, $1) as r, generate_series(1, $2)",
            json.dumps(timed),
            times,
        )

    async def add(self, relation: str, times: int = 1, **values: Any) -> None:
        """Insert one row, so many times; what is left out has its default."""
        await self.insert(relation, [{"environment": "prod"} | DEFAULTS[relation] | values], times)

    upload = partialmethod(add, "upload_attempts")
    beat = partialmethod(add, "worker_heartbeats")
    play = partialmethod(add, "play_attempts")
    requests = partialmethod(add, "api_requests")
    release = partialmethod(add, "releases")

    async def job(self, status: str = "queued", times: int = 1, **values: Any) -> None:
        """Insert a job, so many times, with the times that belong to its status."""
        row = {"environment": "prod", "status": status, "attempt": 1, "queued_at": "-10m"} | JOBS.get(status, {})
        rows = [{"job_id": f"job-{next(self._numbers)}"} | row | values for _ in range(times)]
        await self.insert("transcode_jobs", rows)

    async def track(self, times: int = 1, **values: Any) -> None:
        """Insert a track, so many times."""
        row = {"environment": "prod"} | DEFAULTS["tracks"]
        rows = [{"track_id": f"track-{next(self._numbers)}"} | row | values for _ in range(times)]
        await self.insert("tracks", rows)

    async def retype(self, relation: str, kind: str, *columns: str) -> None:
        """Give id columns another type, as another Hound may have it."""
        for column in columns:
            await self.conn.execute(f"alter table hound.{relation} alter {column} type {kind} using {column}::{kind}")

    def when(self, column: str, value: Any) -> Any:
        """A time as PostgreSQL reads it; what is no time stays as it is."""
        if not column.endswith("_at") or value is None:
            return value
        offset = re.fullmatch(r"([+-]\d+)(us|s|m|h|d)", str(value))
        return str(self.now + int(offset[1]) * UNITS[offset[2]] if offset else value)
