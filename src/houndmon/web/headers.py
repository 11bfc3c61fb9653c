"""The headers of every answer: what the browser may do with it, and the request's id."""

import re
import uuid

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def request_id(scope: Scope) -> str:
    """The id of a request: the client's own where it is sane, else a new one; the same for its whole life."""
    state = scope.setdefault("state", {})
    if "request_id" not in state:
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        state["request_id"] = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16]
    return str(state["request_id"])


async def add_headers(message: Message, scope: Scope) -> None:
    """Put the security headers and the request id on every answer, 404 and 500 included."""
    if message["type"] != "http.response.start":
        return
    headers = MutableScopeHeaders.from_message(message)
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"  # what one person saw is in nobody's cache
    if not is_local(scope):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    headers["X-Request-Id"] = request_id(scope)


def is_local(scope: Scope) -> bool:
    """Whether it is asked by a name of this machine: what else runs there should not have to speak TLS."""
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return host.startswith((b"127.", b"localhost", b"[::1]"))
