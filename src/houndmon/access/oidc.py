"""Log-in through an OpenID provider: authorization code with PKCE, and an ID token that is checked to the last claim.

What is believed comes from the configured issuer alone: its metadata, its keys. No header of a token names a key.
"""

import asyncio
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from houndmon.access.model import LogInRefused, ProviderUnavailable
from houndmon.access.people import MOST_SUBJECT_CHARACTERS, ExternalIdentity, display_name, role_of
from houndmon.core.login_settings import GroupsByRole, Oidc

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
LEEWAY_SECONDS = 60  # by which the provider's clock may differ from ours
MOST_TOKEN_AGE_SECONDS = 600  # of an ID token: it is made when it is asked for
METADATA_SECONDS = 600.0  # for which metadata and keys are kept
KEYS_SECONDS = 30.0  # at most so often are keys fetched for a token whose key is unknown
DEADLINE_SECONDS, CALL_SECONDS = 8.0, 4.0
MOST_BYTES = 256 * 1024
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
METHODS = ("client_secret_basic", "client_secret_post")


class PendingLogin(msgspec.Struct, frozen=True):
    """The secrets of one log-in, all of them made from the one in the person's cookie."""

    id: str

    def derive(self, purpose: str) -> str:
        """A secret for a purpose; it tells nothing of the id or of the others."""
        return hmac.new(self.id.encode(), purpose.encode(), hashlib.sha256).hexdigest()

    def matches_state(self, state: str) -> bool:
        """Whether a state is that of this log-in."""
        return hmac.compare_digest(state.encode("utf-8", "replace"), self.derive("state").encode())


class Provider:
    """The configured provider, with what it said of itself lately."""

    def __init__(self, oidc: Oidc) -> None:
        self.oidc = oidc
        self._metadata: tuple[dict[str, Any], float] | None = None
        self._keys: tuple[dict[str, Any], float] | None = None

    async def authorization_url(self, pending: PendingLogin, redirect_uri: str) -> str:
        """Where to send somebody to log in. Raises ProviderUnavailable."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        metadata = await self.metadata()
        found: str = prepare_grant_uri(
            metadata["authorization_endpoint"],
            client_id=self.oidc.client_id,
            response_type="code",
            redirect_uri=redirect_uri,
            scope="openid profile",
            state=pending.derive("state"),
            nonce=pending.derive("nonce"),
            code_challenge=create_s256_code_challenge(pending.derive("verifier")),
            code_challenge_method="S256",
        )
        return found

    async def verify_answer(
        self, pending: PendingLogin, answer: dict[str, str], redirect_uri: str, roles: GroupsByRole
    ) -> ExternalIdentity:
        """Whom the provider vouches for, by what it answered. Raises LogInRefused, ProviderUnavailable."""
        if not pending.matches_state(answer.get("state", "")):
            raise LogInRefused("state")
        metadata = await self.metadata()
        if answer.get("iss", self.oidc.issuer) != self.oidc.issuer:
            raise LogInRefused("issuer of the answer")
        if "iss" not in answer and metadata.get("authorization_response_iss_parameter_supported") is True:
            raise LogInRefused("no issuer in the answer")
        if "error" in answer or not answer.get("code"):
            raise LogInRefused("the provider said no")
        tokens = await self.redeem_code(answer["code"], pending.derive("verifier"), redirect_uri)
        claims = await self.claims(tokens, pending.derive("nonce"))
        return self.person(claims, roles)

    async def metadata(self) -> dict[str, Any]:
        """What the issuer says of itself. Raises ProviderUnavailable."""
        if self._metadata is None or time.monotonic() - self._metadata[1] > METADATA_SECONDS:
            url = self.oidc.issuer.rstrip("/") + "/.well-known/openid-configuration"
            status, found = await fetch_json("GET", url)
            if status != 200 or found.get("issuer") != self.oidc.issuer:
                raise ProviderUnavailable("its metadata cannot be used")
            if not all(is_safe(found.get(name), self.oidc.issuer) for name in ENDPOINTS):
                raise ProviderUnavailable("its metadata names addresses without TLS")
            self._metadata = (found, time.monotonic())
        return self._metadata[0]

    async def keys(self, kid: str | None) -> dict[str, Any]:
        """The issuer's keys, fetched anew where one is unknown. Raises ProviderUnavailable."""
        kept, now = self._keys, time.monotonic()
        age = now - kept[1] if kept else METADATA_SECONDS + 1
        is_known = kept is not None and (kid is None or any(key.get("kid") == kid for key in kept[0]["keys"]))
        if kept is None or age > METADATA_SECONDS or (not is_known and age > KEYS_SECONDS):
            status, found = await fetch_json("GET", (await self.metadata())["jwks_uri"])
            listed = found.get("keys")
            if status != 200 or not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
                raise ProviderUnavailable("its keys cannot be used")
            # Symmetric keys have no place in public: with one, anybody could sign.
            kept = ({"keys": [key for key in listed if key.get("kty") != "oct"]}, now)
            self._keys = kept
        return kept[0]

    async def redeem_code(self, code: str, verifier: str, redirect_uri: str) -> dict[str, Any]:
        """The tokens that a code is worth. Raises LogInRefused, ProviderUnavailable."""
        from authlib.oauth2.auth import ClientAuth
        from authlib.oauth2.rfc6749.parameters import prepare_token_request

        metadata = await self.metadata()
        supported = metadata.get("token_endpoint_auth_methods_supported", METHODS[:1])
        method = next((name for name in METHODS if name in supported), METHODS[0])
        auth = ClientAuth(self.oidc.client_id, self.oidc.client_secret, method)
        body = prepare_token_request("authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=verifier)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        url, headers, body = auth.prepare("POST", metadata["token_endpoint"], headers, body)
        status, found = await fetch_json("POST", url, headers=headers, body=body)
        if 400 <= status < 500:
            raise LogInRefused("the provider did not take the code")
        if status != 200:
            raise ProviderUnavailable(f"its token endpoint answered {status}")
        return found

    async def claims(self, tokens: dict[str, Any], nonce: str) -> dict[str, Any]:
        """The claims of an ID token that holds. Raises LogInRefused, ProviderUnavailable."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jws, jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        text = tokens.get("id_token")
        if not isinstance(text, str) or not text.isascii():
            raise LogInRefused("no ID token")
        try:
            header = jws.extract_compact(text.encode()).headers()
            if header.get("alg") not in ALGORITHMS:
                raise LogInRefused("algorithm")
            kid = header.get("kid")
            keys = KeySet.import_key_set(await self.keys(kid if isinstance(kid, str) else None))  # type: ignore[arg-type]
            token = jwt.decode(text, keys, algorithms=ALGORITHMS)
            options = {
                "iss": {"essential": True, "value": self.oidc.issuer},
                "aud": {"essential": True, "value": self.oidc.client_id},
            }
            known = {"nonce": nonce, "client_id": self.oidc.client_id, "access_token": tokens.get("access_token")}
            checked = CodeIDToken(token.claims, token.header, options, known)
            checked.validate(now=int(time.time()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise LogInRefused(token_error(error)) from error
        if checked["iat"] < time.time() - MOST_TOKEN_AGE_SECONDS - LEEWAY_SECONDS:
            raise LogInRefused("the ID token is old")
        return dict(checked)

    def person(self, claims: dict[str, Any], roles: GroupsByRole) -> ExternalIdentity:
        """Who somebody is: issuer and subject. Names can be chosen, so they only show. Raises LogInRefused."""
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT_CHARACTERS or not subject.isprintable():
            raise LogInRefused("subject")
        shown = next((claims[name] for name in ("preferred_username", "name", "email") if claims.get(name)), subject)
        role = role_of(claim_of(claims, self.oidc.claim), roles)
        return ExternalIdentity(issuer=self.oidc.issuer, subject=subject, name=display_name(str(shown)), role=role)


def claim_of(claims: dict[str, Any], name: str) -> Any:
    """A claim by its name, or by a path such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def token_error(error: Exception) -> str:
    """Why a token does not hold, in words that quote nothing of it."""
    claim = getattr(error, "claim", None)
    return f"claim {claim}" if isinstance(claim, str) else type(error).__name__


def is_safe(url: Any, issuer: str) -> bool:
    """Whether an address may be used: over TLS, unless the issuer itself is on this machine."""
    if not isinstance(url, str):
        return False
    schemes = ("https",) if issuer.startswith("https:") else ("http", "https")
    return urlsplit(url).scheme in schemes and bool(urlsplit(url).hostname)


async def fetch_json(
    method: str, url: str, *, headers: dict[str, str] | None = None, body: str | None = None
) -> tuple[int, dict[str, Any]]:
    """A status and the object that came with it; redirects are not followed. Raises ProviderUnavailable."""
    text = bytearray()
    try:
        async with asyncio.timeout(DEADLINE_SECONDS), open_client() as http:
            sent = {"Accept": "application/json"} | (headers or {})
            async with http.stream(method, url, headers=sent, content=body) as answer:
                async for chunk in answer.aiter_bytes():
                    text += chunk
                    if len(text) > MOST_BYTES:
                        raise ProviderUnavailable("it answers without end")
        found = msgspec.json.decode(bytes(text)) if answer.status_code == 200 else {}
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise ProviderUnavailable("it does not answer") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise ProviderUnavailable("its answer is no JSON") from error
    return answer.status_code, found if isinstance(found, dict) else {}


def open_client() -> httpx.AsyncClient:
    """A client for one call; proxies and passwords of the environment stay out of it."""
    tls = httpx.create_ssl_context()
    return httpx.AsyncClient(verify=tls, timeout=CALL_SECONDS, follow_redirects=False, trust_env=False)
