"""What a rule's finding is made of: thresholds, samples, intervals, causes."""

from collections import Counter
from datetime import datetime
from typing import Any

from houndmon.alerts.step import Finding, Verdict
from houndmon.config.model import Rule
from houndmon.evaluator.figures import Figures
from houndmon.kit.stats import ratio, top, wilson
from houndmon.kit.text import shown

CAUSES_SHOWN = 5


def unknown(rule: Rule, figures: Figures, subject: str | None, reason: str, now: datetime) -> Finding:
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


def finding(rule: Rule, figures: Figures, subject: str | None, verdict: Verdict, at: datetime, **more: Any) -> Finding:
    """What a rule found; `ok` is evidence of health, unless `more` says otherwise."""
    more.setdefault("clears", verdict == "ok")
    return Finding(
        rule=rule.name,
        environment=figures.environment,
        subject=subject,
        verdict=verdict,
        threshold=rule.threshold,
        evaluated_at=at,
        **more,
    )


def above(value: float | None, threshold: float | None) -> bool:
    """Whether a value is above its threshold; what is not there is not."""
    return value is not None and threshold is not None and value > threshold


def causes(codes: Counter[str]) -> list[dict[str, Any]]:
    """The commonest codes, as evidence."""
    return [{"code": shown(line.name), "count": line.count, "share": line.share} for line in top(codes)[:CAUSES_SHOWN]]


def weighed(rule: Rule, bad: int, whole: int, *, crossed: bool) -> tuple[Verdict, bool]:
    """The verdict of a share, and whether it is evidence of health.

    A sample too small to judge is that only where its share is no higher than the threshold; one that crosses the
    threshold with too few bad ones is no incident, and no health either.
    """
    if whole < rule.minimum_sample:
        return "insufficient" if whole else "no_data", bool(whole) and not above(ratio(bad, whole), rule.threshold)
    if crossed:
        return "breach" if bad >= rule.minimum_bad else "ok", False
    return "ok", True


def ratio_finding(
    rule: Rule, figures: Figures, bad: int, whole: int, at: datetime, span: str, codes: Counter[str]
) -> Finding:
    """A breach when the interval's low end is above the threshold, given enough samples and enough bad ones."""
    interval = wilson(bad, whole)
    verdict, clears = weighed(rule, bad, whole, crossed=above(interval.low, rule.threshold))
    return finding(
        rule,
        figures,
        None,
        verdict,
        at,
        value=interval.ratio,
        sample_count=whole,
        clears=clears,
        reason=f"{bad:,} of {whole:,} failed in the last {span}",
        evidence={"span": span, "bad": bad, "low": interval.low, "high": interval.high, "causes": causes(codes)},
    )
