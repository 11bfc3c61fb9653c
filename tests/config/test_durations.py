import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.config.durations import LONGEST_DAYS, UNITS, format_duration, parse_duration

LONGEST = LONGEST_DAYS * UNITS["d"]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), (" 5m ", 300)])
def test_it_reads_a_duration(text: str, seconds: int) -> None:
    """A whole number with its unit."""
    assert parse_duration(text) == seconds


@given(st.integers(0, LONGEST))
@example(0)
@example(86400)
def test_it_reads_what_it_wrote(seconds: int) -> None:
    """Writing a duration and reading it again changes nothing."""
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(0, 366), st.sampled_from("smhd"))
def test_it_writes_no_longer_than_it_read(number: int, unit: str) -> None:
    """A duration is written in its largest unit, so never with a larger number."""
    text = format_duration(parse_duration(f"{number}{unit}"))
    assert int(text[:-1]) <= number


@pytest.mark.parametrize("text", ["", "15", "15 m", "1.5m", "m", "1h30m", "15M", "٣m", "1e3s", "9999999999s", "--5s"])
def test_it_refuses_what_is_no_duration(text: str) -> None:
    """The sentence shows how one is written."""
    with pytest.raises(ValueError, match=r"whole number with its unit, as in 90s, 15m, 2h or 1d"):
        parse_duration(text)


def test_it_refuses_a_negative_duration() -> None:
    """Time does not run backwards; -0s is merely nothing."""
    with pytest.raises(ValueError, match="must not be negative"):
        parse_duration("-5m")
    assert parse_duration("-0s") == 0


def test_it_refuses_an_endless_duration() -> None:
    """A year and a day is the most."""
    assert parse_duration("366d") == LONGEST
    with pytest.raises(ValueError, match="must be at most 366d"):
        parse_duration("367d")
