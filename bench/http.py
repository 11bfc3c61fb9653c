"""A small HTTP client that wastes no time: raw sockets, kept alive, one question at a time on each."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import uvloop

__all__ = ["Answer", "Connection", "Loop", "fetch", "hammer"]
Loop = uvloop.new_event_loop
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Answer:
    """A status, the header lines as they came, and the body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> bytes | None:
        """A header's value."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name:
                return value.strip()
        return None


@dataclass(eq=False)
class Connection(asyncio.Protocol):
    """One connection. Ask, and wait for the answer; it is closed when the server closes it."""

    transport: asyncio.Transport | None = None
    _buffer: bytes = b""
    _waiting: "asyncio.Future[Answer] | None" = None
    closed: bool = False
    _needed: int = 0
    when_free: "Callable[[Connection], None] | None" = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits."""
        self.closed = True
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        """Collect an answer until it is whole."""
        self._buffer = self._buffer + data if self._buffer else data
        if len(self._buffer) < self._needed:
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        self._needed = end + 4 + length_of(self._buffer[:end])
        if len(self._buffer) >= self._needed:
            whole, self._buffer = self._buffer[: self._needed], self._buffer[self._needed :]
            self._needed = 0
            if self._waiting and not self._waiting.done():
                self._waiting.set_result(Answer(int(whole[9:12]), whole[:end], whole[end + 4 :]))

    async def ask(self, request: bytes) -> Answer:
        """Send a request and wait for its answer. Raises ConnectionError."""
        if self.closed or not self.transport:
            raise ConnectionError("closed")
        self._waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        try:
            answer = await self._waiting
        except asyncio.CancelledError:
            self.close()  # the answer that may still come belongs to nobody
            raise
        if self.when_free:
            self.when_free(self)
        return answer

    def close(self) -> None:
        """Hang up."""
        self.closed = True
        if self.transport:
            self.transport.close()


def length_of(head: bytes) -> int:
    """The length of the body that follows a head; every answer here says it."""
    low = head.lower()
    _, found, rest = low.partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


def request_of(port: int, path: str, **headers: str) -> bytes:
    """The bytes of a GET."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def connect(port: int) -> Connection:
    """Open a connection. Raises OSError."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


async def fetch(port: int, path: str, **headers: str) -> Answer:
    """One answer on a connection of its own. Raises OSError or TimeoutError."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        connection = await connect(port)
        try:
            return await connection.ask(request_of(port, path, **headers))
        finally:
            connection.close()


async def hammer(
    port: int, path: str, headers: dict[str, str], *, seconds: float, connections: int = 16
) -> tuple[int, set[int]]:
    """Ask for one path as fast as it is answered; how many answers there were, and their statuses."""
    request, statuses, done = request_of(port, path, **headers), set[int](), 0
    opened = [await connect(port) for _ in range(connections)]
    began = time.perf_counter()

    async def work(connection: Connection) -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            statuses.add((await connection.ask(request)).status)
            done += 1

    await asyncio.gather(*(work(connection) for connection in opened))
    for connection in opened:
        connection.close()
    return done, statuses
