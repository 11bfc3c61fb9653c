"""Silences that recur: in force on the right days, at the local time, also where clocks change."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.alerts.recurrence import WEEKDAYS, Holding, Recurrence, holding_at, start_on
from houndmon.core.clock import Window

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Pacific/Apia",  # 30 December 2011 was no day there
    "Pacific/Kiritimati",
)
FIRST, LAST = datetime(2011, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 -- hypothesis wants naive bounds
AT = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
MINUTE = timedelta(minutes=1)
RECURRENCE = st.builds(
    Recurrence,
    weekdays=st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True),
    from_time=st.times().map(lambda at: f"{at:%H:%M}"),
    lasts_minutes=st.integers(1, 1440),
    zone=st.sampled_from(ZONES),
)
NIGHTS = Recurrence(weekdays=["sunday"], from_time="02:30", lasts_minutes=60, zone="Europe/Berlin")
APIA = Recurrence(weekdays=["thursday"], from_time="23:59", lasts_minutes=1440, zone="Pacific/Apia")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def begins(recurrence: Recurrence, near: datetime, days: int) -> list[datetime]:
    """Every beginning within so many days, of each day by itself."""
    first = near.date() - timedelta(days=days)
    those = [first + timedelta(days=number) for number in range(2 * days + 1)]
    return [start_on(day, recurrence) for day in those if WEEKDAYS[day.weekday()] in recurrence.weekdays]


@given(AT, RECURRENCE, st.integers(-20, 20), st.integers(1, 60))
@example(utc(2026, 3, 29, 1, 15), NIGHTS, 5, 30)
@example(utc(2011, 12, 30, 12, 0), APIA, 5, 30)
def test_it_holds_where_one_of_its_days_does(
    now: datetime, recurrence: Recurrence, started_days_ago: int, days: int
) -> None:
    """It holds at a time just where it began on one of its days, less than its length before, within start and end."""
    whole = Window(
        now - timedelta(days=started_days_ago), now - timedelta(days=started_days_ago) + timedelta(days=days)
    )
    length = timedelta(minutes=recurrence.lasts_minutes)
    assert whole.end
    spells = [(max(at, whole.start), min(at + length, whole.end)) for at in begins(recurrence, now, 90)]
    spells = [(start, end) for start, end in spells if start < end]
    held = [end for start, end in spells if start <= now < end]
    ahead = [start for start, _ in spells if start > now]
    assert holding_at(now, whole, recurrence) == Holding(max(held, default=None), min(ahead, default=None))


@given(AT, RECURRENCE)
def test_it_changes_at_the_times_that_it_tells(now: datetime, recurrence: Recurrence) -> None:
    """It does not hold before the next time that it tells, holds then, and its end is no part of it."""
    whole = Window(now - timedelta(days=3), now + timedelta(days=30))
    holding = holding_at(now, whole, recurrence)
    assert holding.next_at
    assert holding_at(holding.next_at, whole, recurrence).until
    if holding.until is None:
        assert holding_at(holding.next_at - timedelta(microseconds=1), whole, recurrence).until is None
    elif holding.next_at > holding.until:
        assert holding_at(holding.until, whole, recurrence).until is None
        assert holding_at(holding.until - timedelta(microseconds=1), whole, recurrence).until == holding.until


@given(AT, RECURRENCE)
def test_it_begins_at_the_local_time(at: datetime, recurrence: Recurrence) -> None:
    """Local clocks say its time as it begins, on its day; but where they skipped that time."""
    start = start_on(at.date(), recurrence).astimezone(ZoneInfo(recurrence.zone))
    said = datetime.combine(at.date(), datetime.strptime(recurrence.from_time, "%H:%M").time())  # noqa: DTZ007
    is_skipped = said.replace(tzinfo=start.tzinfo).astimezone(UTC).astimezone(start.tzinfo).replace(tzinfo=None) != said
    assert is_skipped or (start.replace(tzinfo=None) == said and start.fold == 0)


@pytest.mark.parametrize(
    ("day", "start"),
    [
        (date(2026, 3, 22), utc(2026, 3, 22, 1, 30)),  # winter
        (date(2026, 3, 29), utc(2026, 3, 29, 1, 30)),  # skipped: 02:30 by the offset until then, which is 03:30
        (date(2026, 4, 5), utc(2026, 4, 5, 0, 30)),  # summer
        (date(2026, 10, 25), utc(2026, 10, 25, 0, 30)),  # said twice: the first time
        (date(2026, 11, 1), utc(2026, 11, 1, 1, 30)),
    ],
)
def test_it_begins_once_where_clocks_change(day: date, start: datetime) -> None:
    """A time that was skipped or said twice is one beginning, and it lasts as long as on other days."""
    whole = Window(utc(2026, 1, 1), utc(2026, 12, 31))
    assert start_on(day, NIGHTS) == start
    assert holding_at(start, whole, NIGHTS).until == start + timedelta(hours=1)
    assert holding_at(start - MINUTE, whole, NIGHTS) == Holding(None, start)
    later = holding_at(start + timedelta(hours=1), whole, NIGHTS)
    assert (later.until, later.next_at) == (None, start_on(day + timedelta(days=7), NIGHTS))


@given(AT, st.timedeltas(timedelta(0), timedelta(days=7)))
def test_it_holds_throughout_without_recurrence(start: datetime, length: timedelta) -> None:
    """A silence that does not recur holds from its start up to its end, and is to come before."""
    whole = Window(start, start + length)
    assert holding_at(start - MINUTE, whole, None) == Holding(None, start)
    assert holding_at(start + length, whole, None) == Holding(None, None)
    if length:
        assert holding_at(start, whole, None) == Holding(start + length, None)
