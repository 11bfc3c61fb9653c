"""The two routes of publishing."""

from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.panels.publish.load import SQL, load, series
from houndmon.panels.publish.model import Publish

PANEL = PanelSpec(
    name="publish",
    title="Publish",
    question="Do uploaded tracks go live in time?",
    answer=Publish,
    load=load,
    series=series,
    flawed=FlawedRows(SQL["flawed"], {"missing_time": "live_at", "negative_duration": "live_at before uploaded_at"}),
)
ROUTES = panel_routes(PANEL)
