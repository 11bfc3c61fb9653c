"""Writes the incident feed, and reads it page by page."""

import hashlib
from datetime import UTC, datetime

import asyncpg
import msgspec

from houndmon.core.clock import JITTER
from houndmon.core.filters import Environment
from houndmon.core.paging import PagePosition
from houndmon.core.problems import BadInput, FieldError, HoundmonError
from houndmon.core.source import as_structs
from houndmon.panels.incidents.load import SQL
from houndmon.panels.incidents.model import Incident, IncidentPage, IncidentRow, KeyedRow, NewIncident, listed_incident


class KeyReused(HoundmonError):
    """An idempotency key came with another request before."""

    status = 422
    title = "Idempotency key reused"


async def read_page(
    conn: asyncpg.Connection, environment: Environment | None, place: PagePosition | None, limit: int
) -> IncidentPage:
    """Some events after a place in the feed, newest first."""
    before = (place.at, place.id) if place else (None, None)
    rows = as_structs(await conn.fetch(SQL["page"].text, environment, *before, limit + 1), IncidentRow)
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = PagePosition(last.occurred_at, int(last.id)).cursor() if last else None
    return IncidentPage([listed_incident(row) for row in rows[:limit]], cursor)


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
        return listed_incident(as_structs([added], IncidentRow)[0]), True
    first = as_structs(await conn.fetch(SQL["by_key"].text, key), KeyedRow)[0]
    if first.request_digest != digest:
        raise KeyReused("This Idempotency-Key came with another event before: use a new key for a new event.")
    return listed_incident(first), False
