"""Runs a rule over the past: the same figures, the same judge, the same step; only the clock is another.

The relations are read as they stood at each instant, so no rule, panel or alert knows that it is not now.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from houndmon.alerts.step import Memory, Verdict, step
from houndmon.config.model import BURN_RULES, Config, RuleName
from houndmon.counts.blocks import Reach
from houndmon.counts.read import Counts, Totals
from houndmon.counts.series import Series
from houndmon.evaluator.figures import read_figures
from houndmon.evaluator.rules import JUDGES
from houndmon.kit.clock import JITTER, Clock, Slices
from houndmon.kit.filters import Environment
from houndmon.kit.source import Snapshot, Source

PARTS: dict[str, frozenset[str]] = {
    "queue_age": frozenset({"queue"}),
    "queue_stalled": frozenset({"queue"}),
    "queue_failure_ratio": frozenset({"queue"}),
    "worker_heartbeat_missing": frozenset({"beats", "queue"}),
    "playback_failure_ratio": frozenset({"playing"}),
    "api_5xx_spike": frozenset({"requests"}),
    "api_4xx_spike": frozenset({"requests"}),
    "traffic_absent": frozenset({"playing", "uploading"}),
    **dict.fromkeys(BURN_RULES, frozenset({"queue", "playing", "publishing", "beats"})),
}
"""The parts of the figures that each rule is judged on. `source_unreadable` has no past: rows do not tell of it."""


class Firing(msgspec.Struct, kw_only=True):
    """One time that a rule would have fired; `recovered_at` None where it still fires at the end."""

    subject: str | None
    fired_at: datetime
    recovered_at: datetime | None = None
    worst: float | None = None
    reason: str


class PastCounts:
    """Counts as they serve the past: of what changes later, as tracks do, they know only how it ended."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    async def add_to(
        self, totals: Totals, series: Series, environment: Environment, slices: Slices, now: datetime
    ) -> Reach | None:
        """Add what is counted of a past window, where that has not changed since."""
        if series.unsettled is not None:
            return None
        return await self._counts.add_to(totals, series, environment, slices, now)


class PastSource(Source):
    """The source as it stood at an instant."""

    def __init__(self, source: Source) -> None:
        counts = PastCounts(source.counts) if source.counts else None
        super().__init__(source.pool, source.schema, source.zone, timeout_seconds=30, counts=counts)
        self.at = datetime.min.replace(tzinfo=UTC)
        self._views = views()

    @asynccontextmanager
    async def snapshot(self, timeout_seconds: float | None = None) -> AsyncIterator[Snapshot]:
        """A snapshot whose clock stands at that instant."""
        async with super().snapshot(timeout_seconds) as snapshot:
            snapshot.clock = Clock(self.at, self.zone)
            yield snapshot

    def place(self, relation: str) -> str:
        """A relation as it stood then."""
        stamps = {"at": self.at, "soon": self.at + JITTER}
        places = {name: f"timestamptz '{stamp.isoformat()}'" for name, stamp in stamps.items()}
        places["relation"] = super().place(relation)
        text = re.sub(r"\{(\w+)\}", lambda match: places[match[1]], self._views[relation])
        return f"({text}) as {relation}"


def views() -> dict[str, str]:
    """The past of each relation, as SQL."""
    text = Path(__file__).with_name("asof.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)[1:]
    return {
        name: "\n".join(line for line in body.strip().splitlines() if not line.startswith("--")).rstrip(";")
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


async def backtest(
    source: Source,
    config: Config,
    rule_name: RuleName,
    environment: Environment,
    instants: list[datetime],
    *,
    told: Callable[[], object] = lambda: None,
) -> list[Firing]:
    """When a rule would have fired, judged at each of some instants in order. `told` is called after each."""
    rule, past = config.rules[rule_name], PastSource(source)
    memories: dict[str | None, Memory] = {}
    open_now: dict[str | None, Firing] = {}
    firings: list[Firing] = []
    for now in instants:
        past.at = now
        figures = await read_figures(past, environment, config, PARTS[rule_name])
        found = {one.subject: one for one in JUDGES[rule_name](rule, config, figures, now)}
        for subject in dict.fromkeys([*memories, *found]):
            finding = found.get(subject)
            verdict: Verdict = finding.verdict if finding else "no_data"
            before = memories.get(subject, Memory())
            taken = step(
                verdict,
                finding.clears if finding else False,
                # Past alerts were closed: each firing counts by itself.
                Memory(before.pending_since, before.clear_since, None) if before.alert == "recovered" else before,
                now,
                hold_seconds=rule.hold_seconds,
                recover_after_seconds=rule.recover_after_seconds,
            )
            memories[subject] = taken.memory
            if taken.change == "fired" and finding:
                open_now[subject] = Firing(subject=subject, fired_at=now, reason=finding.reason)
                firings.append(open_now[subject])
            elif taken.change == "recovered":
                open_now.pop(subject).recovered_at = now
            if finding and finding.value is not None and subject in open_now:
                open_now[subject].worst = max(open_now[subject].worst or 0, finding.value)
        told()
    return firings


def instants(until: datetime, span: timedelta, every: timedelta) -> list[datetime]:
    """The instants at which to judge: the last `span`, one each `every`."""
    count = int(span / every)
    return [until - every * back for back in range(count, -1, -1)]


async def source_now(pool: asyncpg.Pool) -> datetime:
    """The source's clock."""
    now: datetime = await pool.fetchval("select clock_timestamp()")
    return now
