"""The two routes of the API."""

from houndmon.kit.room import Room, routes
from houndmon.panels.api.load import load
from houndmon.panels.api.model import Api

ROOM = Room(
    name="api",
    title="API",
    question="Which services and routes answer with errors?",
    answer=Api,
    load=load,
)
ROUTES = routes(ROOM)
