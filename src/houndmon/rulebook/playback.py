"""The rules of plays."""

from typing import Literal

from houndmon.rulebook.owners import STREAMING
from houndmon.rulebook.spec import Rule, RuleSpec, ValueChart, after_share_of, times_usual
from houndmon.rulebook.units import RATIO, given_percent

Name = Literal["playback_failure_ratio", "playback_abandoned"]

SPECS = (
    RuleSpec(
        title="Too many plays fail",
        recovered="plays succeed again",
        unit=RATIO,
        no_value="no value",
        panel="playback",
        range="1h",
        chart="failure_ratio",
        value_chart=ValueChart(title="Plays that fail, over 15 min", unit="ratio"),
        area="playback",
        stage="play",
        directness="itself",
        subjects={},
        own_keys=("threshold", "minimum_sample", "minimum_bad"),
        parts=frozenset({"playing"}),
        has_past=True,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: f"> {given_percent(rule.threshold)} of plays fail in 15m (95 % confidence)",
        sees_failure_after=after_share_of("15m"),
        default=Rule(
            name="playback_failure_ratio",
            threshold=0.03,
            minimum_sample=50,
            owner_role=STREAMING,
            response_target_minutes=10,
            severity="critical",
        ),
    ),
    RuleSpec(
        title="Listeners leave before the first sound",
        recovered="listeners stay again",
        unit=RATIO,
        no_value="no value",
        panel="playback",
        range="1h",
        chart=None,
        value_chart=ValueChart(title="Plays left before the first sound, over 15 min", unit="ratio"),
        area="playback",
        stage="play",
        directness="itself",
        subjects={},
        own_keys=("threshold", "minimum_sample", "minimum_bad", "baseline_factor"),
        parts=frozenset({"playing"}),
        has_past=True,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: (
            f"> {given_percent(rule.threshold)} of plays abandoned in 15m (95 % confidence){times_usual(rule)}"
        ),
        sees_failure_after=after_share_of("15m"),
        default=Rule(
            name="playback_abandoned",
            threshold=0.25,
            minimum_sample=50,
            owner_role=STREAMING,
            response_target_minutes=10,
            severity="critical",
        ),
    ),
)
