"""The two routes of playback."""

from houndmon.kit.room import Room, routes
from houndmon.panels.playback.load import load
from houndmon.panels.playback.model import Playback
from houndmon.panels.playback.trend import load_trend

ROOM = Room(
    name="playback",
    title="Playback",
    question="Can listeners play, and if not, who and why?",
    answer=Playback,
    load=load,
    trend=load_trend,
)
ROUTES = routes(ROOM)
