"""CSRF, hosts, limits, the audit log, and secrets."""

import re

import asyncpg
import pytest

from access.test_hostile import JSON, placed
from houndmon.access.rate_limit import MOST_KEYS, RateLimit
from houndmon.access.sessions import SECURE, csrf_token
from houndmon.core.paths import PACKAGE
from houndmon.web.dependencies import services_of

PERSON = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
EVENT = {"service_area": "transcode", "severity": "info", "impact": "nothing much"}


async def test_it_takes_no_change_without_the_sessions_token(house):
    """A cookie alone changes nothing: the token must come with it, in a header or a form's field."""
    async with house.logged_in("operator") as client:
        token = csrf_token(client.cookies[SECURE])
        assert (await client.post("/api/incidents", json=EVENT)).status_code == 403
        wrong = {"X-CSRF-Token": csrf_token("b" * 64)}
        assert (await client.post("/api/incidents", json=EVENT, headers=wrong)).status_code == 403
        assert (await client.post("/api/incidents", json=EVENT, headers={"X-CSRF-Token": token})).status_code == 201
        form = {"hours": "1", "reason": "a drill this afternoon"}
        assert (await client.post("/silences", data=form)).status_code == 403
        assert (await client.post("/silences", data=form | {"csrf": token})).status_code == 303


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_it_takes_no_change_from_another_site(house, headers):
    """Another site's page is refused even with the right token; log-in too."""
    async with house.logged_in("operator") as client:
        right = {"X-CSRF-Token": csrf_token(client.cookies[SECURE])}
        assert (await client.post("/api/incidents", json=EVENT, headers=right | headers)).status_code == 403
        sent = {"token": house.tokens["viewer"]}
        assert (await client.post("/login", data=sent, headers=headers)).status_code == 403


async def test_it_needs_no_csrf_token_beside_a_bearer_token(house):
    """No browser sends a bearer token by itself."""
    async with house.client("operator") as client:
        assert (await client.post("/api/incidents", json=EVENT)).status_code == 201


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("houndmon.test", True),
        ("HOUNDMON.test:8600", True),
        ("houndmon.test.", True),
        ("127.0.0.1:8600", True),
        ("[::1]:8600", True),
        ("evil.test", False),
        ("houndmon.test.evil.test", False),
        ("127.0.0.1.evil.test", False),
        ("houndmon.test:x", False),
        ("houndmon.test:65536", False),
        ("houndmon.test@evil.test", False),
        ("evil.test#houndmon.test", False),
        ("[::1", False),
    ],
)
async def test_it_goes_by_its_own_names(house, host, is_ours):
    """A stranger's name that was made to lead here is refused, whatever the port."""
    async with house.client("viewer") as client:
        assert ((await client.get("/api/alerts", headers={"Host": host})).status_code == 200) is is_ours


async def test_it_tires_of_wrong_tokens(house):
    """Ten wrong tokens from an address, then 429; the right one still works as a header."""
    services_of(house.app).auth_state.failures.per_second = 0
    async with house.client() as client:
        tries = [(await client.post("/login", data={"token": "hm_no"}, headers=PERSON)).status_code for _ in range(12)]
        assert tries == [401] * 10 + [429] * 2
        wrong = {"Authorization": "Bearer hm_no"}
        assert (await client.get("/api/alerts", headers=wrong)).status_code == 429
    async with house.client("viewer") as client:
        assert (await client.get("/api/alerts")).status_code == 200


async def test_it_tires_of_changes_by_identity(house):
    """Sixty changes at once, then 429 for this identity alone."""
    services_of(house.app).auth_state.changes.per_second = 0
    async with house.client("operator") as client, house.client("admin") as other:
        codes = [(await client.post("/api/silences", json={})).status_code for _ in range(64)]
        assert (codes[:60], codes[-1]) == ([400] * 60, 429)
        assert (await other.post("/api/silences", json={})).status_code == 400


def test_it_fills_buckets_at_a_steady_pace():
    """A burst, then one for each interval; the buckets stay bounded."""
    limit = RateLimit(burst=2, per_second=1)
    assert [limit.allow("a", at) for at in (0, 0, 0, 0.5, 1, 1, 10, 10, 10)] == [
        True, True, False, False, True, False, True, True, False,
    ]  # fmt: skip
    for number in range(MOST_KEYS + 50):
        limit.allow(str(number), 10)
    assert len(limit._buckets) == MOST_KEYS


@pytest.mark.parametrize(
    "statement",
    [
        "update houndmon.audit set actor = 'somebody else'",
        "delete from houndmon.audit",
        "truncate houndmon.audit",
        "set session_replication_role = replica; delete from houndmon.audit",
    ],
)
async def test_it_only_ever_adds_to_the_audit_log(house, statement):
    """The database refuses to change or empty the log, even to its own superuser."""
    async with house.client("operator") as client:
        await client.post("/api/incidents", json=EVENT)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await house.conn.execute(statement)
    assert len(await house.audit("add_incident")) == 1


async def test_it_refuses_fields_that_it_does_not_know(house):
    """A field that no struct has is named and refused, in each body that the document knows."""
    paths = {path: fields for path, fields in JSON.items() if fields}
    assert len(paths) >= 5
    async with house.client("admin") as client:
        for path in paths:
            answer = await client.post(placed(path), json={"surely_unknown": 1})
            assert (answer.status_code, "surely_unknown" in answer.text) in ((400, True), (422, True)), path


async def test_it_writes_down_each_change(house):
    """Who, what, from where, with what, under which request; log-in, log-out and tokens too."""
    async with house.logged_in("admin") as client:
        right = {"X-CSRF-Token": csrf_token(client.cookies[SECURE])}
        await client.post("/api/incidents", json=EVENT, headers=right | {"X-Request-Id": "abc-1"})
        made = await client.post("/api/tokens", json={"name": "bot", "role": "summary"}, headers=right)
        await client.delete(f"/api/tokens/{made.json()['id']}", headers=right)
        await client.post("/logout", headers=right)
    (row,) = await house.audit("add_incident")
    found = (row["actor"], row["role"], row["outcome"], row["address"], row["target"], row["request_id"])
    assert found == ("the admin", "admin", "done", "127.0.0.1", "/api/incidents", "abc-1")
    assert '"impact": "nothing much"' in row["after"]
    for action in ("log_in", "create_token", "revoke_token", "log_out"):
        assert [one["outcome"] for one in await house.audit(action)] == ["done"], action


async def test_it_writes_down_refusals(house):
    """A role that does not reach, and a token that is none, leave a line."""
    async with house.client("viewer") as client:
        await client.post("/api/incidents", json=EVENT)
    async with house.client() as client:
        await client.get("/api/alerts", headers={"Authorization": "Bearer hm_no"})
    rows = await house.conn.fetch("select actor, action, outcome from houndmon.audit order by id")
    assert [tuple(row) for row in rows] == [
        ("the viewer", "add_incident", "refused"),
        (None, "list_alerts", "refused"),
    ]


async def test_it_shows_and_exports_the_audit_log(house):
    """Admins read it as JSON, page by page, as JSON lines, and as a page that escapes what strangers wrote."""
    async with house.client("operator") as client:
        for number in range(3):
            await client.post("/api/incidents", json=EVENT | {"impact": f"<script>alert({number})</script>"})
    async with house.client("admin") as client:
        first = (await client.get("/api/audit", params={"limit": 2})).json()
        rest = (await client.get("/api/audit", params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]
        assert len((await client.get("/api/audit.jsonl")).text.splitlines()) == 3
        page = (await client.get("/audit", headers=PERSON)).text
        assert "alert(2)" in page
        assert "<script>alert" not in page
        assert (await client.get("/api/audit", params={"cursor": "9" * 30})).status_code == 400


async def test_it_keeps_no_usable_credential(house):
    """No table holds a token's or a session's text."""
    async with house.logged_in("admin") as client:
        right = {"X-CSRF-Token": csrf_token(client.cookies[SECURE])}
        made = (await client.post("/api/tokens", json={"name": "bot", "role": "viewer"}, headers=right)).json()["token"]
        secrets = [*house.tokens.values(), made, client.cookies[SECURE], right["X-CSRF-Token"]]
    tables = await house.conn.fetch("select tablename from pg_tables where schemaname = 'houndmon'")
    for table in tables:
        for row in await house.conn.fetch(f"select t::text as said from houndmon.{table['tablename']} t"):
            for secret in secrets:
                assert secret not in row["said"], table
                assert secret[-64:] not in row["said"], table


async def test_it_tells_no_secret(house, capfd):
    """Planted secrets appear in no answer and no log line, whatever goes wrong."""
    canary = "hm_admin_0123456789ab_" + "c0ffee" * 10 + "c0ff"
    async with house.client() as client:
        asked = [
            await client.get("/api/alerts", headers={"Authorization": f"Bearer {canary}"}),
            await client.get("/api/alerts", headers={"Cookie": f"{SECURE}={canary}"}),
            await client.post("/login", data={"token": canary}, headers=PERSON),
            await client.post("/login", data={"token": canary, "more": canary}, headers=PERSON),
            await client.post("/api/tokens", json={"token": canary}),
        ]
        assert all(canary not in answer.text for answer in asked)
    said = capfd.readouterr()
    assert canary not in said.out + said.err
    rows = await house.conn.fetch("select a::text as said from houndmon.audit a")
    assert not any(canary in row["said"] for row in rows)


async def test_it_puts_its_headers_on_every_answer(house):
    """404, 405, 401, 403, 421 and the log-in page carry the security headers too."""
    async with house.client("viewer") as client:
        answers = [
            await client.get("/nowhere"),
            await client.put("/api/alerts"),
            await client.get("/api/alerts", headers={"Authorization": "Bearer no"}),
            await client.get("/api/tokens"),
            await client.get("/api/alerts", headers={"Host": "evil.test"}),
            await client.get("/login"),
            await client.get("/static/houndmon.css"),
        ]
    assert [answer.status_code for answer in answers] == [404, 405, 401, 403, 421, 200, 200]
    for answer in answers:
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch(r"[\w.-]+", answer.headers["x-request-id"])


def test_it_gives_every_form_its_token():
    """No template holds a form that changes something and lacks the field; the log-in form has no session yet."""
    forms = [
        (file.name, form)
        for file in PACKAGE.rglob("*.html")
        for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", file.read_text(encoding="utf-8"), re.DOTALL)
    ]
    assert len(forms) > 3
    assert [name for name, form in forms if "csrf_field(request)" not in form and name != "login.html"] == []
