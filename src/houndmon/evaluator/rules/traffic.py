"""Judges traffic that has ceased."""

from datetime import datetime

from houndmon.alerts.step import Finding, RuleVerdict
from houndmon.evaluator.figures import EnvironmentFigures, PlayFigures, RequestFigures, Unreadable, UploadFigures
from houndmon.evaluator.findings import MOST_COUNTED, Judge, make_finding, unread
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.traffic import Name


def traffic_absent(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """Whether plays, uploads or requests have ceased that came at this time on the days before."""
    parts = {"playback": figures.playing, "ingest": figures.uploading, "api": figures.requests}
    found: list[Finding] = []
    for subject, part in parts.items():
        if isinstance(part, Unreadable):
            found += unread(rule, figures, subject, part, now)
        else:
            found.append(quiet_finding(rule, figures, subject, part))
    return found


def quiet_finding(
    rule: Rule, figures: EnvironmentFigures, subject: str, part: PlayFigures | UploadFigures | RequestFigures
) -> Finding:
    """One kind of traffic. Where there is some, all is well; where there is none, the days before decide."""
    current, expected = recent_count(part), part.expected or 0
    verdict: RuleVerdict = "ok"
    if not current:
        verdict = "breach" if expected >= rule.minimum_sample else "insufficient" if expected else "no_data"
    nouns = NOUNS[subject]
    reason = (
        f"{current:,} {nouns} in the last 30 min"
        if current
        else f"no {nouns} in the last 30 min, {expected:,} expected"
    )
    return make_finding(
        rule,
        figures,
        subject,
        verdict,
        part.now,
        value=min(current, MOST_COUNTED),
        sample_count=min(max(current, expected), MOST_COUNTED),
        reason=reason,
        evidence={"expected": part.expected},
    )


def recent_count(part: PlayFigures | UploadFigures | RequestFigures) -> int:
    """What came in the last 30 minutes."""
    match part:
        case PlayFigures():
            return part.spans["30m"].attempts
        case UploadFigures():
            return part.uploads
        case RequestFigures():
            return part.last_30m


NOUNS = {"playback": "plays", "ingest": "uploads", "api": "requests"}
"""What each kind of traffic is counted in."""
JUDGES: dict[Name, Judge] = {"traffic_absent": traffic_absent}
