"""How playback failures went."""

from houndmon.kit.filters import Filters
from houndmon.kit.source import Snapshot
from houndmon.kit.stats import wilson
from houndmon.kit.trend import Chart, Series, has_week_before, stretches, week_before
from houndmon.panels.playback.load import load_windows


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """The failure ratio of each stretch with its interval, beside that of a week before."""
    windows = stretches(snapshot.clock, filters.range)
    plays = await load_windows(snapshot, filters, *windows)
    intervals = [wilson(one.failed, one.attempts) for one in plays]
    line = Series(
        name="failure ratio",
        values=[one.ratio for one in intervals],
        low=[one.low for one in intervals],
        high=[one.high for one in intervals],
    )
    if has_week_before(filters.range):
        then = await load_windows(snapshot, filters, *week_before(windows, snapshot.clock))
        line.before = [one.failure_ratio for one in then]
    return [Chart(name="failure_ratio", title="Failure ratio", unit="ratio", series=[line])]
