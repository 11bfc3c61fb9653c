"""Every cell of the table, asked of the running service."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import get

from houndmon import app as app_module
from houndmon.access import tokens
from houndmon.access.model import ROLES
from houndmon.access.permissions import PermissionTable, permissions_markdown
from houndmon.app import PANELS, TABLE, create_app
from houndmon.core.panel_routes import paths
from houndmon.core.settings import Settings
from houndmon.web.dependencies import services_of
from houndmon.web.head_requests import HeadSupport

PLACES = {
    "{id}": "999999",
    "{rule}": "queue_age",
    "{name}": "transcode_success",
    "{file_path}": "houndmon.css",
    "{path}": "openapi.json",
    "{kind}": "failed_plays",
}
TURNED_AWAY = (401, 403)
HANDLERS = app_module.handlers


def routes() -> set[tuple[str, str]]:
    app = create_app(Settings(auth="on"), "postgresql://")
    return {(method, route.path_format) for route in app.routes for method in route.methods if method != "OPTIONS"}


def test_it_has_a_row_for_every_route():
    """A route that nobody has given a role fails here, and is refused in service."""
    assert routes() - set(TABLE.rows) == set()


def test_it_has_no_row_without_a_route():
    """The table says nothing of routes that do not exist; HEAD stands beside GET in case there is one."""
    assert {key for key in set(TABLE.rows) - routes() if key[0] != "HEAD"} == set()


def test_it_refuses_what_has_no_row():
    """Deny by default: to an admin too."""
    assert not TABLE.allowed("admin", "GET", "/not/there")
    assert not TABLE.allowed("admin", "PATCH", "/api/alerts")


def test_it_takes_the_panels_rows_from_the_list_of_panels():
    """Each panel's paths are for every viewer, and for nobody where there is no such panel."""
    assert all(TABLE.allowed("viewer", "GET", path) for spec in PANELS for path in paths(spec))
    one, none = PermissionTable(["/api/panels/toy"]), PermissionTable([])
    assert [one.allowed(role, "HEAD", "/api/panels/toy") for role in (None, "viewer")] == [False, True]
    assert not none.allowed("admin", "GET", "/api/panels/toy")
    assert not any(none.allowed("admin", "GET", path) for spec in PANELS for path in paths(spec))


async def test_it_refuses_a_route_that_was_forgotten(database, conn, monkeypatch):
    """A new route without a row is found by the test above, and let in nobody: tried with a real one."""

    @get("/api/forgotten")
    async def forgotten() -> str:
        return "open"

    monkeypatch.setattr(app_module, "handlers", lambda: [*HANDLERS(), forgotten])
    assert routes() - set(TABLE.rows) == {("GET", "/api/forgotten")}
    app = create_app(Settings(auth="on"), database)
    async with app.lifespan():
        token = (await tokens.create_token(conn, "an admin", "admin", 1)).token
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="https://houndmon.test") as client:
            answer = await client.get("/api/forgotten", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


def test_it_is_written_down():
    """docs/access.md is the table; `houndmon token table` writes it anew."""
    assert (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8") == permissions_markdown(TABLE)


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_it_holds_in_every_cell(house, role):
    """Each route lets in whom the table allows, and turns away all others: asked with a token of each role."""
    services_of(house.app).auth_state.changes.burst = 10_000
    services_of(house.app).auth_state.failures.burst = 10_000
    wrong = []
    async with house.client(role) as client:
        for method, template in sorted(routes()):
            path = filled(template)
            json: dict[str, Any] = {"json": {}} if method == "POST" and path.startswith("/api/") else {}
            answer = await client.request(method, path, headers={"Accept": "application/json"}, **json)
            let_in = answer.status_code not in TURNED_AWAY
            # These answer 401 and 403 themselves to who shows nothing good; they are open all the same.
            is_door = path in ("/login", "/login/proxy", "/login/oidc/callback")
            if (let_in != TABLE.allowed(role, method, template) and not is_door) or answer.status_code == 500:
                wrong.append((method, path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("role", [None, *ROLES])
async def test_it_answers_head_to_whom_it_answers_get(house, role):
    """HEAD needs the role of GET, no more and no less, and whoever sends it gets no body."""
    services_of(house.app).auth_state.failures.burst = 10_000
    wrong = []
    async with house.client(role) as client, asking_head(house, role) as other:
        for template in sorted(path for method, path in routes() if method == "GET"):
            path, accept = filled(template), {"Accept": "application/json"}
            get_status = (await client.get(path, headers=accept)).status_code
            answer = await other.head(path, headers=accept)
            if (answer.status_code, answer.content) != (get_status, b""):
                wrong.append((path, get_status, answer.status_code, answer.content))
    assert wrong == []


async def test_it_lets_a_session_ask_by_head(house):
    """HEAD changes nothing: it needs no token of a form, is in no audit log, and is not counted as a change."""
    services_of(house.app).auth_state.changes.burst = 0
    async with asking_head(house) as client:
        await house.log_in("viewer", client)
        before = await house.conn.fetchval("select count(*) from houndmon.audit")
        assert (await client.head("/api/panels/ingest")).status_code == 200
        assert (await client.head("/api/tokens")).status_code == 403
    assert await house.conn.fetchval("select count(*) from houndmon.audit where outcome = 'done'") == before


def asking_head(house, role=None):
    """A client of the service as it is served."""
    headers = {"Authorization": f"Bearer {house.tokens[role]}"} if role else {}
    transport = httpx.ASGITransport(HeadSupport(house.app))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url="https://houndmon.test", headers=headers)


def filled(path: str) -> str:
    """A path with something in its places."""
    for place, word in PLACES.items():
        path = path.replace(place, word)
    return path


async def test_it_turns_away_a_method_that_no_route_has(house):
    """An unknown method is refused for all, and no handler runs."""
    async with house.client("admin") as client:
        assert (await client.delete("/api/alerts")).status_code == 405
        assert (await client.put("/api/tokens/1", json={})).status_code == 405
