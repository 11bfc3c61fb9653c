"""How long each rule takes to see a total failure: pure arithmetic over the configuration."""

from houndmon.config.model import BURN_RULES, Config, Rule, RuleName, ServiceLevel
from houndmon.kit.clock import SPANS

TICK_SECONDS = 5.0
MINUTE = 60.0
STALL_SECONDS = 15 * MINUTE  # by the definition of `stalled`
SAMPLED_SECONDS = 60 * MINUTE  # `counts_differ` looks that often
QUIET_SECONDS = 30 * MINUTE  # by the definition of `traffic_absent`
FRESH_SECONDS = 120.0  # how old a beat may be that `heartbeat_freshness` counts as good
RATIO_SPANS: dict[RuleName, str] = {
    "queue_failure_ratio": "1h",
    "playback_failure_ratio": "15m",
    "api_5xx_spike": "5m",
    "api_4xx_spike": "5m",
}
BURN_SPANS_OF: dict[RuleName, tuple[str, str]] = {
    "slo_burn_fast": ("1h", "5m"),
    "slo_burn_slow": ("6h", "30m"),
    "slo_burn_day": ("24h", "2h"),
}


def detection_seconds(rule: Rule, config: Config) -> float | None:
    """Seconds from the start of a total failure to the alert, at the most; None where the rule never sees one.

    Everything fails from one instant on, and traffic is steady and ample, so that neither the smallest sample nor
    the interval around a ratio costs time. Then, before the rule's condition becomes true,

    - a ratio over a window W passes its threshold T once failures fill the share T of it: after T · W;
    - a burn rate over W passes T once failures fill the share T · (1 - objective): after T · (1 - objective) · W.
      Both windows of a burn rule must pass, so the later one counts; of the service levels, the slowest;
    - the newest beat, or the oldest queued job, is as old as the threshold after just that time;
    - `stalled` and `traffic_absent` need a whole window (15 and 30 minutes) without any event;
    - a source that cannot be read is seen at once, and counts that differ with the next hour's sample.

    A window starts at a whole minute and so is up to a minute longer than its name: W is taken that long. On top
    come the rule's `for` and one tick, which is how long the condition may wait to be looked at.
    """
    known = condition_seconds(rule, config)
    return None if known is None else known + rule.hold_seconds + TICK_SECONDS


def condition_seconds(rule: Rule, config: Config) -> float | None:
    """Seconds until the condition of a rule becomes true."""
    if rule.name in BURN_RULES:
        seen = [burn_seconds(rule, level) for level in config.levels.values()]
        return max((seconds for seconds in seen if seconds is not None), default=None)
    match rule.name:
        case "queue_stalled":
            return longest(STALL_SECONDS)
        case "traffic_absent":
            return longest(QUIET_SECONDS)
        case "source_unreadable":
            return 0.0
        case "counts_differ":
            return SAMPLED_SECONDS
    assert rule.threshold is not None, "every other rule has a threshold"
    match rule.name:
        case "queue_age":
            return rule.threshold * MINUTE
        case "worker_heartbeat_missing":
            return rule.threshold
    return rule.threshold * longest(SPANS[RATIO_SPANS[rule.name]].total_seconds())


def burn_seconds(rule: Rule, level: ServiceLevel) -> float | None:
    """Seconds until a burn rate of one service level passes; None where its short window can hold no failure.

    A track counts as late, and a beat as missing, only after a while: the failure begins to show then. Of a
    window only the part before that while can be judged at all, where tracks are concerned.
    """
    assert rule.threshold is not None, "a burn rule always has one"
    share, delay = share_needed(rule.threshold, level.objective), delay_seconds(level)
    spans = [longest(SPANS[span].total_seconds()) for span in BURN_SPANS_OF[rule.name]]
    if level.name == "upload_to_live":
        if delay >= SPANS[BURN_SPANS_OF[rule.name][1]].total_seconds():
            return None
        spans = [span - delay for span in spans]
    return delay + share * max(spans)


def delay_seconds(level: ServiceLevel) -> float:
    """How long a failure stays unseen by the definition of the level."""
    if level.name == "upload_to_live":
        return level.limit_minutes * MINUTE
    return FRESH_SECONDS if level.name == "heartbeat_freshness" else 0.0


def blind(rule: Rule, config: Config) -> list[str]:
    """The service levels whose failure a burn rule never sees."""
    if rule.name not in BURN_RULES:
        return []
    return [level.name for level in config.levels.values() if burn_seconds(rule, level) is None]


def share_needed(threshold: float, objective: float) -> float:
    """The share of failures in a window at which its burn rate is just the threshold."""
    return threshold * (1 - objective)


def longest(seconds: float) -> float:
    """The longest that a window of that name can be: it starts at a whole minute."""
    return seconds + MINUTE
