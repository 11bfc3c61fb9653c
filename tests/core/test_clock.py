from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import NOW
from houndmon.core.clock import SPANS, Clock, SlicedRow, Slices, Window, day_start, rows_in_slices
from strategies import US, instants, near_edges, windows, zones


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(instants, st.sampled_from(sorted(SPANS)))
def test_it_starts_windows_on_whole_minutes(now, span):
    """A window starts on a whole minute, at most one minute before its span, and is open at its end."""
    window = Clock(now).window(span)
    assert (window.start.second, window.start.microsecond, window.end) == (0, 0, None)
    assert timedelta(0) <= now - SPANS[span] - window.start < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("span", "start"),
    [
        ("5m", "2026-03-02 11:55"),
        ("15m", "2026-03-02 11:45"),
        ("1h", "2026-03-02 11:00"),
        ("6h", "2026-03-02 06:00"),
        ("24h", "2026-03-01 12:00"),
        ("7d", "2026-02-23 12:00"),
        (timedelta(minutes=90), "2026-03-02 10:30"),
    ],
)
def test_it_looks_back_by_the_span_that_is_asked_for(span, start):
    """At 12:00:30 the last hour starts at 11:00:00, and so with every span."""
    assert Clock(NOW).since(span) == utc(start)


def test_it_counts_no_age_below_nothing():
    """What lies a little ahead is of age 0, and counts as now up to 5 s ahead."""
    clock = Clock(NOW)
    assert clock.age_seconds(NOW - timedelta(minutes=2)) == 120
    assert clock.age_seconds(NOW + timedelta(seconds=3)) == 0
    assert clock.soon == NOW + timedelta(seconds=5)


@given(instants, zones)
@example(utc("2018-11-04 15:00"), ZoneInfo("America/Sao_Paulo"))
@example(utc("2011-12-31 12:00"), ZoneInfo("Pacific/Apia"))
@example(utc("1919-03-31 12:00"), ZoneInfo("America/Toronto"))
@example(utc("2010-11-07 03:00"), ZoneInfo("America/St_Johns"))
def test_it_starts_a_day_at_its_first_instant(now, place):
    """In every zone and at any time: one microsecond before the local day starts, it is an earlier day."""
    day = now.astimezone(place).date()
    start = day_start(day, place)
    assert start <= now
    assert start.tzinfo is UTC
    assert start.astimezone(place).date() == day
    assert (start - US).astimezone(place).date() < day


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("UTC", "2026-03-02", "2026-03-02 00:00", 24),
        ("America/New_York", "2026-03-08", "2026-03-08 05:00", 23),
        ("America/New_York", "2026-11-01", "2026-11-01 04:00", 25),
        ("Europe/Berlin", "2026-03-29", "2026-03-28 23:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24 22:00", 25),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04 13:00", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03 13:30", 23.5),
        ("Pacific/Chatham", "2026-04-05", "2026-04-04 10:15", 25),
        ("Pacific/Chatham", "2026-09-27", "2026-09-26 11:15", 23),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04 03:00", 23),  # 00:00 became 01:00
        ("America/Havana", "2026-11-01", "2026-11-01 04:00", 25),  # 00:00 came twice
        ("America/Toronto", "1919-03-31", "1919-03-31 04:30", 23.5),  # 23:30 became 00:30
    ],
)
def test_it_knows_days_that_are_not_24_hours_long(zone, day, start, hours):
    """A local day across a clock change is as long as it is, also where the change skips or repeats midnight."""
    place, this = ZoneInfo(zone), date.fromisoformat(day)
    assert day_start(this, place) == utc(start)
    assert day_start(this + timedelta(days=1), place) - day_start(this, place) == timedelta(hours=hours)


def test_it_starts_today_where_the_operators_are():
    """The same instant lies in another day elsewhere."""
    now = utc("2026-03-02 23:30")
    assert Clock(now).today == utc("2026-03-02 00:00")
    assert Clock(now, "Europe/Berlin").today == utc("2026-03-02 23:00")
    assert Clock(now, "America/New_York").today == utc("2026-03-02 05:00")


@given(windows(), st.lists(near_edges(), max_size=60))
def test_it_sums_slices_to_what_a_plain_filter_finds(asked, times):
    """Whatever windows share one query, each gets the rows of its own stretch: its start included, its end not."""
    slices = Slices(*asked)
    rows = [SlicedRow(bisect_right(slices.edges, at)) for at in times]
    for window in asked:
        plain = [at for at in times if window.start <= at and (window.end is None or at < window.end)]
        assert len(rows_in_slices(rows, slices.of(window))) == len(plain)
    assert slices.start == min(edge for window in asked for edge in (window.start, window.end) if edge)


async def test_it_slices_as_postgresql_does(conn):
    """PostgreSQL puts every time, infinite ones too, into the slice in which the arithmetic looks for it."""
    random, clock = Random(7), Clock(NOW)
    slices = Slices(clock.window("7d"), clock.window("1h"), clock.stretch_before(clock.window("1h"), 1))
    times = [NOW + timedelta(microseconds=random.randrange(-9 * 86400 * 10**6, 10**6)) for _ in range(500)]
    times += [edge + beside for edge in slices.edges for beside in (-US, timedelta(0), US)]
    query = "select width_bucket(at, $2) from unnest($1::timestamptz[]) as at"
    found = [row[0] for row in await conn.fetch(query, times, slices.edges)]
    assert found == [bisect_right(slices.edges, at) for at in times]
    ends = "select width_bucket('-infinity'::timestamptz, $1), width_bucket('infinity'::timestamptz, $1)"
    assert tuple(await conn.fetchrow(ends, slices.edges)) == (0, len(slices.edges))


CHANGING = [  # by half an hour, at midnight, one way and the other, and never
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "America/New_York",
    "Europe/Berlin",
    "UTC",
]


@cache
def changes(zone):
    """The clock changes of thirty years, to the quarter of an hour; an instant in UTC where there is none."""
    place, quarters, found = ZoneInfo(zone), timedelta(minutes=15), []
    days = [utc("2005-01-09") + timedelta(days=n) for n in range(365 * 30)]
    for day, after in pairwise(days):
        if day.astimezone(place).utcoffset() != after.astimezone(place).utcoffset():
            instants = [day + quarters * n for n in range(97)]
            there = [at.astimezone(place).utcoffset() == after.astimezone(place).utcoffset() for at in instants]
            found.append(instants[there.index(True)])
    return found or [utc("2026-03-08")]


@st.composite
def near_changes(draw):
    """A zone, an instant, and days back from it, such that the clocks change in between, or at one of its ends."""
    zone, days = draw(st.sampled_from(CHANGING)), draw(st.integers(1, 7))
    beside = draw(st.timedeltas(timedelta(hours=-3), timedelta(hours=3)))
    return (
        ZoneInfo(zone),
        draw(st.sampled_from(changes(zone))) + timedelta(days=draw(st.sampled_from([0, days]))) + beside,
        days,
    )


def local(at, place):
    return at.astimezone(place).replace(tzinfo=None)


@given(near_changes())
def test_it_finds_the_same_local_time_some_days_before(case):
    """It is the first instant at which local clocks said so, those days before; where none did, one beside the gap."""
    place, at, days = case
    then, said = Clock(at, place.key).days_before(at, days), local(at, place) - timedelta(days=days)
    around = [then + timedelta(minutes=30 * n) for n in range(-10, 11)]
    same = [instant for instant in around if local(instant, place) == said]
    if same:
        assert then == same[0]
    else:
        skipped = local(then, place) - said
        assert timedelta(0) < skipped <= timedelta(hours=1)
        before = then - timedelta(hours=2)
        assert local(before, place) + timedelta(hours=2) == said  # by the offset that held until then


@pytest.mark.parametrize(
    ("zone", "at", "then"),
    [
        ("UTC", "2026-03-09 12:00", "2026-03-02 12:00"),
        ("America/New_York", "2026-03-09 13:00", "2026-03-02 14:00"),  # 09:00: 169 hours
        ("America/New_York", "2026-11-02 14:00", "2026-10-26 13:00"),
        ("America/New_York", "2026-11-08 06:30", "2026-11-01 05:30"),  # 01:30 came twice: its first
        ("America/New_York", "2026-11-01 05:30", "2026-10-25 05:30"),  # both of this 01:30 had one before
        ("America/New_York", "2026-11-01 06:30", "2026-10-25 05:30"),
        ("America/New_York", "2026-03-15 06:30", "2026-03-08 07:30"),  # 02:30 was skipped: 03:30
        ("Europe/Berlin", "2026-10-26 08:00", "2026-10-19 07:00"),
        ("Europe/Berlin", "2026-04-05 00:30", "2026-03-29 01:30"),  # 02:30 was skipped
        ("Australia/Lord_Howe", "2026-04-06 00:00", "2026-03-29 23:30"),  # half an hour
        ("Australia/Lord_Howe", "2026-04-11 15:15", "2026-04-04 14:45"),  # 01:45 came twice
        ("Australia/Lord_Howe", "2026-10-10 15:15", "2026-10-03 15:45"),  # 02:15 was skipped: 02:45
        ("Africa/Cairo", "2026-04-30 21:30", "2026-04-23 22:30"),  # 00:30 was skipped, and the day began at 01:00
        ("Africa/Cairo", "2026-11-05 21:30", "2026-10-29 20:30"),  # 23:30 came twice
        ("Asia/Beirut", "2026-04-04 21:15", "2026-03-28 22:15"),  # 00:15 was skipped
        ("America/Sao_Paulo", "2018-11-11 02:30", "2018-11-04 03:30"),  # 00:30 was skipped
        ("America/Sao_Paulo", "2018-02-25 02:30", "2018-02-18 01:30"),  # 23:30 came twice
    ],
)
def test_it_finds_a_week_before_across_a_clock_change(zone, at, then):
    """A week before is the same local time, not 168 hours."""
    assert Clock(NOW, zone).days_before(utc(at), 7) == utc(then)


@given(near_changes(), st.timedeltas(timedelta(0), timedelta(days=1)))
def test_it_compares_stretches_of_one_length(case, length):
    """A counterpart begins at the same local time and is as long, an open one's too, wherever the clocks change."""
    place, start, days = case
    clock = Clock(start + length, place.key)
    closed = clock.stretch_before(Window(start, start + length), days)
    assert closed == clock.stretch_before(Window(start), days)
    assert closed == Window(clock.days_before(start, days), clock.days_before(start, days) + length)


def test_it_orders_the_spans():
    """The spans are as long as their names say."""
    assert [SPANS[name].total_seconds() / 60 for name in SPANS] == [5, 15, 30, 60, 120, 360, 1440, 10080]
    assert all(short < long for short, long in pairwise(SPANS.values()))
