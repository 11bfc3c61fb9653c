"""Checks each request before its handler: no other site's change, the form's token, what the audit log needs."""

from typing import Any

from litestar import Request

from houndmon.access.audit_hook import note_request
from houndmon.access.csrf import check_csrf
from houndmon.access.middleware import AuthState
from houndmon.core.problems import HoundmonError
from houndmon.web.headers import request_id

SAFE = ("GET", "HEAD", "OPTIONS")


async def refuse_cross_site(request: Request[Any, Any, Any]) -> None:
    """Refuse changes that another site's page asks for, and JSON that does not say it is JSON."""
    if request.method in SAFE:
        return
    origin, site = request.headers.get("origin", ""), request.headers.get("sec-fetch-site")
    is_other = bool(origin) and origin.partition("://")[2] != request.headers.get("host")
    if site not in (None, "same-origin", "none") or is_other:
        raise CrossSite("Another site's page asked for this change: use houndmon's own page, or the API.")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = request.headers.get("content-length", "0") != "0" or "transfer-encoding" in request.headers
    if request.scope["path"].startswith("/api/") and has_body and kind != "application/json":
        raise NotJson("Send the body as application/json.")


class CrossSite(HoundmonError):
    """Another site's page asked for a change."""

    status = 403
    title = "Forbidden"


class NotJson(HoundmonError):
    """The body does not say that it is JSON."""

    status = 415
    title = "Unsupported Media Type"


async def check_request(auth_state: AuthState, request: Request[Any, Any, Any]) -> None:
    """Refuse what another site asks for, then keep what the audit log will be told."""
    await refuse_cross_site(request)
    await check_csrf(request)
    await note_request(request, auth_state, request_id(request.scope))
