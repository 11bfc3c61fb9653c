"""Sessions of people: kept on the server as a hash, ended there, timed by the database's clock."""

import hashlib
import hmac
import secrets

import asyncpg

from houndmon.access.model import Identity, NoSuchSession, Session, SessionList
from houndmon.access.tokens import SQL, hash_secret, server_key
from houndmon.core.source import as_structs

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 3600
PROXY = "proxy"  # the issuer of those whom a proxy vouches for
SECURE, PLAIN = "__Host-houndmon", "houndmon"
_LENGTH = 64


async def begin_session(conn: asyncpg.Connection, who: Identity, old: str | None, address: str | None = None) -> str:
    """Begin a session under a new id, whatever id the client came with; that one ends."""
    id = secrets.token_hex(_LENGTH // 2)
    await conn.execute(SQL["sweep_sessions"])
    if old:
        await end_session(conn, old)
    whose = (who.token_id or None, who.person_id or None, who.role if who.person_id else None)
    await conn.execute(SQL["add_session"], hash_secret(await server_key(conn), id), *whose, address, LONGEST_SECONDS)
    return id


async def session_identity(
    conn: asyncpg.Connection, id: str, key: bytes | None = None, *, by_hand: bool
) -> Identity | None:
    """Whose session an id is, by the key where it is known; only what is done `is_person` keeps it from lying idle."""
    if len(id) != _LENGTH:
        return None
    key = key or await server_key(conn)
    kept = hash_secret(key, id)
    row = await conn.fetchrow(SQL["session"], kept, IDLE_SECONDS)
    if row is None or row["key"] != key:
        return None
    if by_hand and row["touch"]:
        await conn.execute(SQL["touch_session"], kept)
    return Identity(
        name=row["name"],
        role=row["role"],
        token_id=row["token_id"],
        person_id=row["person_id"],
        kind="session",
        proxied=row["subject"] if row["issuer"] == PROXY else None,
    )


async def end_session(conn: asyncpg.Connection, id: str) -> None:
    """End a session."""
    await conn.execute(SQL["end_session"], hash_secret(await server_key(conn), id))


async def list_sessions(conn: asyncpg.Connection) -> SessionList:
    """The sessions that hold."""
    return SessionList(as_structs(await conn.fetch(SQL["live_sessions"], IDLE_SECONDS), Session))


async def end_session_by_id(conn: asyncpg.Connection, id: int) -> str:
    """End the session of an id; whose it was. Raises NoSuchSession."""
    identity: str | None = await conn.fetchval(SQL["end_session_of_id"], id)
    if identity is None:
        raise NoSuchSession("There is no session of that id, or it is over already.")
    return identity


def csrf_token(id: str) -> str:
    """The token that a session's forms carry: bound to its id, and telling nothing of it."""
    return hmac.new(id.encode(), b"csrf", hashlib.sha256).hexdigest()
