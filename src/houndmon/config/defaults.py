"""What houndmon does where no file says otherwise: thirteen rules and four service levels."""

from houndmon.config.model import BURN_RULES, Config, LevelName, Rule, RuleName, ServiceLevel

TRANSCODE, STREAMING = "transcode on-call", "streaming on-call"
PLATFORM, API = "platform on-call", "api on-call"

RATIO_RULES: tuple[RuleName, ...] = (
    "queue_failure_ratio",
    "playback_failure_ratio",
    "api_5xx_spike",
    "api_4xx_spike",
)
"""The rules whose threshold is a share, in (0, 1)."""

_SHARE = ("threshold", "minimum_sample", "minimum_bad")
OWN_KEYS: dict[RuleName, tuple[str, ...]] = {
    "queue_age": ("threshold",),
    "queue_stalled": (),
    "queue_failure_ratio": _SHARE,
    "worker_heartbeat_missing": ("threshold",),
    "playback_failure_ratio": _SHARE,
    "api_5xx_spike": (*_SHARE, "baseline_factor"),
    "api_4xx_spike": (*_SHARE, "baseline_factor"),
    "traffic_absent": ("minimum_sample",),
    **dict.fromkeys(BURN_RULES, ("threshold", "minimum_bad")),
    "source_unreadable": (),
    "counts_differ": (),
}
"""The keys that only some rules read: on another they would say what does not happen."""


def runbook(rule: RuleName) -> str:
    """Where houndmon's own runbook of a rule lies, below the page's address."""
    return f"/runbooks/{rule}"


_RULES = (
    Rule(
        name="queue_age",
        threshold=15,
        hold_seconds=60,
        owner_role=TRANSCODE,
        response_target_minutes=15,
        severity="warning",
        runbook_url=runbook("queue_age"),
    ),
    Rule(
        name="queue_stalled",
        hold_seconds=60,
        owner_role=TRANSCODE,
        response_target_minutes=15,
        severity="critical",
        runbook_url=runbook("queue_stalled"),
    ),
    Rule(
        name="queue_failure_ratio",
        threshold=0.05,
        minimum_sample=20,
        owner_role=TRANSCODE,
        response_target_minutes=30,
        severity="warning",
        runbook_url=runbook("queue_failure_ratio"),
    ),
    Rule(
        name="worker_heartbeat_missing",
        threshold=120,
        owner_role=PLATFORM,
        response_target_minutes=5,
        severity="critical",
        runbook_url=runbook("worker_heartbeat_missing"),
    ),
    Rule(
        name="playback_failure_ratio",
        threshold=0.03,
        minimum_sample=50,
        owner_role=STREAMING,
        response_target_minutes=10,
        severity="critical",
        runbook_url=runbook("playback_failure_ratio"),
    ),
    Rule(
        name="api_5xx_spike",
        threshold=0.02,
        minimum_sample=100,
        owner_role=API,
        response_target_minutes=10,
        severity="critical",
        runbook_url=runbook("api_5xx_spike"),
    ),
    Rule(
        name="api_4xx_spike",
        threshold=0.10,
        minimum_sample=100,
        owner_role=API,
        response_target_minutes=30,
        severity="warning",
        runbook_url=runbook("api_4xx_spike"),
    ),
    Rule(
        name="traffic_absent",
        minimum_sample=20,
        owner_role=STREAMING,
        response_target_minutes=15,
        severity="warning",
        runbook_url=runbook("traffic_absent"),
    ),
    Rule(
        name="slo_burn_fast",
        threshold=6,
        owner_role=None,
        response_target_minutes=15,
        severity="critical",
        runbook_url=runbook("slo_burn_fast"),
    ),
    Rule(
        name="slo_burn_slow",
        threshold=2,
        owner_role=None,
        response_target_minutes=60,
        severity="warning",
        runbook_url=runbook("slo_burn_slow"),
    ),
    Rule(
        name="slo_burn_day",
        threshold=1,
        owner_role=None,
        response_target_minutes=24 * 60,
        severity="warning",
        runbook_url=runbook("slo_burn_day"),
    ),
    Rule(
        name="source_unreadable",
        hold_seconds=60,
        owner_role=PLATFORM,
        response_target_minutes=5,
        severity="critical",
        runbook_url=runbook("source_unreadable"),
    ),
    Rule(
        name="counts_differ",
        owner_role=PLATFORM,
        response_target_minutes=60,
        severity="warning",
        runbook_url=runbook("counts_differ"),
    ),
)


def _level(name: LevelName, objective: float, owner_role: str) -> ServiceLevel:
    return ServiceLevel(name=name, objective=objective, owner_role=owner_role, runbook_url=runbook("slo_burn_fast"))


_LEVELS = (
    _level("upload_to_live", 0.95, TRANSCODE),
    _level("transcode_success", 0.99, TRANSCODE),
    _level("playback_success", 0.99, STREAMING),
    _level("heartbeat_freshness", 0.999, PLATFORM),
)

RULES: dict[RuleName, Rule] = {rule.name: rule for rule in _RULES}
LEVELS: dict[LevelName, ServiceLevel] = {level.name: level for level in _LEVELS}
DEFAULTS = Config(rules=RULES, levels=LEVELS)
