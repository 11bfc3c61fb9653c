"""Tokens: 256 random bits, shown once, kept as a keyed hash.

A dump of the tables holds the key beside the hashes. It gives nobody access all the same: what is hashed is
random and too long to be guessed. The key makes the hashes of one installation worth nothing in another.
"""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

import asyncpg
import msgspec

from houndmon.access.model import ROLES, Identity, MadeToken, NoSuchToken, Role, Token, TokenList
from houndmon.core.source import as_structs
from houndmon.core.sql import load_statements

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("query.sql")).items()}
_TOKEN = re.compile(rf"hm_({'|'.join(ROLES)})_([0-9a-f]{{12}})_([0-9a-f]{{64}})")


async def server_key(conn: asyncpg.Connection) -> bytes:
    """The key of this installation's hashes; the first who asks makes it."""
    key: bytes | None = await conn.fetchval(SQL["secret"], "hashes")
    if key is None:
        await conn.execute(SQL["add_secret"], "hashes", secrets.token_bytes(32))
        key = await conn.fetchval(SQL["secret"], "hashes")
    assert key
    return key


def hash_secret(key: bytes, text: str) -> bytes:
    """What is kept of a secret."""
    return hmac.digest(key, text.encode(), hashlib.sha256)


async def create_token(
    conn: asyncpg.Connection, name: str, role: Role, days: int | None, by: str | None = None
) -> MadeToken:
    """Make a token; its text is in the answer and nowhere else."""
    lookup = secrets.token_hex(6)
    text = f"hm_{role}_{lookup}_{secrets.token_hex(32)}"
    kept = hash_secret(await server_key(conn), text)
    row = await conn.fetchrow(SQL["add_token"], name.strip(), role, lookup, kept, by, days)
    return MadeToken(**msgspec.structs.asdict(as_structs([row], Token)[0]), token=text)


async def token_identity(conn: asyncpg.Connection, text: str, key: bytes | None = None) -> Identity | None:
    """Who holds a token, by the key where it is known; None where it is none, or holds no longer."""
    match = _TOKEN.fullmatch(text)
    if match is None:
        return None
    key = key or await server_key(conn)
    given = hash_secret(key, text)
    row = await conn.fetchrow(SQL["token"], match[2])
    # Compared even where there is none: the time must not tell which look-ups exist.
    same = hmac.compare_digest(given, row["hash"] if row else bytes(32))
    if row is None or not same or row["key"] != key:
        return None
    if row["touch"]:
        await conn.execute(SQL["touch_token"], row["id"])
    return Identity(name=row["name"], role=row["role"], token_id=row["id"], kind="token")


async def list_tokens(conn: asyncpg.Connection) -> TokenList:
    """Every token, newest first."""
    return TokenList(as_structs(await conn.fetch(SQL["tokens"]), Token))


async def revoke_token(conn: asyncpg.Connection, id: int) -> Token:
    """Revoke a token and end its sessions, now. Raises NoSuchToken."""
    row = await conn.fetchrow(SQL["revoke_token"], id)
    if row is None:
        raise NoSuchToken("There is no token of that id, or it is revoked already.")
    await conn.execute(SQL["end_sessions"], id)
    return as_structs([row], Token)[0]


async def has_token(conn: asyncpg.Connection) -> bool:
    """Whether anybody could log in."""
    return bool(await conn.fetchval(SQL["any_token"]))
