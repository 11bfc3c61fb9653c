import asyncio
import hashlib
import hmac
import json
import resource
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deadlines import HANG_SECONDS
from houndmon.notify import client
from houndmon.notify.webhook.send import send
from notify.conftest import delivery, webhook
from notify.listener import Answering, answer, drip, flood, head_flood, listening, silence


async def test_it_posts_the_message_with_its_id_and_the_time_of_the_attempt() -> None:
    """The body is the message with notification_id, sent_at and version; the headers repeat id and time."""
    async with listening(answer(200)) as receiver:
        outcome = await send(webhook(receiver.url), delivery())
    got = receiver.got[0]
    assert outcome.sent
    assert (got.method, got.target, got.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert got.headers["x-houndmon-notification-id"] == got.json["notification_id"] == delivery().notification_id
    assert got.headers["x-houndmon-timestamp"] == str(int(delivery().claimed_at.timestamp()))
    assert (got.json["version"], got.json["sent_at"], got.json["rule"]) == (1, "2026-03-02T11:43:00Z", "queue_age")
    assert "x-houndmon-signature" not in got.headers


async def test_it_signs_what_it_sends() -> None:
    """Who knows the secret can verify time and body from the headers alone."""
    async with listening(answer(200)) as receiver:
        await send(webhook(receiver.url, secret="grüße"), delivery())
    got = receiver.got[0]
    signed = got.headers["x-houndmon-timestamp"].encode() + b"." + got.body
    expected = hmac.new("grüße".encode(), signed, hashlib.sha256).hexdigest()
    assert got.headers["x-houndmon-signature"] == f"v1={expected}"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_it_takes_any_2xx_as_received(status: int) -> None:
    """Receivers thank in many ways."""
    async with listening(answer(status)) as receiver:
        assert (await send(webhook(receiver.url), delivery())).sent


@pytest.mark.parametrize(
    ("status", "is_for_people"),
    [(400, True), (401, True), (404, True), (410, True), (408, False), (425, False), (429, False), (500, False)],
)
async def test_it_tells_what_passes_from_what_somebody_must_mend(status: int, is_for_people: bool) -> None:
    """A 4xx is mended by people, but for those that say: later. A 5xx passes."""
    async with listening(answer(status)) as receiver:
        outcome = await send(webhook(receiver.url), delivery())
    assert (outcome.sent, outcome.error, outcome.is_for_people) == (False, f"it answered {status}", is_for_people)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_it_follows_no_redirect(status: int) -> None:
    """A redirect fails, and where it points to hears nothing."""
    async with listening(answer(200)) as other, listening(answer(status, Location=other.url)) as receiver:
        outcome = await send(webhook(receiver.url), delivery())
    assert not outcome.sent
    assert outcome.is_for_people
    assert other.connections == 0


async def test_it_uses_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY and its kin change nothing."""
    async with listening(answer(500)) as proxy, listening(answer(200)) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await send(webhook(receiver.url), delivery())).sent
    assert proxy.connections == 0


async def test_it_reads_retry_after_in_seconds_and_as_a_time() -> None:
    """Both forms of Retry-After say how long; a time is read against the receiver's own clock."""
    for headers, seconds in (
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "Mon, 02 Mar 2026 12:01:00 GMT", "Date": "Mon, 02 Mar 2026 12:00:00 GMT"}, 60),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Mon, 02 Mar 1926 12:01:00 GMT"}, 0),
    ):
        async with listening(answer(429, **headers)) as receiver:
            assert (await send(webhook(receiver.url), delivery())).retry_after_seconds == seconds


@given(st.none() | st.text(), st.none() | st.text())
@example("9" * 400, None)
@example("Mon, 02 Mar 99999 12:01:00 GMT", None)
@example("-1", None)
@example("\u0663", None)
def test_it_survives_any_retry_after(asked: str | None, date: str | None) -> None:
    """Whatever a receiver asks for is a number of seconds or nothing."""
    seconds = client.retry_after_seconds(asked, date)
    assert seconds is None or seconds >= 0


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Shorten the deadline, so that a test of slow receivers is not slow itself."""

    def hurry(seconds: float) -> None:
        original = client.send_request

        async def ask(*values: Any, **more: Any) -> client.Answer:
            return await original(*values, **more, deadline_seconds=seconds)

        monkeypatch.setattr("houndmon.notify.webhook.send.send_request", ask)

    return hurry


@pytest.mark.parametrize("answering", [silence, drip, head_flood], ids=["silence", "drip", "endless headers"])
async def test_it_gives_up_on_one_who_does_not_answer(hurried: Callable[[float], None], answering: Answering) -> None:
    """Silence, a byte a second and endless headers end at the deadline of the whole request, or sooner."""
    hurried(1.5)
    async with asyncio.timeout(HANG_SECONDS), listening(answering) as receiver:
        outcome = await send(webhook(receiver.url), delivery())
    assert not outcome.sent
    assert outcome.error in ("it did not answer within 1.5 s", "it hung up, or its answer is no HTTP")


@pytest.mark.usefixtures("production_deadlines")
def test_it_allows_ten_seconds() -> None:
    """The deadline of the product is 10 s, and the lease of the outbox is longer than any channel."""
    assert client.DEADLINE_SECONDS == 10.0


@pytest.mark.parametrize("status", [200, 500])
async def test_it_takes_little_of_a_gigabyte(status: int) -> None:
    """The status decides; of the body little is read, and memory stays flat."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    taken: list[int] = []
    async with listening(flood(status, taken)) as receiver:
        outcome = await send(webhook(receiver.url), delivery())
    assert outcome.sent == (status == 200)
    assert sum(taken) < 16 * 2**20, "more than the system's own buffers hold"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024  # kilobytes


async def test_it_takes_the_status_of_one_who_drips_the_body() -> None:
    """Once the status is there, a body that does not end for minutes changes nothing."""

    async def answering(got: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.3)

    async with asyncio.timeout(HANG_SECONDS), listening(answering) as receiver:
        assert (await send(webhook(receiver.url), delivery())).sent


async def test_it_says_why_nobody_is_there() -> None:
    """A refused connection, a hang-up and what is no HTTP are attempts that failed."""
    async with listening(answer(200)) as gone:
        pass
    assert (await send(webhook(gone.url), delivery())).error == "it cannot be connected to"

    async def hang_up(got: Any, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async def babble(got: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example.com ESMTP\r\n" * 3)

    for answering in (hang_up, babble):
        async with listening(answering) as receiver:
            outcome = await send(webhook(receiver.url), delivery())
            assert not outcome.sent
            assert outcome.error in ("it hung up, or its answer is no HTTP", "the connection broke")
    tls = await send(webhook(gone.url.replace("http:", "https:")), delivery())
    assert not tls.sent


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/", "http://", "http:///x", "nonsense", "http://[::1", "http://a:b:c/", "http://\0/"]
)
async def test_it_refuses_a_url_that_is_none(url: str) -> None:
    """What is no web address is a failure for people to mend, never an exception."""
    outcome = await send(webhook(url), delivery())
    assert (outcome.sent, outcome.is_for_people) == (False, True)


async def test_it_sends_the_password_of_a_url() -> None:
    """Name and password in a URL become basic authentication, decoded."""
    async with listening(answer(200)) as receiver:
        await send(webhook(receiver.url.replace("127.", "me:p%40ss@127.")), delivery())
    assert receiver.got[0].headers["authorization"] == "Basic bWU6cEBzcw=="
    assert "@" not in receiver.got[0].headers["host"]


async def test_its_body_is_json_that_any_reader_takes() -> None:
    """The body is UTF-8 JSON."""
    async with listening(answer(200)) as receiver:
        await send(webhook(receiver.url), delivery())
    assert json.loads(receiver.got[0].body.decode("utf-8"))["alerts"][0]["id"] == "17"
