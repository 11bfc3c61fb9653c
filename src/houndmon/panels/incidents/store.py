"""Writes the incident feed, and reads it page by page."""

import hashlib
from datetime import UTC, datetime

import asyncpg
import msgspec

from houndmon.kit.clock import JITTER
from houndmon.kit.filters import Environment
from houndmon.kit.paging import Place
from houndmon.kit.problems import BadInput, FieldError, HoundmonError
from houndmon.kit.source import plain
from houndmon.panels.incidents.load import SQL
from houndmon.panels.incidents.model import Incident, IncidentPage, IncidentRow, KeyedRow, NewIncident, shown


class KeyReused(HoundmonError):
    """An idempotency key came with another request before."""

    status = 422
    title = "Idempotency key reused"


async def page(
    conn: asyncpg.Connection, environment: Environment | None, place: Place | None, limit: int
) -> IncidentPage:
    """Some events after a place in the feed, newest first."""
    before = (place.at, place.id) if place else (None, None)
    rows = plain(await conn.fetch(SQL["page"].text, environment, *before, limit + 1), IncidentRow)
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = Place(last.occurred_at, int(last.id)).cursor() if last else None
    return IncidentPage([shown(row) for row in rows[:limit]], cursor)


def in_utc(at: datetime) -> datetime:
    """An instant in UTC. Raises BadInput where that leaves the calendar."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise BadInput(FieldError("occurred_at", "lies outside the calendar")) from None


async def record_incident(
    conn: asyncpg.Connection, incident: NewIncident, key: str | None = None
) -> tuple[Incident, bool]:
    """Add an event; whether it is new. The same key with the same event gives the first one again.

    Raises BadInput for an event in the future, KeyReused for a key that came with another event.
    """
    now = await conn.fetchval("select clock_timestamp()")
    occurred_at = in_utc(incident.occurred_at) if incident.occurred_at else None
    if occurred_at and occurred_at > now + JITTER:
        raise BadInput(FieldError("occurred_at", "must not lie in the future"))
    digest = hashlib.sha256(msgspec.json.encode(incident)).hexdigest()
    link = incident.link
    added = await conn.fetchrow(
        SQL["add"].text,
        occurred_at,
        incident.environment,
        incident.service_area.strip(),
        incident.severity,
        " ".join(incident.impact.split()),
        link.label if link else None,
        link.url if link else None,
        incident.kind,
        key,
        digest if key else None,
    )
    if added:
        return shown(plain([added], IncidentRow)[0]), True
    first = plain(await conn.fetch(SQL["by_key"].text, key), KeyedRow)[0]
    if first.request_digest != digest:
        raise KeyReused("This Idempotency-Key came with another event before: use a new key for a new event.")
    return shown(first), False
