"""The two routes of the transcode queue."""

from houndmon.kit.room import Room, routes
from houndmon.panels.transcode.load import load
from houndmon.panels.transcode.model import Transcode
from houndmon.panels.transcode.trend import load_trend

ROOM = Room(
    name="transcode",
    title="Transcode queue",
    question="Is the queue moving, and do its jobs succeed?",
    answer=Transcode,
    load=load,
    trend=load_trend,
)
ROUTES = routes(ROOM)
