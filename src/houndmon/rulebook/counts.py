"""The rule of figures that are not those of the rows."""

from typing import Literal

from houndmon.rulebook.detection import MINUTE
from houndmon.rulebook.owners import PLATFORM
from houndmon.rulebook.spec import Rule, RuleSpec, after
from houndmon.rulebook.units import counted

Name = Literal["counts_differ"]
SAMPLED_SECONDS = 60 * MINUTE  # a sample is looked at that often

SPECS = (
    RuleSpec(
        title="Served figures differ from the rows",
        recovered="served figures are those of the rows again",
        unit=counted("figures differ"),
        no_value="no value",
        panel="alerts",
        range="1h",
        chart=None,
        value_chart=None,
        area="houndmon",
        stage=None,
        directness="itself",
        subjects={},
        own_keys=(),
        parts=frozenset(),
        has_past=False,
        fails_with_lag=False,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: "a served figure is not that of the rows",
        sees_failure_after=after(SAMPLED_SECONDS),
        default=Rule(
            name="counts_differ",
            owner_role=PLATFORM,
            response_target_minutes=60,
            severity="warning",
        ),
    ),
)
