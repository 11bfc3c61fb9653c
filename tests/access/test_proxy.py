"""Log-in by a proxy's header, and whose word counts for an address."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from access.conftest import BASE, House
from conftest import judged
from factories import present
from houndmon.access.proxy import address_of, rate_limit_key
from houndmon.access.sessions import SECURE, csrf_token
from houndmon.app import create_app
from houndmon.core.login_settings import ProxyLogin, SettingsError
from houndmon.core.settings import Settings, read_settings
from houndmon.web.dependencies import services_of

PROXY, STRANGER = "10.1.2.3", "203.0.113.9"
KEY = "proxy-secret-canary-0123456789abcdef"
TRUSTED = (ipaddress.ip_network("10.1.2.0/24"), ipaddress.ip_network("::1"))
MIRA = {"X-Houndmon-Proxy-Secret": KEY, "Remote-User": "mira", "Remote-Groups": "staff, on-call"}
PERSON = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
ROLES = {"operator": frozenset({"on-call"}), "viewer": frozenset({"staff"})}


@pytest.fixture
async def console(database, conn):
    """A service behind a proxy that logs people in."""
    proxy = ProxyLogin(user_header="Remote-User", groups_header="Remote-Groups", secret=KEY)
    settings = Settings(
        auth="on", allowed_hosts=frozenset({"houndmon.test"}), trusted_proxies=TRUSTED, proxy=proxy, roles=ROLES
    )
    app = create_app(settings, database)
    async with app.lifespan():
        await judged(conn)
        yield House(app, conn)


def at(house: House, peer: str, headers: Mapping[str, str] | Sequence[tuple[str, str]] = ()) -> httpx.AsyncClient:
    """A client whose requests come from an address."""
    transport = httpx.ASGITransport(house.app, client=(peer, 4711))  # type: ignore[arg-type]
    return httpx.AsyncClient(transport=transport, base_url=BASE, headers=[*PERSON.items(), *dict(headers).items()])


async def test_it_lets_in_whom_the_proxy_names(console):
    """The log-in page offers it, a button does it, and the session is like any other: role, limits, CSRF."""
    async with at(console, PROXY, MIRA) as client:
        assert "Log in as" in (await client.get("/login")).text
        assert (await client.get("/api/alerts")).status_code == 401
        assert (await client.post("/login/proxy")).status_code == 303
        assert (await client.get("/api/alerts")).status_code == 200
        assert (await client.get("/api/audit")).status_code == 403
        assert (await client.post("/api/silences", json={})).status_code == 403
        right = {"X-CSRF-Token": csrf_token(client.cookies[SECURE])}
        assert (await client.post("/api/silences", json={}, headers=right)).status_code == 400
    person = await console.conn.fetchrow("select issuer, subject, role from houndmon.people")
    assert tuple(person) == ("proxy", "mira", "operator")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        (STRANGER, MIRA),
        ("127.0.0.1", MIRA),
        (PROXY, MIRA | {"X-Houndmon-Proxy-Secret": KEY[:-1]}),
        (PROXY, MIRA | {"X-Houndmon-Proxy-Secret": ""}),
        (PROXY, {"Remote-User": "mira", "Remote-Groups": "on-call"}),
        (PROXY, MIRA | {"Remote-User": ""}),
        (PROXY, MIRA | {"Remote-User": "m" * 301}),
        (STRANGER, MIRA | {"X-Forwarded-For": PROXY}),
    ],
)
async def test_it_believes_nobody_else(console, peer, headers):
    """Another peer, a wrong secret, none, no name: nobody is vouched for, whatever X-Forwarded-For says."""
    async with at(console, peer, headers) as client:
        assert "Log in as" not in (await client.get("/login")).text
        assert (await client.post("/login/proxy")).status_code == 401
        assert SECURE not in client.cookies


@pytest.mark.parametrize("name", ["Remote-User", "X-Houndmon-Proxy-Secret", "Remote-Groups"])
async def test_it_refuses_a_header_that_comes_twice(console, name):
    """Twice means that what a client sent came through beside the proxy's own."""
    async with at(console, PROXY) as client:
        twice = [*MIRA.items(), (name, MIRA[name])]
        assert (await client.post("/login/proxy", headers=twice)).status_code == 401


async def test_it_lets_nobody_in_without_a_role(console):
    """A name alone opens nothing."""
    async with at(console, PROXY, MIRA | {"Remote-Groups": "guests"}) as client:
        assert (await client.post("/login/proxy")).status_code == 403
        assert SECURE not in client.cookies


async def test_it_ends_with_what_the_proxy_says(console):
    """Somebody else at the same browser, fewer groups, no header, another way in: the session does not serve them."""
    async with at(console, PROXY, MIRA) as client:
        await client.post("/login/proxy")
        for change in ({"Remote-User": "theo"}, {"Remote-Groups": "staff"}, {"X-Houndmon-Proxy-Secret": "no"}):
            assert (await client.get("/api/alerts", headers=change)).status_code == 401, change
        assert (await client.get("/api/alerts")).status_code == 200
        cookie = client.cookies[SECURE]
    async with at(console, STRANGER, MIRA) as thief:
        thief.cookies.set(SECURE, cookie)
        assert (await thief.get("/api/alerts")).status_code == 401


async def test_it_is_off_unless_asked_for(house):
    """Without the settings no header means anything."""
    async with at(house, PROXY, MIRA) as client:
        assert (await client.post("/login/proxy")).status_code == 401
        assert "Log in as" not in (await client.get("/login")).text


async def test_it_writes_the_forwarded_address(console):
    """The audit log and the limits see whom the proxy speaks for; a stranger's own word counts for nothing."""
    for peer, forwarded in ((PROXY, "192.0.2.7"), (STRANGER, "192.0.2.8")):
        async with at(console, peer, {"X-Forwarded-For": forwarded}) as client:
            assert (await client.post("/login", data={"token": "hm_no"})).status_code == 401
    assert [row["address"] for row in await console.audit("log_in")] == ["192.0.2.7", STRANGER]


async def test_it_limits_by_the_forwarded_address(console):
    """One who tires the proxy does not lock out the others behind it, and invented hops help nobody."""
    services_of(console.app).auth_state.failures.per_second = 0
    async with at(console, PROXY) as client:
        hops = [{"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.7"} for number in range(12)]
        answers = [await client.post("/login", data={"token": "hm_no"}, headers=sent) for sent in hops]
        assert answers[-1].status_code == 429
        other = {"X-Forwarded-For": "192.0.2.8"}
        assert (await client.post("/login", data={"token": "hm_no"}, headers=other)).status_code == 401


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        (PROXY, [], PROXY),
        (PROXY, ["192.0.2.7"], "192.0.2.7"),
        (PROXY, ["6.6.6.6, 192.0.2.7"], "192.0.2.7"),
        (PROXY, ["6.6.6.6", "192.0.2.7"], "192.0.2.7"),
        (PROXY, ["192.0.2.7, 10.1.2.9"], "192.0.2.7"),
        (PROXY, ["192.0.2.7, nonsense"], PROXY),
        (PROXY, ["nonsense, 192.0.2.7"], "192.0.2.7"),
        (PROXY, ["2001:db8::1"], "2001:db8::1"),
        (PROXY, [""], PROXY),
        ("::1", ["192.0.2.7"], "192.0.2.7"),
        ("::ffff:10.1.2.3", ["192.0.2.7"], "192.0.2.7"),
        (STRANGER, ["192.0.2.7"], STRANGER),
        (STRANGER, ["192.0.2.7, 10.1.2.3"], STRANGER),
    ],
)
def test_it_goes_back_to_the_first_it_does_not_trust(peer, forwarded, found):
    """From the right, hop by hop, as far as the hops are ours."""
    headers = [(b"x-forwarded-for", text.encode()) for text in forwarded]
    scope: Any = {"client": (peer, 1), "headers": headers}
    assert address_of(scope, Settings(trusted_proxies=TRUSTED)) == found
    assert address_of(scope, Settings()) == peer


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("unknown", "192.0.2.7", False),
    ],
)
def test_it_counts_a_customers_network_as_one(one, other, is_same):
    """Who has 2^64 addresses to choose from gets no more tries for it."""
    assert (rate_limit_key(one) == rate_limit_key(other)) is is_same


GIVEN = {
    "HOUNDMON_PROXY_USER_HEADER": "Remote-User",
    "HOUNDMON_PROXY_SECRET": KEY,
    "HOUNDMON_TRUSTED_PROXIES": "10.1.2.0/24, ::1",
    "HOUNDMON_ROLES": "viewer=staff",
}


def test_it_reads_the_proxy_of_the_environment():
    """Header, secret and networks; the secret shows in no representation."""
    settings = read_settings(GIVEN)
    assert (settings.trusted_proxies, present(settings.proxy).groups_header) == (TRUSTED, "Remote-Groups")
    assert "canary" not in repr(settings) + repr(settings.proxy)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"HOUNDMON_PROXY_SECRET": ""}, "HOUNDMON_PROXY_SECRET"),
        ({"HOUNDMON_PROXY_SECRET": "canary-too-short"}, "HOUNDMON_PROXY_SECRET"),
        ({"HOUNDMON_TRUSTED_PROXIES": ""}, "HOUNDMON_TRUSTED_PROXIES"),
        ({"HOUNDMON_TRUSTED_PROXIES": "proxy.test"}, "HOUNDMON_TRUSTED_PROXIES"),
        ({"HOUNDMON_TRUSTED_PROXIES": "10.1.2.3/24"}, "HOUNDMON_TRUSTED_PROXIES"),
        ({"HOUNDMON_PROXY_USER_HEADER": "Remote User"}, "HOUNDMON_PROXY_USER_HEADER"),
        ({"HOUNDMON_PROXY_GROUPS_HEADER": "a\nb"}, "HOUNDMON_PROXY_GROUPS_HEADER"),
        ({"HOUNDMON_ROLES": ""}, "HOUNDMON_ROLES"),
    ],
)
def test_it_refuses_half_a_proxy(change, named):
    """A variable that is missing or wrong is named, and the secret is not."""
    with pytest.raises(SettingsError, match=named) as refused:
        read_settings(GIVEN | change)
    assert "canary" not in str(refused.value)
