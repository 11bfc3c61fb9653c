"""Tells an outside watcher after each tick that the evaluator lives: when the calls cease, it raises the alarm."""

import asyncio
from collections.abc import Callable

import httpx
import structlog

from houndmon.config.model import Config
from houndmon.core.stopping import is_stopping, stopped
from houndmon.core.text import clean_message
from houndmon.notify.client import Unreachable, send_request

DEADLINE_SECONDS = 5.0
CLOSE_SECONDS = 1.0
NO_REPORT = object()

log = structlog.get_logger()


class HeartbeatTask:
    """Calls the heartbeat URL in a task of its own, so that a slow watcher never delays a tick."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config
        self._task: asyncio.Task[None] | None = None
        self._next: str | object | None = NO_REPORT
        self._was_well = True

    def report(self, trouble: str | None = None) -> None:
        """Report a tick, with what went wrong in it; while a call is under way, the newest report waits."""
        self._next = trouble
        if self.is_idle:
            self._task = asyncio.create_task(self._report(), name="heartbeat")

    @property
    def is_idle(self) -> bool:
        """Whether nothing is left to tell."""
        return self._task is None or self._task.done()

    async def close(self) -> None:
        """End the call under way."""
        if self._task:
            await stopped(self._task, seconds=CLOSE_SECONDS)

    async def _report(self) -> None:
        while self._next is not NO_REPORT and not is_stopping():
            trouble, self._next = self._next, NO_REPORT
            if url := self._config().heartbeat_url:
                await self._call(url, trouble if isinstance(trouble, str) else None)

    async def _call(self, url: str, trouble: str | None) -> None:
        try:
            answer = await send_heartbeat(url, trouble)
            problem = None if 200 <= answer < 300 else f"it answered {answer}"
        except Unreachable as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 -- a watcher that cannot be reached must not end the pulse
            problem = type(error).__name__
        if (problem is None) != self._was_well:  # a line at each change: a tick comes each five seconds
            log.warning("heartbeat_failed", error=problem) if problem else log.info("heartbeat_recovered")
        self._was_well = problem is None


async def send_heartbeat(url: str, trouble: str | None) -> int:
    """Call the URL, or its `/fail` with the reason, as Healthchecks has it; the status. Raises Unreachable.

    The watcher may be a neighbour on a private network: its address comes from the configuration alone.
    """
    if trouble is None:
        answer = await send_request("GET", url, allow_private=True, deadline_seconds=DEADLINE_SECONDS)
    else:
        body = (clean_message(trouble) or "").encode()
        answer = await send_request(
            "POST", fail_url(url), body=body, allow_private=True, deadline_seconds=DEADLINE_SECONDS
        )
    return answer.status


def fail_url(url: str) -> str:
    """The URL that reports a failure. Raises Unreachable where there is none."""
    try:
        whole = httpx.URL(url)
    except httpx.InvalidURL:
        raise Unreachable("its URL must be http://… or https://…", is_for_people=True) from None
    return str(whole.copy_with(path=f"{whole.path.rstrip('/')}/fail"))
