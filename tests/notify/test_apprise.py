import asyncio
import os

import pytest

from deadlines import HANG_SECONDS
from houndmon.notify.apprise import send as apprise_send
from houndmon.notify.apprise.config import AppriseTarget
from houndmon.notify.apprise.send import child_environment, exit_outcome, send
from notify.conftest import Office, apprise, delivery, eventually
from notify.listener import Answering, answer, flood, listening, silence

pytest.importorskip("apprise", reason="the extra `notify` is not installed")


def target(port: int) -> AppriseTarget:
    return apprise(f"json://127.0.0.1:{port}/hook")


async def test_it_sends_title_and_text() -> None:
    """Apprise's JSON plugin brings the message to a receiver on loopback."""
    async with listening(answer(200)) as receiver:
        outcome = await send(target(receiver.port), delivery())
    assert outcome.sent, outcome.error
    [got] = receiver.got
    assert (got.json["title"], got.json["type"]) == (delivery().message.title, "failure")
    assert "Owner: transcode on-call" in got.json["message"]
    assert got.json["message"] == delivery().message.body, "the title is shown above it"


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
    outcome = await send(apprise(url), delivery())
    assert outcome.is_for_people
    assert words in (outcome.error or "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_it_connects_to_no_loopback_unless_allowed(host: str) -> None:
    """The guard holds for every plugin, at the address that is connected to."""
    async with listening(answer(200)) as receiver:
        there = apprise(f"json://{host}:{receiver.port}/", allow_private=False)
        outcome = await send(there, delivery())
    assert receiver.connections == 0
    assert "allow_private" in (outcome.error or "")


@pytest.mark.parametrize("answering", [silence, flood(200)], ids=["silence", "gigabyte"])
async def test_it_ends_one_who_does_not_end(monkeypatch: pytest.MonkeyPatch, answering: Answering) -> None:
    """A receiver that hangs or floods costs one process, which is ended at its deadline, and no memory of ours."""
    monkeypatch.setattr(apprise_send, "SECONDS", 4)
    async with asyncio.timeout(HANG_SECONDS), listening(answering) as receiver:
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
    assert "HOUNDMON_DATABASE_URL" not in child_environment(os.environ)


def test_it_has_words_for_every_exit() -> None:
    """Success is only exit code 0; being killed, by time or by lack of memory, is a failure."""
    assert exit_outcome(0).sent
    assert [exit_outcome(code).sent for code in (None, 1, 2, 3, 4, 5, -9, -14, 120)] == [False] * 9


async def test_it_travels_through_the_outbox(office: Office) -> None:
    """An Apprise receiver is served by the sender like any other."""
    async with listening(answer(200)) as receiver:
        office.put(target(receiver.port))
        await office.record(17)
        async with office.sending():
            await eventually(lambda: receiver.got, 15)
