"""An evaluator on a real database: a test ticks it, and lets time pass by moving what is written back."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from factories import Hound, present
from houndmon.alerts.model import Closing
from houndmon.alerts.store import close_alert
from houndmon.config.defaults import DEFAULTS
from houndmon.config.model import Config, NotificationRoute
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase
from houndmon.evaluator.loop import Evaluator, TickResult
from houndmon.notify.webhook.config import Webhook

OPS = Webhook(name="ops", url="https://ops.example/hook")
CONFIG = msgspec.structs.replace(DEFAULTS, receivers={"ops": OPS}, routes=(NotificationRoute(receivers=("ops",)),))
NOTES = Closing("The disk was full.", "Freed some space.", "An alert on free space.")
STAMPS = {
    "rule_states": ("evaluated_at", "pending_since", "clear_since", "no_data_since"),
    "alerts": ("fired_at", "response_due_at", "recovered_at", "closed_at", "announced_at", "overdue_at"),
    "beat_arrivals": ("seen_at",),
    "silences": ("created_at", "ends_at"),
    "ticks": ("started_at", "finished_at"),
}


class Watch:
    """An evaluator, the Hound that it watches, and what it wrote."""

    def __init__(self, pool: asyncpg.Pool, hound: Hound, config: Config = CONFIG) -> None:
        self.pool, self.hound, self.conn, self.config = pool, hound, hound.conn, config
        self.evaluator = self.another()

    def another(self, identity: str = "here") -> Evaluator:
        """One more evaluator of the same Hound, which it may take for another one."""
        return Evaluator(
            Source(self.pool, "hound", "UTC"), StateDatabase(self.pool, "UTC"), lambda: self.config, identity
        )

    async def tick(self, times: int = 1) -> TickResult:
        """Tick; the lease must be ours."""
        done = [present(await self.evaluator.tick()) for _ in range(times)]
        return done[-1]

    async def restart(self) -> None:
        """Put a new process in the place of the old one, which died with its lease."""
        await self.expire()
        self.evaluator = self.another()

    async def expire(self) -> None:
        """Let the lease run out."""
        await self.conn.execute("update houndmon.leases set expires_at = clock_timestamp()")

    async def later(self, **units: float) -> None:
        """Let time pass, for houndmon: all that it wrote lies so much further back. Hound's rows stay."""
        for table, columns in STAMPS.items():
            moved = ", ".join(f"{column} = {column} - make_interval(secs => $1)" for column in columns)
            seconds = units.get("seconds", 0) + 60 * units.get("minutes", 0) + 3600 * units.get("hours", 0)
            await self.conn.execute(f"update houndmon.{table} set {moved}", float(seconds))

    def ago(self, at: datetime | None) -> float | None:
        """How many minutes ago that was."""
        return (self.hound.now - at).total_seconds() / 60 if at else None

    def set_rule(self, name: str, **changes: Any) -> None:
        """Change a rule of the configuration in force."""
        rule = msgspec.structs.replace(self.config.rules[name], **changes)
        self.config = msgspec.structs.replace(self.config, rules=self.config.rules | {name: rule})

    def ago_at(self, minutes: float) -> datetime:
        """The instant that many minutes ago."""
        return self.hound.now - timedelta(minutes=minutes)

    async def alive(self, environment: str = "prod") -> None:
        """A worker that has beaten for more than a day, each 100 s."""
        await self.conn.execute(
            "insert into hound.worker_heartbeats (worker_id, environment, beat_at, process_started_at)"
            " select 'worker-1', $1, at, $2::timestamptz - interval '2 days'"
            " from generate_series($2::timestamptz - interval '25 hours', $2, interval '100 seconds') as at",
            environment,
            self.hound.now,
        )

    async def dead(self, seconds: int) -> None:
        """No beat for so long."""
        await self.conn.execute(
            "delete from hound.worker_heartbeats where beat_at > $1::timestamptz - make_interval(secs => $2)",
            self.hound.now,
            float(seconds),
        )
        await self.hound.beat(beat_at=f"-{seconds}s")

    async def stuck(self, environment: str = "prod") -> None:
        """A job that has waited for 20 minutes, while others finish."""
        await self.hound.job("queued", queued_at="-20m", environment=environment)
        await self.hound.job("completed", environment=environment)

    async def unstuck(self) -> None:
        """Nothing waits any more."""
        await self.conn.execute(
            "update hound.transcode_jobs set status = 'completed', finished_at = $1 where status = 'queued'",
            self.hound.now,
        )

    async def fire(self) -> int:
        """Let the age of the queue fire; the id of its alert."""
        await self.stuck()
        await self.tick()
        await self.later(seconds=60)
        await self.tick()
        return int((await self.alert("queue_age"))["id"])

    async def recover(self) -> None:
        """Let the age of the queue recover."""
        await self.unstuck()
        await self.tick()
        await self.later(seconds=120)
        await self.tick()

    async def close(self, id: int) -> None:
        """Somebody closes an alert."""
        await close_alert(self.conn, id, NOTES, "operator")

    async def rows(self, query: str, *args: Any) -> list[dict[str, Any]]:
        """What is written."""
        return [dict(row) for row in await self.conn.fetch(query, *args)]

    async def alerts(self, rule: str | None = None) -> list[dict[str, Any]]:
        """Every alert of a rule, or of all, the oldest first."""
        return await self.rows("select * from houndmon.alerts where $1::text in (rule) is not false order by id", rule)

    async def alert(self, rule: str) -> dict[str, Any]:
        """The one alert of a rule."""
        found = await self.alerts(rule)
        assert len(found) == 1, found
        return found[0]

    async def states(self, rule: str) -> dict[tuple[str, str | None], tuple[str, str]]:
        """Verdict and state of a rule, by environment and subject."""
        found = await self.rows("select * from houndmon.rule_states where rule = $1", rule)
        return {(row["environment"], row["subject"]): (row["verdict"], row["state"]) for row in found}

    async def state(self, rule: str, environment: str = "prod", subject: str | None = None) -> tuple[str, str]:
        """Verdict and state of a rule in one environment."""
        return (await self.states(rule))[environment, subject]

    async def told(self, rule: str | None = None) -> list[tuple[str, list[int]]]:
        """What people are told of a rule, or of all: the kind, and the alerts, in order."""
        found = await self.rows("select kind, alert_ids, message ->> 'rule' as rule from houndmon.outbox order by id")
        return [(row["kind"], row["alert_ids"]) for row in found if rule in (None, row["rule"])]

    async def timeline(self, id: int) -> list[str]:
        """What happened to an alert, in order."""
        rows = await self.rows("select kind from houndmon.transitions where alert_id = $1 order by id", id)
        return [row["kind"] for row in rows]


@pytest.fixture
async def watch(database: str, conn: asyncpg.Connection) -> AsyncIterator[Watch]:
    """An evaluator of an empty Hound whose worker is alive."""
    pool = await open_pool(database, size=16)
    watch = Watch(pool, await Hound.on_clock(conn))
    await watch.alive()
    yield watch
    await asyncio.shield(close_pool(pool))
