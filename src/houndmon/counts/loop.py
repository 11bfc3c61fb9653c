"""The task that keeps all counts up to date, for as long as this process holds the lease."""

import asyncio
import time
from collections.abc import Callable

import asyncpg
import structlog

from houndmon.counts.fill import Follower
from houndmon.counts.series import Series
from houndmon.kit.lease import Lease, LeaseLost
from houndmon.kit.problems import HoundmonError, SourceUnreadable
from houndmon.kit.source import Source

TICK_SECONDS = 5.0
BEHIND_SECONDS = 0.05  # between two ticks while some of the past is still to be counted

log = structlog.get_logger()


class Filler:
    """Ticks over every series. `series` is asked each tick, for a new configuration may change what is counted."""

    def __init__(self, source: Source, state: Source, series: Callable[[], tuple[Series, ...]], identity: str) -> None:
        self.source, self.state, self.series, self.identity = source, state, series, identity
        self.lease = Lease("counts")
        self._followers: dict[str, Follower] = {}
        self._troubles: dict[str, str] = {}

    async def run(self) -> None:
        """Tick until cancelled; ticks never overlap."""
        try:
            while True:
                began = time.monotonic()
                is_behind = await self._guarded()
                pause = TICK_SECONDS - (time.monotonic() - began)
                await asyncio.sleep(BEHIND_SECONDS if is_behind else max(BEHIND_SECONDS, pause))
        finally:
            await self.leave()

    async def _guarded(self) -> bool:
        """One tick, whatever happens in it."""
        try:
            return await self.tick()
        except LeaseLost:
            log.warning("counts_lease_lost", term=self.lease.term)
        except (HoundmonError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            log.warning("counts_failed", error=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("counts_raised")
        return False

    async def tick(self) -> bool:
        """Bring every series up to date; whether some of the past is left. One that fails holds up no other."""
        is_behind = False
        for series in self.series():
            async with self.state.borrowed() as conn:
                if not await self.lease.take(conn):
                    return False
            try:
                is_behind |= await self._follower(series).follow()
            except SourceUnreadable as error:
                if error.source != self.source.schema:
                    raise  # it is our own database that does not answer
                self._note(series.name, str(error))
            else:
                self._note(series.name, None)
        return is_behind

    def _follower(self, series: Series) -> Follower:
        known = self._followers.get(series.name)
        if known is None or known.series != series:
            known = Follower(self.source, self.state, series, self.identity, self.lease)
            self._followers[series.name] = known
        return known

    def _note(self, name: str, trouble: str | None) -> None:
        """Log a trouble once, and its end."""
        before = self._troubles.pop(name, None)
        if trouble:
            self._troubles[name] = trouble
        if trouble and trouble != before:
            log.warning("series_unreadable", series=name, error=trouble)
        elif before and not trouble:
            log.info("series_readable", series=name)

    async def leave(self) -> None:
        """Let another process take over at once."""
        try:
            async with asyncio.timeout(2), self.state.borrowed() as conn:
                await self.lease.give_up(conn)
        except (HoundmonError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("counts_lease_kept", error=str(error))
