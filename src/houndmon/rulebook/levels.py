"""The service levels: what is said of each, and its defaults."""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import msgspec

from houndmon.core.clock import Range
from houndmon.rulebook.detection import MINUTE
from houndmon.rulebook.owners import PLATFORM, STREAMING, TRANSCODE
from houndmon.rulebook.parts import Part, Stage

LevelName = Literal["upload_to_live", "transcode_success", "playback_success", "heartbeat_freshness"]
LevelKey = Literal["limit"]
LEVEL_KEYS: tuple[LevelKey, ...] = get_args(LevelKey)
BEAT_FRESH_SECONDS = 120.0  # how old a beat may be that `heartbeat_freshness` counts as good


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """One service level, as it is configured."""

    name: LevelName
    objective: float
    window: Range = "24h"
    owner_role: str
    runbook_url: str = "/runbooks/slo_burn_fast"
    limit_minutes: float = 10  # of upload_to_live: within which a track must be live


Levels = Mapping[LevelName, ServiceLevel]


class LevelSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said of a service level but its figures. Every field must be given.

    `delay_seconds` is how long a failure stays unseen by the definition of the level; where `waits_for_events`, only
    the part of a window before that delay can be judged. A level that `counts_seconds` has no events to count.
    `explained_by` names the rules whose firing spends its budget.
    """

    title: str
    panel: str
    area: str
    stage: Stage
    part: Part
    own_keys: tuple[LevelKey, ...]
    counts_seconds: bool
    waits_for_events: bool
    delay_seconds: Callable[[ServiceLevel], float]
    explained_by: tuple[str, ...]
    default: ServiceLevel

    @property
    def name(self) -> LevelName:
        """What the level is called in the file and in the API."""
        return self.default.name


_SPECS = (
    LevelSpec(
        title="Upload to live",
        panel="publish",
        area="publish",
        stage="publish",
        part="publishing",
        own_keys=("limit",),
        counts_seconds=False,
        waits_for_events=True,
        delay_seconds=lambda level: level.limit_minutes * MINUTE,
        explained_by=("worker_heartbeat_missing", "queue_stalled", "queue_age", "queue_failure_ratio"),
        default=ServiceLevel(name="upload_to_live", objective=0.95, owner_role=TRANSCODE),
    ),
    LevelSpec(
        title="Transcode success",
        panel="transcode",
        area="transcode",
        stage="transcode",
        part="queue",
        own_keys=(),
        counts_seconds=False,
        waits_for_events=False,
        delay_seconds=lambda level: 0.0,
        explained_by=("queue_failure_ratio",),
        default=ServiceLevel(name="transcode_success", objective=0.99, owner_role=TRANSCODE),
    ),
    LevelSpec(
        title="Playback success",
        panel="playback",
        area="playback",
        stage="play",
        part="playing",
        own_keys=(),
        counts_seconds=False,
        waits_for_events=False,
        delay_seconds=lambda level: 0.0,
        explained_by=("playback_failure_ratio",),
        default=ServiceLevel(name="playback_success", objective=0.99, owner_role=STREAMING),
    ),
    LevelSpec(
        title="Heartbeat freshness",
        panel="workers",
        area="workers",
        stage="worker",
        part="beats",
        own_keys=(),
        counts_seconds=True,
        waits_for_events=False,
        delay_seconds=lambda level: BEAT_FRESH_SECONDS,
        explained_by=("worker_heartbeat_missing",),
        default=ServiceLevel(name="heartbeat_freshness", objective=0.999, owner_role=PLATFORM),
    ),
)
LEVEL_BOOK: dict[LevelName, LevelSpec] = {spec.name: spec for spec in _SPECS}
if tuple(LEVEL_BOOK) != get_args(LevelName):
    raise ImportError("LevelName names other service levels than there are specs, or in another order")
