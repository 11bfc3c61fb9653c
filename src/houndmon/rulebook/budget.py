"""The rules of error budgets; each service level is judged by itself."""

from typing import Literal, get_args

from houndmon.core.clock import SPANS, Range
from houndmon.rulebook.detection import window_seconds
from houndmon.rulebook.levels import LEVEL_BOOK, LevelName, Levels, ServiceLevel
from houndmon.rulebook.spec import Rule, RuleSpec, Severity, Subject, ValueChart, threshold_of
from houndmon.rulebook.units import BURN, given

Name = Literal["slo_burn_fast", "slo_burn_slow", "slo_burn_day"]
BURN_RULES: tuple[Name, ...] = get_args(Name)
BURN_SPANS_OF: dict[str, tuple[str, str]] = {
    "slo_burn_fast": ("1h", "5m"),
    "slo_burn_slow": ("6h", "30m"),
    "slo_burn_day": ("24h", "2h"),
}
"""The long and the short window of each burn rule."""


def share_needed(threshold: float, objective: float) -> float:
    """The share of failures in a window at which its burn rate is just the threshold."""
    return threshold * (1 - objective)


def burn_seconds(rule: Rule, level: ServiceLevel) -> float | None:
    """Seconds until a burn rate of one service level passes; None where its short window can hold no failure.

    A track counts as late, and a beat as missing, only after a while: the failure begins to show then. Of a
    window only the part before that while can be judged at all, where events are waited for.
    """
    spec, (long, short) = LEVEL_BOOK[level.name], BURN_SPANS_OF[rule.name]
    share, delay = share_needed(threshold_of(rule), level.objective), spec.delay_seconds(level)
    windows = [window_seconds(long), window_seconds(short)]
    if spec.waits_for_events:
        if delay >= SPANS[short].total_seconds():
            return None
        windows = [window - delay for window in windows]
    return delay + share * max(windows)


def slowest_seconds(rule: Rule, levels: Levels) -> float | None:
    """Seconds until a burn rate of the slowest level passes; None where the rule sees none of them fail."""
    seen = [burn_seconds(rule, level) for level in levels.values()]
    return max((seconds for seconds in seen if seconds is not None), default=None)


def unseen_levels(rule: Rule, levels: Levels) -> list[LevelName]:
    """The service levels whose failure a rule of budgets never sees."""
    return [level.name for level in levels.values() if burn_seconds(rule, level) is None]


def condition(rule: Rule) -> str:
    """When a burn rule is true."""
    long, short = BURN_SPANS_OF[rule.name]
    return f"budget burns > {given(rule.threshold)} times over {long} and {short}"


def _spec(name: Name, title: str, *, range: Range, threshold: float, respond: float, severity: Severity) -> RuleSpec:
    subjects = {
        str(level): Subject(
            unit=BURN,
            panel=spec.panel,
            area=spec.area,
            stage=spec.stage,
            explained_by=(*spec.explained_by, *BURN_RULES[: BURN_RULES.index(name)]),
        )
        for level, spec in LEVEL_BOOK.items()
    }
    long, short = BURN_SPANS_OF[name]
    return RuleSpec(
        title=title,
        recovered="the budget lasts again",
        unit=BURN,
        no_value="no value",
        panel="alerts",
        range=range,
        chart=None,
        value_chart=ValueChart(title=f"Burn rate, the lower of {long} and {short}", unit="times"),
        area="houndmon",
        stage=None,
        directness="budget",
        subjects=subjects,
        own_keys=("threshold", "minimum_bad"),
        parts=frozenset(spec.part for spec in LEVEL_BOOK.values()),
        has_past=True,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=condition,
        sees_failure_after=slowest_seconds,
        default=Rule(
            name=name, threshold=threshold, owner_role=None, response_target_minutes=respond, severity=severity
        ),
    )


SPECS = (
    _spec(
        "slo_burn_fast",
        "An error budget burns fast",
        range="1h",
        threshold=6,
        respond=15,
        severity="critical",
    ),
    _spec(
        "slo_burn_slow",
        "An error budget burns",
        range="6h",
        threshold=2,
        respond=60,
        severity="warning",
    ),
    _spec(
        "slo_burn_day",
        "An error budget will not last the day",
        range="24h",
        threshold=1,
        respond=24 * 60,
        severity="warning",
    ),
)
