from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.throttle import Throttle


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 100)), max_size=60), st.integers(1, 100))
def test_it_lets_each_key_through_once_in_its_time(steps: list[tuple[str, int]], seconds: int) -> None:
    """The first of a key passes, and then each that comes at least so long after the last that passed."""
    throttle, now, passed = Throttle(seconds), 0, {"a": -seconds, "b": -seconds}
    for key, later in steps:
        now += later
        is_due = now - passed[key] >= seconds
        assert throttle.allows(key, now) is is_due
        passed[key] = now if is_due else passed[key]
