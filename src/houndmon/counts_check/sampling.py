"""Holds some of what is served against the rows each hour; what it found last is a figure of a rule."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

import msgspec
import structlog

from houndmon.config.model import Config
from houndmon.core.answer import PanelAnswer
from houndmon.core.filters import ENVIRONMENTS, Environment, Filters
from houndmon.core.panel import PanelSpec
from houndmon.core.source import Source
from houndmon.core.stopping import stopped
from houndmon.counts_check.compare import Comparison, compare_panel

EVERY_SECONDS = 3600.0
RETRY_SECONDS = 6.0  # what came late is counted in the next tick
STATEMENT_SECONDS = 2.0
CLOSE_SECONDS = 1.0
MOST_LISTED_DIFFERENCES = 5

log = structlog.get_logger()


class SampleResult(msgspec.Struct, frozen=True):
    """What a sample found in an environment."""

    now: datetime
    figures: int
    differing: int
    shown: list[str]
    panels: list[str]  # those whose figures differ, each once


class CountsSampler:
    """Compares each panel's last 24 h. A sample runs beside the ticks, for it takes longer than one."""

    def __init__(
        self,
        source: Source,
        specs: tuple[PanelSpec[PanelAnswer, Config], ...],
        config: Callable[[], Config],
        *,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._served, self._config = source, config
        self._specs = [spec for spec in specs if spec.reads == "source"]
        self._raw = Source(
            source.pool, source.schema, source.zone, STATEMENT_SECONDS, arrivals=source.arrivals, absent=source.absent
        )
        self.last: dict[Environment, SampleResult] = {}
        self._every_seconds = every_seconds
        self._due = time.monotonic() + every_seconds
        self._task: asyncio.Task[None] | None = None

    def start_if_due(self) -> None:
        """Take a sample where one is due and none is under way."""
        if self._served.counts and time.monotonic() >= self._due and (self._task is None or self._task.done()):
            self._due = time.monotonic() + self._every_seconds
            self._task = asyncio.create_task(self._guarded(), name="sample")

    async def close(self) -> None:
        """End the sample under way."""
        if self._task:
            await stopped(self._task, seconds=CLOSE_SECONDS)

    async def _guarded(self) -> None:
        try:
            await self.sample()
        except Exception:
            log.exception("sample_raised")

    async def sample(self) -> None:
        """Compare every panel in both environments; one that cannot be read in time is left out."""
        for environment in ENVIRONMENTS:
            found = [await self._compare(spec, Filters("24h", environment)) for spec in self._specs]
            known = [one for one in found if one.problem is None]
            if known:
                self.last[environment] = sum_comparisons(known)

    async def _compare(self, spec: PanelSpec[PanelAnswer, Config], filters: Filters) -> Comparison:
        one = await compare_panel(self._served, self._raw, spec, filters, self._config())
        if one.differences:
            await asyncio.sleep(RETRY_SECONDS)
            if self._served.counts:
                self._served.counts.invalidate()
            one = await compare_panel(self._served, self._raw, spec, filters, self._config())
        return one


def sum_comparisons(found: list[Comparison]) -> SampleResult:
    """What some comparisons found together."""
    shown = [
        f"{one.panel} {one.range} {path}: served {served!r:.60}, the rows say {counted!r:.60}"
        for one in found
        for path, served, counted in one.differences
    ]
    figures = sum(one.figures for one in found)
    panels = list(dict.fromkeys(one.panel for one in found if one.differences))
    now = max(one.now for one in found if one.now)
    return SampleResult(now, figures, len(shown), shown[:MOST_LISTED_DIFFERENCES], panels)
