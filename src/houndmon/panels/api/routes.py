"""The two routes of the API."""

from houndmon.kit.room import Room, routes
from houndmon.panels.api.load import load
from houndmon.panels.api.model import Api
from houndmon.panels.api.trend import load_trend

ROOM = Room(
    name="api",
    title="API",
    question="Which services and routes answer with errors?",
    answer=Api,
    load=load,
    trend=load_trend,
)
ROUTES = routes(ROOM)
