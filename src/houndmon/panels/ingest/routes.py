"""The two routes of ingest."""

from houndmon.kit.room import Room, routes
from houndmon.panels.ingest.load import load
from houndmon.panels.ingest.model import Ingest
from houndmon.panels.ingest.trend import load_trend

ROOM = Room(
    name="ingest",
    title="Ingest",
    question="Do uploads arrive, and are they accepted?",
    answer=Ingest,
    load=load,
    trend=load_trend,
)
ROUTES = routes(ROOM)
