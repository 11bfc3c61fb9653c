"""Judges whether the source can be read."""

from datetime import datetime

from houndmon.alerts.step import Finding, RuleVerdict
from houndmon.evaluator.figures import EnvironmentFigures, Unreadable
from houndmon.evaluator.findings import Judge, is_above, make_finding, unknown_finding
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.parts import RELATION_OF_PART
from houndmon.rulebook.source import Name
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import said_duration


def source_unreadable(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """Whether each relation could be read, and the source itself (no subject)."""
    read = {relation: getattr(figures, part) for part, relation in RELATION_OF_PART.items()}
    parts = {name: part for name, part in read.items() if not (isinstance(part, Unreadable) and part.is_absent)}
    failed = {relation: part for relation, part in parts.items() if isinstance(part, Unreadable)}
    gone = [part for part in failed.values() if part.relation is None]
    is_gone = bool(gone) and len(gone) == len(parts)
    found = [source_finding(rule, figures, None, gone[0] if is_gone else None, now)]
    for relation in parts:
        if is_gone:
            # One alert says that the source is gone; its relations are merely unknown.
            found.append(unknown_finding(rule, figures, relation, gone[0].reason, now))
        else:
            found.append(source_finding(rule, figures, relation, failed.get(relation), now))
    return found


def source_finding(
    rule: Rule, figures: EnvironmentFigures, subject: str | None, part: Unreadable | None, now: datetime
) -> Finding:
    """One relation, or the source itself."""
    reason = part.reason if part else "it can be read"
    return make_finding(rule, figures, subject, "breach" if part else "ok", now, reason=reason)


def source_lagging(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How far the source lags behind its primary; nothing where it is no replica."""
    if (lag := figures.lag) is None:
        return []
    if lag.unreadable is not None:
        return [unknown_finding(rule, figures, None, f"its lag cannot be read: {lag.unreadable}", now)]
    verdict: RuleVerdict = "breach" if is_above(lag.seconds, rule.threshold) else "ok"
    reason = f"it is {said_duration(lag.seconds)} behind its primary"
    return [make_finding(rule, figures, None, verdict, lag.now, value=lag.seconds, reason=reason)]


JUDGES: dict[Name, Judge] = {"source_unreadable": source_unreadable, "source_lagging": source_lagging}
