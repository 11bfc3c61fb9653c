"""The filters of a page or a panel, from the query of its request."""

from typing import Annotated, Any

from litestar import Request
from litestar.params import QueryParameter

from houndmon.core.filters import ENVIRONMENTS, RANGES, Filters, checked_environment, checked_id, checked_range
from houndmon.core.requests import refuse_unknown_parameters

FILTER_NAMES = ("range", "environment", "artist_id", "release_id")
ALERT_NAMES = ("state", "of", "rule", "severity", "owner", "text", "cursor")
ROWS_NAMES = ("code",)
PAGE_NAMES = ("wall", "turn", "panel", "q")
MORE_NAMES = {"/": PAGE_NAMES, "/fragments/search": PAGE_NAMES, "/alerts": ALERT_NAMES}
"""What else a page is asked with, by path."""
ROWS = ("/rows/", "/api/rows/")


async def provide_filters(
    request: Request[Any, Any, Any],
    range: Annotated[
        str,
        QueryParameter(
            description="The stretch of time to look back on.", schema_extra={"enum": list(RANGES), "default": "24h"}
        ),
    ] = "24h",
    environment: Annotated[
        str,
        QueryParameter(description="The environment.", schema_extra={"enum": list(ENVIRONMENTS), "default": "prod"}),
    ] = "prod",
    artist_id: Annotated[str | None, QueryParameter(description="One artist only (support).")] = None,
    release_id: Annotated[str | None, QueryParameter(description="One release only (support).")] = None,
) -> Filters:
    """The filters of a request. Raises BadInput."""
    path = request.scope["path"]
    more = ROWS_NAMES if path.startswith(ROWS) else MORE_NAMES.get(path, ())
    refuse_unknown_parameters(request, *FILTER_NAMES, *more)
    return Filters(
        checked_range(range),
        checked_environment(environment),
        checked_id("artist_id", artist_id),
        checked_id("release_id", release_id),
    )
