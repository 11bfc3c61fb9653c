"""Log-in, sessions, log-out."""

import re

import pytest

from houndmon.access.sessions import SECURE, csrf_token

PERSON = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


async def age(house, *, used="0 s", began="0 s"):
    """Let a session be older than it is, by the database's own clock."""
    await house.conn.execute(
        "update houndmon.sessions set used_at = used_at - $1::text::interval,"
        " expires_at = expires_at - $2::text::interval",
        used,
        began,
    )


async def test_it_leads_a_person_to_the_door_and_back(house):
    """A page asked for without log-in leads to the log-in page, which leads back to it."""
    async with house.client() as client:
        answer = await client.get("/runbooks?x=1", headers=PERSON)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Frunbooks%3Fx%3D1")
        log_in_page = await client.get(answer.headers["location"], headers=PERSON)
        assert 'value="/runbooks?x=1"' in log_in_page.text
        sent = {"token": house.tokens["viewer"], "next": "/runbooks"}
        answer = await client.post("/login", data=sent, headers=PERSON)
        assert (answer.status_code, answer.headers["location"]) == (303, "/runbooks")
        assert (await client.get("/runbooks", headers=PERSON)).status_code == 200


async def test_it_guards_its_cookie(house):
    """The cookie is Secure, HttpOnly, strict, of this host alone."""
    async with house.client() as client:
        answer = await client.post("/login", data={"token": house.tokens["viewer"]}, headers=PERSON)
        said = answer.headers["set-cookie"].lower()
        assert said.startswith(SECURE.lower() + "=")
        for word in ("secure", "httponly", "samesite=strict", "path=/;"):
            assert word in said + ";", word
        assert "domain" not in said


@pytest.mark.parametrize("next", ["//evil.test", "https://evil.test", "/\\evil.test", "javascript:1", "/a\r\nb", ""])
async def test_it_leads_nowhere_else(house, next):
    """After log-in nobody is led to another site."""
    async with house.client() as client:
        answer = await client.post("/login", data={"token": house.tokens["viewer"], "next": next}, headers=PERSON)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_it_takes_no_id_from_a_client(house):
    """An id that an attacker planted is worth nothing, before log-in and after."""
    planted = "a" * 64
    async with house.client(cookies={SECURE: planted}) as client:
        answer = await client.post("/login", data={"token": house.tokens["viewer"]}, headers=PERSON)
        assert planted not in answer.headers["set-cookie"]
    async with house.client(cookies={SECURE: planted}) as client:
        assert (await client.get("/api/alerts")).status_code == 401


async def test_it_ends_the_old_session_at_log_in(house):
    """Who logs in again gets a new id; the old one is dead."""
    async with house.logged_in() as client:
        old = client.cookies[SECURE]
        await house.log_in("viewer", client)
        assert client.cookies[SECURE] != old
    async with house.client(cookies={SECURE: old}) as client:
        assert (await client.get("/api/alerts")).status_code == 401


async def test_it_is_not_kept_alive_by_polling(house):
    """Fragments and htmx's requests leave the idle limit where it was; a page that a person opens moves it."""
    async with house.logged_in() as client:
        await age(house, used="20 min")
        assert (await client.get("/fragments/alerts")).status_code == 200
        assert (await client.get("/api/alerts", headers={"HX-Request": "true"})).status_code == 200
        await age(house, used="11 min")
        assert (await client.get("/fragments/alerts")).status_code == 401
    async with house.logged_in() as client:
        await age(house, used="20 min")
        assert (await client.get("/runbooks", headers=PERSON)).status_code == 200
        await age(house, used="20 min")
        assert (await client.get("/fragments/alerts")).status_code == 200


async def test_it_ends_after_twelve_hours_whatever_is_done(house):
    """The absolute limit holds for the busiest."""
    async with house.logged_in() as client:
        await age(house, began="11 h 59 min")
        assert (await client.get("/runbooks", headers=PERSON)).status_code == 200
        await age(house, began="2 min")
        assert (await client.get("/api/alerts")).status_code == 401


async def test_it_ends_on_the_server_at_log_out(house):
    """After log-out the old cookie opens nothing."""
    async with house.logged_in() as client:
        id = client.cookies[SECURE]
        answer = await client.post("/logout", data={"csrf": csrf_token(id)}, headers=PERSON)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert '"cache"' in answer.headers["clear-site-data"]
    async with house.client(cookies={SECURE: id}) as client:
        assert (await client.get("/api/alerts")).status_code == 401
    assert await house.conn.fetchval("select count(*) from houndmon.sessions") == 0


async def test_it_ends_with_its_token(house):
    """Revoking a token ends its sessions at once; so does its expiry."""
    async with house.logged_in("viewer") as client, house.client("admin") as admin:
        listed = (await admin.get("/api/tokens")).json()["items"]
        id = next(one["id"] for one in listed if one["role"] == "viewer")
        assert (await client.get("/api/alerts")).status_code == 200
        assert (await admin.delete(f"/api/tokens/{id}")).status_code == 204
        assert (await client.get("/api/alerts")).status_code == 401
    async with house.logged_in("operator") as client:
        await house.conn.execute("update houndmon.tokens set expires_at = clock_timestamp()")
        assert (await client.get("/api/alerts")).status_code == 401


async def test_it_opens_no_page_to_a_bot(house):
    """A summary token cannot be traded for a session."""
    async with house.client() as client:
        answer = await client.post("/login", data={"token": house.tokens["summary"]}, headers=PERSON)
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


async def test_it_asks_again_for_a_strict_cookie(house):
    """A link in a chat leads to a page that asks once more by itself, so that the strict cookie comes along."""
    async with house.client() as client:
        answer = await client.get("/alerts/1", headers=PERSON | {"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 200
        assert re.search(r'http-equiv="refresh" content="0"', answer.text)


async def test_it_goes_on_in_an_outage(house, outage):
    """Who was let in lately can look on while houndmon's database is down; nobody can change anything."""
    async with house.client("operator") as client, house.client("viewer") as stranger:
        assert (await client.get("/runbooks")).status_code == 200
        async with outage():
            assert (await client.get("/runbooks")).status_code == 200
            assert (await stranger.get("/runbooks")).status_code == 503
            assert (await client.post("/api/silences", json={})).status_code == 503


async def test_it_offers_the_way_out_on_every_page(house):
    """Each page of a session ends with whose it is and a log-out; admins find the audit log there."""
    async with house.logged_in("admin") as client:
        for path in ("/", "/alerts", "/audit", "/runbooks"):
            page = (await client.get(path, headers=PERSON)).text
            assert 'action="/logout"' in page, path
            assert "the admin" in page
            assert 'href="/audit"' in page
    async with house.logged_in("viewer") as client:
        assert 'href="/audit"' not in (await client.get("/", headers=PERSON)).text
    async with house.client() as client:
        assert 'action="/logout"' not in (await client.get("/login", headers=PERSON)).text
