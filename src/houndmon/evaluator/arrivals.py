"""Notes the beats that arrive while houndmon watches: clocks that run behind are told apart from silence."""

from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
from msgspec.structs import replace

from houndmon.core.clock import JITTER
from houndmon.core.filters import Environment
from houndmon.core.sql import load_statements
from houndmon.evaluator.figures import BeatFigures, EnvironmentFigures

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("arrivals.sql")).items()}
BLIND_AFTER = timedelta(minutes=1)  # without a look nobody can say when a beat came


class Arrivals:
    """What this process knows of one source's arrivals: when it last looked. `identity` tells it from others."""

    def __init__(self, identity: str) -> None:
        self._identity = identity
        self._looked: dict[Environment, datetime] = {}

    async def note(self, conn: asyncpg.Connection, figures: EnvironmentFigures) -> EnvironmentFigures:
        """Write down a newer beat; the figures with when the newest one arrived. The transaction holds the lease."""
        beats = figures.beats
        if not isinstance(beats, BeatFigures) or beats.liveness.last_heartbeat_at is None:
            return figures
        environment, newest = figures.environment, beats.liveness.last_heartbeat_at
        last = self._looked.get(environment)
        is_watching = last is not None and beats.now - last <= BLIND_AFTER
        self._looked[environment] = beats.now
        key, soon = (self._identity, environment), beats.now + JITTER
        await conn.execute(SQL["note"], *key, newest, beats.now, is_watching, BLIND_AFTER, soon)
        seen_at = await conn.fetchval(SQL["newest"], *key, soon)
        return replace(figures, beats=replace(beats, seen_at=seen_at))


async def prune(conn: asyncpg.Connection) -> None:
    """Forget arrivals that no window reaches."""
    await conn.execute(SQL["prune"])
