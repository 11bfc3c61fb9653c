"""A cache before the application: what was answered a moment ago is answered again from kept bytes.

Hundreds of screens ask the same each few seconds. An answer is kept for a second, or until its figures are to be read
anew, with all its headers, by everything that it may depend on; any change that somebody makes empties the cache. It is
for a service without log-in: with one, each request must be checked, and nothing is kept.
"""

import re
import time
import uuid
from collections import OrderedDict
from typing import Any, NamedTuple

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter

from houndmon.core.panel_routes import etag_matches

CACHE_SECONDS = 1.0
MOST_CACHED = 512
MOST_CACHED_BYTES = 256 * 1024
CACHED_PATHS = re.compile(r"/(api|fragments)/(panels/\w+(/trend)?|summary|rules(/\w+)?|slos|alerts)")
"""What is the same for all who ask; `/api/alerts` with its pages too."""
REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
NOT_MODIFIED = (b"etag", b"cache-control", b"vary", b"content-security-policy", b"x-content-type-options")
CACHED_HEADERS = Counter("houndmon_lane_answers", "Answers from kept bytes.", ["status"])

CacheKey = tuple[str, bytes, bytes, bytes, bool]
Headers = list[tuple[bytes, bytes]]


class CachedResponse(NamedTuple):
    """An answer: until when it may be given, and what it is."""

    until: float
    headers: Headers
    unchanged: Headers
    etag: str | None
    body: bytes


class ResponseCache:
    """Stands before an application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[CacheKey, CachedResponse] = OrderedDict()

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or let the application answer and keep that."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            self._kept.clear()
            try:
                await self.app(scope, receive, send)
            finally:
                self._kept.clear()
        elif scope["method"] == "GET" and CACHED_PATHS.fullmatch(scope["path"]):
            await self._shared(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _shared(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = dict(reversed(list(scope["headers"])))  # of lines that come twice the application, too, reads the first
        key = cache_key(scope, said)
        kept = self._kept.get(key)
        if kept and kept.until > time.monotonic():
            await send_cached(kept, said, send)
        elif b"if-none-match" in said:
            await self._conditional(scope, receive, send, key, said)
        else:
            await self.app(scope, receive, Recorder(self, scope, key, send))

    async def _conditional(
        self, scope: Scope, receive: Receive, send: Send, key: CacheKey, said: dict[bytes, bytes]
    ) -> None:
        """Ask the application for the whole answer, which serves the next ones too, and tell this one what it lacks."""
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        whole: Any = dict(scope)
        whole["headers"] = [header for header in scope["headers"] if header[0] != b"if-none-match"]
        self._kept.pop(key, None)
        await self.app(whole, receive, Recorder(self, whole, key, hold))
        # Judged by what came, not by what was kept: large answers are not, and a change may have emptied the cache.
        for message in unless_unchanged(messages, said):
            await send(message)

    def store(self, key: CacheKey, fresh_until: float | None, headers: Headers, body: bytes) -> None:
        """Keep an answer for a moment, and no longer than the application itself would give it."""
        until = time.monotonic() + CACHE_SECONDS
        found = [header for header in headers if header[0].lower() != b"x-request-id"]
        unchanged = [header for header in found if header[0].lower() in NOT_MODIFIED]
        self._kept[key] = CachedResponse(min(until, fresh_until or until), found, unchanged, header_etag(found), body)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_CACHED:
            self._kept.popitem(last=False)


class Recorder:
    """Passes an answer on, and keeps it once it is whole and good."""

    def __init__(self, cache: ResponseCache, scope: Any, key: CacheKey, send: Send) -> None:
        self._cache, self._scope, self._key, self._send = cache, scope, key, send
        self._headers: Headers | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self._headers = list(message["headers"]) if message["status"] == 200 else None
        elif message["type"] == "http.response.body" and self._headers is not None:
            self._body += message.get("body", b"")
            if len(self._body) > MOST_CACHED_BYTES:
                self._headers = None
            elif not message.get("more_body"):
                self._cache.store(self._key, self._scope.get("fresh_until"), self._headers, self._body)
        await self._send(message)


def cache_key(scope: Scope, said: dict[bytes, bytes]) -> CacheKey:
    """All that an answer may depend on."""
    accept = said.get(b"accept", b"") if scope["path"] == "/api/summary" else b""
    takes_gzip = b"gzip" in said.get(b"accept-encoding", b"")
    return scope["path"], scope["query_string"], said.get(b"host", b""), accept, takes_gzip


def header_etag(headers: Headers) -> str | None:
    """The ETag among an answer's headers."""
    return next((value.decode("latin-1") for name, value in headers if name.lower() == b"etag"), None)


def has_it(etag: str | None, said: dict[bytes, bytes]) -> bool:
    """Whether the client says that it has the bytes of an ETag."""
    return etag is not None and etag_matches(etag, said.get(b"if-none-match", b"").decode("latin-1"))


def unless_unchanged(messages: list[Message], said: dict[bytes, bytes]) -> list[Message]:
    """What the client lacks of a whole answer: all of it, or nothing but 304."""
    if not messages or messages[0]["type"] != "http.response.start" or messages[0]["status"] != 200:
        return messages
    headers = list(messages[0]["headers"])
    if not has_it(header_etag(headers), said):
        return messages
    unchanged = [header for header in headers if header[0].lower() in (*NOT_MODIFIED, b"x-request-id")]
    return [
        {"type": "http.response.start", "status": 304, "headers": unchanged},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


async def send_cached(kept: CachedResponse, said: dict[bytes, bytes], send: Send) -> None:
    """Give a kept answer, or 304 to who has it."""
    given = said.get(b"x-request-id", b"")
    id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16].encode()
    status, headers, body = 200, kept.headers, kept.body
    if has_it(kept.etag, said):
        status, headers, body = 304, kept.unchanged, b""
    CACHED_HEADERS.labels(str(status)).inc()
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"x-request-id", id)]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
