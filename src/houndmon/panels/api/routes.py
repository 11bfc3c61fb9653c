"""The two routes of the API."""

from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.panels.api.load import SQL, load, series
from houndmon.panels.api.model import Api
from houndmon.panels.api.trend import load_trend

PANEL = PanelSpec(
    name="api",
    title="API",
    question="Which services and routes answer with errors?",
    answer=Api,
    load=load,
    series=series,
    trend=load_trend,
    flawed=FlawedRows(SQL["flawed"], {"future_time": "occurred_at"}),
)
ROUTES = panel_routes(PANEL)
