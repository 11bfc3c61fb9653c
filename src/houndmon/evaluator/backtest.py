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

from houndmon.alerts.step import Memory, RuleVerdict, step
from houndmon.config.model import Config
from houndmon.core.clock import JITTER, Clock, SlicedRow, Slices
from houndmon.core.filters import Environment
from houndmon.core.series import CountSeries, CountsReader, Interval, Totals
from houndmon.core.source import Snapshot, Source
from houndmon.evaluator.baseline import RuleSubject
from houndmon.evaluator.reading import BaselineHours, read_figures
from houndmon.evaluator.rules import JUDGES
from houndmon.rulebook.book import BOOK, RuleName
from houndmon.rulebook.parts import Part

PARTS_OF_RULES: dict[str, frozenset[Part]] = {name: spec.parts for name, spec in BOOK.items() if spec.has_past}
"""The parts of the figures that each rule is judged on, of the rules whose past can be judged."""


class Firing(msgspec.Struct, kw_only=True):
    """One time that a rule would have fired; `recovered_at` None where it still fires at the end."""

    subject: str | None
    fired_at: datetime
    recovered_at: datetime | None = None
    worst: float | None = None
    reason: str


class PastCounts:
    """Counts as they serve the past: of what changes later, as tracks do, they know only how it ended."""

    def __init__(self, counts: CountsReader) -> None:
        self._counts = counts

    async def add_to(
        self,
        totals: Totals,
        series: CountSeries[SlicedRow],
        environment: Environment,
        slices: Slices,
        now: datetime,
        definition: str,
    ) -> Interval | None:
        """Add what is counted of a past window, where that has not changed since."""
        if series.unsettled is not None:
            return None
        return await self._counts.add_to(totals, series, environment, slices, now, definition)

    def invalidate(self) -> None:
        """Look anew at what is covered."""
        self._counts.invalidate()


class PastSource(Source):
    """The source as it stood at an instant."""

    def __init__(self, source: Source) -> None:
        counts = PastCounts(source.counts) if source.counts else None
        super().__init__(
            source.pool,
            source.schema,
            source.zone,
            timeout_seconds=30,
            counts=counts,
            arrivals=source.arrivals,
            absent=source.absent,
        )
        self.at = datetime.min.replace(tzinfo=UTC)
        self._views = past_views()

    @asynccontextmanager
    async def snapshot(self, timeout_seconds: float | None = None) -> AsyncIterator[Snapshot]:
        """A snapshot whose clock stands at that instant."""
        async with super().snapshot(timeout_seconds) as snapshot:
            snapshot.clock = Clock(self.at, self.zone)
            yield snapshot

    def qualified_name(self, relation: str) -> str:
        """A relation as it stood then."""
        stamps = {"at": self.at, "soon": self.at + JITTER}
        places = {name: f"timestamptz '{stamp.isoformat()}'" for name, stamp in stamps.items()}
        places["relation"] = super().qualified_name(relation)
        text = re.sub(r"\{(\w+)\}", lambda match: places[match[1]], self._views[relation])
        return f"({text}) as {relation}"


def past_views() -> dict[str, str]:
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
    on_instant: Callable[[], object] = lambda: None,
    on_unknown: Callable[[str], object] = lambda reason: None,
) -> list[Firing]:
    """When a rule would have fired, judged at each of some instants in order. `on_instant` is called after each,
    `on_unknown` with the reason of each finding that could not be judged."""
    rule, past = config.rules_in(environment)[rule_name], PastSource(source)
    memories: dict[str | None, Memory] = {}
    open_now: dict[str | None, Firing] = {}
    held: dict[RuleSubject, float] = {}
    usual = BaselineHours()
    firings: list[Firing] = []
    for now in instants:
        past.at = now
        figures = await read_figures(past, environment, config, PARTS_OF_RULES[rule_name], usual=usual, held=held)
        found = {one.subject: one for one in JUDGES[rule_name](rule, config.levels, figures, now)}
        for one in found.values():
            if one.verdict == "unknown":
                on_unknown(one.reason)
        for subject in dict.fromkeys([*memories, *found]):
            finding = found.get(subject)
            verdict: RuleVerdict = finding.verdict if finding else "no_data"
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
                if finding.baseline is not None:
                    held[rule_name, subject] = finding.baseline
            elif taken.change == "recovered":
                open_now.pop(subject).recovered_at = now
                held.pop((rule_name, subject), None)
            if finding and finding.value is not None and subject in open_now:
                open_now[subject].worst = max(open_now[subject].worst or 0, finding.value)
        on_instant()
    return firings


def instants_to_judge(until: datetime, span: timedelta, every: timedelta) -> list[datetime]:
    """The instants at which to judge: the last `span`, one each `every`."""
    count = int(span / every)
    return [until - every * back for back in range(count, -1, -1)]


async def source_now(pool: asyncpg.Pool) -> datetime:
    """The source's clock."""
    now: datetime = await pool.fetchval("select clock_timestamp()")
    return now
