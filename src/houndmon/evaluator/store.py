"""Writes what a tick found: states, alerts, their transitions and the feed, in one transaction."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from houndmon.alerts.model import AlertRow, StateRow
from houndmon.alerts.people import SQL, add_incident, add_transition, alert_row, open_alerts
from houndmon.alerts.step import Finding, Memory, Step, step
from houndmon.config.model import Config, Rule
from houndmon.kit.source import plain

Key = tuple[str, str, str | None]
MOST_CHANGES = 600  # in one tick, so that it ends in time; the next tick goes on with the rest


class Known(msgspec.Struct):
    """What the last tick left behind."""

    states: dict[Key, StateRow]
    alerts: dict[Key, AlertRow]

    def memory(self, key: Key) -> Memory:
        """What is remembered of a key."""
        state, alert = self.states.get(key), self.alerts.get(key)
        return Memory(
            state.pending_since if state else None,
            state.clear_since if state else None,
            alert.state if alert and alert.state != "closed" else None,
        )


def key_of(thing: Finding | StateRow | AlertRow) -> Key:
    """What tells alerts apart."""
    return thing.rule, thing.environment, thing.subject


async def read_known(conn: asyncpg.Connection) -> Known:
    """The states and open alerts as they are."""
    states = plain(await conn.fetch(SQL["states"]), StateRow)
    return Known({key_of(s): s for s in states}, {key_of(a): a for a in await open_alerts(conn)})


def with_the_gone(findings: list[Finding], known: Known, now: datetime) -> tuple[list[Finding], list[Key]]:
    """The findings, with one for each known subject that none speaks of any more; and the keys to forget.

    Rows that disappear resolve nothing: a subject with an open alert stays, with nothing to judge. Where the
    rule's figures could not be read, every subject stays, unknown.
    """
    spoken = {key_of(finding) for finding in findings}
    blind: dict[tuple[str, str], str] = {(f.rule, f.environment): f.reason for f in findings if f.verdict == "unknown"}
    kept, forgotten = list(findings), []
    for key in dict.fromkeys([*known.alerts, *known.states]):
        rule, environment, subject = key
        if key in spoken:
            continue
        reason = blind.get((rule, environment))
        if reason is None and key not in known.alerts:
            forgotten.append(key)
            continue
        kept.append(
            Finding(
                rule=rule,
                environment=environment,  # type: ignore[arg-type]
                subject=subject,
                verdict="no_data" if reason is None else "unknown",
                evaluated_at=now,
                reason=reason or "it is in the source no longer",
            )
        )
    return kept, forgotten


async def record_findings(conn: asyncpg.Connection, config: Config, findings: list[Finding], now: datetime) -> None:
    """Take every alert one step further. The caller's transaction holds the lease."""
    known = await read_known(conn)
    judged, forgotten = with_the_gone(findings, known, now)
    rows, figures, changes = [], [], 0
    for finding in judged:
        rule, key = config.rules[finding.rule], known.memory(key_of(finding))  # type: ignore[index]
        taken = step(
            finding.verdict,
            finding.clears,
            key,
            now,
            hold_seconds=rule.hold_seconds,
            recover_after_seconds=rule.recover_after_seconds,
        )
        alert = known.alerts.get(key_of(finding))
        changes += taken.change is not None
        if taken.change and changes > MOST_CHANGES:
            continue
        if taken.change:
            await record_change(conn, config, rule, finding, taken, alert, now)
        elif alert and finding.verdict == "breach":
            figures.append({"id": int(alert.id), "value": finding.value, "sample_count": finding.sample_count})
        rows.append(state_of(finding, taken))
    await conn.execute(SQL["put_states"], encoded(rows))
    if figures:
        await conn.execute(SQL["refresh"], encoded(figures))
    if forgotten:
        gone = [{"rule": rule, "environment": where, "subject": what} for rule, where, what in forgotten]
        await conn.execute(SQL["drop_states"], encoded(gone))


def state_of(finding: Finding, taken: Step) -> dict[str, Any]:
    """What is written of a finding."""
    return {
        "rule": finding.rule,
        "environment": finding.environment,
        "subject": finding.subject,
        "verdict": finding.verdict,
        "state": taken.state,
        "value": finding.value,
        "threshold": finding.threshold,
        "sample_count": finding.sample_count,
        "reason": finding.reason,
        "evaluated_at": finding.evaluated_at,
        "pending_since": taken.memory.pending_since,
        "clear_since": taken.memory.clear_since,
    }


def encoded(rows: Any) -> str:
    """Rows as the JSON text that a statement takes them in."""
    return msgspec.json.encode(rows).decode()


async def record_change(
    conn: asyncpg.Connection,
    config: Config,
    rule: Rule,
    finding: Finding,
    taken: Step,
    alert: AlertRow | None,
    now: datetime,
) -> None:
    """Write a transition, by compare-and-set: where nothing changes, another was quicker."""
    figures: dict[str, Any] = {
        "value": finding.value,
        "threshold": finding.threshold,
        "sample_count": finding.sample_count,
    }
    evidence = encoded(figures | {"at": finding.evaluated_at, "reason": finding.reason} | finding.evidence)
    if taken.change == "fired":
        id = await conn.fetchval(SQL["fire"], *new_alert(config, rule, finding, now), evidence)
        before, kind, word = "pending" if rule.hold_seconds else "ok", "alert_fired", "fires"
    elif taken.change == "fired_again":
        id = await conn.fetchval(SQL["fire_again"], number(alert), *figures.values())
        before, kind, word = "recovered", "alert_fired", "fires again"
    else:
        id = await conn.fetchval(SQL["recover"], number(alert), now, evidence)
        before, kind, word = "firing", "alert_recovered", "recovered"
    if id is None:
        return
    assert taken.change
    await add_transition(conn, id, taken.change, before, taken.state, finding.reason, at=now, **figures)
    row = await alert_row(conn, id)
    severity = row.severity if kind == "alert_fired" else "info"
    what = f"{finding.rule}{f' of {finding.subject}' if finding.subject else ''} {word}: {finding.reason}"
    await add_incident(conn, row, kind, severity, what, at=now)


def number(alert: AlertRow | None) -> int:
    """The id of the alert that a change is about."""
    assert alert, "only an open alert recovers or fires again"
    return int(alert.id)


def new_alert(config: Config, rule: Rule, finding: Finding, now: datetime) -> tuple[Any, ...]:
    """The columns of an alert that fires now. The owner of a burn rule is that of its service level."""
    level = config.levels.get(finding.subject) if finding.subject else None  # type: ignore[call-overload]
    owner = rule.owner_role or (level.owner_role if level else "platform on-call")
    return (
        finding.rule,
        finding.environment,
        finding.subject,
        rule.severity,
        finding.value,
        finding.threshold,
        finding.sample_count,
        owner,
        rule.response_target_minutes,
        rule.runbook_url,
        now,
    )
