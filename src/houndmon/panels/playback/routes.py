"""The two routes of playback."""

from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.panels.playback.load import SQL, load, series
from houndmon.panels.playback.model import Playback
from houndmon.panels.playback.trend import load_trend

PANEL = PanelSpec(
    name="playback",
    title="Playback",
    question="Can listeners play, and if not, who and why?",
    answer=Playback,
    load=load,
    series=series,
    trend=load_trend,
    flawed=FlawedRows(SQL["flawed"], {"future_time": "occurred_at"}),
)
ROUTES = panel_routes(PANEL)
