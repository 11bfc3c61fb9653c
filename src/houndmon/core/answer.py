"""What every panel's answer holds, whichever it is."""

from collections import Counter
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.clock import Clock, Range
from houndmon.core.filters import AppliedFilters, Filters

AnomalyKind = Literal[
    "unknown_environment", "future_time", "unknown_value", "missing_time", "negative_duration", "late_beats"
]
ANOMALY_KINDS: tuple[AnomalyKind, ...] = (
    "unknown_environment",
    "future_time",
    "unknown_value",
    "missing_time",
    "negative_duration",
    "late_beats",
)
COUNTED_FLAWS = (None, "negative_duration")  # the flaws that keep a row in its counts


class Anomaly(msgspec.Struct):
    """Rows that lie in no figure, or only in some, and why."""

    kind: Annotated[AnomalyKind, Meta(description="What is wrong with the rows.", examples=["unknown_value"])]
    count: Annotated[int, Meta(description="How many rows there are of it.", examples=[3])]


class WindowShown(msgspec.Struct):
    """The stretch of time that the figures cover."""

    range: Annotated[Range, Meta(description="The range asked for.", examples=["24h"])]
    start: Annotated[datetime, Meta(description="Its first instant.", examples=["2026-03-01T12:00:00Z"])]
    end: Annotated[datetime, Meta(description="The source's clock.", examples=["2026-03-02T12:00:30Z"])]
    today_start: Annotated[
        datetime,
        Meta(description="Local midnight: where `today` starts.", examples=["2026-03-02T00:00:00Z"]),
    ]


class PanelAnswer(msgspec.Struct, kw_only=True):
    """What every panel answers besides its figures."""

    panel: Annotated[str, Meta(description="The panel's name.", examples=["ingest"])]
    as_of: Annotated[
        datetime, Meta(description="The source's clock when the figures were read.", examples=["2026-03-02T12:00:30Z"])
    ]
    window: Annotated[WindowShown, Meta(description="The stretch of time that the figures cover.")]
    filters: Annotated[AppliedFilters, Meta(description="The filters that were asked for.")]
    filters_ignored: Annotated[
        list[str], Meta(description="The filters given that this panel cannot honour.", examples=[["artist_id"]])
    ] = []
    anomalies: Annotated[
        list[Anomaly], Meta(description="Rows of the window that something is wrong with; only the kinds seen.")
    ]
    stale: Annotated[
        bool,
        Meta(description="The source cannot be read now: this is the last good answer.", examples=[False]),
    ] = False
    stale_reason: Annotated[
        str | None, Meta(description="Why the answer is stale.", examples=["relation hound.tracks cannot be read"])
    ] = None


def window_shown(clock: Clock, range: Range) -> WindowShown:
    """The window of a range, for display."""
    return WindowShown(range, clock.since(range), clock.now, clock.today)


def ignored_filters(filters: Filters) -> list[str]:
    """The filters given, for a panel that can honour none of them."""
    return list(filters.ids)


def anomalies_of(seen: Counter[str | None]) -> list[Anomaly]:
    """Anomalies in the order in which a row is judged; only those seen."""
    return [Anomaly(kind, seen[kind]) for kind in ANOMALY_KINDS if seen[kind]]


class Percentiles(msgspec.Struct, kw_only=True):
    """Nearest-rank percentiles of some samples: the smallest value with at least p·n values at or below it."""

    p50: Annotated[float | None, Meta(description="The median; null without samples.", examples=[1.4])]
    p95: Annotated[float | None, Meta(description="The 95th percentile; null without samples.", examples=[4.2])]
    max: Annotated[float | None, Meta(description="The largest; null without samples.", examples=[9.8])]
    sample_count: Annotated[int, Meta(description="How many samples there are.", examples=[2710])]
    method: Annotated[
        Literal["exact", "histogram"], Meta(description="How they were computed.", examples=["exact"])
    ] = "exact"
    relative_error: Annotated[
        float, Meta(description="How far p50 and p95 may be off, as a share of the value.", examples=[0])
    ] = 0
