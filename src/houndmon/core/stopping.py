"""Ends background work for sure, where a single cancel may be lost.

`asyncio.wait_for` before Python 3.12 swallows a cancel that arrives as its wait completes, and so does what is built on
it; an error on the way out of a block, as of a rollback on a lost connection, takes the cancel's place. What is never
lost is the task's own count of cancels: loops read that, whatever became of the exception.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import structlog

AGAIN_SECONDS = 0.25

log = structlog.get_logger()


def is_stopping() -> bool:
    """Whether the task that asks has been told to end, even where the cancel itself was lost."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def pause(seconds: float) -> None:
    """Sleep between two turns of a loop, unless the task has been told to end."""
    if not is_stopping():
        await asyncio.sleep(seconds)


async def stopped(*tasks: asyncio.Task[Any], seconds: float) -> None:
    """Cancel tasks until all have ended; the log names those that have not within that time, and those that failed."""
    until, left = time.monotonic() + seconds, {task for task in tasks if not task.done()}
    while left and (remaining := until - time.monotonic()) > 0:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(AGAIN_SECONDS, remaining))
    for task in tasks:
        if task in left:
            log.error("task_not_ended", task=task.get_name(), seconds=seconds)
        elif not task.cancelled() and (error := task.exception()):
            log.error("task_failed", task=task.get_name(), exc_info=error)


async def drained(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Let the last work of a task come to its end within that time, though the task is cancelled again meanwhile."""
    task, until = asyncio.create_task(work), time.monotonic() + seconds
    while not task.done() and (remaining := until - time.monotonic()) > 0:
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task], timeout=remaining)
    await stopped(task, seconds=AGAIN_SECONDS)
