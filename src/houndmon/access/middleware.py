"""Stands before every route: who asks, and whether they may."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from litestar.connection import ASGIConnection
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp, Scope

from houndmon.access import sessions, tokens
from houndmon.access.hosts import hostname, is_loopback
from houndmon.access.limits import Limit
from houndmon.access.model import OFF, Identity, LogInNeeded, NotAllowed, TooMany
from houndmon.access.oidc import Provider
from houndmon.access.proxy import address_of, neighbourhood, vouched
from houndmon.access.table import TABLE, allowed
from houndmon.kit.problems import SourceUnreadable
from houndmon.kit.settings import Settings
from houndmon.kit.source import PEOPLE_WAIT_SECONDS

log = structlog.get_logger()
SAFE = ("GET", "HEAD", "OPTIONS")
REMEMBERED_SECONDS = 600
MOST_REMEMBERED = 1000


class Gate:
    """What the process keeps of those who ask: buckets, and who was let in lately."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.changes = Limit(burst=60, per_second=2)
        self.failures = Limit(burst=10, per_second=0.2)
        self.refusals = Limit(burst=60, per_second=1)
        self.departures = Limit(burst=10, per_second=0.5)
        self.arrivals = Limit(burst=20, per_second=0.5)
        self.provider = Provider(settings.oidc) if settings.oidc else None
        self._known: dict[str, tuple[Identity, float]] = {}
        self._key: bytes | None = None

    def address(self, scope: Scope) -> str:
        """The address that asks, as far as it can be known."""
        return address_of(scope, self.settings)

    def is_tired(self, limit: Limit, scope: Scope) -> bool:
        """Whether too much was asked from where a request comes from."""
        return not limit.take(neighbourhood(self.address(scope)), time.monotonic())

    async def by_key(
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
        if len(self._known) >= MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known.pop(credential, None)
        self._known[credential] = (who, time.monotonic())

    def forget(self, credential: str) -> None:
        """Somebody is not let in any more."""
        self._known.pop(credential, None)

    def recalled(self, credential: str) -> Identity | None:
        """Who was let in by this within the last ten minutes."""
        who, at = self._known.get(credential, (None, 0.0))
        return who if time.monotonic() - at < REMEMBERED_SECONDS else None


class Access(AbstractAuthenticationMiddleware):
    """Lets in whom the table allows."""

    def __init__(self, app: ASGIApp, gate: Gate) -> None:
        super().__init__(app, exclude_http_methods=[])
        self.gate = gate

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        """Who asks. Raises LogInNeeded, NotAllowed, TooMany, SourceUnreadable."""
        scope, settings = connection.scope, self.gate.settings
        method, path = str(scope.get("method", "GET")), scope.get("path_template", "")
        if settings.auth == "off":
            # Every route but those of admins; a missing row is for the tests to find, not for those who run a demo.
            if TABLE.get((method, path)) == "admin":
                raise NotAllowed("Without log-in there are no admins: use `houndmon token`, or set HOUNDMON_AUTH=on.")
            return AuthenticationResult(user=OFF, auth=None)
        if method == "OPTIONS" or allowed(None, method, path):
            return AuthenticationResult(user=None, auth=None)
        who, auth = await self.known(connection)
        scope["user"], scope["auth"] = who, auth  # a refusal is written down with its name
        if not allowed(who.role, method, path):
            raise NotAllowed(f"The role {who.role} may not do this; docs/access.md says which may.")
        if method not in SAFE and not self.gate.changes.take(who.key or "", time.monotonic()):
            raise TooMany("Too many changes at once: wait a few seconds.")
        return AuthenticationResult(user=who, auth=auth)

    async def known(self, connection: ASGIConnection[Any, Any, Any, Any]) -> tuple[Identity, str | None]:
        """Who asks, and the session's id. Raises LogInNeeded, TooMany, SourceUnreadable."""
        token, cookie = bearer(connection), session_id(connection)
        credential = token or cookie
        if not credential:
            raise LogInNeeded("Log in, or send `Authorization: Bearer <token>`.")
        who = await self.looked_up(connection, token, credential)
        if who and who.proxied and not still_vouched(connection, who, self.gate.settings):
            who = None
        if who is None:
            self.gate.forget(credential)
            if token and self.gate.is_tired(self.gate.failures, connection.scope):
                raise TooMany("Too many wrong tokens from this address: wait a minute.")
            raise LogInNeeded("This token or session does not hold (any longer): log in again.")
        return who, None if token else cookie

    async def looked_up(
        self, connection: ASGIConnection[Any, Any, Any, Any], token: str | None, credential: str
    ) -> Identity | None:
        """Whose credential it is, if it holds. Raises SourceUnreadable."""
        try:
            patience = None if connection.scope.get("method") in SAFE else PEOPLE_WAIT_SECONDS
            async with connection.app.state.state.borrowed(patience) as conn:

                async def look(key: bytes) -> Identity | None:
                    if token:
                        return await tokens.holder(conn, token, key)
                    return await sessions.owner(conn, credential, key, by_hand=by_hand(connection.scope))

                who = await self.gate.by_key(conn, look)
        except SourceUnreadable:
            # Those who look on must not be blinded by the very outage that they look at.
            who = self.gate.recalled(credential) if connection.scope.get("method") in SAFE else None
            if who is None:
                raise
            return who
        if who:
            self.gate.remember(credential, who)
        return who


def bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
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


def by_hand(scope: Scope) -> bool:
    """Whether a person asks, rather than a page that polls."""
    names = {name for name, _ in scope["headers"]}
    polled = scope["path"].startswith("/fragments/") or b"hx-request" in names
    return not polled


def still_vouched(connection: ASGIConnection[Any, Any, Any, Any], who: Identity, settings: Settings) -> bool:
    """Whether the proxy names the one whose session this is, in the same role: else somebody else sits there now."""
    found = vouched(connection, settings)
    return found is not None and (found.subject, found.role) == (who.proxied, who.role)
