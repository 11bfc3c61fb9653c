"""People who log in elsewhere: who vouches for them, what they may do here, and whether they are blocked."""

from datetime import datetime
from typing import Annotated, cast

import asyncpg
import msgspec
from msgspec import Meta

from houndmon.access.model import ROLES, NoSuchPerson, Role
from houndmon.access.tokens import SQL
from houndmon.core.login_settings import GroupsByRole
from houndmon.core.source import as_structs

MOST_SUBJECT_CHARACTERS = 300


class ExternalIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whom an issuer vouches for. `role` None: in no group that has one."""

    issuer: str
    subject: str
    name: str
    role: Role | None


class Person(msgspec.Struct):
    """Somebody who has logged in elsewhere."""

    id: Annotated[str, Meta(description="Its id.", examples=["7"])]
    issuer: Annotated[str, Meta(description="Who vouches.", examples=["https://id.example.com"])]
    subject: Annotated[str, Meta(description="What the issuer calls them.", examples=["248289761001"])]
    name: Annotated[str, Meta(description="As they are shown; people choose it.", examples=["mira"])]
    role: Annotated[Role, Meta(description="What was vouched for at the last log-in.", examples=["operator"])]
    first_seen_at: Annotated[datetime, Meta(description="When they first came.", examples=["2026-03-02T12:00:00Z"])]
    last_seen_at: Annotated[datetime, Meta(description="Their last log-in.", examples=["2026-03-02T12:00:00Z"])]
    blocked_at: Annotated[datetime | None, Meta(description="Since when they are kept out.", examples=[None])]


class PersonList(msgspec.Struct):
    """The people who have logged in elsewhere."""

    items: Annotated[list[Person], Meta(description="People, the last seen first; at most 500.")]


def role_of(groups: object, roles: GroupsByRole) -> Role | None:
    """The highest role that any of the groups has; None where none has one, or what was sent is no list."""
    held = {group for group in groups if isinstance(group, str)} if isinstance(groups, list) else set()
    return next((role for role in reversed(ROLES) if held & roles.get(role, frozenset())), None)


def display_name(text: str) -> str:
    """A name as it may be shown: printable, short, not empty."""
    shown = "".join(sign for sign in text if sign.isprintable()).strip()[:80].strip()
    return shown or "somebody"


async def record_login(conn: asyncpg.Connection, who: ExternalIdentity) -> asyncpg.Record:
    """Write down that somebody came, as `id` and `blocked_at`."""
    return cast(asyncpg.Record, await conn.fetchrow(SQL["met"], who.issuer, who.subject, who.name, who.role))


async def list_people(conn: asyncpg.Connection) -> PersonList:
    """Who has logged in elsewhere."""
    return PersonList(as_structs(await conn.fetch(SQL["people"]), Person))


async def block(conn: asyncpg.Connection, id: int, *, blocked: bool) -> Person:
    """Keep somebody out, from now on, or let them in again. Raises NoSuchPerson."""
    row = await conn.fetchrow(SQL["block"], id, blocked)
    if row is None:
        raise NoSuchPerson("There is nobody of that id.")
    if blocked:
        await conn.execute(SQL["end_sessions_of"], id)
    return as_structs([row], Person)[0]
