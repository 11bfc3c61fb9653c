"""The routes of the incident feed: the panel's two, the whole feed, and a way to add to it."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from houndmon.kit.filters import checked_environment
from houndmon.kit.paging import place_of
from houndmon.kit.problems import BadInput, FieldError
from houndmon.kit.requests import checked_text, limit_of, only
from houndmon.kit.room import REFUSALS, Desk, Room, routes
from houndmon.kit.source import PEOPLE_WAIT_SECONDS
from houndmon.panels.incidents.load import load
from houndmon.panels.incidents.model import Incident, IncidentPage, Incidents, NewIncident
from houndmon.panels.incidents.store import page, record_incident

ROOM = Room(
    name="incidents",
    title="Incidents",
    question="What happened lately?",
    answer=Incidents,
    load=load,
    reads="state",
)


@get(
    "/api/incidents",
    operation_id="list_incidents",
    summary="The whole feed",
    tags=["Incidents"],
    responses=REFUSALS,
)
async def list_incidents(
    request: Request[Any, Any, Any],
    state: State,
    environment: Annotated[str | None, QueryParameter(description="Only those that concern it.")] = None,
    limit: Annotated[str, QueryParameter(description="How many, from 1 to 200.")] = "50",
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> IncidentPage:
    """Events, newest first, page by page."""
    only(request, "environment", "limit", "cursor")
    place, wanted = place_of(cursor), checked_environment(environment) if environment is not None else None
    async with state.state.borrowed() as conn:
        return await page(conn, wanted, place, limit_of(limit))


@post(
    "/api/incidents",
    operation_id="add_incident",
    summary="Report an event",
    tags=["Incidents"],
    responses=REFUSALS,
)
async def add_incident(
    state: State,
    desk: NamedDependency[Desk],
    data: JSONBody[NewIncident],
    key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", description="A key of yours: the same event sent again is added once."),
    ] = None,
) -> Response[Incident]:
    """Add an event to the feed: 201 when it is new, 200 when the key has brought it before."""
    checked_text(data)
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        raise BadInput(FieldError("Idempotency-Key", "must be 1 to 200 printable characters"))
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        incident, is_new = await record_incident(conn, data, key)
    desk.forget("incidents")
    return Response(incident, status_code=201 if is_new else 200)


ROUTES = [*routes(ROOM), list_incidents, add_incident]
