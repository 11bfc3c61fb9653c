"""The two routes of ingest."""

from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.panels.ingest.load import SQL, load, series
from houndmon.panels.ingest.model import Ingest
from houndmon.panels.ingest.trend import load_trend

PANEL = PanelSpec(
    name="ingest",
    title="Ingest",
    question="Do uploads arrive, and are they accepted?",
    answer=Ingest,
    load=load,
    series=series,
    trend=load_trend,
    flawed=FlawedRows(SQL["flawed"], {"future_time": "occurred_at"}),
)
ROUTES = panel_routes(PANEL)
