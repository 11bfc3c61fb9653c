"""The task that keeps all counts up to date, for as long as this process holds the lease."""

import asyncio
import time
from collections.abc import Callable

import asyncpg
import structlog

from houndmon.core.clock import SlicedRow
from houndmon.core.lease import Lease, LeaseLost
from houndmon.core.problems import HoundmonError, SourceUnreadable
from houndmon.core.series import CountSeries
from houndmon.core.source import Source
from houndmon.core.state_database import StateDatabase
from houndmon.core.stopping import drained, is_stopping, pause
from houndmon.counts.fill import SeriesUpdater

TICK_SECONDS = 5.0
LEAVE_SECONDS = 2.0
BACKLOG_PAUSE_SECONDS = 0.05  # between two ticks while some of the past is still to be counted
SHORTEST_FIRST = (
    "worker_heartbeats",
    "transcode_jobs",
    "upload_attempts",
    "tracks",
    "api_requests",
    "play_attempts",
)
"""The relations by how many rows a minute has of them: what is quick to count need not wait for what is not."""

log = structlog.get_logger()


def length_of(series: CountSeries[SlicedRow]) -> int:
    """Where a series stands in the order of counting; one on another relation comes last."""
    relation = series.statement.relation
    return SHORTEST_FIRST.index(relation) if relation in SHORTEST_FIRST else len(SHORTEST_FIRST)


class CountsTask:
    """Ticks over every series. `series` is asked each tick, for a new configuration may change what is counted."""

    def __init__(
        self,
        source: Source,
        state: StateDatabase,
        series: Callable[[], tuple[CountSeries[SlicedRow], ...]],
        identity: str,
    ) -> None:
        self.source, self.state, self.series, self.identity = source, state, series, identity
        self.lease = Lease("counts")
        self._updaters: dict[str, SeriesUpdater] = {}
        self._troubles: dict[str, str] = {}

    async def run(self) -> None:
        """Tick until cancelled; ticks never overlap."""
        try:
            while not is_stopping():
                began = time.monotonic()
                is_behind = await self._guarded()
                left = TICK_SECONDS - (time.monotonic() - began)
                await pause(BACKLOG_PAUSE_SECONDS if is_behind else max(BACKLOG_PAUSE_SECONDS, left))
        finally:
            await drained(self.release_lease(), 2 * LEAVE_SECONDS)

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
            async with self.state.connection() as conn:
                if not await self.lease.acquire(conn):
                    return False
            try:
                is_behind |= await self._updater(series).update()
            except SourceUnreadable as error:
                self._note(series.name, str(error))
            else:
                self._note(series.name, None)
        return is_behind

    def _updater(self, series: CountSeries[SlicedRow]) -> SeriesUpdater:
        known = self._updaters.get(series.name)
        if known is None or known.series != series:
            known = SeriesUpdater(self.source, self.state, series, self.identity, self.lease)
            self._updaters[series.name] = known
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

    async def release_lease(self) -> None:
        """Let another process take over at once."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS), self.state.connection() as conn:
                await self.lease.release(conn)
        except (HoundmonError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("counts_lease_kept", error=str(error))
