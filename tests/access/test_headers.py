"""Every answer carries the headers that keep a browser honest, whatever it is an answer to."""

import re
from typing import Any

import pytest

from access.test_permissions import filled, routes
from houndmon.web.dependencies import services_of

PERSON = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}
NEEDED = ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'")


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_it_puts_its_headers_on_every_route(house, accept):
    """Each route and method, let in and turned away, and static files: CSP without unsafe parts, and the others."""
    services_of(house.app).auth_state.changes.burst = services_of(house.app).auth_state.failures.burst = 10**9
    wrong = []
    for role in ("admin", None):
        async with house.client(role) as client:
            for method, template in sorted(routes()):
                json: dict[str, Any] = {"json": {}} if method == "POST" and template.startswith("/api/") else {}
                sent = {"Accept": accept, "Sec-Fetch-Site": "same-origin"}
                answer = await client.request(method, filled(template), headers=sent, **json)
                wrong += [(method, template, flaw) for flaw in flaws(answer)]
    assert wrong == []


async def test_it_puts_its_headers_on_every_error(house):
    """Whatever is wrong with a request, the answer is as guarded as a good one."""
    async with house.client("operator") as client:
        answers = [
            await client.get("/nowhere"),
            await client.get("/static/nowhere"),
            await client.request("TRACE", "/"),
            await client.request("PROPFIND", "/api/alerts"),
            await client.get("/api/alerts", headers={"Host": "evil.test"}),
            await client.post("/api/incidents", content=b"[" * 100_000),
            await client.post("/api/incidents", content=b"x" * 70_000, headers={"Content-Type": "application/json"}),
            await client.post("/api/incidents", content=b"{}", headers={"Content-Type": "text/plain"}),
            await client.post("/api/incidents", json={"more": 1}),
            await client.post("/api/incidents", json={}, headers={"Origin": "https://evil.test"}),
            await client.get("/api/panels/ingest?range=2h"),
            await client.get("/static/houndmon.css", headers={"If-None-Match": '"x"', "Range": "bytes=9-1"}),
        ]
        found = await client.get("/api/panels/ingest")
        answers.append(await client.get("/api/panels/ingest", headers={"If-None-Match": found.headers["etag"]}))
    assert answers[-1].status_code == 304
    assert {404, 405, 421, 400, 413, 415, 403} <= {answer.status_code for answer in answers}
    assert [(answer.status_code, flaws(answer)) for answer in answers if flaws(answer)] == []


async def test_it_puts_its_headers_on_what_nobody_foresaw(house, monkeypatch):
    """An error of ours is a plain 500 with the headers; the log has the rest under the same id."""

    async def broken(*arguments):
        raise RuntimeError("a secret place")

    monkeypatch.setattr("houndmon.access.people.list_people", broken)
    async with house.client("admin") as client:
        answer = await client.get("/api/people")
    assert (answer.status_code, flaws(answer)) == (500, [])
    assert "secret place" not in answer.text


async def test_it_asks_for_no_tls_on_its_own_machine(house):
    """Other services of the same machine need not speak TLS because of this one."""
    async with house.client() as client:
        for host in ("localhost:8600", "127.0.0.1:8600", "[::1]:8600"):
            answer = await client.get("/nowhere", headers={"Host": host})
            assert "strict-transport-security" not in answer.headers, host


async def test_it_lets_nobody_keep_an_answer(house):
    """Pages and listings are in no cache; figures may be kept, and are asked for anew each time."""
    async with house.logged_in("admin") as client:
        for path in ("/", "/alerts", "/audit", "/api/alerts", "/api/tokens", "/api/audit", "/login", "/api/sessions"):
            said = (await client.get(path, headers=PERSON)).headers["cache-control"]
            assert said in ("no-store", "no-cache"), path
            assert path not in ("/audit", "/api/tokens", "/api/audit", "/login") or said == "no-store", path


def flaws(answer):
    """What an answer lacks."""
    found = [name for name, value in ALWAYS.items() if answer.headers.get(name) != value]
    policy = answer.headers.get("content-security-policy", "")
    found += [part for part in NEEDED if part not in policy]
    found += ["unsafe"] if "unsafe" in policy or "*" in policy else []
    found += [] if re.fullmatch(r"[\w.-]{1,64}", answer.headers.get("x-request-id", "")) else ["x-request-id"]
    found += [] if "cache-control" in answer.headers else ["cache-control"]
    found += ["server"] if "server" in answer.headers or "x-powered-by" in answer.headers else []
    found += ["cors"] if any(name.startswith("access-control-") for name in answer.headers) else []
    typed = answer.headers.get("content-type", "")
    has_charset = "charset=utf-8" in typed.lower() or not typed.startswith("text/")
    found += [] if (typed and has_charset) or not answer.content else ["content-type"]
    return found
