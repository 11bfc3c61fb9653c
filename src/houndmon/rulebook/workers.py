"""The rule of the workers' heartbeats."""

from typing import Literal

from houndmon.rulebook.detection import MINUTE
from houndmon.rulebook.owners import PLATFORM
from houndmon.rulebook.spec import Rule, RuleSpec, ValueChart, threshold_of
from houndmon.rulebook.units import SECONDS, given

Name = Literal["worker_heartbeat_missing"]

SPECS = (
    RuleSpec(
        title="No worker sends heartbeats",
        recovered="workers beat again",
        unit=SECONDS,
        no_value="no worker ever beat, and jobs wait",
        panel="workers",
        range="1h",
        chart=None,
        value_chart=ValueChart(title="Age of the newest beat", unit="minutes", divisor=MINUTE),
        area="workers",
        stage="worker",
        directness="itself",
        subjects={},
        own_keys=("threshold", "idle_is_ok"),
        parts=frozenset({"beats", "queue"}),
        has_past=True,
        fails_with_lag=True,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: (
            f"newest beat > {given(rule.threshold)} s old{', and jobs wait' if rule.idle_is_ok else ''}"
        ),
        sees_failure_after=lambda rule, levels: threshold_of(rule),
        default=Rule(
            name="worker_heartbeat_missing",
            threshold=120,
            owner_role=PLATFORM,
            response_target_minutes=5,
            severity="critical",
        ),
    ),
)
