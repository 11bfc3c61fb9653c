"""The summary's routes: JSON for programs, plain text for chat bots and terminals."""

from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter

from houndmon.kit.filters import ENVIRONMENTS, Environment, checked_environment
from houndmon.kit.problems import Busy, SourceUnreadable
from houndmon.kit.requests import only
from houndmon.kit.room import DEADLINE_SECONDS, LIFE_SECONDS, REFUSALS, conditional, etag_of
from houndmon.kit.shared import Shared
from houndmon.kit.source import Source
from houndmon.web.summary.load import load_answers
from houndmon.web.summary.model import Status, Summary
from houndmon.web.summary.text import lines


class Desk:
    """Serves the summary, shared by all who ask within a tick."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._shared: Shared[Environment, Summary] = Shared(
            self._load, life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS * 2
        )

    async def answer(self, environment: Environment) -> Summary:
        """The summary; the last good one where the source cannot be read. Raises where there never was one."""
        try:
            return await self._shared.get(environment)
        except (SourceUnreadable, Busy) as error:
            last = self._shared.last_good(environment)
            if last is None:
                raise
            return as_stale(last, str(error))

    async def _load(self, environment: Environment) -> Summary:
        async with self._source.snapshot() as snapshot:
            answers, figures = await load_answers(snapshot, environment)
        status = state_of(figures.unreadable)
        return Summary(
            environment=environment,
            status=status,
            answers=answers,
            as_of=figures.now,
            stale=bool(figures.unreadable),
            unreadable=figures.unreadable,
            text=lines(environment, status, answers),
        )


def state_of(unreadable: list[str]) -> Status:
    """The state of an environment."""
    if unreadable:
        return Status("unknown", f"houndmon cannot tell: {unreadable[0]}.")
    return Status("none", "All is well.")


def as_stale(last: Summary, reason: str) -> Summary:
    """An old summary, marked as such: what it says may no longer hold."""
    status = Status("unknown", f"houndmon cannot tell: {reason}.")
    text = lines(last.environment, status, last.answers)
    return msgspec.structs.replace(last, status=status, stale=True, unreadable=[reason], text=text)


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
    accepted = request.headers.get("accept", "")
    return accepted.startswith("text/plain") or ("text/plain" in accepted and "application/json" not in accepted)


ROUTES = [summary]
