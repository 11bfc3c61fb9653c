"""What houndmon knows of charted figures: the threshold that watches each, and what happened meanwhile."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from houndmon.config.model import Config
from houndmon.core.filters import Filters
from houndmon.core.problems import DatabaseUnreadable
from houndmon.core.sql import load_statements
from houndmon.core.state_database import StateDatabase
from houndmon.core.trend import Chart, Mark, Trend
from houndmon.rulebook.book import BOOK, SPECS

SQL = load_statements(Path(__file__).with_name("query.sql"))
MARKS_SECONDS = 0.5  # charts come without their marks rather than late
MOST_MARKS = 200


class ChartNotes:
    """Adds to charts what houndmon itself knows."""

    def __init__(self, database: StateDatabase, config: Callable[[], Config]) -> None:
        self.database, self.config = database, config

    async def annotate(self, trend: Trend, filters: Filters) -> Trend:
        """The same charts with thresholds and marks; without marks where they cannot be read."""
        charts = [self.watched(chart, trend.panel, filters) for chart in trend.charts]
        try:
            marks = await self.marks(trend.panel, filters, trend.starts[0], trend.as_of)
        except DatabaseUnreadable:
            marks = None
        return msgspec.structs.replace(trend, charts=charts, marks=marks)

    def watched(self, chart: Chart, panel: str, filters: Filters) -> Chart:
        """A chart with its rule's threshold. No rule watches the figures of one artist or release."""
        if filters.has_ids:
            return chart
        rules = self.config().rules_in(filters.environment)
        for spec in SPECS:
            if (spec.panel, spec.chart) == (panel, chart.name) and rules[spec.name].enabled:
                return msgspec.structs.replace(chart, rule=spec.name, threshold=rules[spec.name].threshold)
        return chart

    async def marks(self, panel: str, filters: Filters, start: datetime, end: datetime) -> list[Mark]:
        """The panel's alerts, and all that was reported in the environment, oldest first.

        Raises DatabaseUnreadable.
        """
        async with self.database.snapshot(MARKS_SECONDS) as snapshot:
            found = await snapshot.rows(SQL["marks"], Mark, filters.environment, start, end, MOST_MARKS)
        return [mark for mark in found if is_about(mark, panel)]


def is_about(mark: Mark, panel: str) -> bool:
    """Whether a panel's charts mark it: of alerts only its own, for each would stand in all of them."""
    if mark.kind not in ("alert_fired", "alert_recovered"):
        return True
    return mark.rule in BOOK and BOOK[mark.rule].of(mark.subject).panel == panel
