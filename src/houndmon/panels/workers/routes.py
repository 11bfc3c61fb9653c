"""The two routes of workers."""

from houndmon.kit.room import Room, routes
from houndmon.panels.workers.load import load
from houndmon.panels.workers.model import Workers

ROOM = Room(
    name="workers",
    title="Workers",
    question="Is anybody working?",
    answer=Workers,
    load=load,
)
ROUTES = routes(ROOM)
