"""Make, list and revoke tokens; a token's text is printed once, when it is made.

`houndmon token table` prints who may do what, as docs/access.md holds it.
"""

import argparse
import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from houndmon.access import audit, tokens
from houndmon.access.model import ROLES, Identity, MadeToken, Token
from houndmon.access.permissions import permissions_markdown
from houndmon.app import TABLE
from houndmon.commands.database import connect, database
from houndmon.core.settings import Settings

T = TypeVar("T")
COMMAND = Identity(name="houndmon token", role="admin", kind="off")
DEFAULT_DAYS = 90


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to do."""
    acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
    create = acts.add_parser("create", help="make a token and print it")
    create.add_argument("--role", choices=ROLES, required=True)
    create.add_argument("--name", type=parse_name, required=True, help="who or what will use it")
    create.add_argument(
        "--expires", type=parse_days, default=DEFAULT_DAYS, metavar="90d", help="90d (default), or never"
    )
    acts.add_parser("list", help="list the tokens, without their texts")
    revoke = acts.add_parser("revoke", help="revoke a token now")
    revoke.add_argument("id", type=int, help="its id, as `list` shows it")
    acts.add_parser("table", help="print who may do what")


def parse_name(text: str) -> str:
    """A name for a token."""
    if not text.strip() or not text.isprintable() or len(text) > 80:
        raise argparse.ArgumentTypeError("must be 1 to 80 printable characters")
    return text.strip()


def parse_days(text: str) -> int | None:
    """A number of days such as 90d; None for never."""
    if text == "never":
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,3}d", text) or int(text[:-1]) > 3650:
        raise argparse.ArgumentTypeError("must be a number of days such as 90d, at most 3650d, or never")
    return int(text[:-1])


def run(options: argparse.Namespace, settings: Settings) -> int:
    """Do it."""
    if options.act == "table":
        print(permissions_markdown(TABLE), end="")
        return 0
    with database(settings) as url:
        acts: dict[str, Callable[[asyncpg.Connection], Awaitable[list[str]]]] = {
            "create": lambda conn: create_and_print(conn, options),
            "list": list_text,
            "revoke": lambda conn: revoke_text(conn, options.id),
        }
        print("\n".join(asyncio.run(in_transaction(url, acts[options.act]))))
    return 0


async def in_transaction(url: str, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Work on the database, all or nothing. Raises HoundmonError."""
    async with connect(url) as conn, conn.transaction():
        return await work(conn)


async def create_and_print(conn: asyncpg.Connection, options: argparse.Namespace) -> list[str]:
    """Make a token; what to print."""
    made = await tokens.create_token(conn, options.name, options.role, options.expires, COMMAND.name)
    await audit.write_entry(conn, COMMAND, "create_token", "done", target=made.id, after=made)
    return [made.token]


async def list_text(conn: asyncpg.Connection) -> list[str]:
    """What to print of the tokens."""
    found = (await tokens.list_tokens(conn)).items
    return [token_line(token) for token in found] or ["there are no tokens"]


def token_line(token: Token) -> str:
    """A token on one line."""
    until = f"until {token.expires_at:%Y-%m-%d}" if token.expires_at else "without end"
    state = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else until
    used = f"used {token.last_used_at:%Y-%m-%d %H:%M} UTC" if token.last_used_at else "never used"
    return f"{token.id:>4}  {token.role:8}  hm_{token.role}_{token.lookup}…  {state}, {used}  {token.name}"


async def revoke_text(conn: asyncpg.Connection, id: int) -> list[str]:
    """Revoke a token; what to print."""
    gone = await tokens.revoke_token(conn, id)
    await audit.write_entry(conn, COMMAND, "revoke_token", "done", target=gone.id, after=gone)
    return [f"revoked {gone.role} {gone.name}"]


async def first_token(conn: asyncpg.Connection) -> MadeToken | None:
    """An admin's token where there is none that holds yet."""
    if await tokens.has_token(conn):
        return None
    made = await tokens.create_token(conn, "first admin", "admin", DEFAULT_DAYS, "first start")
    await audit.write_entry(conn, COMMAND, "create_token", "done", target=made.id, after=made)
    return made
