"""What a tick knows of an environment: the panels' own figures, each read on its own.

One that cannot be read is `Unreadable`, and takes down nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from houndmon.config.model import Config, ServiceLevel
from houndmon.evaluator.sample import Sampled
from houndmon.kit.clock import Window
from houndmon.kit.filters import Environment, Filters
from houndmon.kit.panel import Anomaly
from houndmon.kit.problems import SourceUnreadable
from houndmon.kit.source import Snapshot, Source
from houndmon.kit.stats import named, ratio
from houndmon.panels.api.load import load_windows as load_requests
from houndmon.panels.api.model import Service
from houndmon.panels.ingest.load import load_windows as load_uploads
from houndmon.panels.playback.load import load_windows as load_plays
from houndmon.panels.playback.model import Plays
from houndmon.panels.publish.load import load_windows as load_tracks
from houndmon.panels.publish.model import Tracks
from houndmon.panels.transcode.load import load as load_transcode
from houndmon.panels.transcode.load import load_idle_minutes
from houndmon.panels.transcode.load import load_windows as load_finished
from houndmon.panels.transcode.model import Finished, Transcode
from houndmon.panels.workers.load import load_liveness, load_pauses
from houndmon.panels.workers.model import Liveness, Pause
from houndmon.slo.level import BURN_SPANS

T = TypeVar("T")
WEEK, DAY = timedelta(days=7), timedelta(hours=24)
QUIET = timedelta(minutes=30)
NAME_CHARACTERS = 200  # of a subject: an index must hold it


class Unreadable(msgspec.Struct, frozen=True):
    """Why a part could not be read; `relation` None where the source itself does not answer."""

    relation: str | None
    reason: str

    @property
    def clause(self) -> str:
        """The reason with what it is of."""
        return f"{f'relation {self.relation}' if self.relation else 'the source'} cannot be read: {self.reason}"


class Queue(msgspec.Struct):
    """The transcode queue."""

    now: datetime
    panel: Transcode
    idle_minutes: float | None
    finished: dict[str, Finished]


class Playing(msgspec.Struct):
    """Plays of each span, and of the last 30 minutes a week before."""

    now: datetime
    spans: dict[str, Plays]
    week_before: int


class Uploading(msgspec.Struct):
    """Uploads of the last 30 minutes, and of the same ones a week before."""

    now: datetime
    uploads: int
    week_before: int


class Requests(msgspec.Struct):
    """Every service's answers of the last 5 minutes, and of the 24 h before those."""

    now: datetime
    window: Window
    recent: dict[str, Service]
    baseline: dict[str, Service]


class Beats(msgspec.Struct):
    """Whether anybody works, and the pauses between beats."""

    now: datetime
    liveness: Liveness
    pauses: list[Pause]
    starts: dict[str, datetime]


class Publishing(msgspec.Struct):
    """Tracks of each span, and the anomalies of the level's own window."""

    now: datetime
    spans: dict[str, Tracks]
    anomalies: list[Anomaly]


class Figures(msgspec.Struct, kw_only=True):
    """What could be read of one environment."""

    environment: Environment
    queue: Queue | Unreadable
    playing: Playing | Unreadable
    uploading: Uploading | Unreadable
    requests: Requests | Unreadable
    beats: Beats | Unreadable
    publishing: Publishing | Unreadable
    sampled: Sampled | None = None


RELATIONS = {
    "queue": "transcode_jobs",
    "playing": "play_attempts",
    "uploading": "upload_attempts",
    "requests": "api_requests",
    "beats": "worker_heartbeats",
    "publishing": "tracks",
}
"""The one relation that each part of the figures reads."""


NOT_ASKED = Unreadable(None, "it was not asked for")


async def read_figures(
    source: Source, environment: Environment, config: Config, parts: frozenset[str] = frozenset(RELATIONS)
) -> Figures:
    """Some parts (all, unless told), at once, each in a snapshot of its own."""

    async def part(name: str, read: Callable[[Snapshot, Environment, Config], Awaitable[T]]) -> T | Unreadable:
        if name not in parts:
            return NOT_ASKED
        try:
            async with source.snapshot() as snapshot:
                return await read(snapshot, environment, config)
        except SourceUnreadable as error:
            return Unreadable(error.relation, error.reason)

    queue, playing, uploading, requests, beats, publishing = await asyncio.gather(
        part("queue", read_queue),
        part("playing", read_playing),
        part("uploading", read_uploading),
        part("requests", read_requests),
        part("beats", read_beats),
        part("publishing", read_publishing),
    )
    return Figures(
        environment=environment,
        queue=queue,
        playing=playing,
        uploading=uploading,
        requests=requests,
        beats=beats,
        publishing=publishing,
    )


def spans_of(level: ServiceLevel) -> list[str]:
    """The spans that a level's figures need: those of burn rates, and its own window last."""
    return [span for span in BURN_SPANS if span != level.window] + [level.window]


async def read_queue(snapshot: Snapshot, environment: Environment, config: Config) -> Queue:
    """The transcode panel of the last hour, and what finished in each span."""
    filters = Filters("1h", environment)
    spans = spans_of(config.levels["transcode_success"])
    finished = await load_finished(snapshot, filters, *(snapshot.clock.window(span) for span in spans))
    return Queue(
        snapshot.clock.now,
        await load_transcode(snapshot, filters),
        await load_idle_minutes(snapshot, filters),
        dict(zip(spans, finished, strict=True)),
    )


async def read_playing(snapshot: Snapshot, environment: Environment, config: Config) -> Playing:
    """Plays of each span; the week before apart, for it lies far from the rest."""
    filters = Filters("24h", environment)
    spans = ["15m", *spans_of(config.levels["playback_success"])]
    plays = await load_plays(snapshot, filters, *(snapshot.clock.window(span) for span in spans))
    before = await load_plays(snapshot, filters, week_before(snapshot))
    return Playing(snapshot.clock.now, dict(zip(spans, plays, strict=True)), before[0].attempts)


async def read_uploading(snapshot: Snapshot, environment: Environment, config: Config) -> Uploading:
    """Uploads now and a week before."""
    filters = Filters("24h", environment)
    now = await load_uploads(snapshot, filters, snapshot.clock.window(QUIET))
    before = await load_uploads(snapshot, filters, week_before(snapshot))
    return Uploading(snapshot.clock.now, now[0].uploads, before[0].uploads)


def week_before(snapshot: Snapshot) -> Window:
    """The last 30 minutes, a week before."""
    start = snapshot.clock.since(QUIET) - WEEK
    return Window(start, start + QUIET)


async def read_requests(snapshot: Snapshot, environment: Environment, config: Config) -> Requests:
    """Answers of the last 5 minutes and their baseline."""
    recent = snapshot.clock.window("5m")
    before = Window(recent.start - DAY, recent.start)
    now, baseline = await load_requests(snapshot, Filters("24h", environment), recent, before)
    return Requests(snapshot.clock.now, recent, keyed(now), keyed(baseline))


def keyed(services: list[Service]) -> dict[str, Service]:
    """Services by a name that can tell alerts apart: blank ones are one, and so are endless ones that begin alike."""
    groups: dict[str, list[Service]] = {}
    for service in services:
        groups.setdefault(named(service.service)[:NAME_CHARACTERS], []).append(service)
    return {name: together(name, theirs) for name, theirs in groups.items()}


def together(name: str, services: list[Service]) -> Service:
    """The answers of services that share a name."""
    whole = sum(service.requests for service in services)
    bad_4xx = sum(service.errors_4xx for service in services)
    bad_5xx = sum(service.errors_5xx for service in services)
    return Service(name, whole, ratio(bad_4xx, whole), ratio(bad_5xx, whole), bad_4xx, bad_5xx)


async def read_beats(snapshot: Snapshot, environment: Environment, config: Config) -> Beats:
    """Liveness, and the pauses of the longest span that a level asks for."""
    filters = Filters("24h", environment)
    spans = spans_of(config.levels["heartbeat_freshness"])
    starts = {span: snapshot.clock.since(span) for span in spans}
    longest = min(starts, key=lambda span: starts[span])
    liveness = await load_liveness(snapshot, filters)
    return Beats(snapshot.clock.now, liveness, await load_pauses(snapshot, filters, longest), starts)


async def read_publishing(snapshot: Snapshot, environment: Environment, config: Config) -> Publishing:
    """Tracks of each span."""
    level = config.levels["upload_to_live"]
    spans = spans_of(level)
    windows = [snapshot.clock.window(span) for span in spans]
    tracks, anomalies = await load_tracks(snapshot, Filters("24h", environment), level.limit_minutes, *windows)
    return Publishing(snapshot.clock.now, dict(zip(spans, tracks, strict=True)), anomalies)
