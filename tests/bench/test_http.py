"""The bench's client, against a server that answers in every manner."""

import asyncio

import pytest

from bench.http import connect, fetch, hammer, request_of

ANSWER = b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: "x"\r\n\r\nhello'
NONE = b"HTTP/1.1 304 Not Modified\r\n\r\n"


@pytest.fixture
async def port():
    """A server that answers in pieces, and hangs up on `/bye`."""

    async def answer(reader, writer) -> None:
        while (line := await reader.readline()) and b"/bye" not in line:
            head = line + await reader.readuntil(b"\r\n\r\n")
            whole = NONE if b"If-None-Match" in head else ANSWER
            for piece in (whole[:9], whole[9:30], whole[30:]):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()


async def test_it_puts_an_answer_together(port) -> None:
    """An answer that comes in pieces is whole, with its headers."""
    found = await fetch(port, "/")
    assert (found.status, found.body, found.header(b"etag")) == (200, b"hello", b'"x"')


async def test_it_keeps_a_connection(port) -> None:
    """One connection serves question after question, those without a body too."""
    connection = await connect(port)
    answers = [await connection.ask(request_of(port, "/", **h)) for h in ({}, {"If_None_Match": "*"}, {})]
    assert [answer.status for answer in answers] == [200, 304, 200]
    connection.close()


async def test_it_says_that_the_server_hung_up(port) -> None:
    """A connection that ends before the answer is an error, and stays one."""
    connection = await connect(port)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await connection.ask(request_of(port, "/bye"))


async def test_it_counts_answers(port) -> None:
    """The load generator counts what was answered, and how."""
    done, statuses = await hammer(port, "/", {"If_None_Match": "*"}, seconds=0.05, connections=3)
    assert done >= 3
    assert statuses == {304}
