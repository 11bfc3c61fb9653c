"""Judges the API's answers, each service by itself."""

from datetime import datetime

from houndmon.alerts.step import Finding
from houndmon.core.stats import ratio, wilson
from houndmon.evaluator.api_subjects import judged, known_before
from houndmon.evaluator.baseline import Share
from houndmon.evaluator.figures import EnvironmentFigures, RequestFigures, Unreadable, spike_of
from houndmon.evaluator.findings import (
    MOST_COUNTED,
    Judge,
    is_above,
    make_finding,
    ratio_verdict,
    share_text,
    unread,
    usual_share,
    usual_text,
)
from houndmon.panels.api.model import AnswerCounts
from houndmon.rulebook.api import Name
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule


def api_spike(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """The share of 4xx or 5xx of each service in 5 minutes, against what was usual in the 24 hours before."""
    if isinstance(requests := figures.requests, Unreadable):
        return unread(rule, figures, None, requests, now)
    answered = requests.by_delay[rule.delay_minutes]
    if answered.is_silent:
        reason = f"no request at all {span_of(rule)}"
        names = known_before(answered.hours)
        return [
            make_finding(rule, figures, name, "no_data", requests.now, sample_count=0, reason=reason) for name in names
        ]
    held = {name for (of, name) in figures.held if of == rule.name}
    return [service_finding(rule, figures, requests, name) for name in judged(answered.recent, held)]


def span_of(rule: Rule) -> str:
    """The stretch that a rule looks back on, in words."""
    return f"in the 5 min until {rule.delay_minutes} min ago" if rule.delay_minutes else "in the last 5 min"


def service_finding(rule: Rule, figures: EnvironmentFigures, requests: RequestFigures, service: str) -> Finding:
    """One service. 5xx are judged by the interval's low end, 4xx by the share itself."""
    answered = requests.by_delay[rule.delay_minutes]
    bad, whole = spike_of(rule, answered.recent[service])
    is_known = answered.kept is None or service in answered.kept
    hours = [spike_of(rule, hour.get(service, AnswerCounts())) for hour in answered.hours] if is_known else []
    usual = usual_share(rule, figures, service, hours)
    share = ratio(bad, whole)
    measured = wilson(bad, whole).low if rule.name == "api_5xx_spike" else share
    stands_out = is_above(measured, rule.threshold) and is_above(share, rule.baseline_factor * (usual or 0))
    crossed = is_above(measured, rule.ceiling) or stands_out
    verdict, clears = ratio_verdict(rule, bad, whole, crossed=crossed)
    return make_finding(
        rule,
        figures,
        service,
        verdict,
        requests.now,
        value=share,
        sample_count=min(whole, MOST_COUNTED),
        clears=clears,
        baseline=usual,
        reason=f"{share_text(Share(bad, whole), 'requests', KINDS[rule.name], span_of(rule))}{usual_text(usual)}",
        evidence={"span": "5 min", "bad": min(bad, MOST_COUNTED), "baseline_ratio": usual},
    )


KINDS = {"api_5xx_spike": "answered 5xx", "api_4xx_spike": "answered 4xx"}
"""What each rule's bad ones did, in words."""
JUDGES: dict[Name, Judge] = {"api_5xx_spike": api_spike, "api_4xx_spike": api_spike}
