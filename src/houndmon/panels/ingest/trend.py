"""How uploads and rejections went."""

from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.trend import Chart, Series, trend_windows, windows_week_before
from houndmon.panels.ingest.load import load_windows


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """Uploads and rejections of each stretch, beside the uploads of a week before."""
    windows = trend_windows(snapshot.clock, filters.range)
    now = await load_windows(snapshot, filters, *windows)
    then = await load_windows(snapshot, filters, *windows_week_before(windows, snapshot.clock))
    uploads = Series(
        name="uploads",
        values=[float(one.uploads) for one in now],
        before=[float(one.uploads) for one in then],
    )
    rejected = Series(name="rejected", values=[float(one.rejected) for one in now])
    return [Chart(name="uploads", title="Uploads and rejections", unit="count", series=[uploads, rejected])]
