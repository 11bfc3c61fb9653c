"""The summary's routes: JSON for programs, plain text for chat bots and terminals."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, TypedDict

import asyncpg
import msgspec
from litestar import MediaType, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from houndmon.alerts.model import Alert, StateRow, listed_alert
from houndmon.alerts.silences import list_silences, read_version
from houndmon.alerts.store import SQL, read_open_alerts
from houndmon.config.live import LiveConfig
from houndmon.config.model import Config
from houndmon.core.filters import ENVIRONMENTS, Environment, checked_environment
from houndmon.core.panel import etag_of
from houndmon.core.panel_cache import LIFE_SECONDS, LONG_DEADLINE_SECONDS
from houndmon.core.panel_routes import ERROR_RESPONSES, conditional_response
from houndmon.core.problems import Busy, StateUnreadable
from houndmon.core.requests import refuse_unknown_parameters
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import Source, as_structs
from houndmon.core.state_database import StateDatabase
from houndmon.evaluator.level_cache import LevelCache
from houndmon.evaluator.levels import Level
from houndmon.evaluator.ticks import Watched, read_last_tick
from houndmon.web.summary.answers import Answers, SummaryFigures
from houndmon.web.summary.blindness import Unjudged, find_blindness, unjudged_places
from houndmon.web.summary.last_answers import LastAnswers
from houndmon.web.summary.load import load_answers
from houndmon.web.summary.model import BrokenStage, LayerState, StageState, Status, Summary
from houndmon.web.summary.sentences import worst_client_text
from houndmon.web.summary.status import Situation, assess
from houndmon.web.summary.text import summary_lines

NEVER = Watched(None, None)


@dataclass(frozen=True)
class AlertView:
    """What the evaluator knows of an environment, and when it was read; `problem` is why that is not now.

    `alerts` and `silences` are the last that are known, None where they never were.
    """

    alerts: list[Alert] | None = None
    silences: int | None = None
    as_of: datetime | None = None
    watch: Watched = NEVER
    unjudged: Unjudged = field(default_factory=dict)
    problem: str | None = None


class SummaryCache:
    """Serves the summary, shared by all who ask within a tick, and no longer once an alert or a panel has changed.

    `turns` counts how often a panel turned stale or failed, or back.
    """

    def __init__(
        self,
        source: Source,
        state: StateDatabase,
        levels: LevelCache,
        config: LiveConfig,
        *,
        turns: Callable[[], int],
    ) -> None:
        self._source, self._state, self._levels, self._config = source, state, levels, config
        self._turns = turns
        self._last_views: dict[Environment, AlertView] = {}
        self._last_answers: dict[Environment, LastAnswers] = {}
        self._version: tuple[str, int] | None = None
        self._versions: SingleFlightCache[None, str] = SingleFlightCache(
            self._read_version, life_seconds=0, deadline_seconds=LONG_DEADLINE_SECONDS
        )
        self._shared: SingleFlightCache[Environment, Summary] = SingleFlightCache(
            self._load, life_seconds=LIFE_SECONDS, deadline_seconds=LONG_DEADLINE_SECONDS
        )

    def invalidate(self) -> None:
        """Answer anew next time."""
        self._shared.invalidate()

    async def answer(self, environment: Environment) -> Summary:
        """The summary; the last good one where the source cannot be read. Raises where there never was one."""
        await self._follow_changes()
        found, why = await self._shared.get_or_last(environment)
        if why is None:
            return found
        return stale_summary(found, why, await self._view(environment), self._config())

    async def _follow_changes(self) -> None:
        """Answer anew where an alert changed or a panel turned doubtful: list and panel already say so."""
        try:
            alerts = await self._versions.get(None)
        except (StateUnreadable, Busy):
            alerts = self._version[0] if self._version else ""
        version = alerts, self._turns()
        if version != self._version:
            self._version = version
            self.invalidate()

    async def _read_version(self, _: None) -> str:
        async with self._state.quick_connection() as conn:
            return await read_version(conn)

    async def _load(self, environment: Environment) -> Summary:
        async with self._source.snapshot() as snapshot:
            answers, figures = await load_answers(snapshot, environment, self._config())
        view = await self._view(environment)  # the last of all: an alert may fire while a slow source is read
        kept = self._last_answers.setdefault(environment, LastAnswers())
        answers, old = kept.complete(answers, figures)
        slos: list[Level] | None
        try:
            slos = (await self._levels.answer(environment)).items
        except Busy:
            slos = None
        return build_summary(view, answers, old, figures, slos, self._config())

    async def _view(self, environment: Environment) -> AlertView:
        """The open alerts and the evaluator's age; the last known ones where houndmon's own database is gone."""
        try:
            async with self._state.quick_connection() as conn:
                found = await read_alert_view(conn, environment)
        except StateUnreadable as error:
            last = self._last_views.get(environment, AlertView())
            return dataclasses.replace(last, watch=NEVER, unjudged={}, problem=error.clause)
        self._last_views[environment] = found
        return found


async def read_alert_view(conn: asyncpg.Connection, environment: Environment) -> AlertView:
    """What the evaluator knows of an environment now."""
    rows = [row for row in await read_open_alerts(conn) if row.environment == environment]
    states = [one for one in as_structs(await conn.fetch(SQL["states"]), StateRow) if one.environment == environment]
    return AlertView(
        alerts=[listed_alert(row) for row in rows],
        silences=(await list_silences(conn)).in_force,
        as_of=await conn.fetchval("select clock_timestamp()"),
        watch=await read_last_tick(conn),
        unjudged=unjudged_places(states),
    )


def build_summary(
    view: AlertView,
    answers: Answers,
    old: dict[str, datetime],
    figures: SummaryFigures,
    slos: list[Level] | None,
    config: Config,
) -> Summary:
    """The summary of what was read; `old` are the answers that are older, with their times."""
    called = config.called(figures.environment)
    situation = assess(
        called,
        view.alerts,
        find_blindness(figures, view.watch, view.unjudged, view.problem),
        absent=figures.absent,
        worst_client=worst_client_text(figures),
    )
    return Summary(
        **status_fields(situation, view),
        environment=figures.environment,
        answers=answers,
        answers_as_of=old,
        slos=slos,
        as_of=figures.now,
        stale=bool(figures.unreadable),
        unreadable=figures.unreadable,
        text=summary_lines(
            called, situation, answers, figures.absent, config.public_url, stale=bool(figures.unreadable)
        ),
        absent=sorted(figures.absent),
    )


def stale_summary(last: Summary, reason: str, view: AlertView, config: Config) -> Summary:
    """An old summary, marked as such: what its figures say may no longer hold; the alerts are those of now."""
    called = config.called(last.environment)
    blindness = find_blindness(None, view.watch, view.unjudged, view.problem or reason)
    situation = assess(called, view.alerts, blindness, absent=last.absent)
    return msgspec.structs.replace(
        last,
        **status_fields(situation, view),
        answers_as_of=dict.fromkeys(Answers.__struct_fields__, last.as_of) | last.answers_as_of,
        stale=True,
        is_last_good=True,
        unreadable=[reason],
        text=summary_lines(called, situation, last.answers, last.absent, config.public_url, stale=True),
    )


class StatusFields(TypedDict):
    """What a summary has of the situation and of the alerts."""

    status: Status
    first_broken_stage: BrokenStage
    stages: list[StageState]
    layers: list[LayerState]
    title: str
    open_alerts: list[Alert] | None
    alerts_as_of: datetime | None
    silences_in_force: int | None
    evaluator: Watched


def status_fields(situation: Situation, view: AlertView) -> StatusFields:
    """What a summary has of the situation and of the alerts, whether its figures are of now or old."""
    return {
        "status": situation.status,
        "first_broken_stage": situation.first,
        "stages": situation.stages,
        "layers": situation.layers,
        "title": situation.title,
        "open_alerts": view.alerts,
        "alerts_as_of": view.as_of,
        "silences_in_force": view.silences,
        "evaluator": view.watch,
    }


@get(
    "/api/summary",
    operation_id="summary",
    summary="The five answers",
    tags=["Summary"],
    responses=ERROR_RESPONSES
    | {200: ResponseSpec(Summary, description="The five answers; with Accept: text/plain, its text alone.")},
)
async def show_summary(
    request: Request[Any, Any, Any],
    summaries: NamedDependency[SummaryCache],
    environment: Annotated[
        str,
        QueryParameter(description="The environment.", schema_extra={"enum": list(ENVIRONMENTS), "default": "prod"}),
    ] = "prod",
) -> Response[Summary]:
    """What a chat bot asks: the state of an environment and the five answers, in one breath."""
    refuse_unknown_parameters(request, "environment")
    answer = await summaries.answer(checked_environment(environment))
    if wants_text(request):
        body, media_type = (answer.text + "\n").encode(), MediaType.TEXT
    else:
        body, media_type = msgspec.json.encode(answer), MediaType.JSON
    response = conditional_response(request, body, etag_of(body), media_type)
    response.headers["Vary"] = "Accept"
    return response  # type: ignore[return-value]


def wants_text(request: Request[Any, Any, Any]) -> bool:
    """Whether plain text is asked for before JSON."""
    try:
        return request.accept.best_match([MediaType.JSON, MediaType.TEXT]) == MediaType.TEXT
    except OverflowError:  # Litestar stumbles over a q-value of infinity
        return False


ROUTES = [show_summary]
