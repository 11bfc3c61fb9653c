"""Log-in through a real OpenID provider on loopback, honest and otherwise."""

import asyncio
import base64
import hmac
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from access.conftest import BASE, House
from access.provider import CALLBACK, CLIENT, CLIENT_SECRET, OpenIdProvider, serving, signed
from conftest import judged
from factories import present
from houndmon.access.model import ProviderUnavailable
from houndmon.access.oidc import PendingLogin, claim_of, fetch_json
from houndmon.access.people import role_of
from houndmon.access.sessions import SECURE
from houndmon.app import create_app
from houndmon.config.live import LiveConfig
from houndmon.core.login_settings import Oidc, SettingsError
from houndmon.core.settings import Settings, read_settings
from houndmon.notify.channels import CHANNELS
from houndmon.notify.client import Unreachable, send_request
from houndmon.web.dependencies import services_of

PERSON = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
ROLES = {"operator": frozenset({"on-call"}), "admin": frozenset({"chiefs"})}
STRANGE = RSAKey.generate_key(2048, {"kid": "one"})
AWAY = f"{SECURE}-away"


@pytest.fixture
async def provider() -> AsyncIterator[OpenIdProvider]:
    async with serving() as found:
        found.user["groups"] = ["on-call", "staff"]
        yield found


@pytest.fixture
async def console(database, conn, provider, tmp_path) -> AsyncIterator[House]:
    """A service that trusts that provider."""
    file = tmp_path / "houndmon.toml"
    file.write_text(f'public_url = "{BASE}"\n')
    oidc = Oidc(issuer=provider.issuer, client_id=CLIENT, client_secret=CLIENT_SECRET)
    settings = Settings(auth="on", allowed_hosts=frozenset({"houndmon.test"}), oidc=oidc, roles=ROLES)
    app = create_app(settings, database, LiveConfig(file, CHANNELS))
    async with app.lifespan():
        await judged(conn)
        yield House(app, conn)


@asynccontextmanager
async def browsing(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with house.client() as client:
        client.headers.update(PERSON)
        yield client


async def departed(client: httpx.AsyncClient, wanted: str = "/runbooks") -> str:
    """Leave for the provider; where it sends us back to."""
    left = await client.get("/login/oidc", params={"next": wanted})
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient(trust_env=False) as there:
        back = await there.get(left.headers["location"])
    assert back.status_code == 302, back.text
    return back.headers["location"]


async def logged_in(client: httpx.AsyncClient) -> httpx.Response:
    return await client.get(await departed(client))


async def why(house: House) -> str:
    """Why the last log-in was refused, as the audit log has it."""
    rows = await house.audit("log_in")
    return str(json.loads(rows[-1]["after"])["why"])


async def test_it_lets_somebody_in_whom_the_provider_knows(console, provider):
    """Code, PKCE, state, nonce; then a session of the mapped role, under issuer and subject."""
    async with browsing(console) as client:
        log_in_page = await client.get("/login?next=/runbooks")
        assert "/login/oidc?next=/runbooks" in log_in_page.text
        answer = await logged_in(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/runbooks")
        assert (await client.get("/runbooks")).status_code == 200
        assert (await client.get("/api/tokens")).status_code == 403
        assert (await client.get("/audit")).status_code == 403
    person = await console.conn.fetchrow("select * from houndmon.people")
    assert (person["issuer"], person["subject"], person["role"]) == (provider.issuer, "248289761001", "operator")
    (line,) = await console.audit("log_in")
    assert (line["actor"], line["role"], line["identity"]) == ("mira", "operator", f"person:{person['id']}")


async def test_it_asks_with_every_guard(console):
    """The request carries S256, a state and a nonce, asks for no more than it needs, and shows no secret."""
    async with browsing(console) as client:
        left = await client.get("/login/oidc")
        asked = asked_of(left)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert (asked["scope"], asked["redirect_uri"]) == ("openid profile", CALLBACK)
        pending = PendingLogin(client.cookies[AWAY])
        assert (asked["state"], asked["nonce"]) == (pending.derive("state"), pending.derive("nonce"))
        assert pending.id not in left.headers["location"]
        assert pending.derive("verifier") not in left.headers["location"]
        assert CLIENT_SECRET not in left.headers["location"]
        said = left.headers["set-cookie"].lower()
        assert all(word in said for word in ("secure", "httponly", "samesite=lax"))
    row = await console.conn.fetchrow("select d::text as said from houndmon.departures d")
    assert not any(pending.derive(one) in row["said"] for one in ("state", "nonce", "verifier"))


async def test_it_gives_two_logins_nothing_in_common(console):
    """Each log-in has secrets of its own."""
    async with browsing(console) as one, browsing(console) as other:
        first, second = [asked_of(await client.get("/login/oidc")) for client in (one, other)]
        assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))


def asked_of(left: httpx.Response) -> dict[str, str]:
    """What a redirect to the provider asks for."""
    return {name: values[0] for name, values in parse_qs(urlsplit(left.headers["location"]).query).items()}


async def test_it_knows_people_by_issuer_and_subject_alone(console, provider):
    """Another name is the same person; the same name under another subject is somebody else."""
    async with browsing(console) as client:
        await logged_in(client)
    provider.user["preferred_username"] = "the admin"
    async with browsing(console) as client:
        await logged_in(client)
    provider.user |= {"sub": "other", "preferred_username": "mira"}
    async with browsing(console) as client:
        await logged_in(client)
    rows = await console.conn.fetch("select subject, name from houndmon.people order by id")
    assert [tuple(row) for row in rows] == [("248289761001", "the admin"), ("other", "mira")]


async def test_it_refuses_a_wrong_state(console):
    """A state that is not this browser's gets nobody in, and the attempt is used up."""
    for state in ("", "0" * 64, "é", None):
        await refused_state(console, state)


async def refused_state(console, state):
    async with browsing(console) as client:
        back = httpx.URL(await departed(client))
        params = {"code": back.params["code"]} | ({"state": state} if state is not None else {})
        assert (await client.get(back.path, params=params)).status_code == 403
        assert await why(console) == "state"
        assert (await client.get(str(back))).status_code == 403
        assert SECURE not in client.cookies


async def test_it_refuses_the_answer_in_another_browser(console):
    """An answer that was meant for somebody else's browser logs nobody in there (log-in forgery)."""
    async with browsing(console) as attacker, browsing(console) as victim:
        back = await departed(attacker)
        assert (await victim.get(back)).status_code == 403
        await victim.get("/login/oidc")
        assert (await victim.get(back)).status_code == 403
        assert SECURE not in victim.cookies


async def test_it_takes_an_answer_once(console, provider):
    """A code that comes again, by a reload or a thief, is refused here and by the provider."""
    async with browsing(console) as client:
        back = await departed(client)
        ticket = client.cookies[AWAY]
        assert (await client.get(back)).status_code == 303
        async with browsing(console) as thief:
            thief.cookies.set(AWAY, ticket)
            assert (await thief.get(back)).status_code == 403
        # With a log-in of its own the thief still has no verifier that fits the code.
        async with browsing(console) as thief:
            own = await departed(thief)
            code, state = httpx.URL(back).params["code"], httpx.URL(own).params["state"]
            assert (await thief.get(httpx.URL(own).path, params={"code": code, "state": state})).status_code == 403
            assert await why(console) == "the provider did not take the code"


async def test_it_refuses_a_stolen_code(console):
    """A code that was never used is worth nothing in another log-in: its PKCE verifier is not there."""
    async with browsing(console) as victim, browsing(console) as thief:
        code = httpx.URL(await departed(victim)).params["code"]
        own = httpx.URL(await departed(thief))
        answer = await thief.get(own.path, params={"code": code, "state": own.params["state"]})
        assert (answer.status_code, await why(console)) == (403, "the provider did not take the code")


async def test_it_refuses_who_comes_back_too_late(console):
    """Ten minutes, by the database's clock."""
    async with browsing(console) as client:
        back = await departed(client)
        await console.conn.execute("update houndmon.departures set expires_at = clock_timestamp()")
        assert (await client.get(back)).status_code == 403
    async with browsing(console) as client:
        await client.get("/login/oidc")
    assert await console.conn.fetchval("select count(*) from houndmon.departures") == 1


def changing(**changes):
    """A twist that changes claims; None removes one."""

    def twist(header, claims):
        for name, value in changes.items():
            claims.pop(name, None)
            if value is not None:
                claims[name] = value() if callable(value) else value

    return twist


def unsigned(header, claims):
    """A token that says that it needs no signature."""
    return ".".join([*(encoded(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)), ""])


def by_public_key(provider):
    """A token whose HMAC key is the provider's public key (key confusion)."""
    public = provider.keys.keys[0].as_pem(private=False)
    return lambda header, claims: hashed({"alg": "HS256", "kid": "one"}, claims, public)


def hashed(header, claims, key):
    """A token with an HMAC, made by hand: the library refuses to make such."""
    text = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}"


def encoded(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def by_client_secret(header, claims):
    return hashed({"alg": "HS256"}, claims, CLIENT_SECRET.encode())


def by_stranger(header, claims):
    return signed(header, claims, STRANGE)


def with_own_key(header, claims):
    """A token that brings its own key along, and says where more of them are."""
    brought = {"jwk": {"kty": "oct", "k": "AAAA"}, "jku": "http://127.0.0.1:9/keys"}
    return signed({"alg": "RS256", "kid": "two"} | brought, claims, STRANGE)


FLAWS = [
    (changing(nonce="another"), "claim nonce"),
    (changing(nonce=None), "claim nonce"),
    (changing(aud=["another"]), "claim aud"),
    (changing(aud=None), "claim aud"),
    (changing(aud=[CLIENT, "another"], azp="another"), "claim azp"),
    (changing(aud=[CLIENT, "another"]), "claim azp"),
    (changing(iss="https://another.test"), "claim iss"),
    (changing(iss=None), "claim iss"),
    (changing(exp=lambda: int(time.time()) - 61), "claim exp"),
    (changing(exp=None), "claim exp"),
    (changing(exp="soon"), "claim exp"),
    (changing(iat=lambda: int(time.time()) + 120), "claim iat"),
    (changing(iat=lambda: int(time.time()) - 3600), "the ID token is old"),
    (changing(nbf=lambda: int(time.time()) + 120), "claim nbf"),
    (changing(at_hash="AAAA"), "claim at_hash"),
    (changing(sub=None), "claim sub"),
    (changing(sub=""), "subject"),
    (changing(sub="a\0b"), "subject"),
    (changing(sub="s" * 301), "subject"),
    (changing(sub=7), "claim sub"),
    (unsigned, "algorithm"),
    (by_client_secret, "algorithm"),
    (by_stranger, "BadSignatureError"),
    (with_own_key, "InvalidKeyIdError"),
    (lambda header, claims: "no.token.atall", None),
    (lambda header, claims: "", None),
]


async def test_it_refuses_a_token_that_does_not_hold(console, provider):
    """Each flaw alone keeps somebody out, and the audit log says which; the person is told nothing of it."""
    auth_state = services_of(console.app).auth_state
    auth_state.oidc_starts.burst = auth_state.oidc_callbacks.burst = auth_state.refusals.burst = 1000
    for number, (twist, reason) in enumerate(FLAWS):
        provider.twist = twist
        async with browsing(console) as client:
            answer = await logged_in(client)
            assert (answer.status_code, SECURE in client.cookies) == (403, False), number
            assert reason is None or await why(console) == reason, number
            assert "claim" not in answer.text
    assert await console.conn.fetchval("select count(*) from houndmon.people") == 0
    provider.twist = None
    async with browsing(console) as client:
        assert (await logged_in(client)).status_code == 303


async def test_it_confuses_no_public_key_with_a_secret(console, provider):
    """A token that is signed by HMAC with the public key is refused by its algorithm."""
    provider.twist = by_public_key(provider)
    async with browsing(console) as client:
        assert (await logged_in(client)).status_code == 403
    assert await why(console) == "algorithm"


async def test_it_bears_clocks_that_differ_a_little(console, provider):
    """Up to a minute either way."""
    provider.twist = changing(exp=lambda: int(time.time()) - 30, iat=lambda: int(time.time()) + 30)
    async with browsing(console) as client:
        assert (await logged_in(client)).status_code == 303


async def test_it_lets_nobody_in_without_a_role(console, provider):
    """No mapped group, or a claim that is no list, and nothing is open: deny by default."""
    for groups in ([], ["staff"], None, "chiefs", {"chiefs": True}, [["chiefs"]], ["CHIEFS"]):
        provider.user["groups"] = groups
        async with browsing(console) as client:
            answer = await logged_in(client)
            assert (answer.status_code, SECURE in client.cookies, await why(console)) == (403, False, "no role"), groups


@pytest.mark.parametrize(
    ("iss", "said", "reason"),
    [
        ("https://another.test", False, "issuer of the answer"),
        ("https://another.test", True, "issuer of the answer"),
        (None, True, "no issuer in the answer"),
    ],
)
async def test_it_refuses_the_answer_of_another_issuer(console, provider, iss, said, reason):
    """RFC 9207: an answer that names another issuer, or hides one that was promised, is a mix-up."""
    provider.metadata["authorization_response_iss_parameter_supported"] = said
    async with browsing(console) as client:
        back = await departed(client)
        answer = await client.get(back + (f"&iss={iss}" if iss else ""))
        assert (answer.status_code, await why(console)) == (403, reason)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://another.test"},
        {"issuer": None},
        {"jwks_uri": "ftp://127.0.0.1/jwks"},
        {"token_endpoint": None},
    ],
)
async def test_it_believes_no_metadata_of_another_issuer(console, provider, metadata):
    """Metadata that does not name the configured issuer, or no usable address, is not used: 503, and no redirect."""
    provider.metadata |= metadata
    async with browsing(console) as client:
        assert (await client.get("/login/oidc")).status_code == 503


async def test_it_fetches_keys_anew_for_a_new_key(console, provider):
    """The provider changes its key: the next log-in holds, once the last look at the keys is half a minute old."""
    async with browsing(console) as client:
        assert (await logged_in(client)).status_code == 303
    provider.keys.keys[0] = RSAKey.generate_key(2048, {"kid": "two"})
    known = present(services_of(console.app).auth_state.provider)
    keys, read_at = present(known._keys)
    known._keys = (keys, read_at - 31)
    async with browsing(console) as client:
        assert (await logged_in(client)).status_code == 303
    assert provider.asked.count("/jwks") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_it_goes_on_without_the_provider(console, provider):
    """While the provider is away log-in answers 503, and the log-in by token is still there."""
    provider.metadata["issuer"] = "gone"
    async with browsing(console) as client:
        answer = await client.get("/login/oidc")
        assert (answer.status_code, "provider cannot be reached" in answer.text) == (503, True)
        assert 'name="token"' in answer.text


async def test_it_starts_no_log_in_for_another_site(console):
    """Another site's link does not start a log-in; the person sees the log-in page and decides."""
    async with browsing(console) as client:
        answer = await client.get("/login/oidc", headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert AWAY not in client.cookies


async def test_it_leads_nowhere_else_after_it(console):
    """The way on is a path of ours."""
    async with browsing(console) as client:
        answer = await client.get(await departed(client, "//evil.test"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")


async def test_it_limits_departures_by_address(console):
    """Ten departures at once, twenty arrivals, then 429."""
    services_of(console.app).auth_state.oidc_starts.per_second = services_of(
        console.app
    ).auth_state.oidc_callbacks.per_second = 0
    async with browsing(console) as client:
        codes = [(await client.get("/login/oidc")).status_code for _ in range(12)]
        back = [(await client.get("/login/oidc/callback?state=x")).status_code for _ in range(23)]
    assert (codes[:10], codes[-1]) == ([303] * 10, 429)
    assert (back[:20], back[-1]) == ([403] * 20, 429)


async def test_it_ends_a_persons_session_at_once(console, provider):
    """Admins see the session and end it, or block the person; blocked, they come in no more until unblocked."""
    provider.user["groups"] = ["chiefs"]
    async with browsing(console) as admin, browsing(console) as client:
        await logged_in(admin)
        right = await csrf(admin)
        provider.user |= {"sub": "other", "groups": ["on-call"]}
        await logged_in(client)
        listed = (await admin.get("/api/sessions")).json()["items"]
        (id,) = [one["id"] for one in listed if one["role"] == "operator"]
        assert (await admin.delete(f"/api/sessions/{id}", headers=right)).status_code == 204
        assert (await client.get("/api/alerts")).status_code == 401
        assert (await admin.delete(f"/api/sessions/{id}", headers=right)).status_code == 404
        await logged_in(client)
        known = (await admin.get("/api/people")).json()["items"]
        (person,) = [one["id"] for one in known if one["subject"] == "other"]
        assert (await admin.post(f"/api/people/{person}/block", headers=right)).json()["blocked_at"]
        assert (await client.get("/api/alerts")).status_code == 401
        assert (await logged_in(client)).status_code == 403
        assert (await admin.post(f"/api/people/{person}/unblock", headers=right)).json()["blocked_at"] is None
        assert (await logged_in(client)).status_code == 303
        await console.conn.execute(
            "update houndmon.people set blocked_at = clock_timestamp() where id = $1", int(person)
        )
        assert (await client.get("/api/alerts")).status_code == 401
        assert (await admin.post("/api/people/999/block", headers=right)).status_code == 404
    for act in ("end_session", "block_person", "unblock_person"):
        assert [row["outcome"] for row in await console.audit(act)] == ["done"], act


async def csrf(client: httpx.AsyncClient) -> dict[str, str]:
    from houndmon.access.sessions import csrf_token

    return {"X-CSRF-Token": csrf_token(client.cookies[SECURE])}


async def test_it_limits_a_persons_session_as_any(console):
    """Idle half an hour, or twelve hours whatever is done, and it is over; polling does not help."""
    change = (
        "update houndmon.sessions set used_at = used_at - $1::text::interval,"
        " expires_at = expires_at - $2::text::interval"
    )
    async with browsing(console) as client:
        await logged_in(client)
        await console.conn.execute(change, "20 min", "0 s")
        assert (await client.get("/fragments/alerts")).status_code == 200
        await console.conn.execute(change, "11 min", "0 s")
        assert (await client.get("/fragments/alerts")).status_code == 401
    async with browsing(console) as client:
        await logged_in(client)
        await console.conn.execute(change, "0 s", "12 h")
        assert (await client.get("/fragments/alerts")).status_code == 401


async def test_it_tells_no_secret_of_a_log_in(console, provider, capfd):
    """No client secret, code, token, state or cookie is in a log line, the audit log or any table."""
    async with browsing(console) as client:
        back = httpx.URL(await departed(client))
        await client.get(str(back))
        provider.twist = unsigned
        await logged_in(client)
        secrets = [CLIENT_SECRET, back.params["code"], back.params["state"], client.cookies[SECURE]]
    secrets += [text for text in provider.tokens if text]
    said = "".join(capfd.readouterr())
    for table in await console.conn.fetch("select tablename from pg_tables where schemaname = 'houndmon'"):
        said += "".join(
            row[0] for row in await console.conn.fetch(f"select t::text from houndmon.{table['tablename']} t")
        )
    assert [secret for secret in secrets if secret in said] == []
    assert CLIENT_SECRET not in repr(services_of(console.app).auth_state.settings)


@asynccontextmanager
async def self_signed(folder) -> AsyncIterator[str]:
    """A server on loopback with a certificate that nobody vouches for; its address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(pem + made.sign(key, SHA256()).public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def test_it_trusts_no_certificate_that_nobody_vouches_for(tmp_path):
    """Neither a provider nor a receiver is spoken to over TLS that anybody could have made."""
    async with self_signed(tmp_path) as url:
        with pytest.raises(ProviderUnavailable) as away:
            await fetch_json("GET", url)
        assert isinstance(away.value.__cause__, httpx.ConnectError)
        with pytest.raises(Unreachable, match="check its certificate"):
            await send_request("POST", url, body=b"{}", allow_private=True)


def test_it_takes_the_highest_role():
    """Of several groups the one that may most counts."""
    assert role_of(["on-call", "chiefs"], ROLES) == "admin"
    assert role_of(["on-call"], ROLES) == "operator"
    assert role_of([7, None], ROLES) is None


def test_it_finds_a_claim_by_its_path():
    """A claim may lie within another; its full name comes first."""
    claims = {"realm": {"roles": ["a"]}, "https://x.test/roles": ["b"], "flat": 7}
    assert claim_of(claims, "realm.roles") == ["a"]
    assert claim_of(claims, "https://x.test/roles") == ["b"]
    assert claim_of(claims, "flat.more") is None


GIVEN = {
    "HOUNDMON_OIDC_ISSUER": "https://id.example.com/realm",
    "HOUNDMON_OIDC_CLIENT_ID": "houndmon",
    "HOUNDMON_OIDC_CLIENT_SECRET": "canary-secret",
    "HOUNDMON_ROLES": "admin=chiefs; operator=on-call; operator=cn=sre,ou=groups",
}


def test_it_reads_the_provider_of_the_environment():
    """Issuer, client and roles; the secret shows in no representation."""
    settings = read_settings(GIVEN)
    assert present(settings.oidc).issuer == "https://id.example.com/realm"
    assert settings.roles["operator"] == {"on-call", "cn=sre,ou=groups"}
    assert "canary" not in repr(settings) + repr(settings.oidc)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"HOUNDMON_OIDC_ISSUER": "http://id.example.com"}, "HOUNDMON_OIDC_ISSUER"),
        ({"HOUNDMON_OIDC_ISSUER": "https://me:pw@id.example.com"}, "HOUNDMON_OIDC_ISSUER"),
        ({"HOUNDMON_OIDC_ISSUER": ""}, "HOUNDMON_OIDC_ISSUER"),
        ({"HOUNDMON_OIDC_CLIENT_SECRET": ""}, "HOUNDMON_OIDC_CLIENT_SECRET"),
        ({"HOUNDMON_ROLES": ""}, "HOUNDMON_ROLES"),
        ({"HOUNDMON_ROLES": "summary=bots"}, "HOUNDMON_ROLES"),
        ({"HOUNDMON_ROLES": "admin"}, "HOUNDMON_ROLES"),
    ],
)
def test_it_refuses_half_a_provider(change, named):
    """A variable that is missing or wrong is named, and no secret is."""
    with pytest.raises(SettingsError, match=named) as refused:
        read_settings(GIVEN | change)
    assert "canary" not in str(refused.value)
