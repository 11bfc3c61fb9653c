"""Serves the panels' answers, charts and fragments: shared while fresh, the last good one where none is."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypedDict, TypeVar

import msgspec

from houndmon.core.answer import PanelAnswer, window_shown
from houndmon.core.clock import Clock
from houndmon.core.filters import Filters
from houndmon.core.flawed_rows import LOOK_SECONDS, Commonest, FlawedRows, read_commonest
from houndmon.core.panel import AnyPanel, EncodedAnswer, PanelSpec, aged, encode_answer, etag_of
from houndmon.core.problems import Busy, DatabaseUnreadable, SourceAbsent
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import Database, Source
from houndmon.core.state_database import StateDatabase
from houndmon.core.trend import TREND_STEPS, Chart, Trend, trend_windows

C = TypeVar("C")
TRENDS_AT_ONCE = 1
TREND_LIFE_SECONDS = 30.0  # a stretch is minutes long: its chart need not be read each tick
TREND_WAIT_SECONDS = 0.3
LOOKS_AT_ONCE = 1
LOOK_LIFE_SECONDS = 60.0  # what writes rows wrong does so for longer
LOOK_WAIT_SECONDS = 0.1
MOST_FRAGMENTS = 256
LIFE_SECONDS = 5.0  # an answer may be shared for one tick
DEADLINE_SECONDS = 3.0
"""How long an answer may take. The limits on statements are well under it: their errors name the relation."""
LONG_DEADLINE_SECONDS = 4.0
"""The same for what reads the relations of several panels."""


Annotate = Callable[[Trend, Filters], Awaitable[Trend]]
"""What adds to a panel's charts all that their database does not hold."""


class Drawn(TypedDict):
    """What a panel's fragment is drawn from: its answer, or the problem why there is none."""

    spec: AnyPanel
    filters: Filters
    panel: PanelAnswer | None
    problem: str | None
    absent: str | None
    trend: Trend | None
    commonest: tuple[Commonest, ...]


class RenderedFragment(msgspec.Struct, frozen=True):
    """A fragment, and what it was drawn from."""

    subject: tuple[PanelAnswer | None, str | None, Trend | None, tuple[Commonest, ...]]
    body: bytes
    etag: str


class PanelCache:
    """Serves every panel's answers: shared while fresh, the last good one while its database cannot be read."""

    def __init__(
        self,
        specs: tuple[PanelSpec[PanelAnswer, C], ...],
        source: Source,
        state: StateDatabase,
        config: Callable[[], C],
        annotate: Annotate | None = None,
    ) -> None:
        self._annotate = annotate
        self.specs: dict[str, AnyPanel] = {spec.name: spec for spec in specs}
        self._source = source
        self._sources: dict[str, Database] = {"source": source, "state": state}
        self._answers = {
            spec.name: SingleFlightCache(
                self._loader(spec, config), life_seconds=LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS
            )
            for spec in specs
        }
        self._trends = {
            spec.name: SingleFlightCache(
                self._trend_loader(spec),
                life_seconds=TREND_LIFE_SECONDS,
                deadline_seconds=DEADLINE_SECONDS,
                concurrency=TRENDS_AT_ONCE,
            )
            for spec in specs
            if spec.trend
        }
        self._looks = {
            spec.name: SingleFlightCache(
                self._look_loader(spec, spec.flawed),
                life_seconds=LOOK_LIFE_SECONDS,
                deadline_seconds=DEADLINE_SECONDS,
                concurrency=LOOKS_AT_ONCE,
            )
            for spec in specs
            if spec.flawed
        }
        self._fragments: OrderedDict[tuple[str, Filters], RenderedFragment] = OrderedDict()
        self._doubtful: set[tuple[str, str, str]] = set()
        self.turns = 0
        """How often an answer turned from fresh to stale or failed, or back: what tells of all panels is then old."""

    def fragment(self, name: str, filters: Filters, context: Drawn, draw: Callable[[], str]) -> RenderedFragment:
        """A panel's fragment of what `panel_context` gave: drawn once for all who look, whoever they are."""
        subject = context["panel"], context["problem"], context["trend"], context["commonest"]
        kept = self._fragments.pop((name, filters), None)
        if kept is None or kept.subject != subject:
            body = draw().encode()
            kept = RenderedFragment(subject, body, etag_of(body))
        self._fragments[name, filters] = kept
        if len(self._fragments) > MOST_FRAGMENTS:
            self._fragments.popitem(last=False)
        return kept

    def _trend_loader(self, spec: AnyPanel) -> Callable[[Filters], Awaitable[Trend]]:
        async def load(filters: Filters) -> Trend:
            assert spec.trend
            async with self._sources[spec.reads].snapshot() as snapshot:
                charts = await spec.trend(snapshot, filters)
            trend = build_trend(spec.name, snapshot.clock, filters, charts)
            return await self._annotate(trend, filters) if self._annotate else trend

        return load

    async def trend(self, name: str, filters: Filters) -> Trend:
        """A panel's charts. Raises DatabaseUnreadable or Busy."""
        return await self._trends[name].get(filters)

    def has_trend(self, name: str) -> bool:
        """Whether a panel has charts."""
        return name in self._trends

    async def trend_if_quick(self, name: str, filters: Filters) -> Trend | None:
        """A panel's charts if they come at once, else the last ones: no chart is worth waiting for."""
        return await self._trends[name].get_if_quick(filters, TREND_WAIT_SECONDS)

    def _look_loader(self, spec: AnyPanel, flawed: FlawedRows) -> Callable[[Filters], Awaitable[tuple[Commonest, ...]]]:
        async def load(filters: Filters) -> tuple[Commonest, ...]:
            try:
                async with self._sources[spec.reads].snapshot(LOOK_SECONDS) as snapshot:
                    return await read_commonest(snapshot, flawed, filters)
            except DatabaseUnreadable:
                return ()  # kept as an answer is: what takes too long is not asked again at once

        return load

    async def commonest_if_quick(self, name: str, panel: PanelAnswer, filters: Filters) -> tuple[Commonest, ...]:
        """What stands in the flawed rows of an answer, by kind, if it comes at once, else the last: nobody waits."""
        shared = self._looks.get(name)
        if shared is None or not panel.anomalies:
            return ()
        if panel.stale:
            return shared.last_good(filters) or ()
        return await shared.get_if_quick(filters, LOOK_WAIT_SECONDS) or ()

    def _loader(
        self, spec: PanelSpec[PanelAnswer, C], config: Callable[[], C]
    ) -> Callable[[Filters], Awaitable[EncodedAnswer]]:
        async def load(filters: Filters) -> EncodedAnswer:
            async with self._sources[spec.reads].snapshot() as snapshot:
                panel = await spec.load(snapshot, filters, config())
            if panel.filters_ignored:
                panel = msgspec.structs.replace(panel, filters=await self._source.written(filters))
            return encode_answer(panel)

        return load

    async def answer(self, name: str, filters: Filters) -> EncodedAnswer:
        """A panel's answer. Raises DatabaseUnreadable or Busy where there never was a good one."""
        try:
            answer, why = await self._answers[name].get_or_last(filters)
        except SourceAbsent:
            raise
        except (DatabaseUnreadable, Busy):
            self._note(name, filters, is_good=False)
            raise
        self._note(name, filters, is_good=why is None)
        return aged(answer, why)

    def _note(self, name: str, filters: Filters, *, is_good: bool) -> None:
        key = name, filters.environment, filters.range  # no ids: strangers would make it as large as they like
        if is_good == (key in self._doubtful):
            self.turns += 1
            (self._doubtful.discard if is_good else self._doubtful.add)(key)

    def fresh_until(self, name: str, filters: Filters) -> float | None:
        """Until when a panel's last answer is shared, as a monotonic time; None where it is no longer."""
        return self._answers[name].fresh_until(filters)

    def invalidate(self, name: str) -> None:
        """Answer anew next time: something was written."""
        for shared in (self._answers[name], self._looks.get(name)):
            if shared is not None:
                shared.invalidate()


def build_trend(name: str, clock: Clock, filters: Filters, charts: list[Chart]) -> Trend:
    """A panel's charts with what they cover."""
    return Trend(
        panel=name,
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        step_seconds=TREND_STEPS[filters.range].total_seconds(),
        starts=[window.start for window in trend_windows(clock, filters.range)],
        charts=charts,
    )
