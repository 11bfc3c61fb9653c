"""The edge: query parameters in, headers and problem documents out."""

import re
import uuid
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import QueryParameter
from litestar.types import Message, Scope

from houndmon.kit.filters import (
    ENVIRONMENTS,
    RANGES,
    Filters,
    checked_environment,
    checked_id,
    checked_range,
)
from houndmon.kit.problems import FieldError, HoundmonError, Problem
from houndmon.kit.requests import only
from houndmon.kit.room import PROBLEM_JSON

log = structlog.get_logger()
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
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
    for name, value in HEADERS.items():
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


async def provide_filters(
    request: Request[Any, Any, Any],
    range: Annotated[
        str,
        QueryParameter(
            description="The stretch of time to look back on.", schema_extra={"enum": list(RANGES), "default": "24h"}
        ),
    ] = "24h",
    environment: Annotated[
        str,
        QueryParameter(description="The environment.", schema_extra={"enum": list(ENVIRONMENTS), "default": "prod"}),
    ] = "prod",
    artist_id: Annotated[str | None, QueryParameter(description="One artist only (support).")] = None,
    release_id: Annotated[str | None, QueryParameter(description="One release only (support).")] = None,
) -> Filters:
    """The filters of a request. Raises BadInput."""
    only(request, *FILTER_NAMES, *MORE_NAMES.get(request.scope["path"], ()))
    return Filters(
        checked_range(range),
        checked_environment(environment),
        checked_id("artist_id", artist_id),
        checked_id("release_id", release_id),
    )


SAFE = ("GET", "HEAD", "OPTIONS")


async def refuse_strangers(request: Request[Any, Any, Any]) -> None:
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


FILTER_NAMES = ("range", "environment", "artist_id", "release_id")
PAGE_NAMES = ("wall", "panel", "q")
MORE_NAMES = {"/": PAGE_NAMES, "/fragments/search": PAGE_NAMES, "/alerts": ("state", "cursor")}
"""What else a page is asked with, by path."""


def on_known(request: Request[Any, Any, Any], error: HoundmonError) -> Response[Any]:
    """Answer an error of ours."""
    if error.status >= 500:
        log.warning(
            "request_failed", path=request.scope["path"], request_id=request_id(request.scope), error=str(error)
        )
    return problem(request, error.status, error.title, str(error), error.headers, **error.extra())


def on_invalid(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """Answer a request that does not fit its schema, with the fields that are wrong."""
    found = error.extra if isinstance(error.extra, list) else []
    errors = [
        FieldError(str(entry.get("key", "")), str(entry.get("message", "")))
        for entry in found
        if isinstance(entry, dict)
    ]
    errors = errors or [FieldError("body", "does not fit the schema; see /docs")]
    detail = "; ".join(f"{entry.field}: {entry.message}" for entry in errors)
    return problem(request, error.status_code, "Bad Request", detail, {}, errors=errors)


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer what Litestar refuses by itself: no such path, no such method, a body too large."""
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.status_code < 500 else "See the log under this request id."
    if (error.status_code, detail) == (404, title):
        detail = "There is nothing at this address."
    extra = {"errors": [FieldError("body", "cannot be read; see /docs")]} if error.status_code == 400 else {}
    return problem(request, error.status_code, title, detail, dict(error.headers or {}), **extra)


def on_nested(request: Request[Any, Any, Any], error: RecursionError) -> Response[Any]:
    """Answer a body that is nested too deep to be read."""
    errors = [FieldError("body", "is nested too deep")]
    return problem(request, 400, "Bad Request", "The body is nested too deep.", {}, errors=errors)


def on_unknown(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer an error that nobody foresaw: generic to the client, whole in the log."""
    log.error("request_raised", path=request.scope["path"], request_id=request_id(request.scope), exc_info=error)
    return problem(request, 500, "Internal Server Error", "See the log under this request id.", {})


def problem(
    request: Request[Any, Any, Any],
    status: int,
    title: str,
    detail: str,
    headers: dict[str, str],
    **extra: Any,
) -> Response[Any]:
    """A problem document for programs; the same as a page for people."""
    found = Problem(
        type="about:blank",
        title=title,
        status=status,
        detail=detail or title,
        request_id=request_id(request.scope),
        **{name: value for name, value in extra.items() if name in Problem.__struct_fields__},
    )
    if wants_html(request):
        template = request.app.template_engine.get_template("web/problem.html")  # type: ignore[union-attr]
        notes = msgspec.to_builtins(extra.get("notes")) if request.method == "POST" else None
        html = template.render(problem=found, filters=Filters(), notes=notes, request=request)
        return Response(html, status_code=status, headers=headers, media_type=MediaType.HTML)
    body = msgspec.to_builtins(found) | {k: msgspec.to_builtins(v) for k, v in extra.items()}
    return Response(msgspec.json.encode(body), status_code=status, headers=headers, media_type=PROBLEM_JSON)


def wants_html(request: Request[Any, Any, Any]) -> bool:
    """Whether a person asks: the page's own paths, unless the client says JSON."""
    path = request.scope["path"]
    machine = path.startswith(("/api", "/healthz", "/readyz", "/metrics"))
    return not machine and "text/html" in request.headers.get("accept", "*/*").replace("*/*", "text/html")


HANDLERS: dict[Any, Any] = {
    HoundmonError: on_known,
    ValidationException: on_invalid,
    HTTPException: on_http,
    RecursionError: on_nested,
    Exception: on_unknown,
}
