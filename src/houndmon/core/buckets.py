"""Logarithmic buckets of samples: which one a sample lies in, in Python and in SQL alike.

Bucket i holds the samples in (γ^(i-1), γ^i], with γ = (1 + α) / (1 - α); its value is taken for 2 γ^i / (γ + 1), which
lies within α of every sample in it. Source: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: a fast and fully-mergeable
quantile sketch with relative-error guarantees", PVLDB 12 (2019).
"""

from math import ceil, exp, log

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
    """The same in SQL, of an expression of type float8 that is finite and not null."""
    return (
        f"case when {value} > 0 then ceil(ln({value}) / {LOG_GAMMA!r})::integer "
        f"when {value} = 0 then {ZERO} else {NEGATIVE} end"
    )


def bucket_value(place: int) -> float:
    """What a bucket's samples are taken for."""
    return 0.0 if place == ZERO else 2 * exp(place * LOG_GAMMA) / (exp(LOG_GAMMA) + 1)
