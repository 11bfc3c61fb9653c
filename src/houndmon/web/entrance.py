"""What those see who are not logged in: people the log-in page, programs a problem."""

from typing import Any
from urllib.parse import quote

from litestar import MediaType, Request, Response
from litestar.response import Redirect

from houndmon.access.csrf import check_csrf
from houndmon.access.model import LogInNeeded
from houndmon.access.record import note
from houndmon.web.edge import on_known, refuse_strangers, request_id, wants_html


async def checked(request: Request[Any, Any, Any]) -> None:
    """Refuse what another site asks for, then keep what the audit log will be told."""
    await refuse_strangers(request)
    await check_csrf(request)
    await note(request, request_id(request.scope))


def on_log_in_needed(request: Request[Any, Any, Any], error: LogInNeeded) -> Response[Any]:
    """Lead a person to the log-in page, and back; tell a program what is missing."""
    fragment = request.scope["path"].startswith("/fragments/") or "hx-request" in request.headers
    if fragment or request.method != "GET" or not wants_html(request):
        return on_known(request, error)
    headers = {"Cache-Control": "no-store"}
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A strict cookie stays away when a link in a chat leads here; asked for by our own page, it comes.
        template = request.app.template_engine.get_template("access/again.html")  # type: ignore[union-attr]
        return Response(template.render(), headers=headers, media_type=MediaType.HTML)
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["path"] + (f"?{query}" if query else "")
    return Redirect(
        f"/login?next={quote(path, safe='')}" if path != "/" else "/login", status_code=303, headers=headers
    )
