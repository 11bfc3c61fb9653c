#!/usr/bin/env bash
# Litestar and structlog: with a second dependency the log lines of a handler lose the user's name.
#
# The guess: a dependency of a request may bind what the request's log lines should carry
#   (`structlog.contextvars.bind_contextvars`), and the handler's lines carry it. If that works for one handler, it
#   works for the next, which asks for another dependency as well.
# What happens: a single dependency is awaited where the handler runs. As soon as two can be resolved side by side,
#   Litestar runs each as a task of its own, with a copy of the context: what they bind ends with them. The same
#   dependency, unchanged, names the user in one handler's lines and not in the other's. Where the second one asks
#   for the first, they run in turn, and the name is there again. And one that yields, then resets a context variable
#   with its token, works alone and makes a 500 in company, since the token is of another context.
# Why it matters: somebody adds a parameter to a handler, and the audit trail of that route loses its actor, or the
#   route fails, though no line of the dependency has changed. Bind in a middleware, or let the handler bind what
#   the dependency returns.
#
# Seen with litestar 2.25.0, structlog 26.1.0, on 2026-11-29.
# See https://docs.litestar.dev/2/usage/dependency-injection.html
set -euo pipefail

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT

"${PYTHON:-python3}" -m venv "$room/venv"
"$room/venv/bin/pip" install -qq litestar==2.25.0 structlog==26.1.0 httpx==0.28.1

cat >"$room/lines.py" <<'PY'
"""Ask handlers that differ in their dependencies alone, and compare what their log lines carry."""
import contextvars
import logging

import structlog
from litestar import Litestar, get
from litestar.testing import TestClient
from structlog.testing import LogCapture

logging.disable()
lines = LogCapture()
structlog.configure(processors=[structlog.contextvars.merge_contextvars, lines])
log = structlog.get_logger()
tenant_now = contextvars.ContextVar("tenant_now")


async def user() -> str:
    structlog.contextvars.bind_contextvars(user="ada")
    return "ada"


async def clock() -> int:
    return 1_764_400_000


async def rights(user: str) -> str:
    return f"all of {user}"


async def tenant():
    token = tenant_now.set("label 7")
    yield "label 7"
    tenant_now.reset(token)


@get("/alone")
async def alone(user: str) -> str:
    log.info("alone")
    return ""


@get("/beside")
async def beside(user: str, clock: int) -> str:
    log.info("beside")
    return ""


@get("/in-turn")
async def in_turn(user: str, rights: str) -> str:
    log.info("in turn")
    return ""


@get("/tenant-alone")
async def tenant_alone(tenant: str) -> str:
    return tenant_now.get("none")


@get("/tenant-beside")
async def tenant_beside(tenant: str, clock: int) -> str:
    return tenant_now.get("none")


app = Litestar(
    [alone, beside, in_turn, tenant_alone, tenant_beside],
    dependencies={"user": user, "clock": clock, "rights": rights, "tenant": tenant},
    debug=True,
)
with TestClient(app, raise_server_exceptions=False) as client:
    statuses = {path: client.get(path).status_code for path in ("/alone", "/beside", "/in-turn")}
    tenants = {path: client.get(path) for path in ("/tenant-alone", "/tenant-beside")}

for line in lines.entries:
    print("the handler's line:", line)
for path, answer in tenants.items():
    print(path, answer.status_code, answer.text.splitlines()[0][:100])
assert set(statuses.values()) == {200}, statuses
assert {line["event"]: line.get("user") for line in lines.entries} == {"alone": "ada", "beside": None, "in turn": "ada"}
assert (tenants["/tenant-alone"].status_code, tenants["/tenant-alone"].text) == (200, "label 7")
assert tenants["/tenant-beside"].status_code == 500
assert "was created in a different Context" in tenants["/tenant-beside"].text
PY
"$room/venv/bin/python" "$room/lines.py"

echo "guess:     what a dependency binds is in the handler's lines"
echo "behaviour: only of one that is resolved alone; beside another it is lost, or its reset fails"
echo "as found with litestar 2.25.0 and structlog 26.1.0 on 2026-11-29"
