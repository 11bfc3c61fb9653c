"""When the past is held against the source again: all of 24 h each 10 minutes, all of 7 d each 6 hours. Pure."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from houndmon.core.series import Interval
from houndmon.counts.blocks import MINUTE, block_start

CheckKind = Literal["day", "week"]
CHECK_INTERVALS: dict[CheckKind, timedelta] = {"week": timedelta(hours=6), "day": timedelta(minutes=10)}
CHECK_SPANS: dict[CheckKind, timedelta] = {"week": timedelta(days=7), "day": timedelta(hours=24)}


class CheckPass(msgspec.Struct):
    """One run over the past, from old to new; `place` is how far it has come."""

    kind: CheckKind
    begun_at: datetime
    place: datetime
    end: datetime


class Checks(msgspec.Struct):
    """When a series was last checked, and the check under way."""

    day_checked_at: datetime | None = None
    week_checked_at: datetime | None = None
    under_way: CheckPass | None = None

    def next_stretch(self, covered: Interval, span: timedelta, now: datetime) -> Interval | None:
        """What to count again next; None where nothing is due."""
        run = self.under_way = self.under_way or self._begun(covered, now)
        if run is None:
            return None
        start = max(run.place, covered.start)
        return Interval(start, min(run.end, max(start + timedelta(minutes=1), block_start(start + span, MINUTE))))

    def advance(self, stretch: Interval) -> CheckPass | None:
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

    def _begun(self, covered: Interval, now: datetime) -> CheckPass | None:
        checked: dict[CheckKind, datetime | None] = {"week": self.week_checked_at, "day": self.day_checked_at}
        for kind, last in checked.items():
            start = max(covered.start, block_start(now - CHECK_SPANS[kind], MINUTE))
            if (last is None or now - last >= CHECK_INTERVALS[kind]) and start < covered.end:
                return CheckPass(kind, now, start, covered.end)
        return None
