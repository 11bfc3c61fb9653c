"""Judges plays: those that fail, and those that listeners leave."""

from datetime import datetime

from houndmon.alerts.step import Finding
from houndmon.evaluator.baseline import Share
from houndmon.evaluator.figures import EnvironmentFigures, Unreadable, abandoned
from houndmon.evaluator.findings import Judge, ratio_finding, top_causes, top_clients, unread, usual_share
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.playback import Name
from houndmon.rulebook.spec import Rule


def playback_failure_ratio(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """The share of plays that failed in the last 15 minutes."""
    if isinstance(playing := figures.playing, Unreadable):
        return unread(rule, figures, None, playing, now)
    plays = playing.spans["15m"]
    share = Share(plays.failed, plays.attempts)
    return [
        ratio_finding(
            rule,
            figures,
            share,
            playing.now,
            span="15 min",
            nouns="plays",
            causes=top_causes(plays.codes),
            clients=top_clients(plays.clients),
        )
    ]


def playback_abandoned(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """The share of plays in the last 15 minutes that the listener left before the first sound."""
    if isinstance(playing := figures.playing, Unreadable):
        return unread(rule, figures, None, playing, now)
    share, usual = abandoned(playing.spans["15m"]), usual_share(rule, figures, None, map(abandoned, playing.hours))
    return [
        ratio_finding(
            rule,
            figures,
            share,
            playing.now,
            span="15 min",
            nouns="plays",
            said="were abandoned before the first sound",
            usual=usual,
        )
    ]


JUDGES: dict[Name, Judge] = {
    "playback_failure_ratio": playback_failure_ratio,
    "playback_abandoned": playback_abandoned,
}
