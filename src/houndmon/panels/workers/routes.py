"""The two routes of workers."""

from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.panels.workers.load import SQL, load, series
from houndmon.panels.workers.model import Workers

PANEL = PanelSpec(
    name="workers",
    title="Workers",
    question="Is anybody working?",
    answer=Workers,
    load=load,
    series=series,
    flawed=FlawedRows(SQL["flawed"], {"negative_duration": "started_at before claimed_at"}, is_ordered=False),
)
ROUTES = panel_routes(PANEL)
