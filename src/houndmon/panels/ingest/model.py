"""The arithmetic of ingest: counted uploads in, figures out."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.kit.clock import Sliced, Slices, Window, within
from houndmon.kit.panel import Panel
from houndmon.kit.stats import named, ratio, top


class UploadRow(Sliced):
    """Uploads of one slice that are alike."""

    flaw: str | None
    outcome: str | None
    reason: str | None
    uploads: int


class Reason(msgspec.Struct):
    """One rejection reason, or `other` for all beyond the ten commonest."""

    reason: Annotated[
        str, Meta(description="The reason; null and blank ones are `unspecified`.", examples=["clipping"])
    ]
    count: Annotated[int, Meta(description="Rejections for it.", examples=[12])]
    share: Annotated[float, Meta(description="Their share of all rejections, in [0, 1].", examples=[0.4])]


class Uploads(msgspec.Struct):
    """The uploads of one window."""

    uploads: int
    rejected: int
    reasons: list[Reason]


class Ingest(Panel, kw_only=True):
    """What the ingest panel answers."""

    uploads_today: Annotated[
        int, Meta(description="Uploads since local midnight, accepted or rejected.", examples=[2840])
    ]
    uploads_last_hour: Annotated[int, Meta(description="Uploads of the last hour.", examples=[118])]
    uploads: Annotated[int, Meta(description="Uploads of the range, accepted or rejected.", examples=[2950])]
    rejected: Annotated[int, Meta(description="Rejected uploads of the range.", examples=[121])]
    rejection_ratio: Annotated[
        float | None, Meta(description="rejected / uploads, in [0, 1]; null without uploads.", examples=[0.041])
    ]
    rejection_reasons: Annotated[
        list[Reason], Meta(description="The ten commonest rejection reasons of the range, then `other`.")
    ]


def summarize(rows: list[UploadRow], slices: Slices, window: Window) -> Uploads:
    """The uploads of one window: every row with a known outcome, once."""
    sound = [row for row in within(rows, slices.of(window)) if row.flaw is None]
    reasons: Counter[str] = Counter()
    for row in sound:
        if row.outcome == "rejected":
            reasons[named(row.reason)] += row.uploads
    listed = [Reason(line.name, line.count, line.share) for line in top(reasons)]
    return Uploads(sum(row.uploads for row in sound), reasons.total(), listed)


def flaws(rows: list[UploadRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many rows of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in within(rows, slices.of(window)):
        seen[row.flaw] += row.uploads
    return seen


def rejection_ratio(uploads: Uploads) -> float | None:
    """rejected / uploads, in [0, 1]; None without uploads."""
    return ratio(uploads.rejected, uploads.uploads)
