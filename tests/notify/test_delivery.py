from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.notify.delivery import LONGEST_SECONDS, SHORTEST_SECONDS, Outcome, backoff_seconds, wait_seconds

ATTEMPTS = st.integers(1, 100_000)
FRACTIONS = st.floats(0, 1, exclude_max=True)


@given(ATTEMPTS, FRACTIONS, st.booleans())
@example(100_000, 0.999, False)
def test_it_waits_within_bounds(attempts: int, fraction: float, is_for_people: bool) -> None:
    """A wait is at least half of the first one and at most ten minutes, whatever the attempt."""
    seconds = backoff_seconds(attempts, fraction, is_for_people=is_for_people)
    assert SHORTEST_SECONDS / 2 <= seconds <= LONGEST_SECONDS


@given(ATTEMPTS, FRACTIONS, st.booleans())
def test_it_waits_longer_each_time_up_to_the_cap(attempts: int, fraction: float, is_for_people: bool) -> None:
    """With the same luck a later attempt never comes sooner; what people must mend comes last."""
    this, following = (backoff_seconds(n, fraction, is_for_people=is_for_people) for n in (attempts, attempts + 1))
    assert this <= following <= 2 * this
    assert backoff_seconds(attempts, fraction) <= backoff_seconds(attempts, fraction, is_for_people=True)


def test_it_spreads_the_waits() -> None:
    """Jitter covers the upper half, so that receivers coming back are not all met at once."""
    assert backoff_seconds(1, 0.0) == 2.5
    assert backoff_seconds(2, 0.5) == 7.5
    assert backoff_seconds(50, 0.0) == 300


@given(ATTEMPTS, FRACTIONS, st.none() | st.floats(0, 1e15))
def test_it_honours_the_receivers_wish_within_an_hour(attempts: int, fraction: float, wish: float | None) -> None:
    """A wish is never undercut up to an hour, and never makes a wait longer than that."""
    seconds = wait_seconds(Outcome(sent=False, retry_after_seconds=wish), attempts, fraction)
    assert seconds <= 3600
    assert seconds >= min(wish or 0, 3600)
    assert seconds >= backoff_seconds(attempts, fraction)


def test_it_tries_a_day_long() -> None:
    """At the longest waits a message is tried at least 140 times before it is given up."""
    waits, attempts = 0.0, 0
    while waits < 24 * 3600:
        attempts += 1
        waits += backoff_seconds(attempts, 0.999999, is_for_people=True)
    assert attempts >= 140
