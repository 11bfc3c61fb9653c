"""Reads the incident feed."""

from pathlib import Path

from houndmon.config.model import Config
from houndmon.core.answer import ignored_filters, window_shown
from houndmon.core.clock import SlicedRow
from houndmon.core.filters import Filters
from houndmon.core.series import CountSeries
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.panels.incidents.model import IncidentRow, Incidents, listed_incident

SQL = load_statements(Path(__file__).with_name("query.sql"))


def series(config: Config) -> tuple[CountSeries[SlicedRow], ...]:
    """Nothing: the feed is houndmon's own."""
    return ()


async def load(snapshot: Snapshot, filters: Filters, config: Config) -> Incidents:
    """The incidents panel: houndmon's own table, on its own database's clock."""
    clock = snapshot.clock
    rows = await snapshot.rows(SQL["newest"], IncidentRow, filters.environment, clock.soon)
    return Incidents(
        panel="incidents",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored_filters(filters),
        anomalies=[],
        items=[listed_incident(row) for row in rows],
    )
