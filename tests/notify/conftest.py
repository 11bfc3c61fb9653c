"""What the tests of notifications share: a message, an outbox to fill, a sender to run."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from houndmon.config.defaults import DEFAULTS
from houndmon.config.model import Config, Receiver
from houndmon.core.connections import close_pool, open_pool
from houndmon.notify.announced import AnnouncedAlert
from houndmon.notify.apprise.config import AppriseTarget
from houndmon.notify.delivery import Delivery
from houndmon.notify.message import Message
from houndmon.notify.outbox import read_deliveries, record_messages
from houndmon.notify.sender import Sender
from houndmon.notify.text import build_message
from houndmon.notify.webhook.config import Webhook

FIRED_AT = datetime(2026, 3, 2, 11, 43, tzinfo=UTC)


def announced(**changes: Any) -> AnnouncedAlert:
    values: dict[str, Any] = {
        "id": "17",
        "rule": "queue_age",
        "environment": "prod",
        "subject": None,
        "severity": "critical",
        "value": 17.25,
        "threshold": 15.0,
        "sample_count": 31,
        "owner_role": "transcode on-call",
        "response_target_minutes": 15.0,
        "runbook_url": "/runbooks/queue_age",
        "fired_at": FIRED_AT,
        "response_due_at": FIRED_AT.replace(minute=58),
        "reason": "31 jobs are queued, the oldest for 17 min",
    }
    return AnnouncedAlert(**values | changes)


def message(kind: Any = "fired") -> Message:
    return build_message(kind, "queue_age", [announced()], DEFAULTS, FIRED_AT)


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": 1,
        "notification_id": "6f1c2b1e-0000-4000-8000-000000000007",
        "kind": "fired",
        "message": message(),
        "attempts": 1,
        "claimed_at": FIRED_AT,
    }
    return Delivery(**values | changes)


def webhook(url: str, name: str = "ops", **changes: Any) -> Webhook:
    values: dict[str, Any] = {"name": name, "url": url, "allow_private": True}
    return Webhook(**values | changes)


def apprise(url: str, name: str = "app", **changes: Any) -> AppriseTarget:
    values: dict[str, Any] = {"name": name, "url": url, "allow_private": True}
    return AppriseTarget(**values | changes)


def configured(*receivers: Receiver) -> Config:
    return Config(
        rules=DEFAULTS.rules, levels=DEFAULTS.levels, receivers={receiver.name: receiver for receiver in receivers}
    )


@dataclass
class Office:
    """A database with an outbox, and a configuration that may change under the sender."""

    conn: asyncpg.Connection
    pool: asyncpg.Pool
    config: Config

    def put(self, *receivers: Receiver) -> None:
        self.config = configured(*receivers)

    async def record(self, *alert_ids: int, kind: str = "fired") -> None:
        await record_messages(self.conn, message(kind), list(alert_ids or [1]), list(self.config.receivers.values()))

    async def pass_time(self, seconds: float) -> None:
        """Let time pass as data: what waits was written, falls due, expires and is leased that much earlier."""
        await self.conn.execute(
            "update houndmon.outbox set created_at = created_at - $1::interval, due_at = due_at - $1::interval,"
            " expires_at = expires_at - $1::interval, held_until = held_until - $1::interval,"
            " leased_until = leased_until - $1::interval",
            timedelta(seconds=seconds),
        )

    async def rows(self) -> list[asyncpg.Record]:
        return list(await self.conn.fetch("select * from houndmon.outbox order by id"))

    async def is_done(self) -> bool:
        """Whether nothing waits any more."""
        return all(row["sent_at"] or row["dead_at"] for row in await self.rows())

    async def has_failed(self, attempts: int = 1) -> bool:
        """Whether the last message has failed so often, and is not on its way."""
        row = (await self.rows())[-1]
        return row["attempts"] >= attempts and row["leased_until"] is None

    async def was_sent(self, alert: int) -> bool:
        return all(state.sent_at for state in await read_deliveries(self.conn, alert))

    def sender(self, **more: Any) -> Sender:
        return Sender(self.pool, lambda: self.config, **more)

    @asynccontextmanager
    async def sending(self, **more: Any) -> AsyncIterator[Sender]:
        sender = self.sender(**more)
        task = asyncio.create_task(sender.run())
        try:
            yield sender
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
async def office(database: str, conn: asyncpg.Connection) -> AsyncIterator[Office]:
    pool = await open_pool(database, size=8)
    yield Office(conn, pool, configured())
    await close_pool(pool)


async def eventually(holds: Callable[[], Any], within_seconds: float = 60.0) -> None:
    """Wait until something holds (a plain or an asynchronous question); fail once the time is up."""
    until = time.monotonic() + within_seconds
    while True:
        found = holds()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert time.monotonic() < until, "it never came true"
        await asyncio.sleep(0.01)
