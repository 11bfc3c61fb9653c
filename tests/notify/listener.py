"""Receivers on loopback: small servers that answer as they are told, and remember what they got."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

Answering = Callable[["Got", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Got:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def notification_id(self) -> str:
        return self.headers["x-houndmon-notification-id"]


class Listener:
    """One receiver; `answering` is how it answers from now on."""

    def __init__(self, answering: Answering) -> None:
        self.answering, self.port = answering, 0
        self.got: list[Got] = []
        self.connections = 0
        self.arrived = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [got.notification_id for got in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            got = await read_request(reader)
            self.got.append(got)
            self.arrived.set()
            await self.answering(got, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def hang_up(self) -> None:
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()


async def read_request(reader: asyncio.StreamReader) -> Got:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Got(method, target, headers, body)


@asynccontextmanager
async def listening(answering: Answering) -> AsyncIterator[Listener]:
    """A receiver on a free port."""
    listener = Listener(answering)
    server = await asyncio.start_server(listener.serve, "127.0.0.1", 0)
    listener.port = server.sockets[0].getsockname()[1]
    try:
        yield listener
    finally:
        server.close()
        listener.hang_up()


def answer(status: int, **headers: str) -> Answering:
    """Always the same answer."""

    async def answering(got: Got, writer: asyncio.StreamWriter) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n{lines}\r\nok".encode())
        await writer.drain()

    return answering


def answers(*each: Answering) -> Answering:
    """One answer after the other; the last one stays."""
    left = list(each)

    async def answering(got: Got, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(got, writer)

    return answering


async def silence(got: Got, writer: asyncio.StreamWriter) -> None:
    """Never answer."""
    await asyncio.sleep(3600)


async def drip(got: Got, writer: asyncio.StreamWriter) -> None:
    """Answer one byte a second, the status included."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok":
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


def flood(status: int, taken: list[int] | None = None) -> Answering:
    """Answer with a gigabyte; `taken` gets an entry for each 64 KB that went out."""

    async def answering(got: Got, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {2**30}\r\n\r\n".encode())
        block = b"x" * 65536
        for _ in range(2**14):
            writer.write(block)
            await writer.drain()
            if taken is not None:
                taken.append(len(block))

    return answering


async def head_flood(got: Got, writer: asyncio.StreamWriter) -> None:
    """Answer with headers that never end."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(2**20):
        writer.write(b"X-%d: %s\r\n" % (number, b"x" * 1000))
        await writer.drain()
