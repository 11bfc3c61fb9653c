"""Log-in and log-out, the tokens, and the audit log."""

import time
from typing import Annotated, Any

import msgspec
from litestar import MediaType, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.enums import RequestEncodingType
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import BodyKwarg, JSONBody, PathParameter, QueryParameter
from litestar.response import Redirect, Stream, Template

from houndmon.access import audit, elsewhere, sessions, tokens
from houndmon.access.door import PRIVATE, cookie, drawn, onward, origin, told
from houndmon.access.middleware import Gate, session_id
from houndmon.access.model import AuditPage, MadeToken, NewToken, NoSuchToken, TokenList
from houndmon.kit.problems import Problem
from houndmon.kit.requests import checked_text, limit_of, only
from houndmon.kit.room import PROBLEM_JSON, REFUSALS

Form = Annotated[dict[str, str], BodyKwarg(media_type=RequestEncodingType.URL_ENCODED)]
TokenId = Annotated[str, PathParameter(description="The token's id.")]
MISSING = {404: ResponseSpec(Problem, description="No such token.", media_type=PROBLEM_JSON, generate_examples=False)}


@get("/login", include_in_schema=False)
async def login_page(
    request: Request[Any, Any, Any],
    state: State,
    wanted: Annotated[str, QueryParameter(name="next", description="The page to go on to.")] = "/",
) -> Template | Redirect:
    """The page to log in on."""
    only(request, "next")
    if state.gate.settings.auth == "off":
        return Redirect("/", status_code=303)
    return drawn(request, onward(wanted))


@post("/login", include_in_schema=False, status_code=303)
async def login(request: Request[Any, Any, Any], state: State, data: Form) -> Template | Redirect:
    """Trade a token for a session."""
    gate: Gate = state.gate
    wanted, text = onward(data.get("next", "/")), data.get("token", "").strip()
    if gate.settings.auth == "off":
        return Redirect("/", status_code=303)
    if gate.is_tired(gate.failures, request.scope):
        return drawn(request, wanted, "Too many tries from this address: wait a minute.", 429)
    async with state.state.borrowed() as conn, conn.transaction():
        who = await tokens.holder(conn, text)
        if who is None or who.role == "summary":
            if gate.refusals.take("all", time.monotonic()):
                await audit.write(conn, who, "log_in", "refused", **told(request))
            refusal = "This token does not hold." if who is None else "A token of a bot opens no page."
            return drawn(request, wanted, refusal, 401)
        id = await sessions.begin(conn, who, session_id(request), gate.address(request.scope))
        await audit.write(conn, who, "log_in", "done", **origin(request))
    return Redirect(wanted, status_code=303, cookies=[cookie(request, id)], headers=PRIVATE)


@post("/logout", include_in_schema=False, status_code=303)
async def logout(request: Request[Any, Any, Any], state: State) -> Redirect:
    """End the session, here and on the server."""
    id = request.scope.get("auth")
    if id:
        async with state.state.borrowed() as conn, conn.transaction():
            await sessions.end(conn, id)
            await audit.write(conn, request.user, "log_out", "done", **origin(request))
        state.gate.forget(id)
    away = {"Clear-Site-Data": '"cache", "storage"', **PRIVATE}
    return Redirect("/login", status_code=303, cookies=[cookie(request, None)], headers=away)


@get("/api/tokens", operation_id="list_tokens", summary="Tokens", tags=["Access"], responses=REFUSALS)
async def list_tokens(request: Request[Any, Any, Any], state: State) -> TokenList:
    """Every token, without its text."""
    only(request)
    async with state.state.borrowed() as conn:
        return await tokens.list_tokens(conn)


@post("/api/tokens", operation_id="create_token", summary="Make a token", tags=["Access"], responses=REFUSALS)
async def create_token(request: Request[Any, Any, Any], state: State, data: JSONBody[NewToken]) -> Response[MadeToken]:
    """Make a token. The answer holds its text, which is shown this once."""
    checked_text(data)
    who = request.user
    async with state.state.borrowed() as conn, conn.transaction():
        made = await tokens.create_token(conn, data.name, data.role, data.expires_days, who.name)
        await audit.write(conn, who, "create_token", "done", target=made.id, after=made, **origin(request))
    return Response(made, headers=PRIVATE)


@delete(
    "/api/tokens/{id:str}",
    operation_id="revoke_token",
    summary="Revoke a token",
    tags=["Access"],
    responses=REFUSALS | MISSING,
)
async def revoke_token(request: Request[Any, Any, Any], state: State, id: TokenId) -> None:
    """Revoke a token and end its sessions, now."""
    async with state.state.borrowed() as conn, conn.transaction():
        gone = await tokens.revoke_token(conn, token_id(id))
        await audit.write(conn, request.user, "revoke_token", "done", target=gone.id, after=gone, **origin(request))


def token_id(text: str) -> int:
    """The id of a token as a client sends it. Raises NoSuchToken."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NoSuchToken("There is no such token.")
    return int(text)


@get("/api/audit", operation_id="list_audit", summary="The audit log", tags=["Access"], responses=REFUSALS)
async def list_audit(
    request: Request[Any, Any, Any],
    state: State,
    limit: Annotated[str, QueryParameter(description="How many, from 1 to 200.")] = "50",
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> AuditPage:
    """Who did what, the newest first, page by page."""
    only(request, "limit", "cursor")
    async with state.state.borrowed() as conn:
        return await audit.page(conn, audit.place_of(cursor), limit_of(limit))


@get("/api/audit.jsonl", include_in_schema=False)
async def export_audit(request: Request[Any, Any, Any], state: State) -> Stream:
    """The whole audit log, one entry a line."""
    only(request)
    async with state.state.borrowed() as conn:  # the database is asked before the answer begins
        await conn.fetchval("select 1")

    name = {"Content-Disposition": 'attachment; filename="houndmon-audit.jsonl"', **PRIVATE}
    return Stream(audit.lines(state.state.borrowed), media_type="application/jsonl", headers=name)


@get("/audit", include_in_schema=False)
async def audit_page(
    request: Request[Any, Any, Any],
    state: State,
    cursor: Annotated[str | None, QueryParameter(description="`next_cursor` of the page before.")] = None,
) -> Template:
    """The audit log as a page."""
    only(request, "cursor")
    async with state.state.borrowed() as conn:
        found = await audit.page(conn, audit.place_of(cursor), 50)
    context = {"page": found, "dump": written}
    return Template(template_name="access/audit.html", context=context, headers=PRIVATE, media_type=MediaType.HTML)


def written(part: Any) -> str:
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
    *elsewhere.ROUTES,
]
