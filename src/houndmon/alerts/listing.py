"""The listing of alerts: which are wanted, newest first, page by page."""

from collections.abc import Mapping
from typing import get_args

import asyncpg
import msgspec

from houndmon.alerts.model import AlertPage, AlertRow, listed_alert
from houndmon.alerts.store import SQL, mark_gone
from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.paging import PagePosition
from houndmon.core.problems import BadInput, FieldError
from houndmon.core.source import as_structs
from houndmon.rulebook.book import BOOK, NAMES
from houndmon.rulebook.levels import LEVEL_BOOK
from houndmon.rulebook.spec import Severity

STATES = ("open", "firing", "recovered", "closed", "all")
"""Which states a listing can be of; firing and recovered are open."""
SEVERITIES: tuple[str, ...] = get_args(Severity)
TEXT_MOST = 200


class AlertFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts are wanted; None matches all."""

    state: str = "open"
    environment: str | None = None
    rule: str | None = None
    severity: str | None = None
    owner: str | None = None
    text: str | None = None


def checked_filter(given: Mapping[str, str | None]) -> AlertFilter:
    """Which alerts a client asks for; None asks for nothing. Raises BadInput with all that is wrong."""
    said = {name: text for name, text in given.items() if text is not None}
    known = {"state": STATES, "environment": ENVIRONMENTS, "rule": NAMES, "severity": SEVERITIES}
    errors = [
        FieldError(name, f"must be one of {', '.join(choices)}")
        for name, choices in known.items()
        if name in said and said[name] not in choices
    ]
    for name in ("owner", "text"):
        text = said.get(name, "")
        if "\0" in text or len(text) > TEXT_MOST:
            errors.append(FieldError(name, f"must have at most {TEXT_MOST} characters, and none that is NUL"))
    if errors:
        raise BadInput(*errors)
    return AlertFilter(**said)


async def read_alerts_page(
    conn: asyncpg.Connection, wanted: AlertFilter, place: PagePosition | None, limit: int
) -> AlertPage:
    """Some alerts, the newest first."""
    before = (place.at, place.id) if place else (None, None)
    those = (wanted.state, wanted.environment, wanted.rule, *before, limit + 1, wanted.severity, wanted.owner)
    rows = as_structs(await conn.fetch(SQL["page"], *those, wanted.text, *titled(wanted.text)), AlertRow)
    rows = await mark_gone(conn, rows)
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = PagePosition(last.fired_at, int(last.id)).cursor() if last else None
    return AlertPage([listed_alert(row) for row in rows[:limit]], cursor)


def titled(text: str | None) -> tuple[list[str], list[str]]:
    """The rules and the service levels whose titles hold a text: people look for what the page says."""
    if not text:
        return [], []
    return (
        [name for name, spec in BOOK.items() if text.lower() in spec.title.lower()],
        [name for name, level in LEVEL_BOOK.items() if text.lower() in level.title.lower()],
    )


async def count_closed_with(conn: asyncpg.Connection, ids: list[int]) -> dict[str, int]:
    """How many recovered alerts are closed with each of these, where there are any."""
    return {row["id"]: row["count"] for row in await conn.fetch(SQL["closed_with"], ids)}


async def list_owners(conn: asyncpg.Connection) -> list[str]:
    """Who answered for alerts so far; at most 100."""
    return [row["owner_role"] for row in await conn.fetch(SQL["owners"])]
