"""How errors of the API went."""

from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.trend import Chart, Series, trend_windows, windows_week_before
from houndmon.panels.api.load import load_windows
from houndmon.panels.api.model import Service


async def load_trend(snapshot: Snapshot, filters: Filters) -> list[Chart]:
    """Requests answered with 4xx and 5xx in each stretch, beside the 5xx of a week before."""
    windows = trend_windows(snapshot.clock, filters.range)
    now = await load_windows(snapshot, filters, *windows)
    bad_5xx, bad_4xx = Series(name="5xx", values=errors_5xx(now)), Series(name="4xx", values=errors_4xx(now))
    bad_5xx.before = errors_5xx(await load_windows(snapshot, filters, *windows_week_before(windows, snapshot.clock)))
    return [Chart(name="errors", title="API errors", unit="count", series=[bad_5xx, bad_4xx])]


def errors_5xx(stretches: list[list[Service]]) -> list[float | None]:
    """Requests answered with 5xx, of all services."""
    return [float(sum(service.errors_5xx for service in services)) for services in stretches]


def errors_4xx(stretches: list[list[Service]]) -> list[float | None]:
    """Requests answered with 4xx, of all services."""
    return [float(sum(service.errors_4xx for service in services)) for services in stretches]
