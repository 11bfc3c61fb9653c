"""The log-in page, and what every way through it has in common: the cookie, the way on, where somebody comes from."""

from typing import Any

from litestar import Request
from litestar.datastructures import Cookie
from litestar.response import Template

from houndmon.access import sessions
from houndmon.access.middleware import Gate, cookie_name
from houndmon.access.model import Identity
from houndmon.access.proxy import vouched

PRIVATE = {"Cache-Control": "no-store"}


def drawn(request: Request[Any, Any, Any], wanted: str, refusal: str | None = None, status: int = 200) -> Template:
    """The log-in page, with every way that is open."""
    gate: Gate = request.app.state.gate
    by_proxy = vouched(request, gate.settings)
    context = {
        "next": wanted,
        "refusal": refusal,
        "provider": gate.provider is not None,
        "proxied": by_proxy.name if by_proxy else None,
    }
    return Template(template_name="access/login.html", context=context, status_code=status, headers=PRIVATE)


def onward(wanted: str) -> str:
    """Where to go after log-in: a path of ours, whatever was asked for."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours and wanted.isascii() and "\\" not in wanted else "/"


def cookie(request: Request[Any, Any, Any], id: str | None) -> Cookie:
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


def origin(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    """Where a request comes from, for the audit log."""
    return {
        "address": request.app.state.gate.address(request.scope),
        "request_id": request.scope.get("state", {}).get("request_id"),
    }


def told(request: Request[Any, Any, Any]) -> dict[str, str | None]:
    """The same, for a refusal whose line is written here: nobody needs to write it again."""
    request.scope["state"]["told"] = True
    return origin(request)


def visitor(request: Request[Any, Any, Any]) -> Identity | None:
    """Whose session a page is drawn for; None where there is none to end."""
    who: Identity | None = request.scope.get("user")
    return who if who and who.kind == "session" else None
