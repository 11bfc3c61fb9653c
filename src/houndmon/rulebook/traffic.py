"""The rule of traffic that has ceased; plays, uploads and requests are judged each by itself."""

from typing import Literal

from houndmon.rulebook.detection import MINUTE, longest_window_seconds
from houndmon.rulebook.owners import STREAMING
from houndmon.rulebook.spec import Rule, RuleSpec, Subject, ValueChart, after
from houndmon.rulebook.units import counted

Name = Literal["traffic_absent"]
NO_TRAFFIC_SECONDS = 30 * MINUTE  # by the definition of `traffic_absent`

SPECS = (
    RuleSpec(
        title="Traffic is absent",
        recovered="traffic comes again",
        unit=counted("plays in 30 min"),
        no_value="no value",
        panel="alerts",
        range="1h",
        chart=None,
        value_chart=ValueChart(title="Traffic, over 30 min", unit="count"),
        area="houndmon",
        stage=None,
        directness="itself",
        subjects={
            "playback": Subject(
                unit=counted("plays in 30 min"), panel="playback", area="playback", stage="play", explained_by=()
            ),
            "ingest": Subject(
                unit=counted("uploads in 30 min"), panel="ingest", area="ingest", stage="upload", explained_by=()
            ),
            "api": Subject(unit=counted("requests in 30 min"), panel="api", area="api", stage=None, explained_by=()),
        },
        own_keys=("minimum_sample",),
        parts=frozenset({"playing", "uploading", "requests"}),
        has_past=True,
        fails_with_lag=True,
        is_of_source=False,
        explained_by=(),
        condition=lambda rule: "no plays, no uploads or no requests in 30m",
        sees_failure_after=after(longest_window_seconds(NO_TRAFFIC_SECONDS)),
        default=Rule(
            name="traffic_absent",
            minimum_sample=20,
            owner_role=STREAMING,
            response_target_minutes=15,
            severity="warning",
        ),
    ),
)
