"""What a notification says: who must act by when, what is wrong, against which threshold, and where to look. Pure."""

import math
import unicodedata
from collections.abc import Callable
from datetime import datetime
from urllib.parse import quote, urlencode

import msgspec

from houndmon.config.model import Config
from houndmon.notify.message import AlertLine, Kind, Message

LISTED = 10
NAME_CHARACTERS = 120
HEADS: dict[Kind, str] = {
    "fired": "FIRING",
    "fired_again": "FIRING AGAIN",
    "recovered": "RECOVERED",
    "overdue": "OVERDUE",
    "closed": "CLOSED",
    "test": "TEST",
}
MEANINGS = {
    "queue_age": "transcode jobs wait too long",
    "queue_stalled": "transcode jobs wait and none finishes",
    "queue_failure_ratio": "too many transcode jobs fail",
    "worker_heartbeat_missing": "no worker has beaten",
    "playback_failure_ratio": "too many plays fail",
    "api_5xx_spike": "too many requests end in 5xx",
    "api_4xx_spike": "too many requests end in 4xx",
    "traffic_absent": "traffic has ceased",
    "slo_burn_fast": "an error budget burns fast",
    "slo_burn_slow": "an error budget burns",
    "slo_burn_day": "an error budget is being spent within the day",
    "source_unreadable": "a source cannot be read",
    "counts_differ": "served figures differ from the rows",
}
NOTHING = {  # a rule that fired without a value says so in words
    "queue_stalled": "nothing finished in 7 days",
    "worker_heartbeat_missing": "no worker ever beat, and jobs wait",
    "source_unreadable": "cannot be read",
}
SAMPLES = {
    "queue_age": "queued",
    "queue_stalled": "queued",
    "queue_failure_ratio": "finished jobs",
    "playback_failure_ratio": "attempts",
    "api_5xx_spike": "requests",
    "api_4xx_spike": "requests",
}
PANELS = {
    "queue_age": "transcode",
    "queue_stalled": "transcode",
    "queue_failure_ratio": "transcode",
    "worker_heartbeat_missing": "workers",
    "playback_failure_ratio": "playback",
    "api_5xx_spike": "api",
    "api_4xx_spike": "api",
    "playback": "playback",
    "ingest": "ingest",
    "upload_to_live": "publish",
    "transcode_success": "transcode",
    "playback_success": "playback",
    "heartbeat_freshness": "workers",
}
"""Where to look, by rule, or else by the subject of its first alert."""
RANGES = {"slo_burn_slow": "6h", "slo_burn_day": "24h"}
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Announced(msgspec.Struct, kw_only=True):
    """An alert as a notification tells of it."""

    id: str
    rule: str
    environment: str
    subject: str | None
    severity: str
    value: float | None
    threshold: float | None
    sample_count: int | None
    owner_role: str
    response_target_minutes: float
    runbook_url: str
    fired_at: datetime
    response_due_at: datetime


def build_message(kind: Kind, rule: str, alerts: list[Announced], config: Config) -> Message:
    """The notification of alerts that share rule, environment and severity."""
    assert alerts, "a notification tells of something"
    first = alerts[0]
    title = title_of(kind, rule, alerts)
    owners = ", ".join(dict.fromkeys(harmless(alert.owner_role) for alert in alerts))
    target = min(alert.response_target_minutes for alert in alerts)
    runbook, page = absolute(config, first.runbook_url), page_url(config, first)
    head = f"{title}\nOwner: {owners}. Response target: {target:g} min.\nRunbook: {runbook}\nPage: {page}\n"
    return Message(
        kind=kind,
        rule=rule,
        environment=first.environment,
        severity=first.severity,
        title=title,
        text=head + "\n" + listing(kind, alerts, config),
        owner_role=owners,
        response_target_minutes=target,
        runbook_url=runbook,
        url=page,
        alerts=[line_of(alert, config) for alert in alerts],
    )


def title_of(kind: Kind, rule: str, alerts: list[Announced]) -> str:
    """One line that says it all."""
    names = [harmless(alert.subject, 60) for alert in alerts if alert.subject]
    of = f" ({names[0]})" if len(alerts) == 1 and names else f" ({len(alerts):,} subjects)" if len(alerts) > 1 else ""
    head = f"{HEADS[kind]}: {rule} in {alerts[0].environment}{of}"
    return f"{head}, {alerts[0].severity}: {MEANINGS.get(rule, 'see its runbook')}"


def listing(kind: Kind, alerts: list[Announced], config: Config) -> str:
    """The alerts, a paragraph each; of many only the first."""
    told = [paragraph(kind, alert, config) for alert in alerts[:LISTED]]
    if more := len(alerts) - LISTED:
        told += [f"and {more:,} more"] if more > 0 else []
    return "\n".join(told)


def paragraph(kind: Kind, alert: Announced, config: Config) -> str:
    """One alert: its value against its threshold, since when, by when, and its page."""
    facts = [measured(alert), f"since {when(alert.fired_at)}"]
    if kind == "overdue":
        facts.append(f"to be acknowledged by {when(alert.response_due_at)}, and nobody did")
    elif kind in ("fired", "fired_again"):
        facts.append(f"acknowledge by {when(alert.response_due_at)}")
    elif kind == "recovered":
        facts.append("it recovered by itself and waits for a person to close it")
    return f"- {name_of(alert)}: {'; '.join(facts)}\n  {alert_url(config, alert)}"


def name_of(alert: Announced) -> str:
    """What an alert is about."""
    whole = "the source itself" if alert.rule == "source_unreadable" else alert.environment
    return harmless(alert.subject) if alert.subject else whole


def measured(alert: Announced) -> str:
    """The value against its threshold, each in the rule's own unit, and of how many."""
    unit = unit_of(alert.rule, alert.subject)
    if alert.value is None:
        return NOTHING.get(alert.rule, "no value")
    against = f" (threshold {unit(alert.threshold)})" if alert.threshold is not None else ""
    sample = SAMPLES.get(alert.rule)
    of = f", {alert.sample_count:,} {sample}" if sample and alert.sample_count is not None else ""
    return unit(alert.value) + against + of


def unit_of(rule: str, subject: str | None) -> Callable[[float], str]:
    """How a rule's values are written."""
    if rule in ("queue_age", "queue_stalled"):
        return lambda value: f"{number(value)} min"
    if rule == "worker_heartbeat_missing":
        return lambda value: f"{number(value)} s"
    if rule.startswith("slo_burn_"):
        return lambda value: f"{number(value)} × its budget's pace"
    if rule == "traffic_absent":
        return lambda value: f"{number(value)} {'uploads' if subject == 'ingest' else 'plays'} in 30 min"
    if rule == "source_unreadable":
        return number
    if rule == "counts_differ":
        return lambda value: f"{number(value)} figures differ"
    return lambda value: f"{number(value * 100)} %"


def number(value: float) -> str:
    """A number with two decimals at most, none of them idle."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "unknown"
    return f"{value:,.2f}".rstrip("0").rstrip(".") or "0"


def when(at: datetime) -> str:
    """A time to the second, as people compare it with a log."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def harmless(text: str, most: int = NAME_CHARACTERS) -> str:
    """What strangers wrote, on one line: control characters and those that turn the reading direction replaced."""
    cut = text[:most] + ("…" if len(text) > most else "")
    return "".join("�" if is_unfit(character) else character for character in cut)


def is_unfit(character: str) -> bool:
    """Whether a character could break or disguise a line."""
    return character in BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def absolute(config: Config, url: str) -> str:
    """A URL for people who read far from the page."""
    return url if "://" in url else f"{base(config)}/{url.lstrip('/')}"


def base(config: Config) -> str:
    """Where the page is."""
    return config.public_url.rstrip("/")


def page_url(config: Config, alert: Announced) -> str:
    """The page with the filters of an alert, at the panel that shows its cause."""
    query = urlencode({"environment": alert.environment, "range": RANGES.get(alert.rule, "1h")})
    panel = PANELS.get(alert.rule) or PANELS.get(alert.subject or "")
    return f"{base(config)}/?{query}#panel-{panel or 'alerts'}"


def alert_url(config: Config, alert: Announced) -> str:
    """The page of one alert."""
    return f"{base(config)}/alerts/{quote(alert.id, safe='')}"


def line_of(alert: Announced, config: Config) -> AlertLine:
    """One alert for programs."""
    return AlertLine(
        id=alert.id,
        subject=harmless(alert.subject, 500) if alert.subject else alert.subject,
        value=finite(alert.value),
        threshold=finite(alert.threshold),
        sample_count=alert.sample_count,
        fired_at=alert.fired_at,
        response_due_at=alert.response_due_at,
        url=alert_url(config, alert),
    )


def finite(value: float | None) -> float | None:
    """JSON knows neither infinity nor NaN."""
    return value if value is not None and math.isfinite(value) else None
