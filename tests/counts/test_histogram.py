from math import ceil

import pytest
from ddsketch import DDSketch
from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.buckets import NEGATIVE, RELATIVE_ERROR, ZERO, bucket
from houndmon.counts.histogram import Histogram

samples = st.floats(1e-6, 1e9) | st.just(0.0) | st.integers(1, 500).map(float)


def of(values):
    """A histogram of some samples, as SQL would group them."""
    found = Histogram()
    for value in values:
        found.add({bucket(value): 1}, value)
    return found


def nearest_rank(values, share):
    """The smallest value with at least that share of the values at or below it."""
    return sorted(values)[max(1, ceil(share * len(values))) - 1]


@given(st.lists(samples, min_size=1, max_size=200))
def test_it_stays_within_its_stated_error(values):
    """p50 and p95 lie within 0.5 % of the exact nearest rank; the largest and the count are exact."""
    found = of(values).percentiles()
    assert (found.max, found.sample_count) == (max(values), len(values))
    for mine, share in ((found.p50, 0.5), (found.p95, 0.95)):
        assert mine == pytest.approx(nearest_rank(values, share), rel=RELATIVE_ERROR)
    assert (found.method, found.relative_error) == ("histogram", RELATIVE_ERROR)


@given(st.lists(st.floats(1e-3, 1e6), min_size=30, max_size=200))
def test_it_agrees_with_another_sketch(values):
    """A published implementation of the same guarantee is never further away than both errors together."""
    other = DDSketch(RELATIVE_ERROR)
    for value in values:
        other.add(value)
    # That one interpolates ranks as q * (n - 1): asked for the rank that we take.
    rank = max(1, ceil(0.5 * len(values)))
    theirs = other.get_quantile_value((rank - 1) / (len(values) - 1))
    assert of(values).percentiles().p50 == pytest.approx(theirs, rel=2 * RELATIVE_ERROR + 1e-9)


@given(st.lists(samples, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_it_merges_in_any_order_and_split(values, random):
    """However the samples are cut into histograms and in whatever order those are added, the answer is the same."""
    whole, parts = of(values).percentiles(), Histogram()
    shuffled = random.sample(values, len(values))
    cuts = sorted(random.choices(range(len(values) + 1), k=2))
    for part in (shuffled[: cuts[0]], shuffled[cuts[0] : cuts[1]], shuffled[cuts[1] :]):
        if part:
            parts.add(of(part).buckets, max(part))
    assert parts.percentiles() == whole


def test_it_leaves_out_what_ended_before_it_began():
    """A negative sample is counted in a bucket of its own and in no percentile; a sample of 0 is one."""
    found = of([-3.0, 0.0, 4.0])
    assert found.buckets[NEGATIVE] == found.buckets[ZERO] == 1
    assert (found.percentiles().sample_count, found.percentiles().p50) == (2, 0.0)
    nothing = of([-3.0]).percentiles()
    assert (nothing.p50, nothing.p95, nothing.max, nothing.sample_count) == (None, None, None, 0)
