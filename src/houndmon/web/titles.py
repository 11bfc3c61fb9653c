"""What rules and service levels are called on the page, and how their values read."""

import re
from typing import Any

from houndmon.evaluator.levels import relation_of
from houndmon.web.display import NOTHING, duration, minutes, percent

TITLES = {
    "queue_age": "The oldest job has waited too long",
    "queue_stalled": "The transcode queue is stalled",
    "queue_failure_ratio": "Too many transcodes fail",
    "worker_heartbeat_missing": "No worker beats",
    "playback_failure_ratio": "Too many plays fail",
    "api_5xx_spike": "The API answers 5xx",
    "api_4xx_spike": "The API answers 4xx",
    "traffic_absent": "Traffic is absent",
    "slo_burn_fast": "An error budget burns fast",
    "slo_burn_slow": "An error budget burns",
    "slo_burn_day": "An error budget will not last the day",
    "source_unreadable": "The source cannot be read",
    "counts_differ": "Served figures differ from the rows",
    "upload_to_live": "Upload to live",
    "transcode_success": "Transcode success",
    "playback_success": "Playback success",
    "heartbeat_freshness": "Heartbeat freshness",
}
WORDS = {"fires": "", "fires again": ", again", "recovered": ", recovered", "closed": ", closed"}
_EVENT = re.compile(rf"(\w+)(?: of (.+?))? ({'|'.join(sorted(WORDS, reverse=True))}): ", re.DOTALL)
"""How the feed tells of an alert, to programs: the rule, its subject, what happened."""
EVIDENCE = {
    "reason": "Finding",
    "value": "Value",
    "threshold": "Threshold",
    "low": "95% interval, from",
    "high": "95% interval, to",
    "bad": "Bad ones",
    "sample_count": "Sample",
    "span": "Looked back on",
    "baseline_ratio": "Ratio of the 24 h before",
    "week_before": "A week before",
    "at": "Judged at",
}
"""What evidence is called on the page, in the order that it is shown in."""
OF_RATIOS = ("value", "threshold", "low", "high", "before", "baseline")
RATIOS = ("queue_failure_ratio", "playback_failure_ratio", "api_5xx_spike", "api_4xx_spike")


def titled(name: str) -> str:
    """A rule or service level in words."""
    return TITLES.get(name, name)


def told(impact: str, kind: str) -> str:
    """A line of the feed, with the title of its rule where houndmon wrote it; what others wrote stays as it is."""
    found = _EVENT.match(impact) if kind.startswith("alert_") else None
    if found is None or found[1] not in TITLES:
        return impact
    subject = f", {titled(found[2])}" if found[2] else ""
    return f"{titled(found[1])}{subject}{WORDS[found[3]]}: {impact[found.end() :]}"


def explained(why: str) -> str:
    """Why nobody is told of an alert; the rule of an alert that explains it by its title."""
    return re.sub(r"(?<=explains it: )\w+$", lambda found: titled(found[0]).lower(), why)


def measured(alert: Any) -> str:
    """The value of an alert against its threshold, in the rule's unit, with its sample."""
    if alert.value is None:
        return "No value"
    text = said(alert.rule, alert.value)
    if alert.threshold is not None:
        text += f", against {said(alert.rule, alert.threshold)}"
    if alert.rule in RATIOS and alert.sample_count is not None:
        text += f", of {alert.sample_count:,}"
    return text


def said(rule: str, value: float) -> str:
    """A rule's value in its unit."""
    if rule in RATIOS:
        return percent(value)
    if rule in ("queue_age", "queue_stalled"):
        return minutes(value)
    if rule == "worker_heartbeat_missing":
        return duration(value)
    return f"{value:.1f}× its budget" if rule.startswith("slo_burn") else f"{value:,.0f}"


def evidence_name(name: str) -> str:
    """What a piece of evidence is called."""
    return EVIDENCE.get(name, name.replace("_", " ").capitalize())


def in_order(found: dict[str, Any]) -> list[tuple[str, Any]]:
    """Evidence, what matters first; what has no place of its own comes last, as it was written down."""
    places = list(EVIDENCE)
    return sorted(found.items(), key=lambda one: places.index(one[0]) if one[0] in EVIDENCE else len(places))


def rate(burn: float | None) -> str:
    """How many times its budget a level burns."""
    return NOTHING if burn is None else f"{burn:,.1f}"


def evidence(value: Any, name: str, rule: str) -> str:
    """A piece of evidence: ratios in per cent, other fractions to four digits, times to the second."""
    if isinstance(value, float) and rule in RATIOS and name in OF_RATIOS:
        return percent(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return re.sub(r"(T\d\d:\d\d:\d\d)\.\d+Z$", r"\1Z", str(value))
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


FILTERS = {
    "titled": titled,
    "told": told,
    "explained": explained,
    "measured": measured,
    "valued": said,
    "rate": rate,
    "evidence_name": evidence_name,
    "in_order": in_order,
    "evidence": evidence,
    "relation_of": relation_of,
}
