"""One answer for all who ask the same: single flight, a short life, and the last good one kept for bad days."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from houndmon.kit.problems import Busy

K = TypeVar("K", bound=Hashable)
A = TypeVar("A")


class Shared(Generic[K, A]):
    """Answers by key. `load` makes one; it is kept for `life_seconds`, and the last good one until evicted.

    At most `places` loads run at a time, so that a slow panel holds no more than its own connections.
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[A]],
        *,
        life_seconds: float,
        deadline_seconds: float,
        places: int = 2,
        kept: int = 256,
    ) -> None:
        self._load, self._life, self._deadline, self._kept = load, life_seconds, deadline_seconds, kept
        self._places = asyncio.Semaphore(places)
        self._good: OrderedDict[K, tuple[float, A]] = OrderedDict()
        self._epoch = 0
        self._flights: dict[tuple[int, K], asyncio.Task[A]] = {}

    def last_good(self, key: K) -> A | None:
        """The last good answer, however old."""
        found = self._good.get(key)
        return found[1] if found else None

    def fresh_until(self, key: K) -> float | None:
        """Until when the last good answer is given to all who ask, as a monotonic time; None once that is past."""
        found = self._good.get(key)
        until = found[0] + self._life if found else 0.0
        return until if until > time.monotonic() else None

    def forget(self) -> None:
        """Make every next answer a new one, whatever is under way; what was good stays at hand."""
        self._epoch += 1
        self._good = OrderedDict((key, (float("-inf"), answer)) for key, (_, answer) in self._good.items())

    async def get(self, key: K) -> A:
        """A fresh answer. Raises what `load` raises, or Busy once the deadline is past."""
        found = self._good.get(key)
        if found and time.monotonic() - found[0] < self._life:
            self._good.move_to_end(key)
            return found[1]
        flight = self._flights.get((self._epoch, key)) or self._depart(self._epoch, key)
        try:
            # The flight goes on when one of its passengers leaves.
            return await asyncio.wait_for(asyncio.shield(flight), self._deadline)
        except TimeoutError:
            raise Busy("It took too long to answer; ask again in a few seconds.") from None

    def _depart(self, epoch: int, key: K) -> asyncio.Task[A]:
        flight = asyncio.create_task(self._fly(epoch, key))
        self._flights[epoch, key] = flight
        flight.add_done_callback(lambda done: self._landed(epoch, key, done))
        return flight

    async def _fly(self, epoch: int, key: K) -> A:
        async with self._places:
            began = time.monotonic()
            answer = await self._load(key)
        if epoch != self._epoch and key in self._good:
            return answer  # of before something was written: none for those who ask now
        self._good[key] = (began if epoch == self._epoch else float("-inf"), answer)
        self._good.move_to_end(key)
        while len(self._good) > self._kept:
            self._good.popitem(last=False)
        return answer

    def _landed(self, epoch: int, key: K, flight: asyncio.Task[A]) -> None:
        self._flights.pop((epoch, key), None)
        if not flight.cancelled():
            flight.exception()  # seen, even where every passenger has left
