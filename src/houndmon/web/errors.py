"""Answers errors: a problem document for programs, a page for people, the log-in page for whom nobody knows."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import MediaType, Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect

from houndmon.access.model import LogInNeeded
from houndmon.core.filters import Filters
from houndmon.core.panel_routes import PROBLEM_JSON
from houndmon.core.problems import FieldError, HoundmonError, Problem
from houndmon.web.headers import request_id

log = structlog.get_logger()


def on_houndmon_error(request: Request[Any, Any, Any], error: HoundmonError) -> Response[Any]:
    """Answer an error of ours."""
    if error.status >= 500:
        log.warning(
            "request_failed", path=request.scope["path"], request_id=request_id(request.scope), error=str(error)
        )
    return problem_response(request, error.status, error.title, str(error), error.headers, **error.extra())


def on_validation_error(request: Request[Any, Any, Any], error: ValidationException) -> Response[Any]:
    """Answer a request that does not fit its schema, with the fields that are wrong."""
    found = error.extra if isinstance(error.extra, list) else []
    errors = [
        FieldError(str(entry.get("key", "")), str(entry.get("message", "")))
        for entry in found
        if isinstance(entry, dict)
    ]
    errors = errors or [FieldError("body", "does not fit the schema; see /docs")]
    detail = "; ".join(f"{entry.field}: {entry.message}" for entry in errors)
    return problem_response(request, error.status_code, "Bad Request", detail, {}, errors=errors)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer what Litestar refuses by itself: no such path, no such method, a body too large."""
    title = HTTPStatus(error.status_code).phrase
    detail = error.detail if error.status_code < 500 else "See the log under this request id."
    if (error.status_code, detail) == (404, title):
        detail = "There is nothing at this address."
    extra = {"errors": [FieldError("body", "cannot be read; see /docs")]} if error.status_code == 400 else {}
    return problem_response(request, error.status_code, title, detail, dict(error.headers or {}), **extra)


def on_recursion_error(request: Request[Any, Any, Any], error: RecursionError) -> Response[Any]:
    """Answer a body that is nested too deep to be read."""
    errors = [FieldError("body", "is nested too deep")]
    return problem_response(request, 400, "Bad Request", "The body is nested too deep.", {}, errors=errors)


def on_unforeseen_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Answer an error that nobody foresaw: generic to the client, whole in the log."""
    log.error("request_raised", path=request.scope["path"], request_id=request_id(request.scope), exc_info=error)
    return problem_response(request, 500, "Internal Server Error", "See the log under this request id.", {})


def problem_response(
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


ERROR_HANDLERS: dict[Any, Any] = {
    HoundmonError: on_houndmon_error,
    ValidationException: on_validation_error,
    HTTPException: on_http_error,
    RecursionError: on_recursion_error,
    Exception: on_unforeseen_error,
}


def on_log_in_needed(request: Request[Any, Any, Any], error: LogInNeeded) -> Response[Any]:
    """Lead a person to the log-in page, and back; tell a program what is missing."""
    fragment = request.scope["path"].startswith("/fragments/") or "hx-request" in request.headers
    if fragment or request.method != "GET" or not wants_html(request):
        return on_houndmon_error(request, error)
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
