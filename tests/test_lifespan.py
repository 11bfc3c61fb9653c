"""Each loop beside the service ends when it is told to, though the one cancel that tells it is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from houndmon.config.live import LiveConfig
from houndmon.core.migrate import migrate_when_possible, migrations_folder
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase
from houndmon.counts.loop import CountsTask
from houndmon.demo import world
from houndmon.evaluator.loop import Evaluator
from houndmon.notify.channels import CHANNELS
from houndmon.notify.sender import Sender
from houndmon.panels.playback.load import PLAYS


class LosingPool:
    """Plays a pool that loses a cancel: an error takes its place, as where the rollback on the way out fails."""

    def __init__(self) -> None:
        self.asked, self.asked_again = asyncio.Event(), asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def acquire(self, timeout: float) -> AsyncIterator[None]:  # noqa: ASYNC109 -- as asyncpg has it
        lost = asyncpg.InterfaceError("connection was closed in the middle of operation")
        if self._task:
            if asyncio.current_task() is self._task:  # another one gives up the lease
                self.asked_again.set()
            raise lost
        self._task = asyncio.current_task()
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise lost from None
        yield


def source(pool: Any) -> Source:
    return Source(pool, "hound", "UTC", timeout_seconds=60)


def state(pool: Any) -> StateDatabase:
    return StateDatabase(pool, "UTC", timeout_seconds=60)


LOOPS: dict[str, Callable[[Any], Awaitable[None]]] = {
    "evaluator": lambda pool: Evaluator(source(pool), state(pool), LiveConfig(None, CHANNELS), "any").run(),
    "counts": lambda pool: CountsTask(source(pool), state(pool), lambda: (PLAYS,), "any").run(),
    "sender": lambda pool: Sender(pool, LiveConfig(None, CHANNELS)).run(),
    "late migration": lambda pool: migrate_when_possible(pool, migrations_folder(), print),
    "demo": lambda pool: world.run_world(pool, seed=1, speed=1, calm=True, incident=None, announce=None),
}


@pytest.mark.parametrize("loop", LOOPS)
async def test_it_ends_though_its_cancel_was_lost(loop: str) -> None:
    """A loop in whose turn the only cancel was lost takes no other turn."""
    pool = LosingPool()
    task = asyncio.ensure_future(LOOPS[loop](pool))
    await pool.asked.wait()
    task.cancel()
    going_on = asyncio.create_task(pool.asked_again.wait())
    await asyncio.wait([task, going_on], return_when=asyncio.FIRST_COMPLETED)
    went_on = going_on.done()
    going_on.cancel()
    task.cancel()
    assert not went_on
    await asyncio.wait([task])
