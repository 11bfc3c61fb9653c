"""The routes of the incident feed: the panel's two, the whole feed, and a way to add to it."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, JSONBody, QueryParameter

from houndmon.core.filters import checked_environment
from houndmon.core.paging import decode_cursor
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_cache import PanelCache
from houndmon.core.panel_routes import ERROR_RESPONSES, panel_routes
from houndmon.core.problems import BadInput, FieldError
from houndmon.core.requests import checked_limit, refuse_nul, refuse_unknown_parameters
from houndmon.core.state_database import WRITE_WAIT_SECONDS, StateDatabase
from houndmon.panels.incidents.load import load, series
from houndmon.panels.incidents.model import Incident, IncidentPage, Incidents, NewIncident
from houndmon.panels.incidents.store import read_page, record_incident

PANEL = PanelSpec(
    name="incidents",
    title="Incidents",
    question="What happened lately?",
    answer=Incidents,
    load=load,
    series=series,
    reads="state",
)


@get(
    "/api/incidents",
    operation_id="list_incidents",
    summary="The whole feed",
    tags=["Incidents"],
    responses=ERROR_RESPONSES,
)
async def list_incidents(
    request: Request[Any, Any, Any],
    database: NamedDependency[StateDatabase],
    environment: Annotated[str | None, QueryParameter(description="Only those that concern it.")] = None,
    limit: Annotated[str, QueryParameter(description="How many, from 1 to 200.")] = "50",
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> IncidentPage:
    """Events, newest first, page by page."""
    refuse_unknown_parameters(request, "environment", "limit", "cursor")
    place, wanted = decode_cursor(cursor), checked_environment(environment) if environment is not None else None
    async with database.connection() as conn:
        return await read_page(conn, wanted, place, checked_limit(limit))


@post(
    "/api/incidents",
    operation_id="add_incident",
    summary="Report an event",
    tags=["Incidents"],
    responses=ERROR_RESPONSES,
)
async def add_incident(
    database: NamedDependency[StateDatabase],
    panel_cache: NamedDependency[PanelCache],
    data: JSONBody[NewIncident],
    key: Annotated[
        str | None,
        HeaderParameter(name="Idempotency-Key", description="A key of yours: the same event sent again is added once."),
    ] = None,
) -> Response[Incident]:
    """Add an event to the feed: 201 when it is new, 200 when the key has brought it before."""
    refuse_nul(data)
    if key is not None and not (0 < len(key) <= 200 and key.isprintable()):
        raise BadInput(FieldError("Idempotency-Key", "must be 1 to 200 printable characters"))
    async with database.connection(WRITE_WAIT_SECONDS) as conn:
        incident, is_new = await record_incident(conn, data, key)
    panel_cache.invalidate("incidents")
    return Response(incident, status_code=201 if is_new else 200)


ROUTES = [*panel_routes(PANEL), list_incidents, add_incident]
