"""A fast lane before the application: what was answered a moment ago is answered again from kept bytes.

Hundreds of screens ask the same each few seconds. An answer is kept for a second, or until its figures are to be read
anew, with all its headers, by everything that it may depend on; any change that somebody makes empties the lane. It is
for a service without log-in: with one, each request must be checked, and nothing is kept.
"""

import re
import time
import uuid
from collections import OrderedDict
from typing import Any, NamedTuple

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter

from houndmon.kit.room import is_known

KEPT_SECONDS = 1.0
MOST_KEPT = 512
MOST_BYTES = 256 * 1024
SHARED = re.compile(r"/(api|fragments)/(panels/\w+(/trend)?|summary|rules(/\w+)?|slos|alerts)")
"""What is the same for all who ask; `/api/alerts` with its pages too."""
REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
UNCHANGED = (b"etag", b"cache-control", b"vary", b"content-security-policy", b"x-content-type-options")
ANSWERS = Counter("houndmon_lane_answers", "Answers from kept bytes.", ["status"])

Key = tuple[str, bytes, bytes, bytes, bool]
Headers = list[tuple[bytes, bytes]]


class Kept(NamedTuple):
    """An answer: until when it may be given, and what it is."""

    until: float
    headers: Headers
    unchanged: Headers
    etag: str | None
    body: bytes


class Lane:
    """Stands before an application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[Key, Kept] = OrderedDict()

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
        elif scope["method"] == "GET" and SHARED.fullmatch(scope["path"]):
            await self._shared(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _shared(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = dict(reversed(list(scope["headers"])))  # of lines that come twice the application, too, reads the first
        key = key_of(scope, said)
        kept = self._kept.get(key)
        if kept and kept.until > time.monotonic():
            await answer(kept, said, send)
        elif b"if-none-match" in said:
            await self._conditional(scope, receive, send, key, said)
        else:
            await self.app(scope, receive, Recorder(self, scope, key, send))

    async def _conditional(
        self, scope: Scope, receive: Receive, send: Send, key: Key, said: dict[bytes, bytes]
    ) -> None:
        """Ask the application for the whole answer, which serves the next ones too, and tell this one what it lacks."""
        messages: list[Message] = []

        async def hold(message: Message) -> None:
            messages.append(message)

        whole: Any = dict(scope)
        whole["headers"] = [header for header in scope["headers"] if header[0] != b"if-none-match"]
        self._kept.pop(key, None)
        await self.app(whole, receive, Recorder(self, whole, key, hold))
        if kept := self._kept.get(key):
            await answer(kept, said, send)
            return
        for message in messages:
            await send(message)

    def keep(self, key: Key, fresh_until: float | None, headers: Headers, body: bytes) -> None:
        """Keep an answer for a moment, and no longer than the application itself would give it."""
        until = time.monotonic() + KEPT_SECONDS
        found = [header for header in headers if header[0].lower() != b"x-request-id"]
        etag = next((value.decode("latin-1") for name, value in found if name.lower() == b"etag"), None)
        unchanged = [header for header in found if header[0].lower() in UNCHANGED]
        self._kept[key] = Kept(min(until, fresh_until or until), found, unchanged, etag, body)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


class Recorder:
    """Passes an answer on, and keeps it once it is whole and good."""

    def __init__(self, lane: Lane, scope: Any, key: Key, send: Send) -> None:
        self._lane, self._scope, self._key, self._send = lane, scope, key, send
        self._headers: Headers | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        """One message of the answer."""
        if message["type"] == "http.response.start":
            self._headers = list(message["headers"]) if message["status"] == 200 else None
        elif message["type"] == "http.response.body" and self._headers is not None:
            self._body += message.get("body", b"")
            if len(self._body) > MOST_BYTES:
                self._headers = None
            elif not message.get("more_body"):
                self._lane.keep(self._key, self._scope.get("fresh_until"), self._headers, self._body)
        await self._send(message)


def key_of(scope: Scope, said: dict[bytes, bytes]) -> Key:
    """All that an answer may depend on."""
    accept = said.get(b"accept", b"") if scope["path"] == "/api/summary" else b""
    takes_gzip = b"gzip" in said.get(b"accept-encoding", b"")
    return scope["path"], scope["query_string"], said.get(b"host", b""), accept, takes_gzip


async def answer(kept: Kept, said: dict[bytes, bytes], send: Send) -> None:
    """Give a kept answer, or 304 to who has it."""
    given = said.get(b"x-request-id", b"")
    id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex[:16].encode()
    status, headers, body = 200, kept.headers, kept.body
    if kept.etag is not None and is_known(kept.etag, said.get(b"if-none-match", b"").decode("latin-1")):
        status, headers, body = 304, kept.unchanged, b""
    ANSWERS.labels(str(status)).inc()
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"x-request-id", id)]})
    await send({"type": "http.response.body", "body": body, "more_body": False})
