"""Sends what the outbox holds: claim, send, then mark; so a crash may repeat a notification, and never lose one."""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

import asyncpg
import structlog

from houndmon.config.model import Config, Receiver
from houndmon.core.log import trace_of
from houndmon.core.stopping import drained, is_stopping, stopped
from houndmon.core.throttle import Throttle
from houndmon.notify import outbox
from houndmon.notify.channels import CHANNELS, Channel
from houndmon.notify.delivery import Delivery, Outcome, wait_seconds

POLL_SECONDS = 1.0
DATABASE_SECONDS = 5.0
DRAIN_SECONDS, LEAVE_SECONDS = 4.5, 5.0
CHANNEL_SECONDS = 20.0  # every channel ends sooner by itself; less than the lease
TRACE_SECONDS = 60.0

P = ParamSpec("P")
T = TypeVar("T")
Act = Callable[Concatenate[asyncpg.Connection, P], Awaitable[T]]
"""A statement of the outbox."""
TROUBLES = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

log = structlog.get_logger()


class Sender:
    """Brings messages to their receivers, with one task a receiver: a slow one delays no other."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        config: Callable[[], Config],
        *,
        channels: Mapping[str, Channel] = CHANNELS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.holder = uuid.uuid4()
        self._pool, self._config, self._channels = pool, config, channels
        self._woken = asyncio.Event()
        self._leaving = False
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._known: dict[str, Receiver] = {}
        self._failing: set[str] = set()
        self._monotonic, self._traces = monotonic, Throttle(TRACE_SECONDS)

    def wake(self) -> None:
        """Look into the outbox now: something was put there."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled; then let what is under way end, within 5 s."""
        try:
            while not is_stopping():
                self._woken.clear()  # before the look: what comes during it is seen in the next one
                await self._poll()
                await self._rest()
        finally:
            await drained(self._drain(), LEAVE_SECONDS)

    async def _rest(self) -> None:
        """Wait until something was put there, or for the next look."""
        if is_stopping():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()

    async def _poll(self) -> None:
        """Start a task for each receiver with something due. Whatever goes wrong, the next look comes."""
        try:
            receivers = self._config().receivers
            await self._hasten_mended(receivers)
            found = await self._database(outbox.waiting_receivers)
            if strangers := [name for name in found if name not in receivers]:
                await self._give_up(strangers)
            for name, is_due in found.items():
                if is_due and name in receivers and not self._is_busy(name):
                    self._tasks[name] = asyncio.create_task(self._serve(name), name=f"notify {name}")
        except TROUBLES as error:
            log.warning("outbox_unreadable", error=type(error).__name__)
        except Exception:
            log.exception("outbox_look_raised")

    def _is_busy(self, name: str) -> bool:
        return name in self._tasks and not self._tasks[name].done()

    async def _hasten_mended(self, receivers: dict[str, Receiver]) -> None:
        """Try anew at once where the configuration of a receiver has changed: perhaps it is mended."""
        for name, receiver in receivers.items():
            if self._known.get(name, receiver) != receiver:
                await self._database(outbox.make_due, name)
        self._known = dict(receivers)

    async def _give_up(self, strangers: list[str]) -> None:
        if count := await self._database(outbox.give_up, strangers):
            log.warning("notifications_without_receiver", receivers=strangers, count=count)

    async def _serve(self, name: str) -> None:
        """Send what is due for one receiver, one after the other, until there is no more."""
        try:
            while not self._leaving:
                receiver = self._config().receivers.get(name)
                claimed = await self._database(outbox.claim_deliveries, name, self.holder) if receiver else []
                if not receiver or not claimed:
                    return
                await self.handle(receiver, claimed[0])
        except TROUBLES as error:
            log.warning("outbox_unreadable", receiver=name, error=type(error).__name__)
        except Exception:
            log.exception("outbox_serve_raised", receiver=name)

    async def handle(self, receiver: Receiver, delivery: Delivery) -> None:
        """Send, then mark: the other way round a crash in between loses the notification."""
        await self.mark(receiver, delivery, await self.send(receiver, delivery))

    async def send(self, receiver: Receiver, delivery: Delivery) -> Outcome:
        """Send through the receiver's channel; an error in it is an attempt that failed."""
        try:
            async with asyncio.timeout(CHANNEL_SECONDS):
                return await self._channels[receiver.kind].send(receiver, delivery)
        except Exception as error:  # noqa: BLE001 -- its text may hold the URL, so its type and trace alone are told
            if self._traces.allows(receiver.name, self._monotonic()):
                log.error("channel_raised", receiver=receiver.name, kind=receiver.kind, exception=trace_of(error))
            return Outcome(sent=False, error=f"the channel failed: {type(error).__name__}")

    async def mark(self, receiver: Receiver, delivery: Delivery, outcome: Outcome) -> None:
        """Write down what came of it."""
        event: dict[str, object] = {"receiver": receiver.name, "kind": delivery.kind, "attempts": delivery.attempts}
        event |= {"notification_id": delivery.notification_id}
        if outcome.sent:
            await self._retry_write(outbox.mark_sent, delivery.id)
            log.info("notification_sent", **event)
            await self._hasten_recovered(receiver.name)
            return
        self._failing.add(receiver.name)
        wait = wait_seconds(outcome, delivery.attempts, random.random())
        is_dead = await self._retry_write(outbox.mark_failed, delivery.id, self.holder, outcome, wait)
        log.warning("notification_dead" if is_dead else "notification_failed", error=outcome.error, **event)

    async def _hasten_recovered(self, name: str) -> None:
        """A receiver that failed is back: what waits for it need not wait longer."""
        if name in self._failing:
            await self._database(outbox.make_due, name)
            self._failing.discard(name)

    async def _retry_write(self, act: Act[P, T], *values: P.args, **named: P.kwargs) -> T:
        """Write until it is written: what was sent and is not marked would be sent again."""
        while True:
            try:
                return await self._database(act, *values, **named)
            except TROUBLES as error:
                log.warning("outbox_unwritable", error=type(error).__name__)
                if is_stopping():
                    raise
                await asyncio.sleep(POLL_SECONDS)

    async def _database(self, act: Act[P, T], *values: P.args, **named: P.kwargs) -> T:
        """One statement on a connection of the pool, with a limit on its time."""
        async with asyncio.timeout(DATABASE_SECONDS), self._pool.acquire(timeout=DATABASE_SECONDS) as conn:
            return await act(conn, *values, **named)

    async def _drain(self) -> None:
        """Start nothing more; let what is under way end, or cut it off."""
        self._leaving = True
        under_way = [task for task in self._tasks.values() if not task.done()]
        if not under_way:
            return
        _, late = await asyncio.wait(under_way, timeout=DRAIN_SECONDS)
        if late:
            log.warning("notifications_cut_off", receivers=[task.get_name() for task in late])
            await stopped(*late, seconds=LEAVE_SECONDS - DRAIN_SECONDS)
