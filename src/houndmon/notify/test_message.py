"""A test message to one receiver: it takes the way of every other, is tried once, and what came of it is told."""

from typing import Annotated

import asyncpg
import msgspec
from msgspec import Meta

from houndmon.config.model import Config
from houndmon.core.neutral import quoted
from houndmon.notify.message import Message
from houndmon.notify.outbox import SQL
from houndmon.notify.text import base_url


class Trial(msgspec.Struct, kw_only=True):
    """What came of a test message."""

    receiver: Annotated[str, Meta(description="Who was to be told.", examples=["ops"])]
    notification_id: Annotated[
        str, Meta(description="As the receiver got it.", examples=["6f1c2b1e-0000-4000-8000-000000000007"])
    ]
    sent: Annotated[bool, Meta(description="Whether the receiver took it.", examples=[True])]
    attempts: Annotated[int, Meta(description="0 while the sender has not come to it yet.", examples=[1])]
    error: Annotated[str | None, Meta(description="Why not.", examples=["it answered 500"])]


def build_test_message(config: Config, by: str | None) -> Message:
    """What a test says."""
    page, title = f"{base_url(config)}/", "TEST: houndmon can reach this receiver"
    who = quoted(by) if by else "somebody"
    return Message(
        kind="test",
        rule="test",
        environment="prod",
        severity="info",
        title=title,
        text=f"{title}\nAsked for by {who}. Nothing is broken.\nPage: {page}",
        owner_role="nobody",
        response_target_minutes=0,
        runbook_url=page,
        url=page,
        alerts=[],
    )


async def record_test_message(conn: asyncpg.Connection, receiver: str, message: Message) -> int:
    """Put a test message into the outbox; its id."""
    id: int = await conn.fetchval(SQL["record_trial"], receiver, msgspec.json.encode(message).decode())
    return id


async def read_test_outcome(conn: asyncpg.Connection, id: int) -> tuple[Trial, bool]:
    """What came of it so far, and whether that is all."""
    row = dict(await conn.fetchrow(SQL["trial"], id))
    is_over = row.pop("is_over")
    return msgspec.convert(row, Trial), is_over
