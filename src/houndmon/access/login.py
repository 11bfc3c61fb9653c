"""The log-in page, and what every way through it has in common: the cookie, the way on, where somebody comes from."""

import time
from typing import Any

import structlog
from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Redirect, Template

from houndmon.access import audit, people, sessions
from houndmon.access.middleware import AuthState, cookie_name, session_id
from houndmon.access.model import Identity
from houndmon.access.people import ExternalIdentity
from houndmon.access.proxy import proxy_identity

log = structlog.get_logger()
PENDING_SECONDS = 600
NO_ACCESS = "You are known there, but nothing is open to you here: ask an admin."
NO_STORE = {"Cache-Control": "no-store"}


def render_login(
    request: Request[Any, Any, Any], auth_state: AuthState, wanted: str, refusal: str | None = None, status: int = 200
) -> Template:
    """The log-in page, with every way that is open."""
    by_proxy = proxy_identity(request, auth_state.settings)
    context = {
        "next": wanted,
        "refusal": refusal,
        "provider": auth_state.provider is not None,
        "proxied": by_proxy.name if by_proxy else None,
    }
    return Template(template_name="access/login.html", context=context, status_code=status, headers=NO_STORE)


def safe_next_path(wanted: str) -> str:
    """Where to go after log-in: a path of ours, whatever was asked for."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours and wanted.isascii() and "\\" not in wanted else "/"


def session_cookie(request: Request[Any, Any, Any], id: str | None) -> Cookie:
    """The session's cookie; without an id, the one that takes it away."""
    name = cookie_name(request)
    return Cookie(
        key=name,
        value=id or "",
        path="/",
        max_age=sessions.LONGEST_SECONDS if id else 0,
        secure=name == sessions.SECURE,
        httponly=True,
        samesite="strict",
    )


def request_origin(request: Request[Any, Any, Any], auth_state: AuthState) -> dict[str, str | None]:
    """Where a request comes from, for the audit log."""
    return {
        "address": auth_state.address(request.scope),
        "request_id": request.scope.get("state", {}).get("request_id"),
    }


def audited_origin(request: Request[Any, Any, Any], auth_state: AuthState) -> dict[str, str | None]:
    """The same, for a refusal whose line is written here: nobody needs to write it again."""
    request.scope["state"]["audited"] = True
    return request_origin(request, auth_state)


def visitor(request: Request[Any, Any, Any]) -> Identity | None:
    """Whose session a page is drawn for; None where there is none to end."""
    who: Identity | None = request.scope.get("user")
    return who if who and who.kind == "session" else None


async def begin_external_session(
    request: Request[Any, Any, Any], auth_state: AuthState, who: ExternalIdentity, wanted: str
) -> Redirect | Template:
    """Begin a session for somebody who is vouched for, unless they have no role or are blocked."""
    if who.role is None:
        await record_refusal(request, auth_state, who, "no role")
        return render_login(request, auth_state, wanted, NO_ACCESS, 403)
    async with auth_state.connection() as conn, conn.transaction():
        row = await people.record_login(conn, who)
        person = Identity(name=who.name, role=who.role, person_id=row["id"], kind="session")
        said = {"issuer": who.issuer, "subject": who.subject}
        if row["blocked_at"]:
            await audit.write_entry(
                conn,
                person,
                "log_in",
                "refused",
                after=said | {"why": "blocked"},
                **audited_origin(request, auth_state),
            )
            return render_login(request, auth_state, wanted, NO_ACCESS, 403)
        id = await sessions.begin_session(conn, person, session_id(request), auth_state.address(request.scope))
        await audit.write_entry(conn, person, "log_in", "done", after=said, **request_origin(request, auth_state))
    taken = pending_cookie(request, None)
    return Redirect(wanted, status_code=303, cookies=[session_cookie(request, id), taken], headers=NO_STORE)


async def record_refusal(
    request: Request[Any, Any, Any], auth_state: AuthState, who: ExternalIdentity | None, why: str
) -> None:
    """Write down that somebody was not let in, unless strangers fill the log."""
    said = {"why": why} | ({"issuer": who.issuer, "subject": who.subject, "name": who.name} if who else {})
    log.warning("log_in_refused", why=why, request_id=request_origin(request, auth_state)["request_id"])
    if auth_state.refusals.allow("all", time.monotonic()):
        async with auth_state.connection() as conn:
            await audit.write_entry(conn, None, "log_in", "refused", after=said, **audited_origin(request, auth_state))


def pending_cookie_name(request: Request[Any, Any, Any]) -> str:
    """The cookie of those who are on their way."""
    return f"{cookie_name(request)}-away"


def pending_cookie(request: Request[Any, Any, Any], id: str | None) -> Cookie:
    """That cookie. It must come along when another site leads back here, so it is lax; without an id, it goes."""
    secure = cookie_name(request) == sessions.SECURE
    age = PENDING_SECONDS if id else 0
    name = pending_cookie_name(request)
    return Cookie(key=name, value=id or "", path="/", max_age=age, secure=secure, httponly=True, samesite="lax")
