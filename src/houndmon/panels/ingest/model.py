"""The arithmetic of ingest: counted uploads in, figures out."""

from collections import Counter
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.answer import PanelAnswer
from houndmon.core.clock import SlicedRow, Slices, Window, rows_in_slices
from houndmon.core.stats import name_or_unspecified, ratio, top_entries


class UploadRow(SlicedRow):
    """Uploads of one slice that are alike."""

    flaw: str | None
    outcome: str | None
    reason: str | None
    uploads: int


class Reason(msgspec.Struct):
    """Rejection reasons of one shape, or all beyond the ten commonest."""

    reason: Annotated[
        str,
        Meta(
            description="The reason, `…` for what is one upload's own; `unspecified` where blank, `other` the rest.",
            examples=["clipping"],
        ),
    ]
    count: Annotated[int, Meta(description="Rejections for it.", examples=[12])]
    share: Annotated[float, Meta(description="Their share of all rejections, in [0, 1].", examples=[0.4])]
    is_rest: Annotated[
        bool, Meta(description="Whether this is the rest: a real reason may be called `other` too.", examples=[False])
    ]


class WindowUploads(msgspec.Struct):
    """The uploads of one window."""

    uploads: int
    rejected: int
    reasons: list[Reason]


class Ingest(PanelAnswer, kw_only=True):
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


def summarize(rows: list[UploadRow], slices: Slices, window: Window) -> WindowUploads:
    """The uploads of one window: every row with a known outcome, once."""
    sound = [row for row in rows_in_slices(rows, slices.of(window)) if row.flaw is None]
    reasons: Counter[str] = Counter()
    for row in sound:
        if row.outcome == "rejected":
            reasons[name_or_unspecified(row.reason)] += row.uploads
    listed = [Reason(line.name, line.count, line.share, line.is_rest) for line in top_entries(reasons)]
    return WindowUploads(sum(row.uploads for row in sound), reasons.total(), listed)


def flaws(rows: list[UploadRow], slices: Slices, window: Window) -> Counter[str | None]:
    """How many rows of a window have each flaw."""
    seen: Counter[str | None] = Counter()
    for row in rows_in_slices(rows, slices.of(window)):
        seen[row.flaw] += row.uploads
    return seen


def rejection_ratio(uploads: WindowUploads) -> float | None:
    """rejected / uploads, in [0, 1]; None without uploads."""
    return ratio(uploads.rejected, uploads.uploads)
