"""Reads what a tick knows of an environment: each part on its own, in a snapshot of its own.

One that cannot be read is `Unreadable`, and takes down nothing else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar, get_args

import msgspec
from msgspec.structs import replace

from houndmon.config.model import Config
from houndmon.core.clock import Clock, Window
from houndmon.core.filters import Environment, Filters
from houndmon.core.problems import SourceUnreadable
from houndmon.core.source import Snapshot, Source
from houndmon.core.sql import load_statements
from houndmon.core.stats import name_or_unspecified
from houndmon.evaluator.api_subjects import Kept, judged, known_before, of_services
from houndmon.evaluator.baseline import QUIET, HoursBefore, RuleSubject, Share, asks_for_baseline, expected_in
from houndmon.evaluator.figures import (
    Answered,
    BeatFigures,
    EnvironmentFigures,
    Lag,
    PlayFigures,
    PublishFigures,
    QueueFigures,
    RequestFigures,
    Unreadable,
    UploadFigures,
    abandoned,
    rejected,
    spike_of,
)
from houndmon.panels.api.load import load_answer_counts
from houndmon.panels.api.model import AnswerCounts
from houndmon.panels.ingest.load import load_windows as load_uploads
from houndmon.panels.ingest.model import WindowUploads
from houndmon.panels.playback.load import load_windows as load_plays
from houndmon.panels.playback.model import WindowPlays
from houndmon.panels.publish.load import load_windows as load_tracks
from houndmon.panels.transcode.load import load as load_transcode
from houndmon.panels.transcode.load import load_idle_minutes, load_running
from houndmon.panels.transcode.load import load_windows as load_finished
from houndmon.panels.workers.load import load_beats, load_begin, load_pauses
from houndmon.rulebook.api import Name as ApiRule
from houndmon.rulebook.book import RuleName
from houndmon.rulebook.levels import ServiceLevel
from houndmon.rulebook.parts import RELATION_OF_PART, Part
from houndmon.rulebook.spec import Rule
from houndmon.slo.level import BURN_SPANS

T = TypeVar("T")
LAG = load_statements(Path(__file__).with_name("query.sql"))["lag"].text
LoadAnswers = Callable[..., Awaitable[list[dict[str, AnswerCounts]]]]
NAME_CHARACTERS = 200  # of a subject: an index must hold it


class BaselineHours:
    """What the hours before counted, of each kind that has a usual share."""

    def __init__(self) -> None:
        self.plays, self.uploads = HoursBefore[list[WindowPlays]](), HoursBefore[list[WindowUploads]]()
        self.requests = HoursBefore[Kept]()


class Ask(msgspec.Struct, frozen=True):
    """Whose figures are read, and by which rules they will be judged."""

    environment: Environment
    config: Config
    usual: BaselineHours
    held: Mapping[RuleSubject, float]

    def rule(self, name: RuleName) -> Rule:
        """A rule as it holds here."""
        return self.config.rules_in(self.environment)[name]

    def needs_usual(self, rule: Rule, name: str, answers: AnswerCounts) -> bool:
        """Whether what is usual decides of a service, and no open alert has it."""
        return (rule.name, name) not in self.held and asks_for_baseline(rule, spike_of(rule, answers))

    async def hours(
        self,
        name: RuleName,
        share: Share,
        start: datetime,
        load: Callable[[list[Window]], Awaitable[list[T]]],
        known: HoursBefore[list[T]],
    ) -> list[T]:
        """What the hours before a rule's window counted; none where the usual share decides nothing, or is held."""
        if (name, None) in self.held or not asks_for_baseline(self.rule(name), share):
            return []
        return await known.counted(name, self.environment, start, load)


NOT_ASKED = Unreadable(None, "it was not asked for")


async def read_figures(
    source: Source,
    environment: Environment,
    config: Config,
    parts: frozenset[Part] = frozenset(RELATION_OF_PART),
    *,
    usual: BaselineHours | None = None,
    held: Mapping[RuleSubject, float] | None = None,
) -> EnvironmentFigures:
    """Some parts (all, unless told), at once, each in a snapshot of its own.

    `usual` remembers the hours before; `held` are the baselines of open alerts, for which those need not be read.
    """
    ask = Ask(environment, config, usual or BaselineHours(), held or {})

    async def part(name: Part, read: Callable[[Snapshot, Ask], Awaitable[T]]) -> T | Unreadable:
        if name not in parts:
            return NOT_ASKED
        if RELATION_OF_PART[name] in config.absent:
            return Unreadable(RELATION_OF_PART[name], "houndmon.toml says that this source has none", is_absent=True)
        try:
            async with source.snapshot() as snapshot:
                return await read(snapshot, ask)
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
    return EnvironmentFigures(
        environment=environment,
        queue=queue,
        playing=playing,
        uploading=uploading,
        requests=requests,
        beats=beats,
        publishing=publishing,
        held=ask.held,
    )


def spans_of(level: ServiceLevel) -> list[str]:
    """The spans that a level's figures need: those of burn rates, and its own window last."""
    return [span for span in BURN_SPANS if span != level.window] + [level.window]


async def read_queue(snapshot: Snapshot, ask: Ask) -> QueueFigures:
    """The transcode panel of the last hour, and what finished in each span."""
    filters = Filters("1h", ask.environment)
    spans = spans_of(ask.config.levels["transcode_success"])
    finished = await load_finished(snapshot, filters, *(snapshot.clock.window(span) for span in spans))
    return QueueFigures(
        snapshot.clock.now,
        await load_transcode(snapshot, filters, ask.config),
        await load_idle_minutes(snapshot, filters),
        dict(zip(spans, finished, strict=True)),
        await load_running(snapshot, filters, timedelta(seconds=ask.rule("job_stuck").stuck_after_seconds)),
    )


async def read_playing(snapshot: Snapshot, ask: Ask) -> PlayFigures:
    """Plays of each span; those of the days before apart, for they lie far from the rest."""
    filters = Filters("24h", ask.environment)
    spans = ["15m", *spans_of(ask.config.levels["playback_success"])]
    plays = await load_plays(snapshot, filters, *(snapshot.clock.window(span) for span in spans))
    found = dict(zip(spans, plays, strict=True))

    async def attempts(window: Window) -> int:
        return (await load_plays(snapshot, filters, window))[0].attempts

    async def hours(windows: list[Window]) -> list[WindowPlays]:
        return await load_plays(snapshot, filters, *windows)

    expected = None if found["30m"].attempts else await expected_in(snapshot.clock, attempts)
    share, start = abandoned(found["15m"]), snapshot.clock.since("15m")
    before = await ask.hours("playback_abandoned", share, start, hours, ask.usual.plays)
    return PlayFigures(snapshot.clock.now, found, expected, before)


async def read_uploading(snapshot: Snapshot, ask: Ask) -> UploadFigures:
    """Uploads of the last 30 minutes, and of the hour."""
    clock, load = snapshot.clock, partial(load_uploads, snapshot, Filters("24h", ask.environment))

    async def uploads(window: Window) -> int:
        return (await load(window))[0].uploads

    async def hours(windows: list[Window]) -> list[WindowUploads]:
        return await load(*windows)

    now, hour = await load(clock.window(QUIET), clock.window("1h"))
    expected = None if now.uploads else await expected_in(clock, uploads)
    start = clock.since("1h")
    before = await ask.hours("upload_rejection_ratio", rejected(hour), start, hours, ask.usual.uploads)
    return UploadFigures(clock.now, now.uploads, hour, expected, before)


async def read_requests(snapshot: Snapshot, ask: Ask) -> RequestFigures:
    """Answers of the last 5 minutes, for each delay that a rule has, and requests of the last 30."""
    rules = [ask.rule(name) for name in get_args(ApiRule)]
    delays = list(dict.fromkeys(rule.delay_minutes for rule in rules))
    windows = [*(moved_back(snapshot.clock, delay) for delay in delays), snapshot.clock.window(QUIET)]
    load = partial(load_answer_counts, snapshot, Filters("24h", ask.environment), subject_of)
    *recent, half_hour = await load(*windows)
    found = {
        delay: await with_hours(
            ask, Answered(window, theirs), [one for one in rules if one.delay_minutes == delay], load
        )
        for delay, window, theirs in zip(delays, windows, recent, strict=False)
    }

    async def requests(window: Window) -> int:
        (answers,) = await load(window)
        return sum(one.requests for one in answers.values())

    now = sum(one.requests for one in half_hour.values())
    return RequestFigures(snapshot.clock.now, found, now, None if now else await expected_in(snapshot.clock, requests))


def moved_back(clock: Clock, delay_minutes: int) -> Window:
    """The last 5 minutes, or as many some minutes ago."""
    recent, delay = clock.window("5m"), timedelta(minutes=delay_minutes)
    return Window(recent.start - delay, clock.now - delay) if delay else recent


async def with_hours(ask: Ask, found: Answered, rules: list[Rule], load: LoadAnswers) -> Answered:
    """Answers with those of the hours before, where some service stands out, or where nothing came.

    Of those hours the judged services are kept, and those with the most requests in them.
    """
    held = {name for rule, name in ask.held if rule in {one.name for one in rules}}
    names = judged(found.recent, held)
    asked = {name for name in names if any(ask.needs_usual(rule, name, found.recent[name]) for rule in rules)}

    async def hours(windows: list[Window]) -> Kept:
        read = await load(*windows)
        return of_services(read, [*names, *known_before(read)])

    if asked or found.is_silent:
        of, start = f"{rules[0].delay_minutes} min ago", found.window.start
        known = await ask.usual.requests.counted(of, ask.environment, start, hours, lambda kept: asked <= kept.names)
        found.kept, found.hours = known
    return found


def subject_of(service: str) -> str:
    """A name that can tell alerts apart: blank ones are one, and so are endless ones that begin alike."""
    return name_or_unspecified(service)[:NAME_CHARACTERS]


async def read_beats(snapshot: Snapshot, ask: Ask) -> BeatFigures:
    """Liveness, and the pauses of the longest span that a level asks for."""
    filters = Filters("24h", ask.environment)
    spans = spans_of(ask.config.levels["heartbeat_freshness"])
    starts = {span: snapshot.clock.since(span) for span in spans}
    longest = min(starts, key=lambda span: starts[span])
    liveness, newest = await load_beats(snapshot, filters)
    pauses = await load_pauses(snapshot, filters, longest)
    begun_at = await load_begin(snapshot, filters, longest, pauses)
    return BeatFigures(snapshot.clock.now, liveness, pauses, starts, newest, begun_at=begun_at)


async def read_publishing(snapshot: Snapshot, ask: Ask) -> PublishFigures:
    """Tracks of each span."""
    level = ask.config.levels["upload_to_live"]
    spans = spans_of(level)
    windows = [snapshot.clock.window(span) for span in spans]
    tracks, anomalies = await load_tracks(snapshot, Filters("24h", ask.environment), level.limit_minutes, *windows)
    return PublishFigures(snapshot.clock.now, dict(zip(spans, tracks, strict=True)), anomalies)


async def read_lag(source: Source, last: Lag | None = None) -> Lag | None:
    """How far the source lags behind its primary; `last` while that cannot be read, None where it is no replica."""
    try:
        async with source.snapshot() as snapshot:
            seconds = await snapshot.conn.fetchval(LAG)
            return None if seconds is None else Lag(snapshot.clock.now, seconds)
    except SourceUnreadable as error:
        return last and replace(last, unreadable=error.reason)
