"""What a tick knows of an environment: the panels' own figures; what could not be read is `Unreadable`."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from houndmon.core.answer import Anomaly
from houndmon.core.clock import Window
from houndmon.core.filters import Environment
from houndmon.counts_check.sampling import SampleResult
from houndmon.evaluator.baseline import RuleSubject, Share
from houndmon.panels.api.model import AnswerCounts
from houndmon.panels.ingest.model import WindowUploads
from houndmon.panels.playback.model import WindowPlays
from houndmon.panels.publish.model import WindowTracks
from houndmon.panels.transcode.model import FinishedJobs, Running, Transcode
from houndmon.panels.workers.model import Liveness, Pause
from houndmon.rulebook.spec import Rule


class Unreadable(msgspec.Struct, frozen=True):
    """Why a part could not be read; `relation` None where the source itself does not answer."""

    relation: str | None
    reason: str
    is_absent: bool = False  # the configuration says that there is none: nothing is judged by it

    @property
    def clause(self) -> str:
        """The reason with what it is of."""
        return f"{f'relation {self.relation}' if self.relation else 'the source'} cannot be read: {self.reason}"


class QueueFigures(msgspec.Struct):
    """The transcode queue."""

    now: datetime
    panel: Transcode
    idle_minutes: float | None
    finished: dict[str, FinishedJobs]
    running: list[Running] = []


class PlayFigures(msgspec.Struct):
    """Plays of each span; `expected` in the last 30 minutes, where none came."""

    now: datetime
    spans: dict[str, WindowPlays]
    expected: int | None = None
    hours: list[WindowPlays] = []


class UploadFigures(msgspec.Struct):
    """Uploads of the last 30 minutes, and of the hour; `expected` in the former, where none came."""

    now: datetime
    uploads: int
    hour: WindowUploads
    expected: int | None = None
    hours: list[WindowUploads] = []


class Answered(msgspec.Struct):
    """Every service's answers in a rule's 5 minutes, and in each of the 24 hours before, where those may decide.

    The hours are those of the services that are `kept`; None stands for all.
    """

    window: Window
    recent: dict[str, AnswerCounts]
    hours: list[dict[str, AnswerCounts]] = []
    kept: frozenset[str] | None = None

    @property
    def is_silent(self) -> bool:
        """Whether the 5 minutes hold no request at all."""
        return not any(one.requests for one in self.recent.values())


class RequestFigures(msgspec.Struct):
    """What was answered, by how many minutes a rule's window is moved back, and in the last 30 minutes."""

    now: datetime
    by_delay: dict[int, Answered]
    last_30m: int = 0
    expected: int | None = None


class BeatFigures(msgspec.Struct):
    """Whether anybody works, and the pauses between beats."""

    now: datetime
    liveness: Liveness
    pauses: list[Pause]
    starts: dict[str, datetime]
    newest: dict[str, datetime] = {}  # by worker, of the last 7 days
    seen_at: datetime | None = None  # when the newest beat was seen to arrive; None where nobody knows
    begun_at: datetime | None = None  # the first beat, where none is older than the longest span


class PublishFigures(msgspec.Struct):
    """Tracks of each span, and the anomalies of the level's own window."""

    now: datetime
    spans: dict[str, WindowTracks]
    anomalies: list[Anomaly]


class Lag(msgspec.Struct, frozen=True):
    """How far a source that is a replica lags behind its primary; the last one known while that is `unreadable`."""

    now: datetime
    seconds: float
    unreadable: str | None = None


class EnvironmentFigures(msgspec.Struct, kw_only=True):
    """What could be read of one environment."""

    environment: Environment
    queue: QueueFigures | Unreadable
    playing: PlayFigures | Unreadable
    uploading: UploadFigures | Unreadable
    requests: RequestFigures | Unreadable
    beats: BeatFigures | Unreadable
    publishing: PublishFigures | Unreadable
    sampled: SampleResult | None = None
    lag: Lag | None = None
    held: Mapping[RuleSubject, float] = {}  # the baselines of open alerts


def spike_of(rule: Rule, answers: AnswerCounts) -> Share:
    """What a rule of answers counts as bad, of those for which the client waited."""
    return Share(answers.errors_5xx if rule.name == "api_5xx_spike" else answers.errors_4xx, answers.answered)


def abandoned(plays: WindowPlays) -> Share:
    """The plays that the listener left before the first sound, of all that were tried."""
    return Share(plays.aborted, plays.attempts + plays.aborted)


def rejected(uploads: WindowUploads) -> Share:
    """The uploads that were rejected, of all."""
    return Share(uploads.rejected, uploads.uploads)
