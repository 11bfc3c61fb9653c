import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.web.summary.answers import Cause, chance_of_hour

COUNTS = st.integers(0, 60)


def cause(count: int, before: int | None) -> Cause:
    """A code of the last hour, with how often it came in the 23 hours before."""
    return Cause("playback", "DECODE", count, 1.0, usual_per_hour=None if before is None else before / 23)


@pytest.mark.parametrize(
    ("count", "before", "is_unusual"),
    [
        (3, 14, False),  # three of seventeen
        (2, 0, False),  # too few to say anything
        (3, 1, False),
        (3, 0, True),
        (45, 92, True),
        (44, 345, False),  # three times as many as usual is what it takes
        (120, 0, True),
        (8999, 69000, False),  # far beyond chance, and yet a day's ebb and flow
        (3, None, False),
    ],
)
def test_it_calls_unusual_what_neither_the_hour_nor_chance_explains(
    count: int, before: int | None, is_unusual: bool
) -> None:
    """A few failures of a rare code are no finding; a code that was never there is, once there are three."""
    assert cause(count, before).is_unusual is is_unusual


@given(COUNTS, COUNTS)
def test_it_never_understates_chance(count: int, before: int) -> None:
    """The bound is above the binomial's exact tail, and at most 1."""
    total = count + before
    tail = sum(math.comb(total, k) * 23 ** (total - k) for k in range(count, total + 1)) / 24**total
    assert tail * (1 - 1e-9) <= chance_of_hour(count, before) <= 1


@given(COUNTS, COUNTS)
def test_it_goes_down_with_each_failure_more(count: int, before: int) -> None:
    """More in the hour is less chance, more before it is more."""
    found = chance_of_hour(count, before)
    assert chance_of_hour(count + 1, before) <= found <= chance_of_hour(count, before + 1)
