"""A real OpenID provider on loopback, on the server side of Authlib: it checks PKCE, clients and codes by itself.

`twist` lets it misbehave: each twist changes what one honest provider would say.
"""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request
from authlib.oauth2.rfc6749.errors import OAuth2Error
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, CLIENT_SECRET = "houndmon", "client-secret-canary-5c1d"
CALLBACK = "https://houndmon.test/login/oidc/callback"


@dataclass
class Client:
    """The one client that is registered."""

    def get_client_id(self):
        return CLIENT

    def get_default_redirect_uri(self):
        return CALLBACK

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri == CALLBACK

    def check_client_secret(self, client_secret):
        return client_secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class Code:
    """A code that was given out."""

    user: dict[str, Any]
    asked: dict[str, str]

    @property
    def code_challenge(self):
        return self.asked.get("code_challenge")

    @property
    def code_challenge_method(self):
        return self.asked.get("code_challenge_method")

    def get_redirect_uri(self):
        return self.asked["redirect_uri"]

    def get_scope(self):
        return self.asked["scope"]

    def get_nonce(self):
        return self.asked.get("nonce")

    def get_auth_time(self):
        return int(time.time())

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Asked(OAuth2Request):  # type: ignore[misc]
    def __init__(self, method, headers, fields):
        super().__init__(method, "https://provider.test/", headers=headers)
        self.payload, self.fields = BasicOAuth2Payload(fields), fields

    @property
    def args(self):
        return self.fields

    @property
    def form(self):
        return self.fields


class Server(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server, with its tables in memory."""

    def __init__(self) -> None:
        super().__init__(scopes_supported=["openid", "profile"])
        self.codes: dict[str, Code] = {}
        self.register_token_generator("default", lambda **words: {"access_token": "an-access-token", "scope": "openid"})

    def query_client(self, client_id):
        return Client() if client_id == CLIENT else None

    def save_token(self, token, request):
        pass

    def send_signal(self, name, *args, **kwargs):
        pass

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body, dict(headers)


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code, request):
        self.server.codes[code] = Code(request.user, dict(request.payload.data))

    def query_authorization_code(self, code, client):
        return self.server.codes.get(code)

    def delete_authorization_code(self, authorization_code):
        self.server.codes = {key: kept for key, kept in self.server.codes.items() if kept is not authorization_code}

    def authenticate_user(self, authorization_code):
        return authorization_code.user


@dataclass
class OpenIdProvider:
    """The provider; `user` is who is logged in there."""

    port: int = 0
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "248289761001", "preferred_username": "mira"})
    twist: Callable[[dict[str, Any], dict[str, Any]], str | None] | None = None  # header, claims -> a token of its own
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: KeySet = field(default_factory=lambda: KeySet([RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})]))
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server()
        self.server.register_grant(CodeGrant, [CodeChallenge(required=True), Claims(self)])

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope, receive, send):
        body = b""
        while (message := await receive()).get("more_body") or message.get("body"):
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.asked.append(scope["path"])
        headers = {name.decode().title(): value.decode() for name, value in scope["headers"]}
        fields = dict(parse_qsl((scope["query_string"] or body).decode()))
        status, answer, sent = self.answer(scope["path"], Asked(scope["method"], headers, fields))
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        raw = [(name.lower().encode(), str(value).encode()) for name, value in sent.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def answer(self, path: str, request: Asked):
        match path:
            case "/.well-known/openid-configuration":
                return 200, self.described() | self.metadata, {}
            case "/jwks":
                return 200, self.keys.as_dict(private=False), {}
            case "/authorize":
                try:
                    grant = self.server.get_consent_grant(request, self.user)
                except OAuth2Error as error:
                    return 400, str(error), {}
                return self.server.create_authorization_response(request, self.user, grant)
            case "/token":
                return self.server.create_token_response(request)
        return 404, "", {}

    def described(self) -> dict[str, Any]:
        at = self.issuer
        return {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "jwks_uri": f"{at}/jwks",
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }


class Claims(OpenIDCode):  # type: ignore[misc]
    def __init__(self, provider: OpenIdProvider) -> None:
        super().__init__(require_nonce=True)
        self.provider = provider

    def exists_nonce(self, nonce, request):
        return False

    def resolve_client_private_key(self, client):
        return self.provider.keys.keys[0]

    def get_client_algorithm(self, client):
        return "RS256"

    def get_encode_header(self, client):
        return {"alg": "RS256", "kid": self.provider.keys.keys[0].kid}

    def get_client_claims(self, client):
        return {"iss": self.provider.issuer, "aud": [CLIENT]}

    def generate_user_info(self, user, scope):
        return UserInfo(user)

    def encode_id_token(self, token, request):
        text = super().encode_id_token(token, request)
        if self.provider.twist:
            held = jwt.decode(text, self.provider.keys)
            header, claims = {"alg": "RS256", "kid": self.provider.keys.keys[0].kid}, dict(held.claims)
            own = self.provider.twist(header, claims)
            text = own if own is not None else jwt.encode(header, claims, self.provider.keys.keys[0])
        self.provider.tokens.append(text)
        return text


def signed(header: dict[str, Any], claims: dict[str, Any], key: RSAKey) -> str:
    """A token signed by any key."""
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[OpenIdProvider]:
    """A provider that answers on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        provider = OpenIdProvider(port=listening.getsockname()[1])
        config = uvicorn.Config(provider, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield provider
        server.should_exit = True
        await task
