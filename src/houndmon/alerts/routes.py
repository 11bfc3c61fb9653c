"""The alerts' routes: listings, one alert, and what people do to them."""

from dataclasses import dataclass
from typing import Annotated, Any

import asyncpg
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, RequestBody
from litestar.params import JSONBody, PathParameter, QueryParameter

from houndmon.alerts import people
from houndmon.alerts.model import (
    Acknowledgement,
    AlertPage,
    Closing,
    NewSilence,
    Silence,
    SilenceList,
    SingleAlert,
)
from houndmon.kit.filters import checked_environment
from houndmon.kit.paging import place_of
from houndmon.kit.problems import BadInput, FieldError, Problem, SourceUnreadable
from houndmon.kit.requests import checked_text, limit_of, only
from houndmon.kit.room import PROBLEM_JSON, REFUSALS
from houndmon.kit.source import PEOPLE_WAIT_SECONDS

Actor = NamedDependency[str | None]
STATES = ("open", "closed", "all")
NO_NOTE = Acknowledgement()


AlertId = Annotated[str, PathParameter(description="Its id.")]


def refusal(description: str) -> ResponseSpec:
    """A problem document, for the OpenAPI document."""
    return ResponseSpec(Problem, description=description, media_type=PROBLEM_JSON, generate_examples=False)


@dataclass
class BodyMayBeAbsent(Operation):
    """An operation that needs no body: Litestar says of every one that it does."""

    def __post_init__(self) -> None:
        assert isinstance(self.request_body, RequestBody)
        self.request_body.required = False


MISSING = REFUSALS | {404: refusal("There is no such thing.")}
CONFLICTS = {
    **MISSING,
    409: refusal("The alert still fires, or is closed already; `notes` holds what was sent."),
    422: refusal("Notes are missing or too short; `errors` names them, `notes` holds what was sent."),
}


@get("/api/alerts", operation_id="list_alerts", summary="Alerts", tags=["Alerts"], responses=REFUSALS)
async def list_alerts(
    request: Request[Any, Any, Any],
    state: State,
    wanted: Annotated[
        str, QueryParameter(name="state", description="open, closed or all.", schema_extra={"enum": list(STATES)})
    ] = "open",
    environment: Annotated[str | None, QueryParameter(description="Only this environment.")] = None,
    rule: Annotated[str | None, QueryParameter(description="Only this rule.")] = None,
    limit: Annotated[str, QueryParameter(description="How many, from 1 to 200.")] = "50",
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> AlertPage:
    """Alerts, the newest first, page by page."""
    only(request, "state", "environment", "rule", "limit", "cursor")
    if wanted not in STATES:
        raise BadInput(FieldError("state", f"must be one of {', '.join(STATES)}"))
    if rule and rule not in state.config().rules:
        raise BadInput(FieldError("rule", f"must be one of {', '.join(state.config().rules)}"))
    place, where = place_of(cursor), checked_environment(environment) if environment is not None else None
    async with state.state.borrowed() as conn:
        return await people.alerts_page(conn, wanted, where, rule or None, place, limit_of(limit))


@get("/api/alerts/{id:str}", operation_id="get_alert", summary="One alert", tags=["Alerts"], responses=MISSING)
async def get_alert(request: Request[Any, Any, Any], state: State, id: AlertId) -> SingleAlert:
    """All that is known of an alert: evidence, timeline, notes."""
    only(request)
    return await single(state, people.alert_id(id))


async def single(state: State, id: int) -> SingleAlert:
    """An alert with its timeline, the deliveries of its notifications included."""
    async with state.state.borrowed() as conn:
        return await whole(state, conn, id)


async def whole(state: State, conn: asyncpg.Connection, id: int) -> SingleAlert:
    """The same, on a connection that is there already."""
    return await people.one_alert(conn, id, await state.deliveries(conn, id))


@post(
    "/api/alerts/{id:str}/acknowledge",
    status_code=200,
    operation_id="acknowledge_alert",
    summary="Take an alert",
    tags=["Alerts"],
    responses=CONFLICTS,
    operation_class=BodyMayBeAbsent,
)
async def acknowledge_alert(
    state: State, id: AlertId, actor: Actor, data: JSONBody[Acknowledgement] = NO_NOTE
) -> SingleAlert:
    """Say that somebody looks at an open alert; without a body, without a note. Said twice is said once."""
    checked_text(data)
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        await people.acknowledge(conn, people.alert_id(id), data.note, actor)
        return await whole(state, conn, people.alert_id(id))


@post(
    "/api/alerts/{id:str}/close",
    status_code=200,
    operation_id="close_alert",
    summary="Close an alert",
    tags=["Alerts"],
    responses=CONFLICTS,
)
async def close_alert(state: State, id: AlertId, data: JSONBody[Closing], actor: Actor) -> SingleAlert:
    """Close a recovered alert, with three notes."""
    checked_text(data)
    return await closed(state, people.alert_id(id), data, actor)


async def closed(state: State, id: int, closing: Closing, actor: str | None) -> SingleAlert:
    """Close an alert; it as it is then. Raises what `people.close` does, or NotKept."""
    try:
        async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
            await people.close(conn, id, closing, actor)
            state.desk.forget("incidents")
            return await whole(state, conn, id)
    except SourceUnreadable as error:
        raise people.NotKept(error, closing) from error


@get("/api/silences", operation_id="list_silences", summary="Silences", tags=["Alerts"], responses=REFUSALS)
async def list_silences(request: Request[Any, Any, Any], state: State) -> SilenceList:
    """The silences in force, and those that ended within a week."""
    only(request)
    async with state.state.borrowed() as conn:
        return await people.list_silences(conn)


@post("/api/silences", operation_id="add_silence", summary="Silence alerts", tags=["Alerts"], responses=REFUSALS)
async def add_silence(state: State, data: JSONBody[NewSilence], actor: Actor) -> Silence:
    """Keep people from being told of what matches, until a time. It stays in sight."""
    checked_text(data)
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        return await people.add_silence(conn, data, actor)


@delete(
    "/api/silences/{id:str}", operation_id="end_silence", summary="End a silence", tags=["Alerts"], responses=MISSING
)
async def end_silence(state: State, id: AlertId) -> None:
    """End a silence now."""
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        await people.end_silence(conn, people.alert_id(id))


ROUTES = [
    list_alerts,
    get_alert,
    acknowledge_alert,
    close_alert,
    list_silences,
    add_silence,
    end_silence,
]
