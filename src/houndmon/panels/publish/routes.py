"""The two routes of publishing."""

from houndmon.kit.room import Room, routes
from houndmon.panels.publish.load import load
from houndmon.panels.publish.model import Publish

ROOM = Room(
    name="publish",
    title="Publish",
    question="Do uploaded tracks go live in time?",
    answer=Publish,
    load=load,
)
ROUTES = routes(ROOM)
