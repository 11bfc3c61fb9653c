"""The two routes of ingest."""

from houndmon.kit.room import Room, routes
from houndmon.panels.ingest.load import load
from houndmon.panels.ingest.model import Ingest

ROOM = Room(
    name="ingest",
    title="Ingest",
    question="Do uploads arrive, and are they accepted?",
    answer=Ingest,
    load=load,
)
ROUTES = routes(ROOM)
