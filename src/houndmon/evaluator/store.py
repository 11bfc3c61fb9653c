"""Writes what a tick found: states, alerts, their transitions and the feed, in one transaction."""

from datetime import datetime, timedelta

import asyncpg
import msgspec

from houndmon.alerts.model import AlertRow, StateRow
from houndmon.alerts.step import Finding, Memory, Step, nothing_since, step
from houndmon.alerts.store import SQL, add_transition, read_alert_row, read_open_alerts, record_alert_incident
from houndmon.config.model import Config
from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.source import as_structs
from houndmon.evaluator.baseline import RuleSubject
from houndmon.rulebook.spec import Rule

AlertKey = tuple[str, str, str | None]
MOST_CHANGES = 600  # in one tick, so that it ends in time; the next tick goes on with the rest


class LastStates(msgspec.Struct):
    """What the last tick left behind."""

    states: dict[AlertKey, StateRow]
    alerts: dict[AlertKey, AlertRow]

    def memory(self, key: AlertKey) -> Memory:
        """What is remembered of a key."""
        state, alert = self.states.get(key), self.alerts.get(key)
        return Memory(
            state.pending_since if state else None,
            state.clear_since if state else None,
            alert.state if alert and alert.state != "closed" else None,
        )


def alert_key(thing: Finding | StateRow | AlertRow) -> AlertKey:
    """What tells alerts apart."""
    return thing.rule, thing.environment, thing.subject


async def read_last_states(conn: asyncpg.Connection) -> LastStates:
    """The states and open alerts as they are."""
    states = as_structs(await conn.fetch(SQL["states"]), StateRow)
    return LastStates({alert_key(s): s for s in states}, {alert_key(a): a for a in await read_open_alerts(conn)})


async def read_held(conn: asyncpg.Connection) -> dict[str, dict[RuleSubject, float]]:
    """The baselines that open alerts are held against, by environment: those of the moments when they fired."""
    found: dict[str, dict[RuleSubject, float]] = {}
    for rule, environment, subject, baseline in await conn.fetch(SQL["baselines"]):
        found.setdefault(environment, {})[rule, subject] = baseline
    return found


def add_vanished_subjects(
    findings: list[Finding], known: LastStates, now: datetime
) -> tuple[list[Finding], list[AlertKey]]:
    """The findings, with one for each known subject that none speaks of any more; and the keys to forget.

    Rows that disappear resolve nothing: a subject with an open alert stays, with nothing to judge. Where the
    rule's figures could not be read, every subject stays, unknown.
    """
    spoken = {alert_key(finding) for finding in findings}
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
                reason=reason or "it is in the source no longer, or nobody judges it",
            )
        )
    return kept, forgotten


async def record_findings(conn: asyncpg.Connection, config: Config, findings: list[Finding], now: datetime) -> None:
    """Take every alert one step further. The caller's transaction holds the lease."""
    known = await read_last_states(conn)
    judged, forgotten = add_vanished_subjects(findings, known, now)
    rules = {environment: config.rules_in(environment) for environment in ENVIRONMENTS}
    rows, figures, changes = [], [], 0
    for finding in judged:
        rule = rules[finding.environment][finding.rule]
        taken = step(
            finding.verdict,
            finding.clears,
            known.memory(alert_key(finding)),
            now,
            hold_seconds=rule.hold_seconds,
            recover_after_seconds=rule.recover_after_seconds,
        )
        alert = known.alerts.get(alert_key(finding))
        changes += taken.change is not None
        if taken.change and changes > MOST_CHANGES:
            continue
        if taken.change:
            await record_change(conn, config, rule, finding, taken, alert, now)
        elif alert:
            figures.append(latest_row(alert, finding, taken, rule))
        rows.append(state_row(finding, taken, known.states.get(alert_key(finding)), now))
    await conn.execute(SQL["put_states"], encode_rows(rows))
    if figures:
        await conn.execute(SQL["refresh"], encode_rows(figures))
    if forgotten:
        gone = [{"rule": rule, "environment": where, "subject": what} for rule, where, what in forgotten]
        await conn.execute(SQL["drop_states"], encode_rows(gone))


def latest_row(alert: AlertRow, finding: Finding, taken: Step, rule: Rule) -> dict[str, object]:
    """What was found last of an open alert; while it is clear, also when it will have recovered if that lasts."""
    clear_since = taken.memory.clear_since
    return {
        "id": int(alert.id),
        "verdict": finding.verdict,
        "value": finding.value,
        "sample_count": finding.sample_count,
        "reason": finding.reason,
        "clear_since": clear_since,
        "recovers_at": clear_since + timedelta(seconds=rule.recover_after_seconds) if clear_since else None,
    }


def state_row(finding: Finding, taken: Step, before: StateRow | None, now: datetime) -> dict[str, object]:
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
        "no_data_since": nothing_since(finding.verdict, before.no_data_since if before else None, now),
    }


def encode_rows(rows: object) -> str:
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
    measured = {"value": finding.value, "threshold": finding.threshold, "sample_count": finding.sample_count}
    evidence = encode_rows({**measured, "at": finding.evaluated_at, "reason": finding.reason, **finding.evidence})
    if taken.change == "fired":
        new = new_alert(config, rule, finding, now)
        id = await conn.fetchval(SQL["fire"], *new, evidence, finding.baseline, finding.reason)
        before = "pending" if rule.hold_seconds else "ok"
    elif taken.change == "fired_again":
        id = await conn.fetchval(
            SQL["fire_again"], changed_alert_id(alert), *measured.values(), finding.reason, evidence
        )
        before = "recovered"
    else:
        id = await conn.fetchval(SQL["recover"], changed_alert_id(alert), now, evidence, finding.reason)
        before = "firing"
    if id is None:
        return
    assert taken.change
    await add_transition(
        conn,
        id,
        taken.change,
        before,
        taken.state,
        finding.reason,
        at=now,
        value=finding.value,
        threshold=finding.threshold,
        sample_count=finding.sample_count,
    )
    row = await read_alert_row(conn, id)
    severity = "info" if taken.change == "recovered" else row.severity
    await record_alert_incident(conn, row, taken.change, severity, finding.reason, at=now)


def changed_alert_id(alert: AlertRow | None) -> int:
    """The id of the alert that a change is about."""
    assert alert, "only an open alert recovers or fires again"
    return int(alert.id)


def new_alert(config: Config, rule: Rule, finding: Finding, now: datetime) -> tuple[object, ...]:
    """The columns of an alert that fires now. The owner of a burn rule is that of its service level."""
    return (
        finding.rule,
        finding.environment,
        finding.subject,
        rule.severity,
        finding.value,
        finding.threshold,
        finding.sample_count,
        config.owner_of(rule, finding.subject),
        rule.response_target_minutes,
        rule.runbook_url,
        now,
    )
