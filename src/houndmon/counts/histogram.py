"""Percentiles from logarithmic histograms that merge by addition."""

from math import ceil

from houndmon.core.answer import Percentiles
from houndmon.core.buckets import NEGATIVE, RELATIVE_ERROR, bucket_value
from houndmon.counts.series import add_histogram


def percentile(histogram: dict[int, int], share: float, largest: float) -> float:
    """The nearest rank of a share in (0, 1], within `RELATIVE_ERROR`; the last rank is the largest sample itself."""
    whole = sum(histogram.values())
    rank = max(1, ceil(share * whole))
    if rank >= whole:
        return largest
    passed = 0
    for place in sorted(histogram):
        passed += histogram[place]
        if passed >= rank:
            return min(bucket_value(place), largest)
    raise AssertionError("the ranks end within the histogram")


class Histogram:
    """Samples by bucket, and the largest of them."""

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.top: float | None = None

    def add(self, buckets: dict[int, int], top: float) -> None:
        """Take in more samples."""
        add_histogram(self.buckets, buckets)
        self.top = top if self.top is None else max(self.top, top)

    def percentiles(self) -> Percentiles:
        """p50, p95 and max; what is negative is in none of them."""
        samples = {place: count for place, count in self.buckets.items() if place != NEGATIVE}
        whole = sum(samples.values())
        top = self.top if whole else None
        return Percentiles(
            p50=None if top is None else percentile(samples, 0.5, top),
            p95=None if top is None else percentile(samples, 0.95, top),
            max=top,
            sample_count=whole,
            method="histogram",
            relative_error=RELATIVE_ERROR,
        )
