"""The arithmetic of measured times."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.stats import Times, percentile, ratio

samples = st.lists(st.floats(min_value=0, max_value=1e6), min_size=1, max_size=200)


@given(samples, st.integers(1, 100))
@example([float(n) for n in range(1, 101)], 7)
@example([float(n) for n in range(1, 101)], 29)
def test_it_takes_the_smallest_sample_that_enough_do_not_exceed(values, hundredths) -> None:
    """A percentile occurred, at least its part lies at or below it, and of any smaller sample that does not hold."""
    found, part = percentile(values, hundredths / 100), Fraction(hundredths, 100)
    assert found in values
    assert Fraction(sum(value <= found for value in values), len(values)) >= part
    assert all(Fraction(sum(v <= less for v in values), len(values)) < part for less in values if less < found)


@given(samples)
def test_it_orders_percentiles(values) -> None:
    """The median is no more than the 95th, that no more than the 99th, and that no more than the longest."""
    times = Times(tuple(values))
    assert times.p50 <= times.p95 <= times.p99 <= times.most == max(values) * 1000


@pytest.mark.parametrize(("whole", "part", "expected"), [(6, 3, 2), (0, 3, 0), (6, 0, None)])
def test_it_divides_where_there_is_something_to_divide_by(whole, part, expected) -> None:
    """A ratio to nothing is none."""
    assert ratio(whole, part) == expected
