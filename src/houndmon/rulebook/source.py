"""The rules of what cannot be read, by relation and as a whole, and of a source that is behind."""

from typing import Literal

from houndmon.rulebook.owners import PLATFORM
from houndmon.rulebook.parts import RELATION_OF_PART
from houndmon.rulebook.spec import Rule, RuleSpec, after, threshold_of
from houndmon.rulebook.units import COUNT, SECONDS, given

Name = Literal["source_unreadable", "source_lagging"]

SPECS = (
    RuleSpec(
        title="The source cannot be read",
        recovered="it can be read again",
        unit=COUNT,
        no_value="cannot be read",
        panel="alerts",
        range="1h",
        chart=None,
        value_chart=None,
        area="source",
        stage=None,  # it speaks of houndmon's own sight
        directness="itself",
        subjects={},
        own_keys=(),
        parts=frozenset(RELATION_OF_PART),
        has_past=False,
        fails_with_lag=False,
        is_of_source=True,
        explained_by=("source_unreadable",),  # the whole source explains each of its relations
        condition=lambda rule: "a relation or the source cannot be read",
        sees_failure_after=after(0.0),
        default=Rule(
            name="source_unreadable",
            hold_seconds=60,
            owner_role=PLATFORM,
            response_target_minutes=5,
            severity="critical",
        ),
    ),
    RuleSpec(
        title="The source lags behind",
        recovered="it has caught up with its primary",
        unit=SECONDS,
        no_value="no value",
        panel="alerts",
        range="1h",
        chart=None,
        value_chart=None,
        area="source",
        stage=None,
        directness="itself",
        subjects={},
        own_keys=("threshold",),
        parts=frozenset(),
        has_past=False,
        fails_with_lag=False,
        is_of_source=True,
        explained_by=(),
        condition=lambda rule: f"a replica lags > {given(rule.threshold)} s behind its primary",
        sees_failure_after=lambda rule, levels: threshold_of(rule),
        default=Rule(
            name="source_lagging",
            threshold=60,
            hold_seconds=60,
            owner_role=PLATFORM,
            response_target_minutes=5,
            severity="critical",
        ),
    ),
)
