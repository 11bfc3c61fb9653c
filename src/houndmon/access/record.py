"""Writes each change and each refusal of a request to the audit log, before its answer leaves."""

import time
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import structlog
from litestar import Request
from litestar.datastructures import State
from litestar.types import Message, Scope

from houndmon.access.audit import write
from houndmon.access.middleware import SAFE, Gate
from houndmon.access.tokens import SQL
from houndmon.kit.source import PEOPLE_WAIT_SECONDS

log = structlog.get_logger()
OWN = (
    "/login",
    "/logout",
    "/api/tokens",
    "/api/people",
    "/api/sessions",
)  # these write their own lines, in one transaction with the change


async def note(request: Request[Any, Any, Any], request_id: str) -> None:
    """Keep what a change will be told of: what was there, and what is sent."""
    request.scope["state"]["request_id"] = request_id
    off = request.app.state.gate.settings.auth == "off"
    if off or request.method in SAFE or request.scope["path"].startswith(OWN):
        return
    noted = {"before": await standing(request.app.state, request.scope), "sent": await sent(request)}
    request.scope["state"]["noted"] = noted


async def sent(request: Request[Any, Any, Any]) -> Any:
    """What the request says."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await request.body()
    try:
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100))
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None  # the handler will refuse it


async def standing(state: State, scope: Scope) -> Any:
    """How the thing stands that a route names by its id, where that is known."""
    kinds = {"/alerts/{id}": "alert", "/silences/{id}": "silence"}
    path = scope.get("path_template", "").removeprefix("/api")
    kind = next((kind for start, kind in kinds.items() if path.startswith(start)), None)
    id = str(scope.get("path_params", {}).get("id", ""))
    if kind is None or not (id.isascii() and id.isdigit() and len(id) <= 18):
        return None
    async with state.state.borrowed(PEOPLE_WAIT_SECONDS) as conn:
        found = await conn.fetchval(SQL[kind], int(id))
    return msgspec.json.decode(found) if found else None


async def record(message: Message, scope: Scope) -> None:
    """Write down what came of a request, if that is worth a line."""
    if message["type"] != "http.response.start" or "litestar_app" not in scope:
        return
    state = scope["litestar_app"].state
    gate: Gate | None = state.get("gate")
    if gate is None or gate.settings.auth == "off" or "state" not in state:
        return
    status, noted = message["status"], scope.get("state", {}).pop("noted", None)
    if status < 400 and noted is not None:
        await entered(state, scope, "done", noted)
    elif refused(scope, status) and gate.refusals.take("all", time.monotonic()):
        await entered(state, scope, "refused", {"before": None, "sent": {"status": status}})


def refused(scope: Scope, status: int) -> bool:
    """Whether somebody was turned away who showed something to get in by, or tried to change something."""
    if status not in (401, 403, 421, 429):
        return False
    showed = any(name == b"authorization" for name, _ in scope["headers"])
    return not scope.get("state", {}).get("told") and (showed or status != 401 or scope.get("method") not in SAFE)


async def entered(state: State, scope: Scope, outcome: str, noted: dict[str, Any]) -> None:
    """Write the line; where that fails, the log on stderr has it."""
    handler: Any = scope.get("route_handler")
    action = getattr(handler, "operation_id", None) or getattr(handler, "handler_name", None) or "unknown"
    who = scope.get("user")
    words = {"target": scope["path"], "address": state.gate.address(scope)}
    words["request_id"] = scope.get("state", {}).get("request_id")
    try:
        after = {"sent": noted["sent"]}
        if outcome == "done" and (now := await standing(state, scope)):
            after["now"] = now
        async with state.state.borrowed(PEOPLE_WAIT_SECONDS if outcome == "done" else None) as conn:
            await write(conn, who, str(action), outcome, before=noted["before"], after=after, **words)
    except Exception as error:  # noqa: BLE001 -- the change is made; its answer must not be lost too
        name = who.name if who else None
        log.error("audit_entry_lost", actor=name, action=action, outcome=outcome, error=type(error).__name__, **words)
