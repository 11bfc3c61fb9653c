"""The outbox: what is to be sent to whom, written with the transition it tells of, and what became of it."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Meta

from houndmon.alerts.model import Moment
from houndmon.config.model import Receiver
from houndmon.core.source import as_structs
from houndmon.core.sql import load_statements
from houndmon.notify.delivery import Delivery, Outcome
from houndmon.notify.message import Message, NotificationKind

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("query.sql")).items()}
CLAIM_SECONDS = 30.0  # longer than any channel may take, so that nobody else sends meanwhile
GRACE_SECONDS = 60.0


class DeliveryState(msgspec.Struct, kw_only=True):
    """What became of one message to one receiver."""

    id: str
    notification_id: str
    receiver: str
    kind: NotificationKind
    created_at: datetime
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    dead_at: datetime | None
    last_error: str | None


class DeadLetter(msgspec.Struct, kw_only=True):
    """A message that was given up."""

    id: Annotated[str, Meta(description="Its id.", examples=["41"])]
    notification_id: Annotated[
        str, Meta(description="The same at every attempt.", examples=["6f1c2b1e-0000-4000-8000-000000000007"])
    ]
    receiver: Annotated[str, Meta(description="Who was to be told.", examples=["ops"])]
    kind: Annotated[NotificationKind, Meta(description="What of.", examples=["fired"])]
    rule: Annotated[str | None, Meta(description="The rule.", examples=["queue_age"])]
    environment: Annotated[str | None, Meta(description="The environment.", examples=["prod"])]
    title: Annotated[
        str | None,
        Meta(description="What it says.", examples=["FIRING: No worker sends heartbeats, in prod (critical)"]),
    ]
    alert_ids: Annotated[list[str], Meta(description="The alerts it tells of.", examples=[["17"]])]
    created_at: Annotated[datetime, Meta(description="Since when.", examples=["2026-03-02T11:43:00Z"])]
    attempts: Annotated[int, Meta(description="How often it was tried.", examples=[150])]
    dead_at: Annotated[datetime, Meta(description="When it was given up.", examples=["2026-03-03T11:43:00Z"])]
    last_error: Annotated[str | None, Meta(description="Why.", examples=["it answered 500"])]


async def record_messages(
    conn: asyncpg.Connection, message: Message, alert_ids: list[int], receivers: list[Receiver]
) -> None:
    """Put a message into the outbox, one row a receiver. The caller's transaction writes what it tells of."""
    names = [receiver.name for receiver in receivers]
    if names:
        await conn.execute(SQL["record"], message.kind, alert_ids, msgspec.json.encode(message).decode(), names)


async def waiting_receivers(conn: asyncpg.Connection) -> dict[str, bool]:
    """The receivers for whom messages wait, and whether one is due."""
    return {row["receiver"]: row["is_due"] for row in await conn.fetch(SQL["waiting"])}


async def claim_deliveries(conn: asyncpg.Connection, receiver: str, holder: UUID, limit: int = 1) -> list[Delivery]:
    """Take what is due for a receiver, for 30 s on the database's clock: nobody else gets it meanwhile."""
    rows = await conn.fetch(SQL["claim"], receiver, holder, limit, CLAIM_SECONDS)
    return [msgspec.convert({**row, "message": decode_message(row["message"])}, Delivery) for row in rows]


def decode_message(text: str) -> Message:
    """A message as it was recorded."""
    return msgspec.json.decode(text, type=Message)


async def mark_sent(conn: asyncpg.Connection, id: int) -> bool:
    """Write down that a message was received; whether that was news."""
    return await conn.fetchval(SQL["mark_sent"], id) is not None


async def mark_failed(conn: asyncpg.Connection, id: int, holder: UUID, outcome: Outcome, wait_seconds: float) -> bool:
    """Write down that an attempt failed, and when the next is due; whether it was given up.

    Nothing is written where the lease has passed to another meanwhile.
    """
    held = outcome.retry_after_seconds is not None
    dead: bool | None = await conn.fetchval(SQL["mark_failed"], id, holder, outcome.error, wait_seconds, held)
    return bool(dead)


async def make_due(conn: asyncpg.Connection, receiver: str) -> None:
    """Make due at once what waits for a receiver after a failure: it is back, or its configuration is mended."""
    await conn.execute(SQL["hasten"], receiver)


async def give_up(conn: asyncpg.Connection, receivers: list[str]) -> int:
    """Give up what waits for receivers that are configured no longer; how many messages that was."""
    return len(await conn.fetch(SQL["bury"], receivers, GRACE_SECONDS))


async def read_deliveries(conn: asyncpg.Connection, alert_id: int) -> list[DeliveryState]:
    """What became of the messages about an alert, in order."""
    return as_structs(await conn.fetch(SQL["deliveries"], alert_id), DeliveryState)


async def delivery_moments(conn: asyncpg.Connection, alert_id: int) -> list[Moment]:
    """The same as moments of the alert's timeline."""
    return [delivery_moment(state) for state in await read_deliveries(conn, alert_id)]


def delivery_moment(state: DeliveryState) -> Moment:
    """What became of a message, in words."""
    what, tries = f"{state.receiver} ({state.kind})", attempts_text(state.attempts)
    if state.sent_at:
        return Moment(state.sent_at, "notified", f"{what} was told, {tries}")
    if state.dead_at:
        return Moment(state.dead_at, "notification_dead", f"{what} was given up, {tries}: {state.last_error}")
    why = f": {state.last_error}" if state.last_error else ""
    return Moment(state.created_at, "notification_waiting", f"{what} is yet to be told, {tries}{why}")


def attempts_text(attempts: int) -> str:
    """How often something was tried."""
    return {0: "not tried yet", 1: "at the first attempt"}.get(attempts, f"after {attempts:,} attempts")


async def dead_letters(conn: asyncpg.Connection) -> list[DeadLetter]:
    """The messages given up in the last seven days, the newest first, at most 100."""
    return as_structs(await conn.fetch(SQL["dead_letters"]), DeadLetter)


async def requeue_dead_letter(conn: asyncpg.Connection, id: int) -> bool:
    """Try a dead letter for another day; False where there is none of that id."""
    return await conn.fetchval(SQL["retry_dead"], id) is not None
