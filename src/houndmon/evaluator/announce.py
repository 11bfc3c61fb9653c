"""Decides who is told of what: rows in the outbox, written with the transitions they tell of.

Many subjects of one rule within a tick make one notification. A silence, or an alert that explains another, keeps
people from being told, never from seeing.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

import asyncpg

from houndmon.alerts.model import AlertRow, Silence, matches
from houndmon.alerts.people import SQL, add_transition, list_silences, open_alerts
from houndmon.config.model import Config, receivers_for
from houndmon.notify.outbox import record_messages
from houndmon.notify.text import Announced, build_message

AGAIN_AFTER = timedelta(minutes=10)  # an alert that flaps tells of itself at most this often
EXPLAINED_BY = {"queue_age": "worker_heartbeat_missing", "queue_stalled": "worker_heartbeat_missing"}
"""A rule whose alert needs no telling while the other one fires: with no worker alive, of course the queue ages."""
Kind = Literal["fired", "fired_again", "recovered", "overdue"]
Group = tuple[Kind, str, str, str]


async def announce(conn: asyncpg.Connection, config: Config, now: datetime) -> None:
    """Put into the outbox what people must be told now. The caller's transaction holds the lease."""
    alerts = await open_alerts(conn)
    silences = (await list_silences(conn)).items
    groups: dict[Group, list[AlertRow]] = {}
    for alert in alerts:
        quiet = why_quiet(alert, alerts, silences)
        if overdue(alert, now) and await conn.fetchval(SQL["overdue"], int(alert.id), now):
            said = f"nobody acknowledged it within {alert.response_target_minutes:g} min"
            await add_transition(conn, int(alert.id), "overdue", alert.state, alert.state, said, at=now)
            if not quiet:
                groups.setdefault(("overdue", *group_of(alert)), []).append(alert)
        kind = due(alert, now)
        if kind and quiet:
            await suppress(conn, alert, quiet, now)
        elif kind:
            groups.setdefault((kind, *group_of(alert)), []).append(alert)
            told_at = now if kind != "recovered" else None
            await conn.execute(SQL["announced"], int(alert.id), alert.state, told_at, None)
    for (kind, rule, environment, severity), members in groups.items():
        receivers = receivers_for(config, rule, environment, severity)
        message = build_message(kind, rule, [announced(alert) for alert in members], config)
        await record_messages(conn, message, [int(alert.id) for alert in members], receivers)


def group_of(alert: AlertRow) -> tuple[str, str, str]:
    """What the alerts of one notification share."""
    return alert.rule, alert.environment, alert.severity


def due(alert: AlertRow, now: datetime) -> Kind | None:
    """What people must be told of an alert, if anything: they shall know its state, but not each flap of it."""
    if alert.state == "recovered":
        return "recovered" if alert.announced_state == "firing" else None
    if alert.announced_state == "firing":
        return None
    if alert.announced_at and now - alert.announced_at < AGAIN_AFTER:
        return None
    return "fired_again" if alert.announced_at else "fired"


def overdue(alert: AlertRow, now: datetime) -> bool:
    """Whether an alert has just become overdue."""
    return alert.overdue_at is None and alert.acknowledged_at is None and alert.response_due_at < now


def why_quiet(alert: AlertRow, alerts: Iterable[AlertRow], silences: Iterable[Silence]) -> str | None:
    """Why nobody is told of an alert just now; None where they are."""
    for silence in silences:
        if matches(silence, alert.rule, alert.environment, alert.subject):
            return f"silence {silence.id}: {silence.reason}"
    cause = EXPLAINED_BY.get(alert.rule)
    for other in alerts:
        if (other.rule, other.environment, other.state) == (cause, alert.environment, "firing"):
            return f"alert {other.id} explains it: {cause}"
    return None


async def suppress(conn: asyncpg.Connection, alert: AlertRow, quiet: str, now: datetime) -> None:
    """Say in the timeline that nobody is told, and why; once for each reason."""
    if alert.suppressed_by == quiet:
        return
    await add_transition(conn, int(alert.id), "suppressed", alert.state, alert.state, quiet, at=now)
    await conn.execute(SQL["announced"], int(alert.id), alert.announced_state, None, quiet)


def announced(alert: AlertRow) -> Announced:
    """An alert as a notification tells of it."""
    return Announced(**{name: getattr(alert, name) for name in Announced.__struct_fields__})
