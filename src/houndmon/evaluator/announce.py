"""Decides who is told of what: rows in the outbox, written with the transitions they tell of.

Many subjects of one rule within a tick make one notification. A silence, or an alert that explains another, keeps
people from being told, never from seeing.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import asyncpg
import msgspec

from houndmon.alerts.explanation import root_causes
from houndmon.alerts.model import AlertRow
from houndmon.alerts.silences import Silence, list_silences, matches
from houndmon.alerts.step import OpenState
from houndmon.alerts.store import SQL, add_transition, read_open_alerts
from houndmon.alerts.telling import Heard, MessageKind, tell
from houndmon.config.model import Config, receivers_for
from houndmon.evaluator.store import encode_rows
from houndmon.notify.announced import ExplainedAlert, announced_alert
from houndmon.notify.outbox import record_messages
from houndmon.notify.text import build_message
from houndmon.rulebook.units import said_duration

OPEN: dict[str, OpenState] = {"firing": "firing", "recovered": "recovered"}
Group = tuple[MessageKind, str, str, str]


async def announce(conn: asyncpg.Connection, config: Config, now: datetime) -> None:
    """Put into the outbox what people must be told now. The caller's transaction holds the lease."""
    alerts = await read_open_alerts(conn)
    causes = root_causes(alerts)
    await record_causes(conn, alerts, causes)
    silences = (await list_silences(conn)).items
    groups: dict[Group, list[AlertRow]] = {}
    for alert in alerts:
        quiet = quiet_reason(alert, causes.get(alert.id), silences)
        minutes, flaps = alert.response_target_minutes, alert.flaps
        kind, heard = tell(OPEN[alert.state], known_of(alert), quiet, now, response_minutes=minutes, flaps=flaps)
        if heard != known_of(alert):
            await record_heard(conn, alert, heard, now)
        if kind:
            renewed = msgspec.structs.replace(alert, response_due_at=heard.response_due_at)
            groups.setdefault((kind, *group_of(alert)), []).append(renewed)
        if (
            not quiet
            and is_newly_overdue(alert, heard, now)
            and await conn.fetchval(SQL["overdue"], int(alert.id), now)
        ):
            said = f"nobody acknowledged it within {said_duration(minutes * 60)}"
            await add_transition(conn, int(alert.id), "overdue", alert.state, alert.state, said, at=now)
            groups.setdefault(("overdue", *group_of(alert)), []).append(alert)
    for (kind, rule, environment, severity), members in groups.items():
        receivers = receivers_for(config, rule, environment, severity)
        listed = [announced_alert(alert, explained_by(alert, alerts, causes)) for alert in members]
        message = build_message(kind, rule, listed, config, now)
        await record_messages(conn, message, [int(alert.id) for alert in members], receivers)


def group_of(alert: AlertRow) -> tuple[str, str, str]:
    """What the alerts of one notification share."""
    return alert.rule, alert.environment, alert.severity


def known_of(alert: AlertRow) -> Heard:
    """What people know of an alert."""
    return msgspec.convert(alert, Heard, from_attributes=True)


def is_newly_overdue(alert: AlertRow, heard: Heard, now: datetime) -> bool:
    """Whether an alert has just become overdue; nobody is late to answer what nobody was told."""
    is_due = alert.overdue_at is None and alert.acknowledged_at is None and heard.response_due_at < now
    return is_due and heard.announced_at is not None


async def record_heard(conn: asyncpg.Connection, alert: AlertRow, heard: Heard, now: datetime) -> None:
    """Write what people know now; the timeline says why nobody is told, once for each reason."""
    if heard.suppressed_by is not None and heard.suppressed_by != alert.suppressed_by:
        said = heard.suppressed_by
        await add_transition(conn, int(alert.id), "suppressed", alert.state, alert.state, said, at=now)
    await conn.execute(SQL["announced"], int(alert.id), *msgspec.structs.astuple(heard))


async def record_causes(conn: asyncpg.Connection, alerts: Iterable[AlertRow], causes: Mapping[str, AlertRow]) -> None:
    """Write down which alert explains which, where that has changed."""
    found = {id: cause.id for id, cause in causes.items()}
    changed = [
        {"id": alert.id, "explained_by": found.get(alert.id)}
        for alert in alerts
        if found.get(alert.id) != alert.explained_by
    ]
    if changed:
        await conn.execute(SQL["explain"], encode_rows(changed))


def quiet_reason(alert: AlertRow, cause: AlertRow | None, silences: Iterable[Silence]) -> str | None:
    """Why nobody is told of an alert just now; None where they are."""
    for silence in silences:
        if matches(silence, alert.rule, alert.environment, alert.subject):
            return f"silence {silence.id}: {silence.reason}"
    return f"alert {cause.id} explains it: {cause.rule}" if cause else None


def explained_by(cause: AlertRow, alerts: Iterable[AlertRow], causes: Mapping[str, AlertRow]) -> list[ExplainedAlert]:
    """The open alerts that another one explains, as its message lists them."""
    found = [alert for alert in alerts if alert.id in causes and causes[alert.id].id == cause.id]
    return [ExplainedAlert(id=alert.id, rule=alert.rule, subject=alert.subject) for alert in found]
