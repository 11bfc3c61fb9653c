"""Judges how fast error budgets burn."""

from datetime import datetime

from houndmon.alerts.step import Finding
from houndmon.evaluator.figures import EnvironmentFigures, Unreadable
from houndmon.evaluator.findings import Judge, is_above, make_finding, unread
from houndmon.evaluator.levels import LevelPart, level_events, part_of
from houndmon.rulebook.budget import BURN_RULES, BURN_SPANS_OF, Name
from houndmon.rulebook.levels import LEVEL_BOOK, Levels, ServiceLevel
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import said_times
from houndmon.slo.level import burn_rate


def slo_burn(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How fast each service level spends its budget: the lower of a long and a short span."""
    found: list[Finding] = []
    for level in levels.values():
        if isinstance(part := part_of(figures, level.name), Unreadable):
            found += unread(rule, figures, level.name, part, now)
        else:
            found.append(burn_finding(rule, level, figures, part))
    return found


def burn_finding(rule: Rule, level: ServiceLevel, figures: EnvironmentFigures, part: LevelPart) -> Finding:
    """One level. The short span lets an alert end soon after the trouble does."""
    name = level.name
    long, short = (level_events(name, part, span) for span in BURN_SPANS_OF[rule.name])
    burns = [burn_rate(long, level.objective), burn_rate(short, level.objective)]
    known = [burn for burn in burns if burn is not None]
    evidence = dict(zip(BURN_SPANS_OF[rule.name], burns, strict=True))
    if len(known) < len(burns):
        return make_finding(rule, figures, name, "no_data", part.now, reason="no events to judge", evidence=evidence)
    crossed = is_above(min(known), rule.threshold)
    # Time has no events to count: a level of seconds needs no smallest number of bad ones.
    enough = LEVEL_BOOK[name].counts_seconds or short.bad >= rule.minimum_bad
    return make_finding(
        rule,
        figures,
        name,
        "breach" if enough and crossed else "ok",
        part.now,
        clears=not crossed,
        value=min(known),
        sample_count=int(short.total),
        reason=spending_text(rule, known),
        evidence=evidence,
    )


def spending_text(rule: Rule, burns: list[float]) -> str:
    """How fast a budget is spent over the long and the short span, in words."""
    (long, short), (slowly, lately) = BURN_SPANS_OF[rule.name], burns
    then, now = f"over {said_span(long)}", f"over {said_span(short)}"
    return f"burn rate {said_times(slowly)} {then}, and {said_times(lately)} {now}"


def said_span(span: str) -> str:
    """A span within a sentence: `5 min`, `24 h`."""
    return f"{span[:-1]} {'min' if span.endswith('m') else 'h'}"


JUDGES: dict[Name, Judge] = {**dict.fromkeys(BURN_RULES, slo_burn)}
