"""The evaluator: one tick each five seconds, for as long as this process holds the lease."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import msgspec
import structlog
from msgspec.structs import replace

from houndmon.config.model import Config
from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.lease import Lease, LeaseLost
from houndmon.core.problems import HoundmonError
from houndmon.core.source import Source
from houndmon.core.sql import load_statements
from houndmon.core.state_database import StateDatabase
from houndmon.core.stopping import drained, is_stopping, pause
from houndmon.counts_check.sampling import CountsSampler
from houndmon.evaluator.announce import announce
from houndmon.evaluator.arrivals import Arrivals, prune
from houndmon.evaluator.figures import Lag
from houndmon.evaluator.judge import RaisedLog, judge
from houndmon.evaluator.reading import BaselineHours, read_figures, read_lag
from houndmon.evaluator.store import read_held, record_findings
from houndmon.rulebook.detection import TICK_SECONDS

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("query.sql")).items()}
LONGEST_TICK_SECONDS = 12.0
LEAVE_SECONDS = 2.0
PRUNED_EVERY_TICKS = 720

log = structlog.get_logger()


class TickResult(msgspec.Struct, frozen=True):
    """What a tick did."""

    judged: int
    unknown: int
    duration_ms: float


class Evaluator:
    """Watches the source and runs the life of each alert."""

    def __init__(
        self,
        source: Source,
        state: StateDatabase,
        config: Callable[[], Config],
        identity: str,
        *,
        after: Callable[[TickResult | None, str | None], Awaitable[None] | None] | None = None,
        sampler: CountsSampler | None = None,
    ) -> None:
        """`identity` tells this source from others.

        `after` is told of each tick, or why there was none: it wakes the sender and calls the heartbeat URL.
        The `sampler` looks at what is served, beside the ticks.
        """
        self.sampler = sampler
        self.source, self.state, self.config, self._after = source, state, config, after
        self.lease = Lease("evaluator")
        self.skipped = 0
        self._ticks = 0
        self._log_raised = RaisedLog()
        self._usual, self._arrivals = BaselineHours(), Arrivals(identity)
        self._lag: Lag | None = None

    async def run(self) -> None:
        """Tick until cancelled. Ticks never overlap; one that takes too long makes the next ones wait."""
        try:
            while not is_stopping():
                began = time.monotonic()
                await self._guarded()
                took = time.monotonic() - began
                self.skipped += int(took // TICK_SECONDS)
                await pause(TICK_SECONDS - took % TICK_SECONDS)
        finally:
            await drained(self._release_lease(), 2 * LEAVE_SECONDS)

    async def _guarded(self) -> None:
        """One tick, whatever happens in it: an error must not end the watch."""
        done, trouble = None, None
        try:
            async with asyncio.timeout(LONGEST_TICK_SECONDS):
                done = await self.tick()
        except LeaseLost:
            log.warning("lease_lost", term=self.lease.term)
        except (HoundmonError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            trouble = f"{type(error).__name__}: {error}"
            log.warning("tick_failed", error=trouble)
        except Exception as error:
            trouble = type(error).__name__
            log.exception("tick_raised")
        if self._after and (done or trouble):
            told = self._after(done, trouble)
            if told is not None:
                await told

    async def tick(self) -> TickResult | None:
        """Judge every rule once and write what follows; None where another process holds the lease."""
        began = time.monotonic()
        async with self.state.connection() as conn:
            if not await self.lease.acquire(conn):
                return None
            started_at = await conn.fetchval("select clock_timestamp()")
            held = await read_held(conn)
        config = self.config()
        reading = asyncio.gather(
            *(read_figures(self.source, name, config, usual=self._usual, held=held.get(name)) for name in ENVIRONMENTS)
        )
        self._lag, figures = await asyncio.gather(read_lag(self.source, self._lag), reading)
        figures = [replace(part, lag=self._lag) for part in figures]
        if self.sampler:
            figures = [replace(part, sampled=self.sampler.last.get(part.environment)) for part in figures]
            self.sampler.start_if_due()
        async with self.state.connection() as conn, conn.transaction():
            await conn.execute("set local statement_timeout = '5s'; set local lock_timeout = '3s'")
            now = await self.lease.check(conn)
            figures = [await self._arrivals.note(conn, part) for part in figures]
            findings = [finding for part in figures for finding in judge(config, part, now, self._log_raised)]
            await record_findings(conn, config, findings, now)
            await announce(conn, config, now)
            unknown = sum(finding.verdict == "unknown" for finding in findings)
            duration_ms = (time.monotonic() - began) * 1000
            row = (self.lease.term, started_at, duration_ms, len(findings), unknown, self.skipped)
            await conn.execute(SQL["add_tick"], *row)
            self._ticks += 1
            if self._ticks % PRUNED_EVERY_TICKS == 1:
                await conn.execute(SQL["prune_ticks"])
                await prune(conn)
        return TickResult(len(findings), unknown, duration_ms)

    async def _release_lease(self) -> None:
        """Let another process take over at once."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS), self.state.connection() as conn:
                await self.lease.release(conn)
        except (HoundmonError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("lease_kept", error=str(error))
