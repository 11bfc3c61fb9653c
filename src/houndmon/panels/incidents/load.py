"""Reads the incident feed."""

from pathlib import Path

from houndmon.kit.filters import Filters
from houndmon.kit.panel import ignored, window_shown
from houndmon.kit.source import Snapshot
from houndmon.kit.sql import statements
from houndmon.panels.incidents.model import IncidentRow, Incidents, shown

SQL = statements(Path(__file__).with_name("query.sql"))


async def load(snapshot: Snapshot, filters: Filters) -> Incidents:
    """The incidents panel: houndmon's own table, on its own database's clock."""
    clock = snapshot.clock
    rows = await snapshot.rows(SQL["newest"], IncidentRow, filters.environment, clock.soon)
    return Incidents(
        panel="incidents",
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        filters=snapshot.applied(filters),
        filters_ignored=ignored(filters),
        anomalies=[],
        items=[shown(row) for row in rows],
    )
