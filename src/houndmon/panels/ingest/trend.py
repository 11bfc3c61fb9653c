"""How uploads and rejections went."""

from houndmon.kit.filters import Filters
from houndmon.kit.source import Snapshot
from houndmon.kit.trend import Chart, Series, has_week_before, stretches, week_before
from houndmon.panels.ingest.load import load_windows


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """Uploads and rejections of each stretch, beside the uploads of a week before."""
    windows = stretches(snapshot.clock, filters.range)
    now, before = await load_windows(snapshot, filters, *windows), None
    if has_week_before(filters.range):
        then = await load_windows(snapshot, filters, *week_before(windows, snapshot.clock))
        before = [float(uploads.uploads) for uploads in then]
    uploads = Series(
        name="uploads", values=[float(one.uploads) for one in now], before=list(before) if before else None
    )
    rejected = Series(name="rejected", values=[float(one.rejected) for one in now])
    return [Chart(name="uploads", title="Uploads and rejections", unit="count", series=[uploads, rejected])]
