import asyncio
import os
from typing import Any

import pytest

from houndmon.config.model import Receiver
from houndmon.notify import apprise
from houndmon.notify.apprise import outcome_of, send, surroundings
from notify.conftest import Office, delivery, eventually, webhook
from notify.listener import Answering, answer, flood, listening, silence

pytest.importorskip("apprise", reason="the extra `notify` is not installed")


def target(port: int, **changes: Any) -> Receiver:
    return webhook(f"json://127.0.0.1:{port}/hook", kind="apprise", **changes)


async def test_it_sends_title_and_text() -> None:
    """Apprise's JSON plugin brings the message to a receiver on loopback."""
    async with listening(answer(200)) as receiver:
        outcome = await send(target(receiver.port), delivery())
    assert outcome.sent, outcome.error
    [got] = receiver.got
    assert (got.json["title"], got.json["type"]) == (delivery().message.title, "failure")
    assert "Owner: transcode on-call" in got.json["message"]


async def test_it_fails_when_the_receiver_does() -> None:
    """An error of the receiver is an attempt that failed: one request, no retry of Apprise's own."""
    async with listening(answer(500)) as receiver:
        outcome = await send(target(receiver.port), delivery())
    assert (outcome.sent, outcome.error, outcome.is_for_people) == (False, "it did not take the message", False)
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "cannot read its URL"),
        ("nosuch://host/", "cannot read its URL"),
        ("", "cannot read its URL"),
        ("mailto://me:pw@example.com?to=a@example.com,b@example.com", "several targets"),
    ],
)
async def test_it_says_what_is_wrong_with_a_url(url: str, words: str) -> None:
    """A URL that Apprise does not know, or one of several targets, is for people to mend."""
    outcome = await send(webhook(url, kind="apprise"), delivery())
    assert outcome.is_for_people
    assert words in (outcome.error or "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_it_connects_to_no_loopback_unless_allowed(host: str) -> None:
    """The guard holds for every plugin, at the address that is connected to."""
    async with listening(answer(200)) as receiver:
        there = Receiver(name="app", kind="apprise", url=f"json://{host}:{receiver.port}/")
        outcome = await send(there, delivery())
    assert receiver.connections == 0
    assert "allow_private" in (outcome.error or "")


@pytest.mark.parametrize("answering", [silence, flood(200)], ids=["silence", "gigabyte"])
async def test_it_ends_one_who_does_not_end(monkeypatch: pytest.MonkeyPatch, answering: Answering) -> None:
    """A receiver that hangs or floods costs one process, which is ended at its deadline, and no memory of ours."""
    monkeypatch.setattr(apprise, "SECONDS", 4)
    async with asyncio.timeout(60), listening(answering) as receiver:
        outcome = await send(target(receiver.port), delivery())
    assert not outcome.sent


async def test_it_uses_no_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY and its kin change nothing for Apprise either, and it sees no variable of ours."""
    async with listening(answer(500)) as proxy, listening(answer(200)) as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "example.com")
        monkeypatch.setenv("HOUNDMON_DATABASE_URL", "postgresql://secret")
        assert (await send(target(receiver.port), delivery())).sent
    assert proxy.connections == 0
    assert "HOUNDMON_DATABASE_URL" not in surroundings(os.environ)


def test_it_has_words_for_every_exit() -> None:
    """Success is only exit code 0; being killed, by time or by lack of memory, is a failure."""
    assert outcome_of(0).sent
    assert [outcome_of(code).sent for code in (None, 1, 2, 3, 4, 5, -9, -14, 120)] == [False] * 9


async def test_it_travels_through_the_outbox(office: Office) -> None:
    """An Apprise receiver is served by the sender like any other."""
    async with listening(answer(200)) as receiver:
        office.put(target(receiver.port))
        await office.record(17)
        async with office.sending():
            await eventually(lambda: receiver.got, 15)
