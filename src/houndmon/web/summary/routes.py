"""The summary's routes: JSON for programs, plain text for chat bots and terminals."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from houndmon.alerts.model import Alert, StateRow, shown
from houndmon.alerts.people import SQL, list_silences, open_alerts
from houndmon.evaluator.desk import LevelDesk
from houndmon.evaluator.levels import Level
from houndmon.evaluator.store import key_of
from houndmon.evaluator.watch import Watched, watched
from houndmon.kit.filters import ENVIRONMENTS, Environment, checked_environment
from houndmon.kit.problems import Busy, SourceUnreadable
from houndmon.kit.requests import only
from houndmon.kit.room import LIFE_SECONDS, LONG_DEADLINE_SECONDS, REFUSALS, conditional, etag_of
from houndmon.kit.shared import Shared
from houndmon.kit.source import Source, plain
from houndmon.web.summary.load import load_answers
from houndmon.web.summary.model import Answers, Figures, Stage, Summary
from houndmon.web.summary.status import blindness, finding, first_broken_stage, stages, status, unjudged, unseen
from houndmon.web.summary.text import lines


@dataclass(frozen=True)
class Watch:
    """What the evaluator knows of an environment."""

    alerts: list[Alert]
    reasons: dict[str, str]
    silences: int
    lag: Watched
    unknown: dict[Stage | None, str]
    problem: str | None = None


BLIND = Watch([], {}, 0, Watched(None, None), {})


class Desk:
    """Serves the summary, shared by all who ask within a tick."""

    def __init__(self, source: Source, state: Source, levels: LevelDesk) -> None:
        self._source, self._state, self._levels = source, state, levels
        self._shared: Shared[Environment, Summary] = Shared(
            self._load, life_seconds=LIFE_SECONDS, deadline_seconds=LONG_DEADLINE_SECONDS
        )

    def forget(self) -> None:
        """Answer anew next time."""
        self._shared.forget()

    async def answer(self, environment: Environment) -> Summary:
        """The summary; the last good one where the source cannot be read. Raises where there never was one."""
        try:
            return await self._shared.get(environment)
        except (SourceUnreadable, Busy) as error:
            last = self._shared.last_good(environment)
            if last is None:
                raise
            return as_stale(last, error.clause, await self._watch(environment))

    async def _load(self, environment: Environment) -> Summary:
        watch = await self._watch(environment)
        async with self._source.snapshot() as snapshot:
            answers, figures = await load_answers(snapshot, environment)
        try:
            slos = (await self._levels.answer(environment)).items
        except Busy:
            slos = []
        return summed(environment, watch, answers, figures, slos)

    async def _watch(self, environment: Environment) -> Watch:
        """The open alerts and the evaluator's age; nothing is known where houndmon's own database is gone."""
        try:
            async with self._state.glanced() as conn:
                rows = [row for row in await open_alerts(conn) if row.environment == environment]
                states = plain(await conn.fetch(SQL["states"]), StateRow)
                by_key = {key_of(state): state for state in states}
                reasons = {row.id: finding(row, by_key.get(key_of(row))) for row in rows}
                silences = (await list_silences(conn)).in_force
                unknown = unjudged(state for state in states if state.environment == environment)
                return Watch([shown(row) for row in rows], reasons, silences, await watched(conn), unknown)
        except SourceUnreadable as error:
            return replace(BLIND, problem=error.clause)


def summed(environment: Environment, watch: Watch, answers: Answers, figures: Figures, slos: list[Level]) -> Summary:
    """The summary of what was read."""
    blind = watch.problem or blindness(figures.unreadable, watch.lag, watch.unknown)
    state = status(watch.alerts, blind)
    return Summary(
        environment=environment,
        status=state,
        first_broken_stage=first_broken_stage(environment, watch.alerts, watch.reasons, figures, blind),
        stages=stages(watch.alerts, unseen(figures, watch.lag, watch.unknown)),
        answers=answers,
        open_alerts=watch.alerts,
        silences_in_force=watch.silences,
        slos=slos,
        evaluator=watch.lag,
        as_of=figures.now,
        stale=bool(figures.unreadable),
        unreadable=figures.unreadable,
        text=lines(environment, state, answers),
    )


def as_stale(last: Summary, reason: str, watch: Watch) -> Summary:
    """An old summary, marked as such: what its figures say may no longer hold; the alerts are those of now."""
    state = status(watch.alerts, reason)
    return msgspec.structs.replace(
        last,
        status=state,
        first_broken_stage=first_broken_stage(last.environment, watch.alerts, watch.reasons, None, reason),
        stages=stages(watch.alerts, unseen(None, watch.lag, watch.unknown)),
        open_alerts=watch.alerts,
        silences_in_force=watch.silences,
        evaluator=watch.lag,
        stale=True,
        is_last_good=True,
        unreadable=[reason],
        text=lines(last.environment, state, last.answers),
    )


@get(
    "/api/summary",
    operation_id="summary",
    summary="The five answers",
    tags=["Summary"],
    responses=REFUSALS
    | {200: ResponseSpec(Summary, description="The five answers; with Accept: text/plain, its text alone.")},
)
async def summary(
    request: Request[Any, Any, Any],
    state: State,
    environment: Annotated[
        str,
        QueryParameter(description="The environment.", schema_extra={"enum": list(ENVIRONMENTS), "default": "prod"}),
    ] = "prod",
) -> Response[Summary]:
    """What a chat bot asks: the state of an environment and the five answers, in one breath."""
    only(request, "environment")
    answer = await state.summary.answer(checked_environment(environment))
    if wants_text(request):
        body, media_type = (answer.text + "\n").encode(), MediaType.TEXT
    else:
        body, media_type = msgspec.json.encode(answer), MediaType.JSON
    response = conditional(request, body, etag_of(body), media_type)
    response.headers["Vary"] = "Accept"
    return response  # type: ignore[return-value]


def wants_text(request: Request[Any, Any, Any]) -> bool:
    """Whether plain text is asked for before JSON."""
    try:
        return request.accept.best_match([MediaType.JSON, MediaType.TEXT]) == MediaType.TEXT
    except OverflowError:  # Litestar stumbles over a q-value of infinity
        return False


ROUTES = [summary]
