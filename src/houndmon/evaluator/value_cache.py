"""Serves the charts of rules' own values, shared by all who look."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from houndmon.config.model import Config
from houndmon.core.answer import WindowShown
from houndmon.core.clock import Range
from houndmon.core.filters import Environment
from houndmon.core.panel_cache import DEADLINE_SECONDS, TREND_LIFE_SECONDS, TRENDS_AT_ONCE
from houndmon.core.single_flight import SingleFlightCache
from houndmon.core.source import Source
from houndmon.core.trend import Chart, Series, Trend
from houndmon.evaluator.value_series import ValueOf, load_of
from houndmon.evaluator.value_windows import Stretches
from houndmon.rulebook.book import BOOK, RuleName
from houndmon.rulebook.spec import ValueChart

VALUE_WAIT_SECONDS = 1.0  # an alert's page comes without its chart rather than late
NAME = "value"


class ValueQuestion(msgspec.Struct, frozen=True):
    """Whose value, and over which range: one that ends at a whole minute of the past, or now."""

    rule: RuleName
    environment: Environment
    subject: str | None
    range: Range
    end: datetime | None


class ValueCache:
    """Reads and serves the charts of rules' own values."""

    def __init__(self, source: Source, config: Callable[[], Config]) -> None:
        self._source, self._config = source, config
        self._shared: SingleFlightCache[ValueQuestion, Trend] = SingleFlightCache(
            self._load, life_seconds=TREND_LIFE_SECONDS, deadline_seconds=DEADLINE_SECONDS, concurrency=TRENDS_AT_ONCE
        )

    async def chart_if_quick(self, asked: ValueQuestion) -> Trend | None:
        """The chart if it comes soon, else the last one; None where there never was one."""
        return await self._shared.get_if_quick(asked, VALUE_WAIT_SECONDS)

    async def _load(self, asked: ValueQuestion) -> Trend:
        load, drawn = load_of(asked.rule, asked.subject), BOOK[asked.rule].value_chart
        assert load, f"no rows tell what the value of {asked.rule} was"
        assert drawn
        config = self._config()
        rule = config.rules_in(asked.environment)[asked.rule]
        async with self._source.snapshot() as snapshot:
            clock = snapshot.clock
            stretches = Stretches.until(clock, asked.range, asked.end)
            series = await load(snapshot, ValueOf(rule, asked.environment, asked.subject, config), stretches)
        return Trend(
            panel=NAME,
            as_of=clock.now,
            window=WindowShown(asked.range, stretches.start, asked.end or clock.now, clock.today),
            step_seconds=stretches.step.total_seconds(),
            starts=stretches.starts,
            charts=[Chart(name=NAME, title=drawn.title, unit=drawn.unit, series=[scaled(series, drawn)])],
        )


def scaled(series: Series, drawn: ValueChart) -> Series:
    """The values in the unit of the chart."""
    lines = {name: getattr(series, name) for name in ("values", "low", "high", "worst")}
    return Series(
        name=series.name,
        **{
            name: line and [None if one is None else one / drawn.divisor for one in line]
            for name, line in lines.items()
        },
    )
