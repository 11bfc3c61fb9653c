"""Rules in words, for the command line and the page."""

from houndmon.config.detection import BURN_SPANS_OF
from houndmon.config.durations import write
from houndmon.config.model import BURN_RULES, Rule


def condition(rule: Rule) -> str:
    """When a rule is true, apart from its `for`."""
    if rule.name in BURN_RULES:
        long, short = BURN_SPANS_OF[rule.name]
        return f"budget burns > {number(rule.threshold)} times over {long} and {short}"
    match rule.name:
        case "queue_age":
            return f"oldest queued job > {number(rule.threshold)} min"
        case "queue_stalled":
            return "a job queued > 15 min, none finished in 15 min"
        case "queue_failure_ratio":
            return f"> {percent(rule.threshold)} of jobs fail in 1h (95 % sure)"
        case "worker_heartbeat_missing":
            return f"newest beat > {number(rule.threshold)} s old"
        case "playback_failure_ratio":
            return f"> {percent(rule.threshold)} of plays fail in 15m (95 % sure)"
        case "api_5xx_spike":
            return f"> {percent(rule.threshold)} 5xx in 5m (95 % sure){baseline(rule)}"
        case "api_4xx_spike":
            return f"> {percent(rule.threshold)} 4xx in 5m{baseline(rule)}"
        case "traffic_absent":
            return "no plays, or no uploads, in 30m"
    return "a relation or the source cannot be read"


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
