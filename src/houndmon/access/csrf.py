"""Forms and scripts of ours carry a token that no other site can know."""

import hmac
from typing import Any
from urllib.parse import parse_qsl

from litestar import Request
from markupsafe import Markup

from houndmon.access.model import NotAllowed
from houndmon.access.sessions import csrf_token

SAFE = ("GET", "HEAD", "OPTIONS")
FIELD, HEADER = "csrf", "X-CSRF-Token"


async def check_csrf(request: Request[Any, Any, Any]) -> None:
    """Refuse a change in a session's name without its token. Raises NotAllowed."""
    id = request.scope.get("auth")
    if request.method in SAFE or not id:
        return
    given = request.headers.get(HEADER) or await form_token(request)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), csrf_token(id).encode()):
        raise NotAllowed("The form is too old, or not ours: reload the page and send it again.")


async def form_token(request: Request[Any, Any, Any]) -> str:
    """The token in a form's field, if any."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return ""
    try:
        fields = parse_qsl((await request.body()).decode("utf-8", "replace"), max_num_fields=100)
    except ValueError:
        return ""
    return dict(fields).get(FIELD, "")


def session_csrf_token(request: Request[Any, Any, Any]) -> str:
    """The token for this request's page; empty where no session needs one."""
    id = request.scope.get("auth")
    return csrf_token(id) if id else ""


def csrf_field(request: Request[Any, Any, Any]) -> Markup:
    """The hidden field that each form which changes something carries."""
    token = session_csrf_token(request)
    return Markup('<input type="hidden" name="csrf" value="{}">').format(token) if token else Markup("")
