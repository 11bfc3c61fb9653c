import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from houndmon.config.model import Config
from houndmon.notify import heartbeat
from houndmon.notify.heartbeat import HeartbeatTask
from notify.conftest import configured, eventually
from notify.listener import Got, answer, listening, silence


def watched_by(url: str | None) -> Config:
    return msgspec.structs.replace(configured(), heartbeat_url=url)


@asynccontextmanager
async def beating(url: str | None) -> AsyncIterator[HeartbeatTask]:
    heartbeat_task = HeartbeatTask(lambda: watched_by(url))
    yield heartbeat_task
    await heartbeat_task.close()


async def test_it_calls_the_url_after_a_tick() -> None:
    """A good tick is a GET of the URL as it is."""
    async with listening(answer(200)) as watcher, beating(f"{watcher.url}?tag=a") as heartbeat_task:
        heartbeat_task.report(None)
        await eventually(lambda: watcher.got)
    assert [(got.method, got.target) for got in watcher.got] == [("GET", "/hook?tag=a")]


async def test_it_reports_a_tick_that_failed_with_the_reason() -> None:
    """A failed tick is told to `/fail`, with the reason as body, control characters replaced."""
    async with listening(answer(200)) as watcher, beating(f"{watcher.url}/?tag=a") as heartbeat_task:
        heartbeat_task.report("SourceUnreadable: hound cannot be read\n\x07")
        await eventually(lambda: watcher.got)
    [got] = watcher.got
    assert (got.method, got.target) == ("POST", "/hook/fail?tag=a")
    assert got.body.decode() == "SourceUnreadable: hound cannot be read\ufffd\ufffd"


async def test_it_never_delays_a_tick_and_the_newest_report_wins() -> None:
    """While a call hangs, a hundred beats cost nothing; then only the last of them is told."""
    released = asyncio.Event()

    async def held(got: Got, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        await answer(200)(got, writer)

    async with listening(held) as watcher, beating(watcher.url) as heartbeat_task:
        heartbeat_task.report("first")
        await eventually(lambda: watcher.got)
        for number in range(100):
            heartbeat_task.report(f"trouble {number}")  # one that waited for the call would wait for ever
        await asyncio.sleep(0.2)
        assert len(watcher.got) == 1, "calls do not pile up"
        released.set()
        await eventually(lambda: len(watcher.got) == 2)
        await asyncio.sleep(0.1)
    assert [got.body for got in watcher.got] == [b"first", b"trouble 99"]


@pytest.mark.usefixtures("production_deadlines")
def test_it_allows_five_seconds() -> None:
    """The deadline of the product's calls is 5 s."""
    assert heartbeat.DEADLINE_SECONDS == 5.0


async def test_it_survives_a_watcher_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call ends at its deadline, and the next beat is told; a dead or odd URL raises nothing."""
    monkeypatch.setattr(heartbeat, "DEADLINE_SECONDS", 2.0)
    async with listening(silence) as watcher, beating(watcher.url) as heartbeat_task:
        heartbeat_task.report()
        await eventually(lambda: watcher.got)
        heartbeat_task.report()
        await eventually(lambda: len(watcher.got) == 2)
    for url in ("http://127.0.0.1:9/", "ftp://x/", "http://[", "", None):
        async with beating(url) as heartbeat_task:
            heartbeat_task.report("trouble")
            await eventually(lambda: heartbeat_task.is_idle)


async def test_it_logs_a_change_once_and_never_the_url(capfd: pytest.CaptureFixture[str], caplog: Any) -> None:
    """A watcher that refuses makes one line, not one a tick; its URL is a secret."""
    caplog.set_level("DEBUG")
    async with listening(answer(404)) as watcher, beating(f"{watcher.url}/CANARY") as heartbeat_task:
        for number in range(1, 4):
            heartbeat_task.report()
            await eventually(lambda: len(watcher.got) == number and heartbeat_task.is_idle)  # noqa: B023
        watcher.answering = answer(200)
        heartbeat_task.report()
        await eventually(lambda: len(watcher.got) == 4 and heartbeat_task.is_idle)
    out, err = capfd.readouterr()
    told = out + err + caplog.text
    assert told.count("heartbeat_failed") == 1
    assert told.count("heartbeat_recovered") == 1
    assert "CANARY" not in told
