"""The rule of uploads."""

from typing import Literal

from houndmon.rulebook.owners import INGEST
from houndmon.rulebook.spec import Rule, RuleSpec, ValueChart, after_share_of, times_usual
from houndmon.rulebook.units import RATIO, given_percent

Name = Literal["upload_rejection_ratio"]

SPECS = (
    RuleSpec(
        title="Too many uploads are rejected",
        recovered="uploads are accepted again",
        unit=RATIO,
        no_value="no value",
        panel="ingest",
        range="6h",
        chart=None,
        value_chart=ValueChart(title="Uploads rejected, over 1 h", unit="ratio"),
        area="ingest",
        stage="upload",
        directness="itself",
        subjects={},
        own_keys=("threshold", "minimum_sample", "minimum_bad", "baseline_factor"),
        parts=frozenset({"uploading"}),
        has_past=True,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: (
            f"> {given_percent(rule.threshold)} of uploads rejected in 1h (95 % confidence){times_usual(rule)}"
        ),
        sees_failure_after=after_share_of("1h"),
        default=Rule(
            name="upload_rejection_ratio",
            threshold=0.15,
            minimum_sample=20,
            owner_role=INGEST,
            response_target_minutes=30,
            severity="warning",
        ),
    ),
)
