"""The rules of the API's answers; each service is judged by itself."""

from typing import Literal

from houndmon.rulebook.owners import API
from houndmon.rulebook.spec import OwnKey, Rule, RuleSpec, ValueChart, after_share_of, times_usual
from houndmon.rulebook.units import RATIO, given_percent

Name = Literal["api_5xx_spike", "api_4xx_spike"]


def baseline_condition(rule: Rule) -> str:
    """How a spike stands out from what is usual, or is too high whatever is."""
    usual = times_usual(rule)
    return f"{usual}; or > {given_percent(rule.ceiling)}" if usual and rule.ceiling is not None else usual


OWN_KEYS: tuple[OwnKey, ...] = (
    "threshold", "ceiling", "minimum_sample", "minimum_bad", "baseline_factor", "delay_minutes"
)  # fmt: skip


SPECS = (
    RuleSpec(
        title="The API answers 5xx",
        recovered="requests succeed again",
        unit=RATIO,
        no_value="no value",
        panel="api",
        range="1h",
        chart=None,
        value_chart=ValueChart(title="Requests answered 5xx, over 5 min", unit="ratio"),
        area="api",
        stage=None,  # a layer below the stages: plays may go on while it fails
        directness="beside",
        subjects={},
        own_keys=OWN_KEYS,
        parts=frozenset({"requests"}),
        has_past=True,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: (
            f"> {given_percent(rule.threshold)} 5xx in 5m (95 % confidence){baseline_condition(rule)}"
        ),
        sees_failure_after=after_share_of("5m"),
        default=Rule(
            name="api_5xx_spike",
            threshold=0.02,
            ceiling=0.25,
            minimum_sample=100,
            owner_role=API,
            response_target_minutes=10,
            severity="critical",
        ),
    ),
    RuleSpec(
        title="The API answers 4xx",
        recovered="requests succeed again",
        unit=RATIO,
        no_value="no value",
        panel="api",
        range="1h",
        chart=None,
        value_chart=ValueChart(title="Requests answered 4xx, over 5 min", unit="ratio"),
        area="api",
        stage=None,  # a layer below the stages: plays may go on while it fails
        directness="beside",
        subjects={},
        own_keys=OWN_KEYS,
        parts=frozenset({"requests"}),
        has_past=True,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: f"> {given_percent(rule.threshold)} 4xx in 5m{baseline_condition(rule)}",
        sees_failure_after=after_share_of("5m"),
        default=Rule(
            name="api_4xx_spike",
            threshold=0.10,
            ceiling=0.5,
            minimum_sample=100,
            owner_role=API,
            response_target_minutes=30,
            severity="warning",
        ),
    ),
)
