"""What rules and service levels are called on the page, and how their values read."""

import re
from collections.abc import Mapping
from datetime import datetime

from houndmon.alerts.model import Alert, AlertRow
from houndmon.alerts.names import LEVEL_TITLES, finding_text, findings_mark
from houndmon.evaluator.levels import relation_of
from houndmon.panels.incidents.model import Incident
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.units import NOTHING, RATIO, duration, minutes, percent

TITLES: dict[str, str] = {name: spec.title for name, spec in BOOK.items()}
WORDS = {"fired": "", "fired_again": ", again", "recovered": ", recovered", "closed": ", closed"}
"""What an alert did, as the feed says it after the rule's title."""
EVIDENCE_NAMES = {
    "reason": "Finding",
    "value": "Value",
    "threshold": "Threshold",
    "low": "95% interval, from",
    "high": "95% interval, to",
    "bad": "Bad events",
    "sample_count": "Sample",
    "span": "Window",
    "baseline_ratio": "Usual in the 24 h before",
    "expected": "To be expected",
    "oldest_age_minutes": "Oldest",
    "oldest_queued_age_minutes": "Oldest queued job",
    "silent_workers": "Silent workers",
    "at": "Evaluated at",
}
"""What evidence is called on the page, in the order that it is shown in."""
IN_THE_UNIT = ("value", "threshold", "low", "high")
"""The evidence that is in the unit of its rule: value and threshold, and of a ratio its interval."""


def rule_title(rule: str) -> str:
    """A rule in words."""
    return TITLES[rule]


def subject_titled(subject: str) -> str:
    """What an alert is about: a service level in words, and any other subject by its own name."""
    return LEVEL_TITLES.get(subject, subject)


def alert_titled(rule: str, subject: str | None) -> str:
    """What an alert is called: its rule in words, and what it is about."""
    return rule_title(rule) + (f", {subject_titled(subject)}" if subject else "")


def incident_text(incident: Incident) -> str:
    """A line of the feed: of an alert by the title of its rule; what others wrote stays as it is."""
    if incident.event is None or incident.rule not in TITLES:
        return incident.impact
    return f"{alert_titled(incident.rule, incident.subject)}{WORDS[incident.event]}: {incident.reason}"


def quiet_reason_text(why: str) -> str:
    """Why nobody is told of an alert; the rule of an alert that explains it by its title."""
    before, marked, rule = why.partition(" explains it: ")
    return f"{before}{marked}{lower_first(TITLES[rule])}" if rule in TITLES else why


def measured_text(alert: Alert | AlertRow) -> str:
    """The value of an alert against its threshold, in the rule's unit, with its sample."""
    if alert.value is None:
        return "No value"
    text = rule_value(alert.rule, alert.value)
    if alert.threshold is not None:
        text += f", against {rule_value(alert.rule, alert.threshold)}"
    if BOOK[alert.rule].unit is RATIO and alert.sample_count is not None:
        text += f", of {alert.sample_count:,}"
    return text


def lasting_text(alert: Alert, now: datetime) -> str:
    """How long an alert lasted, or lasts by now."""
    return duration((ended_at(alert, now) - alert.fired_at).total_seconds())


def ended_at(alert: Alert, now: datetime) -> datetime:
    """When an alert recovered, or was closed as gone; now where it still fires."""
    return alert.recovered_at or alert.closed_at or now


def bare(text: str) -> str:
    """A sentence for the page, which sets names apart by itself: without the backticks of plain text."""
    return text.replace("`", "")


def lower_first(title: str) -> str:
    """A title within a sentence."""
    return title[:1].lower() + title[1:]


def rule_value(rule: str, value: float) -> str:
    """A rule's value in its unit."""
    return BOOK[rule].unit.page(value)


def evidence_name(name: str) -> str:
    """What a piece of evidence is called."""
    return EVIDENCE_NAMES.get(name, name.replace("_", " ").capitalize())


def ordered_evidence(found: Mapping[str, object]) -> list[tuple[str, object]]:
    """Evidence, what matters first; what has no place of its own comes last, as it was written down."""
    places = list(EVIDENCE_NAMES)
    return sorted(found.items(), key=lambda one: places.index(one[0]) if one[0] in EVIDENCE_NAMES else len(places))


def burn_text(burn: float | None) -> str:
    """How many times its budget a level burns."""
    return NOTHING if burn is None else f"{burn:,.1f}"


def evidence_value(value: object, name: str, rule: str) -> str:
    """A piece of evidence in its unit: the rule's own, or the one that its name ends with. Times to the second."""
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return re.sub(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$", r"\1 \2 UTC", str(value))
    if name in IN_THE_UNIT:
        return rule_value(rule, value)
    if name.endswith("_ratio"):
        return percent(value)
    if name.endswith("_minutes"):
        return minutes(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


FILTERS = {
    "rule_title": rule_title,
    "subject_titled": subject_titled,
    "incident_text": incident_text,
    "quiet_reason_text": quiet_reason_text,
    "measured_text": measured_text,
    "lasting_text": lasting_text,
    "finding_text": finding_text,
    "findings_mark": findings_mark,
    "lower_first": lower_first,
    "bare": bare,
    "rule_value": rule_value,
    "burn_text": burn_text,
    "evidence_name": evidence_name,
    "ordered_evidence": ordered_evidence,
    "evidence_value": evidence_value,
    "relation_of": relation_of,
}
