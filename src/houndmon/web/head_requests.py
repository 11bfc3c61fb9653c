"""HEAD, wherever there is GET: the same answer without its body."""

from typing import Any

from litestar.types import ASGIApp, Message, Receive, Send


class HeadSupport:
    """Stands before an application, which sees GET: who may ask, what is counted and what is kept are the same."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Ask as GET does and leave out the body; where methods are listed, list HEAD."""
        method = scope.get("method", "GET")  # there is none where the service starts and ends
        if method == "GET":
            await self.app(scope, receive, send)
        elif method == "HEAD":
            # A copy: the server must still know that no body comes.
            await self.app(scope | {"method": "GET"}, receive, without_body(send))
        else:
            await self.app(scope, receive, allow_head(send))


def without_body(send: Send) -> Send:
    """Pass an answer on without its body; its headers, the length among them, are those of GET."""

    async def without(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return without


def allow_head(send: Send) -> Send:
    """Pass an answer on; an Allow that lists GET lists HEAD as well."""

    async def with_head(message: Message) -> None:
        if message["type"] == "http.response.start":
            said = message["headers"]
            headers = [(name, head_beside_get(value) if name.lower() == b"allow" else value) for name, value in said]
            message = {**message, "headers": headers}
        await send(message)

    return with_head


def head_beside_get(value: bytes) -> bytes:
    """The methods of an Allow header, HEAD among them where GET is."""
    methods = {method.strip() for method in value.split(b",")}
    return b", ".join(sorted(methods | {b"HEAD"} if b"GET" in methods else methods))
