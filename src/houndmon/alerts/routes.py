"""The alerts' routes: listings, one alert, and what people do to them."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Operation, RequestBody
from litestar.params import JSONBody, PathParameter, QueryParameter

from houndmon.alerts import silences, store
from houndmon.alerts.actions import AlertActions
from houndmon.alerts.listing import STATES, AlertFilter, checked_filter, read_alerts_page
from houndmon.alerts.model import (
    Acknowledgement,
    AlertPage,
    Closing,
    SingleAlert,
)
from houndmon.alerts.response import (
    Handover,
    NewComment,
    comment_on_alert,
    hand_over_alert,
    unacknowledge_alert,
)
from houndmon.alerts.silences import NewSilence, Silence, SilenceList
from houndmon.core.paging import decode_cursor
from houndmon.core.panel_routes import ERROR_RESPONSES, PROBLEM_JSON
from houndmon.core.problems import Problem
from houndmon.core.requests import checked_limit, refuse_nul, refuse_unknown_parameters
from houndmon.core.state_database import WRITE_WAIT_SECONDS, StateDatabase

Actor = NamedDependency[str | None]
NO_NOTE = Acknowledgement()


AlertId = Annotated[str, PathParameter(description="Its id.")]


def documented_problem(description: str) -> ResponseSpec:
    """A problem document, for the OpenAPI document."""
    return ResponseSpec(Problem, description=description, media_type=PROBLEM_JSON, generate_examples=False)


@dataclass
class BodyMayBeAbsent(Operation):
    """An operation that needs no body: Litestar says of every one that it does."""

    def __post_init__(self) -> None:
        assert isinstance(self.request_body, RequestBody)
        self.request_body.required = False


MISSING = ERROR_RESPONSES | {404: documented_problem("There is no such thing.")}
CONFLICT_RESPONSES = {
    **MISSING,
    409: documented_problem("The alert still fires, or is closed already; `notes` holds what was sent."),
    422: documented_problem("Notes are missing or too short; `errors` names them, `notes` holds what was sent."),
}


REFUSED_RESPONSES = MISSING | {409: documented_problem("The alert is closed, or nobody has acknowledged it.")}


@get("/api/alerts", operation_id="list_alerts", summary="Alerts", tags=["Alerts"], responses=ERROR_RESPONSES)
async def list_alerts(
    request: Request[Any, Any, Any],
    database: NamedDependency[StateDatabase],
    wanted: Annotated[
        str,
        QueryParameter(
            name="state",
            description="open, firing, recovered, closed or all; firing and recovered are open.",
            schema_extra={"enum": list(STATES)},
        ),
    ] = "open",
    environment: Annotated[str | None, QueryParameter(description="Only this environment.")] = None,
    rule: Annotated[str | None, QueryParameter(description="Only this rule.")] = None,
    severity: Annotated[str | None, QueryParameter(description="Only this severity.")] = None,
    owner: Annotated[str | None, QueryParameter(description="Only what this owner answers for.")] = None,
    text: Annotated[
        str | None,
        QueryParameter(description="Only where rule, subject, owner, finding, root cause or who took it hold this."),
    ] = None,
    limit: Annotated[str, QueryParameter(description="How many, from 1 to 200.")] = "50",
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> AlertPage:
    """Alerts, the newest first, page by page."""
    refuse_unknown_parameters(request, *AlertFilter.__struct_fields__, "limit", "cursor")
    blank_is_none = {"rule": rule or None, "severity": severity or None, "owner": owner or None, "text": text or None}
    chosen = checked_filter({"state": wanted, "environment": environment} | blank_is_none)
    place, most = decode_cursor(cursor), checked_limit(limit)
    async with database.connection() as conn:
        return await read_alerts_page(conn, chosen, place, most)


@get("/api/alerts/{id:str}", operation_id="get_alert", summary="One alert", tags=["Alerts"], responses=MISSING)
async def get_alert(request: Request[Any, Any, Any], alerts: NamedDependency[AlertActions], id: AlertId) -> SingleAlert:
    """All that is known of an alert: evidence, timeline, notes."""
    refuse_unknown_parameters(request)
    return await alerts.one(store.alert_id(id))


@post(
    "/api/alerts/{id:str}/acknowledge",
    status_code=200,
    operation_id="acknowledge_alert",
    summary="Take an alert",
    tags=["Alerts"],
    responses=CONFLICT_RESPONSES,
    operation_class=BodyMayBeAbsent,
)
async def acknowledge_alert(
    alerts: NamedDependency[AlertActions], id: AlertId, actor: Actor, data: JSONBody[Acknowledgement] = NO_NOTE
) -> SingleAlert:
    """Say that somebody looks at an open alert; without a body, without a note. Said twice is said once."""
    refuse_nul(data)
    return await alerts.respond(store.alert_id(id), partial(store.acknowledge_alert, note=data.note, actor=actor))


@post(
    "/api/alerts/{id:str}/unacknowledge",
    status_code=200,
    operation_id="unacknowledge_alert",
    summary="Take an acknowledgement back",
    tags=["Alerts"],
    responses=REFUSED_RESPONSES,
    operation_class=BodyMayBeAbsent,
)
async def unacknowledge(
    alerts: NamedDependency[AlertActions], id: AlertId, actor: Actor, data: JSONBody[Acknowledgement] = NO_NOTE
) -> SingleAlert:
    """Say that nobody looks at an open alert any more: the time to respond begins anew."""
    refuse_nul(data)
    return await alerts.respond(store.alert_id(id), partial(unacknowledge_alert, note=data.note, actor=actor))


@post(
    "/api/alerts/{id:str}/hand-over",
    status_code=200,
    operation_id="hand_over_alert",
    summary="Hand an alert over",
    tags=["Alerts"],
    responses=REFUSED_RESPONSES,
)
async def hand_over(
    alerts: NamedDependency[AlertActions], id: AlertId, data: JSONBody[Handover], actor: Actor
) -> SingleAlert:
    """Let somebody else answer for an acknowledged alert."""
    refuse_nul(data)
    return await alerts.respond(store.alert_id(id), partial(hand_over_alert, handover=data, actor=actor))


@post(
    "/api/alerts/{id:str}/comments",
    status_code=200,
    operation_id="comment_on_alert",
    summary="Comment on an alert",
    tags=["Alerts"],
    responses=REFUSED_RESPONSES,
)
async def add_comment(
    alerts: NamedDependency[AlertActions], id: AlertId, data: JSONBody[NewComment], actor: Actor
) -> SingleAlert:
    """Put a comment into the timeline of an open alert."""
    refuse_nul(data)
    return await alerts.respond(store.alert_id(id), partial(comment_on_alert, comment=data, actor=actor))


@post(
    "/api/alerts/{id:str}/close",
    status_code=200,
    operation_id="close_alert",
    summary="Close an alert",
    tags=["Alerts"],
    responses=CONFLICT_RESPONSES,
)
async def close_alert(
    alerts: NamedDependency[AlertActions], id: AlertId, data: JSONBody[Closing], actor: Actor
) -> SingleAlert:
    """Close an alert that has recovered, or whose subject is gone, with three notes."""
    refuse_nul(data)
    return await alerts.close(store.alert_id(id), data, actor)


@get("/api/silences", operation_id="list_silences", summary="Silences", tags=["Alerts"], responses=ERROR_RESPONSES)
async def list_silences(request: Request[Any, Any, Any], database: NamedDependency[StateDatabase]) -> SilenceList:
    """The silences in force, those to come, and those that ended within a week."""
    refuse_unknown_parameters(request)
    async with database.connection() as conn:
        return await silences.list_silences(conn)


@post("/api/silences", operation_id="add_silence", summary="Silence alerts", tags=["Alerts"], responses=ERROR_RESPONSES)
async def add_silence(database: NamedDependency[StateDatabase], data: JSONBody[NewSilence], actor: Actor) -> Silence:
    """Keep people from being told of what matches, from a time until another. It stays in sight."""
    refuse_nul(data)
    async with database.connection(WRITE_WAIT_SECONDS) as conn:
        return await silences.add_silence(conn, data, actor)


@delete(
    "/api/silences/{id:str}", operation_id="end_silence", summary="End a silence", tags=["Alerts"], responses=MISSING
)
async def end_silence(database: NamedDependency[StateDatabase], id: AlertId) -> None:
    """End a silence now."""
    async with database.connection(WRITE_WAIT_SECONDS) as conn:
        await silences.end_silence(conn, store.alert_id(id))


ROUTES = [
    list_alerts,
    get_alert,
    acknowledge_alert,
    unacknowledge,
    hand_over,
    add_comment,
    close_alert,
    list_silences,
    add_silence,
    end_silence,
]
