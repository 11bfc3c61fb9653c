"""The audit log: who did what, from where, what was there before and what after. It only ever grows."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import msgspec

from houndmon.access.model import AuditPage, Entry, Identity
from houndmon.access.tokens import SQL
from houndmon.core.problems import BadInput, FieldError
from houndmon.core.requests import row_id

SECRETS = ("token", "csrf", "secret", "password")
MOST_CHARACTERS = 2000  # of one text; an entry is evidence, not an archive
EXPORT_BATCH = 500


async def write_entry(
    conn: asyncpg.Connection,
    who: Identity | None,
    action: str,
    outcome: str,
    *,
    target: str | None = None,
    address: str | None = None,
    request_id: str | None = None,
    before: object = None,
    after: object = None,
) -> None:
    """Write one line."""
    actor, role, identity = (who.name, who.role, who.key) if who else (None, None, None)
    said = (None if part is None else msgspec.json.encode(redact(part)).decode() for part in (before, after))
    where = (clean_text(target) if target else None, address, request_id)
    await conn.execute(SQL["add_entry"], actor, role, identity, action, where[0], outcome, *where[1:], *said)


def redact(part: object) -> object:
    """What may be written down: no secret, no NUL, nothing endless."""
    match part:
        case dict():
            return {clean_text(str(name)): redact(value) for name, value in part.items() if name not in SECRETS}
        case list():
            return [redact(value) for value in part[:100]]
        case str():
            return clean_text(part)
        case msgspec.Struct():
            return redact(msgspec.to_builtins(part))
    return part


def clean_text(text: str) -> str:
    """A text that PostgreSQL's jsonb takes."""
    return text[:MOST_CHARACTERS].replace("\0", "\ufffd").encode("utf-8", "replace").decode()


async def read_page(conn: asyncpg.Connection, before: int | None, limit: int) -> AuditPage:
    """Some lines before a place, newest first."""
    rows = [decode_entry(row) for row in await conn.fetch(SQL["entries"], before, limit + 1)]
    return AuditPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def decode_entry(row: asyncpg.Record) -> Entry:
    """A row as it is shown."""
    fields = dict(row)
    for part in ("before", "after"):
        fields[part] = msgspec.json.decode(fields[part]) if fields[part] else None
    return Entry(**fields)


async def export_lines(
    connection: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]],
) -> AsyncIterator[bytes]:
    """The whole log as JSON lines, newest first; a slow reader holds no connection while it reads."""
    place: int | None = None
    while True:
        async with connection() as conn:
            rows = [decode_entry(row) for row in await conn.fetch(SQL["entries"], place, EXPORT_BATCH)]
        for one in rows:
            yield msgspec.json.encode(one) + b"\n"
        if len(rows) < EXPORT_BATCH:
            return
        place = int(rows[-1].id)


def decode_audit_cursor(text: str | None) -> int | None:
    """The place that a cursor names. Raises BadInput."""
    if not text:
        return None
    place = row_id(text)
    if place is None:
        raise BadInput(FieldError("cursor", "must be `next_cursor` of the page before"))
    return place
