"""Alerts as the evaluator leaves them, short enough to be literal in a test."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

NOTES = {
    "root_cause": "The disk was full.",
    "mitigation": "Freed some space.",
    "prevention": "An alert on free space.",
}


async def new_alert(conn: asyncpg.Connection, rule: str = "queue_age", *, minutes: float = 5, **values: Any) -> int:
    """An alert that fired so many minutes ago, firing unless told; its id."""
    fired_at = datetime.now(UTC) - timedelta(minutes=minutes)
    row: dict[str, Any] = {
        "rule": rule,
        "environment": "prod",
        "subject": None,
        "state": "firing",
        "severity": "warning",
        "value": 20.5,
        "threshold": 15.0,
        "sample_count": 3,
        "owner_role": "transcode on-call",
        "response_target_minutes": 15.0,
        "runbook_url": f"/runbooks/{rule}",
        "fired_at": fired_at,
        "response_due_at": fired_at + timedelta(minutes=15),
        "fired_evidence": '{"value": 20.5}',
        "finding": "3 queued, the oldest for 20.5 min",
    } | values
    if row["state"] == "recovered":
        row.setdefault("recovered_at", datetime.now(UTC))
    if row["state"] == "closed":
        row.setdefault("closed_at", datetime.now(UTC))
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    query = f"insert into houndmon.alerts ({', '.join(row)}) values ({places}) returning id"
    id: int = await conn.fetchval(query, *row.values())
    return id
