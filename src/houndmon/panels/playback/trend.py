"""How playback failures went."""

from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.stats import wilson
from houndmon.core.trend import Chart, Series, trend_windows, windows_week_before
from houndmon.panels.playback.load import load_windows


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """The failure ratio of each stretch with its interval, beside that of a week before."""
    windows = trend_windows(snapshot.clock, filters.range)
    plays = await load_windows(snapshot, filters, *windows)
    then = await load_windows(snapshot, filters, *windows_week_before(windows, snapshot.clock))
    intervals = [wilson(one.failed, one.attempts) for one in plays]
    line = Series(
        name="failure ratio",
        values=[one.ratio for one in intervals],
        low=[one.low for one in intervals],
        high=[one.high for one in intervals],
        before=[one.failure_ratio for one in then],
    )
    return [Chart(name="failure_ratio", title="Failure ratio", unit="ratio", series=[line])]
