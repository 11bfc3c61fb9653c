"""Log-in and log-out, the tokens, and the audit log."""

import time
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import BodyKwarg, JSONBody, PathParameter, QueryParameter
from litestar.response import Redirect, Stream, Template

from houndmon.access import audit, oidc_routes, people_routes, session_routes, sessions, tokens
from houndmon.access.login import NO_STORE, audited_origin, render_login, request_origin, safe_next_path, session_cookie
from houndmon.access.middleware import AuthState, session_id
from houndmon.access.model import AuditPage, MadeToken, NewToken, NoSuchToken, TokenList
from houndmon.core.panel_routes import ERROR_RESPONSES, PROBLEM_JSON
from houndmon.core.problems import Problem
from houndmon.core.requests import checked_limit, refuse_nul, refuse_unknown_parameters, row_id
from houndmon.core.state_database import StateDatabase

LoginForm = Annotated[dict[str, str], BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)]
TokenId = Annotated[str, PathParameter(description="The token's id.")]
MISSING = {404: ResponseSpec(Problem, description="No such token.", media_type=PROBLEM_JSON, generate_examples=False)}


@get("/login", include_in_schema=False)
async def login_page(
    request: Request[Any, Any, Any],
    auth_state: NamedDependency[AuthState],
    wanted: Annotated[str, QueryParameter(name="next", description="The page to go on to.")] = "/",
) -> Template | Redirect:
    """The page to log in on."""
    refuse_unknown_parameters(request, "next")
    if auth_state.settings.auth == "off":
        return Redirect("/", status_code=303)
    return render_login(request, auth_state, safe_next_path(wanted))


@post("/login", include_in_schema=False, status_code=303)
async def login(
    request: Request[Any, Any, Any],
    auth_state: NamedDependency[AuthState],
    database: NamedDependency[StateDatabase],
    data: LoginForm,
) -> Template | Redirect:
    """Trade a token for a session."""
    wanted, text = safe_next_path(data.get("next", "/")), data.get("token", "").strip()
    if auth_state.settings.auth == "off":
        return Redirect("/", status_code=303)
    if auth_state.is_limited(auth_state.failures, request.scope):
        return render_login(request, auth_state, wanted, "Too many tries from this address: wait a minute.", 429)
    async with database.connection() as conn, conn.transaction():
        who = await tokens.token_identity(conn, text)
        if who is None or who.role == "summary":
            if auth_state.refusals.allow("all", time.monotonic()):
                await audit.write_entry(conn, who, "log_in", "refused", **audited_origin(request, auth_state))
            refusal = "This token does not hold." if who is None else "A token of a bot opens no page."
            return render_login(request, auth_state, wanted, refusal, 401)
        id = await sessions.begin_session(conn, who, session_id(request), auth_state.address(request.scope))
        await audit.write_entry(conn, who, "log_in", "done", **request_origin(request, auth_state))
    return Redirect(wanted, status_code=303, cookies=[session_cookie(request, id)], headers=NO_STORE)


@post("/logout", include_in_schema=False, status_code=303)
async def logout(
    request: Request[Any, Any, Any], auth_state: NamedDependency[AuthState], database: NamedDependency[StateDatabase]
) -> Redirect:
    """End the session, here and on the server."""
    id = request.scope.get("auth")
    if id:
        async with database.connection() as conn, conn.transaction():
            await sessions.end_session(conn, id)
            await audit.write_entry(conn, request.user, "log_out", "done", **request_origin(request, auth_state))
        auth_state.invalidate(id)
    away = {"Clear-Site-Data": '"cache", "storage"', **NO_STORE}
    return Redirect("/login", status_code=303, cookies=[session_cookie(request, None)], headers=away)


@get("/api/tokens", operation_id="list_tokens", summary="Tokens", tags=["Access"], responses=ERROR_RESPONSES)
async def list_tokens(request: Request[Any, Any, Any], database: NamedDependency[StateDatabase]) -> TokenList:
    """Every token, without its text."""
    refuse_unknown_parameters(request)
    async with database.connection() as conn:
        return await tokens.list_tokens(conn)


@post("/api/tokens", operation_id="create_token", summary="Make a token", tags=["Access"], responses=ERROR_RESPONSES)
async def create_token(
    request: Request[Any, Any, Any],
    auth_state: NamedDependency[AuthState],
    database: NamedDependency[StateDatabase],
    data: JSONBody[NewToken],
) -> Response[MadeToken]:
    """Make a token. The answer holds its text, which is shown this once."""
    refuse_nul(data)
    who = request.user
    async with database.connection() as conn, conn.transaction():
        made = await tokens.create_token(conn, data.name, data.role, data.expires_days, who.name)
        await audit.write_entry(
            conn, who, "create_token", "done", target=made.id, after=made, **request_origin(request, auth_state)
        )
    return Response(made, headers=NO_STORE)


@delete(
    "/api/tokens/{id:str}",
    operation_id="revoke_token",
    summary="Revoke a token",
    tags=["Access"],
    responses=ERROR_RESPONSES | MISSING,
)
async def revoke_token(
    request: Request[Any, Any, Any],
    auth_state: NamedDependency[AuthState],
    database: NamedDependency[StateDatabase],
    id: TokenId,
) -> None:
    """Revoke a token and end its sessions, now."""
    async with database.connection() as conn, conn.transaction():
        gone = await tokens.revoke_token(conn, token_id(id))
        await audit.write_entry(
            conn,
            request.user,
            "revoke_token",
            "done",
            target=gone.id,
            after=gone,
            **request_origin(request, auth_state),
        )


def token_id(text: str) -> int:
    """The id of a token as a client sends it. Raises NoSuchToken."""
    id = row_id(text)
    if id is None:
        raise NoSuchToken("There is no such token.")
    return id


@get("/api/audit", operation_id="list_audit", summary="The audit log", tags=["Access"], responses=ERROR_RESPONSES)
async def list_audit(
    request: Request[Any, Any, Any],
    database: NamedDependency[StateDatabase],
    limit: Annotated[str, QueryParameter(description="How many, from 1 to 200.")] = "50",
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> AuditPage:
    """Who did what, the newest first, page by page."""
    refuse_unknown_parameters(request, "limit", "cursor")
    async with database.connection() as conn:
        return await audit.read_page(conn, audit.decode_audit_cursor(cursor), checked_limit(limit))


@get("/api/audit.jsonl", include_in_schema=False)
async def export_audit(request: Request[Any, Any, Any], database: NamedDependency[StateDatabase]) -> Stream:
    """The whole audit log, one entry a line."""
    refuse_unknown_parameters(request)
    async with database.connection() as conn:  # the database is asked before the answer begins
        await conn.fetchval("select 1")

    name = {"Content-Disposition": 'attachment; filename="houndmon-audit.jsonl"', **NO_STORE}
    return Stream(audit.export_lines(database.connection), media_type="application/jsonl", headers=name)


@get("/audit", include_in_schema=False)
async def audit_page(
    request: Request[Any, Any, Any],
    database: NamedDependency[StateDatabase],
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> Template:
    """The audit log as a page."""
    refuse_unknown_parameters(request, "cursor")
    async with database.connection() as conn:
        found = await audit.read_page(conn, audit.decode_audit_cursor(cursor), 50)
    context = {"page": found, "dump": change_text}
    return Template(template_name="access/audit.html", context=context, headers=NO_STORE, media_type=MediaType.HTML)


def change_text(part: object) -> str:
    """What was before or after, as text."""
    return msgspec.json.encode(part).decode() if part is not None else ""


ROUTES = [
    login_page,
    login,
    logout,
    list_tokens,
    create_token,
    revoke_token,
    list_audit,
    export_audit,
    audit_page,
    *oidc_routes.ROUTES,
    *session_routes.ROUTES,
    *people_routes.ROUTES,
]
