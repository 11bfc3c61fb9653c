"""Stands before every route: who asks, and whether they may."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import asyncpg
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Scope

from houndmon.access import sessions, tokens
from houndmon.access.hosts import hostname, is_loopback
from houndmon.access.model import OFF, Identity, LogInNeeded, NotAllowed, TooMany
from houndmon.access.oidc import Provider
from houndmon.access.permissions import PermissionTable
from houndmon.access.proxy import address_of, proxy_identity, rate_limit_key
from houndmon.access.rate_limit import RateLimit
from houndmon.core.problems import StateUnreadable
from houndmon.core.settings import Settings
from houndmon.core.state_database import WRITE_WAIT_SECONDS, StateDatabase

SAFE = ("GET", "HEAD", "OPTIONS")
IDENTITY_CACHE_SECONDS = 600
MOST_CACHED_IDENTITIES = 1000


class AuthState:
    """What the process keeps of those who ask: buckets, and who was let in lately."""

    def __init__(self, settings: Settings, table: PermissionTable) -> None:
        self.settings, self.table = settings, table
        self.changes = RateLimit(burst=60, per_second=2)
        self.failures = RateLimit(burst=10, per_second=0.2)
        self.refusals = RateLimit(burst=60, per_second=1)
        self.oidc_starts = RateLimit(burst=10, per_second=0.5)
        self.oidc_callbacks = RateLimit(burst=20, per_second=0.5)
        self.provider = Provider(settings.oidc) if settings.oidc else None
        self._known: dict[str, tuple[Identity, float]] = {}
        self._key: bytes | None = None
        self._database: StateDatabase | None = None

    def begin(self, database: StateDatabase) -> None:
        """Look people up in this database from now on."""
        self._database = database

    @property
    def has_begun(self) -> bool:
        """Whether there is a database to look into."""
        return self._database is not None

    def connection(self, wait_seconds: float | None = None) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection to houndmon's own database, had within that time. Raises StateUnreadable."""
        assert self._database, "nobody asks before the service has begun"
        return self._database.connection(wait_seconds)

    def address(self, scope: Scope) -> str:
        """The address that asks, as far as it can be known."""
        return address_of(scope, self.settings)

    def is_limited(self, limit: RateLimit, scope: Scope) -> bool:
        """Whether too much was asked from where a request comes from."""
        return not limit.allow(rate_limit_key(self.address(scope)), time.monotonic())

    async def look_up_by_key(
        self, conn: asyncpg.Connection, look: Callable[[bytes], Awaitable[Identity | None]]
    ) -> Identity | None:
        """Look somebody up by the key as it was last read; where nobody is found, by the key as it is."""
        known = self._key
        if known and (who := await look(known)):
            return who
        self._key = await tokens.server_key(conn)
        return None if self._key == known else await look(self._key)

    def remember(self, credential: str, who: Identity) -> None:
        """Keep who somebody was, for the time in which our database cannot tell."""
        if len(self._known) >= MOST_CACHED_IDENTITIES:
            self._known.pop(next(iter(self._known)))
        self._known.pop(credential, None)
        self._known[credential] = (who, time.monotonic())

    def invalidate(self, credential: str) -> None:
        """Somebody is not let in any more."""
        self._known.pop(credential, None)

    def recall(self, credential: str) -> Identity | None:
        """Who was let in by this within the last ten minutes."""
        who, at = self._known.get(credential, (None, 0.0))
        return who if time.monotonic() - at < IDENTITY_CACHE_SECONDS else None


class AuthMiddleware(AbstractAuthenticationMiddleware):
    """Lets in whom the table allows."""

    def __init__(self, app: ASGIApp, auth_state: AuthState) -> None:
        super().__init__(app, exclude_http_methods=[])
        self.auth_state = auth_state

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Who asks. Raises LogInNeeded, NotAllowed, TooMany, StateUnreadable."""
        scope, settings, table = connection.scope, self.auth_state.settings, self.auth_state.table
        method, path = str(scope.get("method", "GET")), scope.get("path_template", "")
        if settings.auth == "off":
            # Every route but those of admins; a missing row is for the tests to find, not for those who run a demo.
            if table.is_of_admins(method, path):
                raise NotAllowed("Without log-in there are no admins: use `houndmon token`, or set HOUNDMON_AUTH=on.")
            return AuthenticationResult(user=OFF, auth=None)
        if method == "OPTIONS" or table.allowed(None, method, path):
            return AuthenticationResult(user=None, auth=None)
        who, auth = await self.identify(connection)
        scope["user"], scope["auth"] = who, auth  # a refusal is written down with its name
        if not table.allowed(who.role, method, path):
            raise NotAllowed(f"The role {who.role} may not do this; docs/access.md says which may.")
        if method not in SAFE and not self.auth_state.changes.allow(who.key or "", time.monotonic()):
            raise TooMany("Too many changes at once: wait a few seconds.")
        return AuthenticationResult(user=who, auth=auth)

    async def identify(self, connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[Identity, str | None]:
        """Who asks, and the session's id. Raises LogInNeeded, TooMany, StateUnreadable."""
        token, cookie = bearer_token(connection), session_id(connection)
        credential = token or cookie
        if not credential:
            raise LogInNeeded("Log in, or send `Authorization: Bearer <token>`.")
        who = await self.look_up(connection, token, credential)
        if who and who.proxied and not still_named_by_proxy(connection, who, self.auth_state.settings):
            who = None
        if who is None:
            self.auth_state.invalidate(credential)
            if token and self.auth_state.is_limited(self.auth_state.failures, connection.scope):
                raise TooMany("Too many wrong tokens from this address: wait a minute.")
            raise LogInNeeded("This token or session does not hold (any longer): log in again.")
        return who, None if token else cookie

    async def look_up(
        self, connection: ASGIConnection[Any, Any, Any, Any], token: str | None, credential: str
    ) -> Identity | None:
        """Whose credential it is, if it holds. Raises StateUnreadable."""
        try:
            patience = None if connection.scope.get("method") in SAFE else WRITE_WAIT_SECONDS
            async with self.auth_state.connection(patience) as conn:

                async def look(key: bytes) -> Identity | None:
                    if token:
                        return await tokens.token_identity(conn, token, key)
                    return await sessions.session_identity(conn, credential, key, by_hand=is_person(connection.scope))

                who = await self.auth_state.look_up_by_key(conn, look)
        except StateUnreadable:
            # Those who look on must not be blinded by the very outage that they look at.
            who = self.auth_state.recall(credential) if connection.scope.get("method") in SAFE else None
            if who is None:
                raise
            return who
        if who:
            self.auth_state.remember(credential, who)
        return who


def bearer_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The token of the Authorization header."""
    kind, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else None


def session_id(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The session's id, from the one cookie that counts here."""
    return connection.cookies.get(cookie_name(connection))


def cookie_name(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """`__Host-houndmon`; on plain-http loopback, where not every browser keeps that, `houndmon`."""
    host = hostname(connection.headers.get("host", ""))
    return sessions.PLAIN if connection.scope["scheme"] == "http" and is_loopback(host) else sessions.SECURE


def is_person(scope: Scope) -> bool:
    """Whether a person asks, rather than a page that polls."""
    names = {name for name, _ in scope["headers"]}
    polled = scope["path"].startswith("/fragments/") or b"hx-request" in names
    return not polled


def still_named_by_proxy(connection: ASGIConnection[Any, Any, Any, Any], who: Identity, settings: Settings) -> bool:
    """Whether the proxy names the one whose session this is, in the same role: else somebody else sits there now."""
    found = proxy_identity(connection, settings)
    return found is not None and (found.subject, found.role) == (who.proxied, who.role)
