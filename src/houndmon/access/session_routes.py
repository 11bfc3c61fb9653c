"""The routes of sessions: begun for whom a proxy vouches for, listed, and ended."""

from typing import Annotated, Any

from litestar import Request, delete, get, post
from litestar.di import NamedDependency
from litestar.params import PathParameter
from litestar.response import Redirect, Template

from houndmon.access import audit, sessions
from houndmon.access.login import begin_external_session, render_login, request_origin
from houndmon.access.middleware import AuthState
from houndmon.access.model import NoSuchSession, SessionList
from houndmon.access.people_routes import MISSING
from houndmon.access.proxy import proxy_identity
from houndmon.core.panel_routes import ERROR_RESPONSES
from houndmon.core.requests import refuse_unknown_parameters, row_id
from houndmon.core.state_database import StateDatabase

SessionId = Annotated[str, PathParameter(description="The session's id.")]


@post("/login/proxy", include_in_schema=False, status_code=303)
async def login_by_proxy(
    request: Request[Any, Any, Any], auth_state: NamedDependency[AuthState]
) -> Redirect | Template:
    """Begin a session for the one whom the proxy names."""
    if auth_state.is_limited(auth_state.failures, request.scope):
        return render_login(request, auth_state, "/", "Too many tries from this address: wait a minute.", 429)
    who = proxy_identity(request, auth_state.settings)
    if auth_state.settings.auth == "off" or who is None:
        return render_login(request, auth_state, "/", "No proxy vouches for you.", 401)
    return await begin_external_session(request, auth_state, who, "/")


@get("/api/sessions", operation_id="list_sessions", summary="Sessions", tags=["Access"], responses=ERROR_RESPONSES)
async def list_sessions(request: Request[Any, Any, Any], database: NamedDependency[StateDatabase]) -> SessionList:
    """The sessions that hold just now, of everybody."""
    refuse_unknown_parameters(request)
    async with database.connection() as conn:
        return await sessions.list_sessions(conn)


@delete(
    "/api/sessions/{id:str}",
    operation_id="end_session",
    summary="End a session",
    tags=["Access"],
    responses=ERROR_RESPONSES | MISSING,
)
async def end_session(request: Request[Any, Any, Any], auth_state: NamedDependency[AuthState], id: SessionId) -> None:
    """End a session, now."""
    refuse_unknown_parameters(request)
    number = row_id(id)
    if number is None:
        raise NoSuchSession("There is no session of that id, or it is over already.")
    async with auth_state.connection() as conn, conn.transaction():
        whose = await sessions.end_session_by_id(conn, number)
        said = {"identity": whose}
        await audit.write_entry(
            conn, request.user, "end_session", "done", target=id, after=said, **request_origin(request, auth_state)
        )


ROUTES = [
    login_by_proxy,
    list_sessions,
    end_session,
]
