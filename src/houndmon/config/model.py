"""The configuration as the rest of the house sees it: complete, checked, never half-filled."""

from typing import Literal

import msgspec

from houndmon.kit.filters import Environment

Severity = Literal["info", "warning", "critical"]
RuleName = Literal[
    "queue_age",
    "queue_stalled",
    "queue_failure_ratio",
    "worker_heartbeat_missing",
    "playback_failure_ratio",
    "api_5xx_spike",
    "api_4xx_spike",
    "traffic_absent",
    "slo_burn_fast",
    "slo_burn_slow",
    "slo_burn_day",
    "source_unreadable",
    "counts_differ",
]
LevelName = Literal["upload_to_live", "transcode_success", "playback_success", "heartbeat_freshness"]
BURN_RULES: tuple[RuleName, ...] = ("slo_burn_fast", "slo_burn_slow", "slo_burn_day")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One alert rule. `owner_role` None on a burn rule: the owner of the service level answers for it."""

    name: RuleName
    threshold: float | None = None
    hold_seconds: float = 0  # `for`: how long the condition must last before it fires
    recover_after_seconds: float = 120
    minimum_sample: int = 1
    minimum_bad: int = 3
    baseline_factor: float = 3
    severity: Severity = "critical"
    owner_role: str | None
    response_target_minutes: float
    runbook_url: str


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One service level."""

    name: LevelName
    objective: float
    window: Literal["1h", "6h", "24h", "7d"] = "24h"
    owner_role: str
    runbook_url: str
    limit_minutes: float = 10  # of upload_to_live: within which a track must be live


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told. `url` and `secret` are secrets: they go into no log and no answer."""

    name: str
    kind: Literal["webhook", "apprise"]
    url: str
    secret: str | None = None
    allow_private: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts go to which receivers; an empty matcher matches all."""

    receivers: tuple[str, ...]
    rules: tuple[RuleName, ...] = ()
    environments: tuple[Environment, ...] = ()
    severities: tuple[Severity, ...] = ()


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration. `public_url` is where people find the page, without a slash at its end."""

    rules: dict[RuleName, Rule]
    levels: dict[LevelName, ServiceLevel]
    receivers: dict[str, Receiver] = {}
    routes: tuple[Route, ...] = ()
    public_url: str = "http://127.0.0.1:8600"
    heartbeat_url: str | None = None


def receivers_for(config: Config, rule: str, environment: str, severity: str) -> list[Receiver]:
    """Who is told of an alert: the receivers of every route that matches it; of none, where there is no route."""
    names = dict.fromkeys(
        name
        for route in config.routes
        if (not route.rules or rule in route.rules)
        and (not route.environments or environment in route.environments)
        and (not route.severities or severity in route.severities)
        for name in route.receivers
    )
    return [config.receivers[name] for name in names]
