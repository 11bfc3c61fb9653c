"""Sessions of people: kept on the server as a hash, ended there, timed by the database's clock."""

import hashlib
import hmac
import secrets

import asyncpg

from houndmon.access.model import Identity
from houndmon.access.tokens import SQL, hashed, server_key

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 3600
SECURE, PLAIN = "__Host-houndmon", "houndmon"
_LENGTH = 64


async def begin(conn: asyncpg.Connection, token_id: int, old: str | None) -> str:
    """Begin a session under a new id, whatever id the client came with; that one ends."""
    id = secrets.token_hex(_LENGTH // 2)
    await conn.execute(SQL["sweep_sessions"])
    if old:
        await end(conn, old)
    await conn.execute(SQL["add_session"], hashed(await server_key(conn), id), token_id, LONGEST_SECONDS)
    return id


async def owner(conn: asyncpg.Connection, id: str, *, by_hand: bool) -> Identity | None:
    """Whose session an id is; only what a person does `by_hand` keeps it from lying idle."""
    if len(id) != _LENGTH:
        return None
    kept = hashed(await server_key(conn), id)
    row = await conn.fetchrow(SQL["session"], kept, IDLE_SECONDS)
    if row is None:
        return None
    if by_hand and row["touch"]:
        await conn.execute(SQL["touch_session"], kept)
    return Identity(name=row["name"], role=row["role"], token_id=row["id"], kind="session")


async def end(conn: asyncpg.Connection, id: str) -> None:
    """End a session."""
    await conn.execute(SQL["end_session"], hashed(await server_key(conn), id))


def csrf_token(id: str) -> str:
    """The token that a session's forms carry: bound to its id, and telling nothing of it."""
    return hmac.new(id.encode(), b"csrf", hashlib.sha256).hexdigest()
