"""The audit log: who did what, from where, what was there before and what after. It only ever grows."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
import msgspec

from houndmon.access.model import AuditPage, Entry, Identity
from houndmon.access.tokens import SQL
from houndmon.kit.problems import BadInput, FieldError

SECRETS = ("token", "csrf", "secret", "password")
LONGEST = 2000  # of one text; an entry is evidence, not an archive
PAGE = 500


async def write(
    conn: asyncpg.Connection,
    who: Identity | None,
    action: str,
    outcome: str,
    *,
    target: str | None = None,
    address: str | None = None,
    request_id: str | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Write one line."""
    actor, role, identity = (who.name, who.role, who.key) if who else (None, None, None)
    said = (None if part is None else msgspec.json.encode(told(part)).decode() for part in (before, after))
    where = (clean(target) if target else None, address, request_id)
    await conn.execute(SQL["add_entry"], actor, role, identity, action, where[0], outcome, *where[1:], *said)


def told(part: Any) -> Any:
    """What may be written down: no secret, no NUL, nothing endless."""
    match part:
        case dict():
            return {clean(str(name)): told(value) for name, value in part.items() if name not in SECRETS}
        case list():
            return [told(value) for value in part[:100]]
        case str():
            return clean(part)
        case msgspec.Struct():
            return told(msgspec.to_builtins(part))
    return part


def clean(text: str) -> str:
    """A text that PostgreSQL's jsonb takes."""
    return text[:LONGEST].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


async def page(conn: asyncpg.Connection, before: int | None, limit: int) -> AuditPage:
    """Some lines before a place, newest first."""
    rows = [entry(row) for row in await conn.fetch(SQL["entries"], before, limit + 1)]
    return AuditPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def entry(row: asyncpg.Record) -> Entry:
    """A row as it is shown."""
    fields = dict(row)
    for part in ("before", "after"):
        fields[part] = msgspec.json.decode(fields[part]) if fields[part] else None
    return Entry(**fields)


async def lines(borrowed: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]) -> AsyncIterator[bytes]:
    """The whole log as JSON lines, newest first; a slow reader holds no connection while it reads."""
    place: int | None = None
    while True:
        async with borrowed() as conn:
            rows = [entry(row) for row in await conn.fetch(SQL["entries"], place, PAGE)]
        for one in rows:
            yield msgspec.json.encode(one) + b"\n"
        if len(rows) < PAGE:
            return
        place = int(rows[-1].id)


def place_of(text: str | None) -> int | None:
    """The place that a cursor names. Raises BadInput."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadInput(FieldError("cursor", "must be `next_cursor` of the page before"))
    return int(text)
