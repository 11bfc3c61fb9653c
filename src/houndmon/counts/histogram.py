"""Percentiles from logarithmic histograms that merge by addition.

Bucket i holds the samples in (γ^(i-1), γ^i], with γ = (1 + α) / (1 - α); its value is taken for 2 γ^i / (γ + 1), which
lies within α of every sample in it. Source: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable
quantile sketch with relative-error guarantees", PVLDB 12 (2019). The SQL of `BUCKET` computes the same.
"""

from math import ceil, exp, log

from houndmon.counts.series import add_histogram
from houndmon.kit.panel import Percentiles

RELATIVE_ERROR = 0.005
ALPHA = 0.00499  # a little less than what is promised: rounding at a bucket's edge costs no promise
LOG_GAMMA = log((1 + ALPHA) / (1 - ALPHA))
ZERO = -(2**31)  # the bucket of samples that are 0: they have no logarithm
NEGATIVE = ZERO + 1  # the bucket of what ended before it began: counted, in no percentile


def bucket(value: float) -> int:
    """The bucket of a sample."""
    if value < 0:
        return NEGATIVE
    return ceil(log(value) / LOG_GAMMA) if value else ZERO


def bucket_sql(value: str) -> str:
    """The same in SQL, of an expression of type float8 that is not null."""
    return (
        f"case when {value} > 0 then ceil(ln({value}) / {LOG_GAMMA!r})::integer "
        f"when {value} = 0 then {ZERO} else {NEGATIVE} end"
    )


def value_of(place: int) -> float:
    """What a bucket's samples are taken for."""
    return 0.0 if place == ZERO else 2 * exp(place * LOG_GAMMA) / (exp(LOG_GAMMA) + 1)


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
            return min(value_of(place), largest)
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
