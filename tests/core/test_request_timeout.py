import asyncio
import socket
import time
from contextlib import nullcontext

import pytest
import uvicorn

from deadlines import HANG_SECONDS
from houndmon.core.request_timeout import RequestTimeoutProtocol


class Hasty(RequestTimeoutProtocol):
    request_seconds = 0.3


async def app(scope, receive, send):
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
async def port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, http=Hasty, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]
        task = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        await task


@pytest.mark.parametrize(
    "half",
    [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx"],
)
async def test_it_ends_a_connection_whose_request_stays_half(port, half):
    """Nothing sent, half a line, half the headers, half a body: after the time is up the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(half)
    began = time.monotonic()
    try:
        async with asyncio.timeout(HANG_SECONDS):
            assert await reader.read() == b""
    except ConnectionResetError:
        pass
    assert time.monotonic() - began > 0.2
    writer.close()


async def test_it_leaves_whole_requests_alone(port):
    """One connection may ask twice, with a rest between longer than a request may take."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for rest in (0.5, 0):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        await asyncio.sleep(rest)
    writer.close()
