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
from houndmon.evaluator.announce import announce
from houndmon.evaluator.figures import read_figures
from houndmon.evaluator.rules import judge
from houndmon.evaluator.sample import Sampler
from houndmon.evaluator.store import record_findings
from houndmon.kit.filters import ENVIRONMENTS
from houndmon.kit.lease import Lease, LeaseLost
from houndmon.kit.problems import HoundmonError
from houndmon.kit.source import Source
from houndmon.kit.sql import statements

SQL = {name: one.text for name, one in statements(Path(__file__).with_name("query.sql")).items()}
TICK_SECONDS = 5.0
LONGEST_TICK_SECONDS = 12.0
PRUNED_EVERY_TICKS = 720

log = structlog.get_logger()


class Ticked(msgspec.Struct, frozen=True):
    """What a tick did."""

    judged: int
    unknown: int
    duration_ms: float


class Evaluator:
    """Watches the source and runs the life of each alert."""

    def __init__(
        self,
        source: Source,
        state: Source,
        config: Callable[[], Config],
        *,
        after: Callable[[Ticked | None, str | None], Awaitable[None] | None] | None = None,
        sampler: Sampler | None = None,
    ) -> None:
        """`after` is told of each tick, or why there was none: it wakes the sender and calls the heartbeat URL.

        The `sampler` looks at what is served, beside the ticks.
        """
        self.sampler = sampler
        self.source, self.state, self.config, self._after = source, state, config, after
        self.lease = Lease("evaluator")
        self.skipped = 0
        self._ticks = 0

    async def run(self) -> None:
        """Tick until cancelled. Ticks never overlap; one that takes too long makes the next ones wait."""
        try:
            while True:
                began = time.monotonic()
                await self._guarded()
                took = time.monotonic() - began
                self.skipped += int(took // TICK_SECONDS)
                await asyncio.sleep(TICK_SECONDS - took % TICK_SECONDS)
        finally:
            await self._leave()

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

    async def tick(self) -> Ticked | None:
        """Judge every rule once and write what follows; None where another process holds the lease."""
        began = time.monotonic()
        async with self.state.borrowed() as conn:
            if not await self.lease.take(conn):
                return None
            started_at = await conn.fetchval("select clock_timestamp()")
        config = self.config()
        figures = await asyncio.gather(*(read_figures(self.source, name, config) for name in ENVIRONMENTS))
        if self.sampler:
            figures = [replace(part, sampled=self.sampler.last.get(part.environment)) for part in figures]
            self.sampler.poke()
        async with self.state.borrowed() as conn, conn.transaction():
            await conn.execute("set local statement_timeout = '5s'; set local lock_timeout = '3s'")
            now = await self.lease.check(conn)
            findings = [finding for part in figures for finding in judge(config, part, now)]
            await record_findings(conn, config, findings, now)
            await announce(conn, config, now)
            unknown = sum(finding.verdict == "unknown" for finding in findings)
            duration_ms = (time.monotonic() - began) * 1000
            row = (self.lease.term, started_at, duration_ms, len(findings), unknown, self.skipped)
            await conn.execute(SQL["add_tick"], *row)
            self._ticks += 1
            if self._ticks % PRUNED_EVERY_TICKS == 1:
                await conn.execute(SQL["prune_ticks"])
        return Ticked(len(findings), unknown, duration_ms)

    async def _leave(self) -> None:
        """Let another process take over at once."""
        try:
            async with asyncio.timeout(2), self.state.borrowed() as conn:
                await self.lease.give_up(conn)
        except (HoundmonError, asyncpg.PostgresError, OSError, TimeoutError) as error:
            log.warning("lease_kept", error=str(error))
