"""Requests by the thousand, from the OpenAPI document, straight into the app: no socket, no client in between."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

AT_ONCE = 8
HANG_SECONDS = 300
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
PARTS = ("params", "json", "data", "headers")


def generated(operation: Any, each: int) -> list[dict[str, Any]]:
    """Cases of one operation, right and wrong, the same at each run: `each` of a kind, or as many as there are."""
    found: list[dict[str, Any]] = []
    for mode in MODES:

        @settings(
            max_examples=each,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(generation_mode=mode))
        def collect(case: Any) -> None:
            words = case.as_transport_kwargs(base_url="https://houndmon.test")
            found.append({name: words[name] for name in ("method", "url", *PARTS) if words.get(name) is not None})

        with contextlib.suppress(Unsatisfiable):  # an operation without parameters has no wrong ones
            collect()
    return found


def mixed(cases: list[dict[str, Any]], count: int, seed: int) -> Iterator[dict[str, Any]]:
    """The cases, then more of them made by exchanging their parts, until there are `count`."""
    yield from cases[:count]
    chance = random.Random(seed)
    for _ in range(count - len(cases)):
        one = dict(chance.choice(cases))
        for part in PARTS:
            other = chance.choice(cases).get(part)
            if other is None:
                continue
            is_merged = isinstance(other, dict) and isinstance(one.get(part), dict) and chance.random() < 0.5
            one[part] = {**one[part], **other} if is_merged else other
        yield one


@dataclass
class Flood:
    """Asks an app, and keeps what it answered."""

    app: Any
    authorization: str
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[tuple[str, str, int, bytes]] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)

    async def run(self, cases: Iterator[dict[str, Any]], allows_503: bool) -> None:
        """Ask all of them, some at once."""

        async def worker() -> None:
            for case in cases:
                try:
                    request = self.request(case)
                except (UnicodeError, httpx.InvalidURL, ValueError, TypeError):
                    continue  # no client could send it
                async with asyncio.timeout(HANG_SECONDS):
                    await self.ask(request, allows_503)

        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))

    def request(self, case: dict[str, Any]) -> httpx.Request:
        sent = {str(name): str(value) for name, value in dict(case.get("headers") or {}).items()}
        words: dict[str, Any] = {name: case[name] for name in ("params", "json", "data") if name in case}
        if isinstance(words.get("data"), str | bytes):
            words["content"] = words.pop("data")
        request = httpx.Request(case["method"], case["url"], headers=sent, **words)
        request.headers["authorization"] = self.authorization
        return request

    async def ask(self, request: httpx.Request, allows_503: bool) -> None:
        """Ask once, as a server would."""
        body = request.read()
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": "https",
            "path": request.url.path,
            "raw_path": request.url.raw_path.partition(b"?")[0],
            "query_string": request.url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": ("houndmon.test", 443),
            "client": ("127.0.0.1", 4711),
        }
        incoming = [{"type": "http.request", "body": body, "more_body": False}]
        head: dict[str, Any] = {}
        content = bytearray()

        async def receive() -> dict[str, Any]:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                head.update(status=message["status"], headers=dict(message["headers"]))
            else:
                content.extend(message.get("body", b""))

        await self.app(scope, receive, send)
        status, headers = head["status"], head["headers"]
        self.statuses[status] += 1
        if status >= 500 and not (status == 503 and allows_503):
            self.failures.append((request.method, str(request.url), status, bytes(content)))
        if b"content-security-policy" not in headers or b"x-request-id" not in headers:
            self.bare.append(f"{request.method} {request.url}")
