"""Stands between a houndmon and its PostgreSQL on loopback: it can be slow, be gone, and come back."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SETTLES_SECONDS = 180.0  # after which its own thread hangs
UNTYPED = {80877103, 80877104}  # asks for TLS and for GSSAPI: the message that begins the session is still to come
STATEMENTS = b"QE"  # a simple query, the execution of a prepared one
CUT = (OSError, asyncio.IncompleteReadError)


class Relay:
    """Forwards each connection to the socket of a PostgreSQL; `delay_seconds` is what it adds to each statement."""

    def __init__(self, dsn: str) -> None:
        parts = urlsplit(dsn)
        self._target = str(Path(parse_qs(parts.query)["host"][0]) / ".s.PGSQL.5432")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port = listener.getsockname()[1]
        self.dsn = f"postgresql://{parts.username}@127.0.0.1:{self._port}{parts.path}?sslmode=disable"
        self.delay_seconds = 0.0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def stop(self) -> None:
        """Refuse every connection, and cut those that are open."""
        self._do(self._stop)

    def go_on(self) -> None:
        """Take connections again."""
        self._do(self._listen)

    def _do(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        asyncio.run_coroutine_threadsafe(work(), self._loop).result(SETTLES_SECONDS)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self._port)

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in self._open:
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*CUT):
            theirs, to_them = await asyncio.open_unix_connection(self._target)
            pair = {writer, to_them}
            self._open |= pair
            back = asyncio.create_task(pump(theirs, writer))
            try:
                async for kind, message in messages(reader):
                    if kind in STATEMENTS and self.delay_seconds:
                        await asyncio.sleep(self.delay_seconds)
                    to_them.write(message)
                    await to_them.drain()
            finally:
                back.cancel()
                self._open -= pair
                for one in pair:
                    one.transport.abort()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand on what comes, until either end is gone."""
    with suppress(*CUT):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.transport.abort()


async def messages(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes]]:
    """A client's messages, each with the letter of its kind; the first ones of a session have none."""
    begun = False
    while True:
        kind = await reader.readexactly(1) if begun else b""
        length = await reader.readexactly(4)
        body = await reader.readexactly(int.from_bytes(length) - 4)
        begun = begun or int.from_bytes(body[:4]) not in UNTYPED
        yield kind, kind + length + body


@contextmanager
def relayed(dsn: str) -> Iterator[Relay]:
    """A relay to a database whose DSN names a folder with a socket; it runs in a thread until the block ends."""
    relay = Relay(dsn)
    thread = threading.Thread(target=relay._loop.run_forever, daemon=True)
    thread.start()
    relay.go_on()
    try:
        yield relay
    finally:
        relay.stop()
        relay._loop.call_soon_threadsafe(relay._loop.stop)
        thread.join(SETTLES_SECONDS)
        relay._loop.close()
