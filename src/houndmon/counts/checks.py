"""When the past is held against the source again: all of 24 h each 10 minutes, all of 7 d each 6 hours. Pure."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from houndmon.counts.blocks import MINUTE, Reach, floor

Kind = Literal["day", "week"]
EVERY: dict[Kind, timedelta] = {"week": timedelta(hours=6), "day": timedelta(minutes=10)}
BACK: dict[Kind, timedelta] = {"week": timedelta(days=7), "day": timedelta(hours=24)}


class Pass(msgspec.Struct):
    """One run over the past, from old to new; `place` is how far it has come."""

    kind: Kind
    begun_at: datetime
    place: datetime
    end: datetime


class Checks(msgspec.Struct):
    """When a series was last checked, and the check under way."""

    day_checked_at: datetime | None = None
    week_checked_at: datetime | None = None
    under_way: Pass | None = None

    def next_stretch(self, reach: Reach, span: timedelta, now: datetime) -> Reach | None:
        """What to count again next; None where nothing is due."""
        run = self.under_way = self.under_way or self._begun(reach, now)
        if run is None:
            return None
        start = max(run.place, reach.start)
        return Reach(start, min(run.end, max(start + timedelta(minutes=1), floor(start + span, MINUTE))))

    def passed(self, stretch: Reach) -> Pass | None:
        """Take note of a stretch that is checked; the check that ended with it, if one did."""
        run = self.under_way
        assert run, "a stretch belongs to a check"
        run.place = stretch.end
        if run.place < run.end:
            return None
        self.under_way = None
        if run.kind == "week":
            self.week_checked_at = run.begun_at
        self.day_checked_at = run.begun_at
        return run

    def _begun(self, reach: Reach, now: datetime) -> Pass | None:
        checked: dict[Kind, datetime | None] = {"week": self.week_checked_at, "day": self.day_checked_at}
        for kind, last in checked.items():
            start = max(reach.start, floor(now - BACK[kind], MINUTE))
            if (last is None or now - last >= EVERY[kind]) and start < reach.end:
                return Pass(kind, now, start, reach.end)
        return None
