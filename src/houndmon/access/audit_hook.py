"""Writes each change and each refusal of a request to the audit log, before its answer leaves."""

import time
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from litestar import Request
from litestar.types import Message, Scope

from houndmon.access.audit import write_entry
from houndmon.access.middleware import SAFE, AuthState
from houndmon.access.tokens import SQL
from houndmon.core.requests import row_id
from houndmon.core.state_database import WRITE_WAIT_SECONDS

log = structlog.get_logger()
SELF_AUDITED = (
    "/login",
    "/logout",
    "/api/tokens",
    "/api/people",
    "/api/sessions",
)  # these write their own lines, in one transaction with the change


async def note_request(request: Request[Any, Any, Any], auth_state: AuthState, request_id: str) -> None:
    """Keep what a change will be told of: what was there, and what is sent."""
    request.scope["state"]["request_id"] = request_id
    if auth_state.settings.auth == "off" or request.method in SAFE or request.scope["path"].startswith(SELF_AUDITED):
        return
    noted = {"before": await read_target(auth_state, request.scope), "sent": await request_body(request)}
    request.scope["state"]["noted"] = noted


async def request_body(request: Request[Any, Any, Any]) -> Any:
    """What the request says."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    try:
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100))
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None  # the handler will refuse it


async def read_target(auth_state: AuthState, scope: Scope) -> Any:
    """How the thing stands that a route names by its id, where that is known."""
    kinds = {"/alerts/{id}": "alert", "/silences/{id}": "silence"}
    path = scope.get("path_template", "").removeprefix("/api")
    kind = next((kind for start, kind in kinds.items() if path.startswith(start)), None)
    id = row_id(str(scope.get("path_params", {}).get("id", "")))
    if kind is None or id is None:
        return None
    async with auth_state.connection(WRITE_WAIT_SECONDS) as conn:
        found = await conn.fetchval(SQL[kind], id)
    return msgspec.json.decode(found) if found else None


async def record_answer(auth_state: AuthState, message: Message, scope: Scope) -> None:
    """Write down what came of a request, if that is worth a line."""
    if message["type"] != "http.response.start" or auth_state.settings.auth == "off" or not auth_state.has_begun:
        return
    status, noted = message["status"], scope.get("state", {}).pop("noted", None)
    if status < 400 and noted is not None:
        await write_entry_or_log(auth_state, scope, "done", noted)
    elif is_refusal(scope, status) and auth_state.refusals.allow("all", time.monotonic()):
        await write_entry_or_log(auth_state, scope, "refused", {"before": None, "sent": {"status": status}})


def is_refusal(scope: Scope, status: int) -> bool:
    """Whether somebody was turned away who showed something to get in by, or tried to change something."""
    if status not in (401, 403, 421, 429):
        return False
    showed = any(name == b"authorization" for name, _ in scope["headers"])
    return not scope.get("state", {}).get("audited") and (showed or status != 401 or scope.get("method") not in SAFE)


async def write_entry_or_log(auth_state: AuthState, scope: Scope, outcome: str, noted: dict[str, Any]) -> None:
    """Write the line; where that fails, the log on stderr has it."""
    handler: Any = scope.get("route_handler")
    action = getattr(handler, "operation_id", None) or getattr(handler, "handler_name", None) or "unknown"
    who = scope.get("user")
    words: dict[str, str | None] = {"target": scope["path"], "address": auth_state.address(scope)}
    words["request_id"] = scope.get("state", {}).get("request_id")
    try:
        after = {"sent": noted["sent"]}
        if outcome == "done" and (now := await read_target(auth_state, scope)):
            after["now"] = now
        async with auth_state.connection(WRITE_WAIT_SECONDS if outcome == "done" else None) as conn:
            await write_entry(conn, who, str(action), outcome, before=noted["before"], after=after, **words)
    except Exception as error:  # noqa: BLE001 -- the change is made; its answer must not be lost too
        name = who.name if who else None
        log.error("audit_entry_lost", actor=name, action=action, outcome=outcome, error=type(error).__name__, **words)
