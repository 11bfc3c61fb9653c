"""What a notification says: what is wrong, who must act by when, and where to look. Pure."""

import math
from datetime import datetime
from typing import get_args
from urllib.parse import quote, urlencode

from houndmon.alerts.names import clock_time
from houndmon.config.model import Config
from houndmon.core.clock import SPANS, Range
from houndmon.core.neutral import neutral, visible
from houndmon.notify.announced import (
    AnnouncedAlert,
    ExplainedAlert,
    alert_title,
    evidence_lines,
    finding_with_limit,
    neutral_evidence,
    recovery_text,
)
from houndmon.notify.message import AlertLine, ExplainedLine, Message, NotificationKind
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.units import said_duration

MOST_LISTED_ALERTS = 10
MOST_EXPLAINED = 5
OWN_NAME_CHARACTERS = 120
SUBJECT_CHARACTERS = 500
HEADLINES: dict[NotificationKind, str] = {
    "fired": "FIRING",
    "fired_again": "FIRING AGAIN",
    "recovered": "RECOVERED",
    "overdue": "OVERDUE",
    "closed": "CLOSED",
    "test": "TEST",
}


def build_message(
    kind: NotificationKind, rule: str, alerts: list[AnnouncedAlert], config: Config, now: datetime
) -> Message:
    """The notification at `now` of alerts that share rule, environment and severity."""
    assert alerts, "a notification tells of something"
    first = alerts[0]
    title, owners = title_of(kind, rule, alerts, config), owners_of(alerts)
    target = min(alert.response_target_minutes for alert in alerts)
    runbook, page = absolute_url(config, first.runbook_url), page_url(config, alerts, now)
    told = [*told_lines(kind, alerts, config, now), owner_line(kind, owners, target)]
    links = [f"Runbook: {runbook}", f"Page: {page}"]
    links += [f"Alert: {alert_url(config, first.id)}"] if len(alerts) == 1 else []
    return Message(
        kind=kind,
        rule=rule,
        environment=first.environment,
        severity=first.severity,
        title=title,
        text="\n".join([title, *told, *links]),
        owner_role=owners,
        response_target_minutes=target,
        runbook_url=runbook,
        url=page,
        alerts=[alert_line(alert, config) for alert in alerts],
        reason=reason_of(kind, first),
        stage=BOOK[rule].of(first.subject).stage,
    )


def title_of(kind: NotificationKind, rule: str, alerts: list[AnnouncedAlert], config: Config) -> str:
    """One line that says what, where and how bad, with the title that the page has."""
    what = alert_title(alerts[0]) if len(alerts) == 1 else f"{BOOK[rule].title}, {len(alerts):,} subjects"
    return f"{HEADLINES[kind]}: {what}, in {called(config, alerts[0].environment)} ({alerts[0].severity})"


def owners_of(alerts: list[AnnouncedAlert]) -> str:
    """Who answers for the alerts, each once."""
    return ", ".join(dict.fromkeys(visible(alert.owner_role, OWN_NAME_CHARACTERS) for alert in alerts))


def called(config: Config, environment: str) -> str:
    """What the team calls an environment."""
    return visible(config.called(environment), OWN_NAME_CHARACTERS)


def owner_line(kind: NotificationKind, owners: str, target_minutes: float) -> str:
    """Who must act, and within which time where a firing begins."""
    within = f", to respond within {said_duration(target_minutes * 60)}" if kind in ("fired", "fired_again") else ""
    return f"Owner: {owners}{within}"


def told_lines(kind: NotificationKind, alerts: list[AnnouncedAlert], config: Config, now: datetime) -> list[str]:
    """The alerts; of many only the first, each under its own name."""
    if len(alerts) == 1:
        return alert_lines(kind, alerts[0], config, now)
    lines = []
    for alert in alerts[:MOST_LISTED_ALERTS]:
        head, *rest = alert_lines(kind, alert, config, now)
        lines += [f"- {alert_title(alert)}: {head}", *(f"  {line}" for line in rest)]
        lines.append(f"  {alert_url(config, alert.id)}")
    more = len(alerts) - MOST_LISTED_ALERTS
    return [*lines, f"and {more:,} more"] if more > 0 else lines


def alert_lines(kind: NotificationKind, alert: AnnouncedAlert, config: Config, now: datetime) -> list[str]:
    """One alert: what was found, since when and until when, what is at fault, and what explains what."""
    lines = [f"{upper_first(reason_of(kind, alert))}.", time_line(kind, alert, now)]
    if kind in ("fired", "fired_again", "overdue") and alert.recovered_at is None:
        lines += evidence_lines(alert)
    return lines + explanation_lines(alert, config)


def reason_of(kind: NotificationKind, alert: AnnouncedAlert) -> str:
    """What is found now, and for what is well again how it recovered."""
    is_well = kind == "recovered" or (kind in ("overdue", "closed") and alert.recovered_at is not None)
    return recovery_text(alert) if is_well else finding_with_limit(alert)


def time_line(kind: NotificationKind, alert: AnnouncedAlert, now: datetime) -> str:
    """Since when, and by when somebody must respond."""
    fired, due = utc_time_text(alert.fired_at, now), utc_time_text(alert.response_due_at, now)
    ended = f"Fired at {fired}, recovered at {utc_time_text(alert.recovered_at, now)}" if alert.recovered_at else ""
    match kind:
        case "fired":
            return f"Firing since {fired}. Acknowledge by {due}."
        case "fired_again":
            return f"First fired at {fired}, recovered and fires again. Acknowledge by {due}."
        case "overdue":
            return f"{ended or f'Firing since {fired}'}; nobody acknowledged it by {due}."
        case "closed":
            return f"{ended or f'Fired at {fired}'}, and closed."
    return f"{ended or f'Fired at {fired}'}. It waits to be closed with notes."


def utc_time_text(at: datetime, now: datetime) -> str:
    """A time of day in UTC, with its date where that is not today's."""
    return clock_time(at) if at.date() == now.date() else f"{at:%Y-%m-%d} {clock_time(at)}"


def explanation_lines(alert: AnnouncedAlert, config: Config) -> list[str]:
    """The alert that explains this one, and those that it explains."""
    lines = [f"Explained by: {alert_url(config, alert.explained_by)}"] if alert.explained_by else []
    if alert.explains:
        first = "; ".join(alert_title(one) for one in alert.explains[:MOST_EXPLAINED])
        more = len(alert.explains) - MOST_EXPLAINED
        lines.append(f"It explains: {first}" + (f"; and {more:,} more" if more > 0 else ""))
    return lines


def upper_first(text: str) -> str:
    """A text as a sentence begins."""
    return text[:1].upper() + text[1:]


def absolute_url(config: Config, url: str) -> str:
    """A URL for people who read far from the page."""
    return url if "://" in url else f"{base_url(config)}/{url.lstrip('/')}"


def base_url(config: Config) -> str:
    """Where the page is."""
    return config.public_url.rstrip("/")


def page_url(config: Config, alerts: list[AnnouncedAlert], now: datetime) -> str:
    """The page at the panel that shows the cause, over a range that reaches back to when the first alert fired."""
    first = alerts[0]
    spec, since = BOOK[first.rule], min(alert.fired_at for alert in alerts)
    query = urlencode({"environment": first.environment, "range": range_since(spec.range, since, now)})
    return f"{base_url(config)}/?{query}#panel-{spec.of(first.subject).panel}"


def range_since(least: Range, since: datetime, now: datetime) -> Range:
    """The shortest range, the rule's own or a longer one, that shows a time; the longest where none does."""
    ranges: tuple[Range, ...] = get_args(Range)
    fitting = ranges[ranges.index(least) :]
    return next((one for one in fitting if now - since < SPANS[one]), fitting[-1])


def alert_url(config: Config, id: str) -> str:
    """The page of one alert."""
    return f"{base_url(config)}/alerts/{quote(id, safe='')}"


def alert_line(alert: AnnouncedAlert, config: Config) -> AlertLine:
    """One alert for programs."""
    evidence = neutral_evidence(alert.evidence)
    assert isinstance(evidence, dict), "evidence is by name"
    return AlertLine(
        id=alert.id,
        subject=neutral(alert.subject, SUBJECT_CHARACTERS) if alert.subject else alert.subject,
        value=finite_or_none(alert.value),
        threshold=finite_or_none(alert.threshold),
        sample_count=alert.sample_count,
        fired_at=alert.fired_at,
        response_due_at=alert.response_due_at,
        url=alert_url(config, alert.id),
        reason=finding_with_limit(alert) if alert.recovered_at is None else recovery_text(alert),
        evidence=evidence,
        stage=BOOK[alert.rule].of(alert.subject).stage,
        severity=alert.severity,
        owner_role=visible(alert.owner_role, OWN_NAME_CHARACTERS),
        explained_by=alert.explained_by,
        explains=[explained_line(one, config) for one in alert.explains],
    )


def explained_line(alert: ExplainedAlert, config: Config) -> ExplainedLine:
    """An explained alert for programs."""
    subject = neutral(alert.subject, SUBJECT_CHARACTERS) if alert.subject else alert.subject
    return ExplainedLine(
        id=alert.id, rule=alert.rule, subject=subject, title=alert_title(alert), url=alert_url(config, alert.id)
    )


def finite_or_none(value: float | None) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return value if value is not None and math.isfinite(value) else None
