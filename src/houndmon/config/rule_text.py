"""Settings of a rule in words, for the command line."""

from houndmon.config.durations import format_duration
from houndmon.rulebook.spec import Rule


def owner_text(rule: Rule) -> str:
    """Who answers for a rule."""
    return rule.owner_role or "the level's owner"


def hold_text(rule: Rule) -> str:
    """For how long the condition must last."""
    return format_duration(rule.hold_seconds) if rule.hold_seconds else "at once"
