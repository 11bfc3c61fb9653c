"""One answer for all who ask the same: single flight, a short life, and the last good one kept for bad days."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from houndmon.core.problems import Busy, DatabaseUnreadable, SourceAbsent

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")


class SingleFlightCache(Generic[K, A]):
    """Answers by key. `load` makes one; it is kept for `life_seconds`, and the last good one until evicted.

    At most `concurrency` loads run at a time, so that a slow panel holds no more than its own connections.
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[A]],
        *,
        life_seconds: float,
        deadline_seconds: float,
        concurrency: int = 2,
        capacity: int = 256,
    ) -> None:
        self._load, self._life, self._deadline, self._capacity = load, life_seconds, deadline_seconds, capacity
        self._slots = asyncio.Semaphore(concurrency)
        self._good: OrderedDict[K, tuple[float, A]] = OrderedDict()
        self._epoch = 0
        self._tasks: dict[tuple[int, K], asyncio.Task[A]] = {}

    def last_good(self, key: K) -> A | None:
        """The last good answer, however old."""
        found = self._good.get(key)
        return found[1] if found else None

    def fresh_until(self, key: K) -> float | None:
        """Until when the last good answer is given to all who ask, as a monotonic time; None once that is past."""
        found = self._good.get(key)
        until = found[0] + self._life if found else 0.0
        return until if until > time.monotonic() else None

    def invalidate(self) -> None:
        """Make every next answer a new one, whatever is under way; what was good stays at hand."""
        self._epoch += 1
        self._good = OrderedDict((key, (float("-inf"), answer)) for key, (_, answer) in self._good.items())

    async def get(self, key: K) -> A:
        """A fresh answer. Raises what `load` raises, or Busy once the deadline is past."""
        found = self._good.get(key)
        if found and time.monotonic() - found[0] < self._life:
            self._good.move_to_end(key)
            return found[1]
        task = self._tasks.get((self._epoch, key)) or self._start(self._epoch, key)
        try:
            # The task goes on when one of those who wait for it leaves.
            return await asyncio.wait_for(asyncio.shield(task), self._deadline)
        except TimeoutError:
            raise Busy("It took too long to answer; ask again in a few seconds.") from None

    async def get_or_last(self, key: K) -> tuple[A, str | None]:
        """A fresh answer and None; else the last good one, and as a clause why none is fresh.

        Raises DatabaseUnreadable or Busy where there never was a good one.
        """
        try:
            return await self.get(key), None
        except SourceAbsent:
            raise  # what is not there any more has no last good answer
        except (DatabaseUnreadable, Busy) as error:
            last = self.last_good(key)
            if last is None:
                raise
            return last, error.clause

    async def get_if_quick(self, key: K, seconds: float) -> A | None:
        """A fresh answer if it comes within some seconds, else the last good one; None where there never was one."""
        try:
            return await asyncio.wait_for(asyncio.shield(self.get(key)), seconds)
        except (DatabaseUnreadable, Busy, TimeoutError):
            return self.last_good(key)

    def _start(self, epoch: int, key: K) -> asyncio.Task[A]:
        task = asyncio.create_task(self._run(epoch, key))
        self._tasks[epoch, key] = task
        task.add_done_callback(lambda done: self._finish(epoch, key, done))
        return task

    async def _run(self, epoch: int, key: K) -> A:
        async with self._slots:
            began = time.monotonic()
            answer = await self._load(key)
        if epoch != self._epoch and key in self._good:
            return answer  # of before something was written: none for those who ask now
        self._good[key] = (began if epoch == self._epoch else float("-inf"), answer)
        self._good.move_to_end(key)
        while len(self._good) > self._capacity:
            self._good.popitem(last=False)
        return answer

    def _finish(self, epoch: int, key: K, task: asyncio.Task[A]) -> None:
        self._tasks.pop((epoch, key), None)
        if not task.cancelled():
            task.exception()  # retrieved, even where nobody waits any more
