"""Rules in words, for the command line and the page."""

from houndmon.config.detection import BURN_SPANS_OF
from houndmon.config.durations import write
from houndmon.config.model import BURN_RULES, Rule


def condition(rule: Rule) -> str:
    """When a rule is true, apart from its `for`."""
    if rule.name in BURN_RULES:
        long, short = BURN_SPANS_OF[rule.name]
        return f"budget burns > {number(rule.threshold)} times over {long} and {short}"
    share = percent(rule.threshold)
    return {
        "queue_age": f"oldest queued job > {number(rule.threshold)} min",
        "queue_stalled": "a job queued > 15 min, none finished in 15 min",
        "queue_failure_ratio": f"> {share} of jobs fail in 1h (95 % sure)",
        "worker_heartbeat_missing": f"newest beat > {number(rule.threshold)} s old",
        "playback_failure_ratio": f"> {share} of plays fail in 15m (95 % sure)",
        "api_5xx_spike": f"> {share} 5xx in 5m (95 % sure){baseline(rule)}",
        "api_4xx_spike": f"> {share} 4xx in 5m{baseline(rule)}",
        "traffic_absent": "no plays, or no uploads, in 30m",
        "source_unreadable": "a relation or the source cannot be read",
        "counts_differ": "a served figure is not that of the rows",
    }[rule.name]


def owner(rule: Rule) -> str:
    """Who answers for a rule."""
    return rule.owner_role or "the level's owner"


def hold(rule: Rule) -> str:
    """For how long the condition must last."""
    return write(rule.hold_seconds) if rule.hold_seconds else "at once"


def number(value: float | None) -> str:
    """A threshold as people write it."""
    return f"{value:g}" if value is not None else "—"


def percent(value: float | None) -> str:
    """A share in per cent, as people write it."""
    return f"{value * 100:g} %" if value is not None else "—"


def baseline(rule: Rule) -> str:
    """How a spike stands out from the day before."""
    return f", > {rule.baseline_factor:g} times the day before" if rule.baseline_factor else ""
