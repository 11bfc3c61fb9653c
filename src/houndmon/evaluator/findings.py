"""What a rule's finding is made of: thresholds, samples, intervals, causes."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from houndmon.alerts.step import FailureCode, Finding, Observations, RuleVerdict
from houndmon.core.stats import ratio, top_entries, wilson
from houndmon.core.text import clean_message
from houndmon.evaluator.baseline import Share, baseline
from houndmon.evaluator.figures import EnvironmentFigures, Unreadable
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import said_percent

Judge = Callable[[Rule, Levels, EnvironmentFigures, datetime], list[Finding]]
"""What judges a rule: the rule as configured, the service levels, the figures, and the time for what has none."""
MOST_CAUSES = 5
MOST_CLIENTS = 3
MOST_COUNTED = 2**63 - 1  # what PostgreSQL's bigint holds; telemetry may claim more


def unknown_finding(
    rule: Rule, figures: EnvironmentFigures, subject: str | None, reason: str, now: datetime
) -> Finding:
    """A rule whose figures could not be read: an open alert stays as it is."""
    return Finding(
        rule=rule.name,
        environment=figures.environment,
        subject=subject,
        verdict="unknown",
        threshold=rule.threshold,
        evaluated_at=now,
        reason=reason,
    )


def unread(
    rule: Rule, figures: EnvironmentFigures, subject: str | None, part: Unreadable, now: datetime, why: str = ""
) -> list[Finding]:
    """What a rule finds of figures that could not be read; nothing of those that the source does not have."""
    return [] if part.is_absent else [unknown_finding(rule, figures, subject, f"{why}{part.clause}", now)]


def make_finding(
    rule: Rule,
    figures: EnvironmentFigures,
    subject: str | None,
    verdict: RuleVerdict,
    at: datetime,
    *,
    reason: str,
    value: float | None = None,
    sample_count: int | None = None,
    clears: bool | None = None,
    baseline: float | None = None,
    evidence: Observations | None = None,
) -> Finding:
    """What a rule found; `ok` is evidence of health, unless `clears` says otherwise."""
    return Finding(
        rule=rule.name,
        environment=figures.environment,
        subject=subject,
        verdict=verdict,
        value=value,
        threshold=rule.threshold,
        sample_count=sample_count,
        evaluated_at=at,
        reason=reason,
        clears=verdict == "ok" if clears is None else clears,
        baseline=baseline,
        evidence=evidence or {},
    )


def is_above(value: float | None, threshold: float | None) -> bool:
    """Whether a value is above its threshold; what is not there is not."""
    return value is not None and threshold is not None and value > threshold


def usual_share(rule: Rule, figures: EnvironmentFigures, subject: str | None, hours: Iterable[Share]) -> float | None:
    """The usual share to hold another against: of an open alert that of when it fired, else of the hours before.

    None where no share is such that the usual one may decide: then those hours were not read.
    """
    held, known = figures.held.get((rule.name, subject)), list(hours)
    if held is not None or not known:
        return held
    return baseline(known, rule.minimum_sample)


def usual_text(usual: float | None) -> str:
    """What was usual, as the end of a reason; nothing where that was not asked."""
    return "" if usual is None else f"; it was {said_percent(usual)} in the 24 h before"


def share_text(share: Share, nouns: str, said: str, span: str) -> str:
    """A share in words: `61 of 812 plays failed in the last 15 min (7.51%)`."""
    bad, whole = share
    if not whole:
        return f"no {nouns} {span}"
    if not bad:
        return f"none of {whole:,} {nouns} {said} {span}"
    return f"{bad:,} of {whole:,} {nouns} {said} {span} ({said_percent(bad / whole)})"


def since(at: datetime | None, now: datetime) -> float | None:
    """Minutes since a time, if there is one."""
    return None if at is None else max(0.0, (now - at).total_seconds()) / 60


def top_causes(codes: Counter[str]) -> list[FailureCode]:
    """The commonest codes, as evidence."""
    return [
        {"code": clean_message(line.name), "count": line.count, "share": line.share}
        for line in top_entries(codes)[:MOST_CAUSES]
    ]


def top_clients(failed: Counter[str]) -> list[FailureCode]:
    """The clients with the most failures, as evidence."""
    return top_causes(failed)[:MOST_CLIENTS]


def ratio_verdict(rule: Rule, bad: int, whole: int, *, crossed: bool) -> tuple[RuleVerdict, bool]:
    """The verdict of a share, and whether it is evidence of health.

    A sample too small to judge is that only where its share is no higher than the threshold; one that crosses the
    threshold with too few bad ones is no incident, and no health either.
    """
    if whole < rule.minimum_sample:
        return "insufficient" if whole else "no_data", bool(whole) and not is_above(ratio(bad, whole), rule.threshold)
    if crossed:
        return "breach" if bad >= rule.minimum_bad else "ok", False
    return "ok", True


def ratio_finding(
    rule: Rule,
    figures: EnvironmentFigures,
    share: Share,
    at: datetime,
    *,
    span: str,
    nouns: str,
    said: str = "failed",
    causes: list[FailureCode] | None = None,
    clients: list[FailureCode] | None = None,
    usual: float | None = None,
) -> Finding:
    """A breach when the interval's low end is above the threshold, given enough samples and enough bad ones.

    Where the rule asks for a baseline the share itself must also be so many times the `usual` one.
    """
    bad, whole = share
    interval = wilson(bad, whole)
    stands_out = is_above(interval.ratio, rule.baseline_factor * (usual or 0))
    verdict, clears = ratio_verdict(rule, bad, whole, crossed=is_above(interval.low, rule.threshold) and stands_out)
    evidence: dict[str, str | int | float | list[str] | list[FailureCode] | None] = {
        "span": span,
        "bad": bad,
        "low": interval.low,
        "high": interval.high,
    }
    if causes is not None:
        evidence["causes"] = causes
    if clients:
        evidence["clients"] = clients
    if usual is not None:
        evidence["baseline_ratio"] = usual
    return make_finding(
        rule,
        figures,
        None,
        verdict,
        at,
        value=interval.ratio,
        sample_count=whole,
        clears=clears,
        baseline=usual,
        reason=f"{share_text(share, nouns, said, f'in the last {span}')}{usual_text(usual)}",
        evidence=evidence,
    )
