"""The two routes of the transcode queue."""

from houndmon.core.flawed_rows import FlawedRows
from houndmon.core.panel import PanelSpec
from houndmon.core.panel_routes import panel_routes
from houndmon.panels.transcode.load import SQL, load, series
from houndmon.panels.transcode.model import Transcode
from houndmon.panels.transcode.trend import load_trend

PANEL = PanelSpec(
    name="transcode",
    title="Transcode queue",
    question="Is the queue moving, and do its jobs succeed?",
    answer=Transcode,
    load=load,
    series=series,
    trend=load_trend,
    flawed=FlawedRows(SQL["flawed"], {"negative_duration": "finished_at before started_at"}),
)
ROUTES = panel_routes(PANEL)
