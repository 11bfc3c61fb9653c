import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.rulebook import units
from houndmon.rulebook.units import BURN, COUNT, MINUTES, RATIO, SECONDS, Unit, counted

SHARES = st.floats(0, 1)
SECONDS_LONG = st.floats(0, 10**9)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "—"),
        (0, "0%"),
        (1, "100%"),
        (0.0041, "0.41%"),
        (0.00001, "<0.01%"),
        (0.99999, ">99.99%"),
        (0.1234, "12.3%"),
        (0.0942, "9.42%"),
        (0.9971, "99.71%"),
        (1e-17, "0%"),
    ],
)
def test_it_writes_a_ratio_in_per_cent(share: float | None, words: str) -> None:
    """More digits near both ends; a dash where there is no ratio."""
    assert units.percent(share) == words


@given(SHARES, st.sampled_from([None, 1, 2]))
@example(1e-9, 1)
@example(1 - 1e-9, 2)
@example(0.9996, 1)
def test_it_never_rounds_some_to_none_or_all(share: float, digits: int | None) -> None:
    """One failure in a million is not 0 %, and all but one is not 100 %."""
    words = units.percent(share, digits)
    if 1e-9 <= share <= 1 - 1e-9:
        assert float(words.strip("<>%")) not in (0, 100)


@given(SHARES)
def test_it_stays_near_the_ratio(share: float) -> None:
    """What is written differs from the ratio by less than a tenth of a per cent."""
    assert abs(float(units.percent(share).strip("<>%")) - share * 100) < 0.1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "—"),
        (0, "0.0 s"),
        (9.1, "9.1 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1.0 min"),
        (150, "2.5 min"),
        (300, "5 min"),
        (300.4, "5.0 min"),
        (599, "10 min"),
        (2820, "47 min"),
        (3600, "60 min"),
        (7199, "2 h"),
        (11520, "3 h 12 min"),
        (86400, "24 h"),
        (90060, "25 h 1 min"),
        (172800, "2 d"),
        (788400, "9 d 3 h"),
    ],
)
def test_it_writes_a_duration_in_the_units_that_matter(seconds: float | None, words: str) -> None:
    """No unit is ever full, and none is said to be empty: 60 s are a minute, and two hours are just that."""
    assert units.duration(seconds) == words


def in_seconds(words: str) -> float:
    units = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    parts = words.replace(",", "").split(" ")
    return sum(float(number) * units[unit] for number, unit in zip(parts[::2], parts[1::2], strict=True))


@given(SECONDS_LONG)
@example(59.5)
@example(597.0)
@example(7170.0)
@example(172770.0)
def test_it_writes_a_duration_that_can_be_read_back(seconds: float) -> None:
    """What is written is within 5 % of the duration, or a twentieth of a second."""
    assert abs(in_seconds(units.duration(seconds)) - seconds) <= max(0.0501, 0.05 * seconds)


@given(SECONDS_LONG)
@example(7200.0)
@example(86400.0)
@example(172800.0)
def test_it_never_says_how_much_of_a_unit_there_is_not(seconds: float) -> None:
    """A second unit is there only where it adds something."""
    assert not re.search(r" 0 (s|min|h)$", units.duration(seconds))


@given(SECONDS_LONG, SECONDS_LONG)
def test_it_keeps_durations_in_order(one: float, other: float) -> None:
    """A longer time never reads as a shorter one."""
    less, more = sorted((one, other))
    assert in_seconds(units.duration(less)) <= in_seconds(units.duration(more))


def test_it_writes_minutes_as_durations() -> None:
    """Figures in minutes and in seconds read alike."""
    assert units.minutes(2.5) == units.duration(150)
    assert units.minutes(None) == "—"


def test_it_sets_thousands_apart() -> None:
    """A count is read at a glance; where there is none, a dash stands."""
    assert units.count(41230) == "41,230"
    assert units.count(None) == "—"


@pytest.mark.parametrize(
    ("unit", "value", "page", "message"),
    [
        (MINUTES, 45.1, "45 min", "45 min"),
        (MINUTES, 1440, "24 h", "24 h"),
        (SECONDS, 360.98, "6.0 min", "6 min"),
        (SECONDS, 120, "2 min", "2 min"),
        (SECONDS, 131.4, "2.2 min", "2.2 min"),
        (SECONDS, 9.0, "9.0 s", "9 s"),
        (RATIO, 0.0012, "0.12%", "0.12%"),
        (RATIO, 0.03, "3.00%", "3%"),
        (RATIO, 0.075, "7.50%", "7.5%"),
        (RATIO, 0.125, "12.5%", "12.5%"),
        (RATIO, 3 / 100_003, "<0.01%", "<0.01%"),
        (RATIO, 100_000 / 100_003, ">99.99%", ">99.99%"),
        (RATIO, 0.0, "0%", "0%"),
        (RATIO, 1.0, "100%", "100%"),
        (BURN, 8.04, "8.0× its budget", "8×"),
        (BURN, 1.46, "1.5× its budget", "1.5×"),
        (BURN, 31.4, "31.4× its budget", "31×"),
        (COUNT, 1234.0, "1,234", "1,234"),
        (counted("plays in 30 min"), 0.0, "0", "0 plays in 30 min"),
    ],
)
def test_it_writes_each_unit_on_the_page_and_in_a_message(unit: Unit, value: float, page: str, message: str) -> None:
    """A sentence has the number of the page, as people say it: without decimals that say nothing."""
    assert (unit.page(value), unit.message(value)) == (page, message)


@given(st.floats(allow_nan=True, allow_infinity=True))
@example(-0.0)
@example(math.inf)
def test_it_writes_any_number(value: float) -> None:
    """No number breaks a message, and none ends in idle zeros."""
    words = units.number(value)
    assert words in ("∞", "unknown") or re.fullmatch(r"-?[\d,]+(\.\d?[1-9])?", words)
