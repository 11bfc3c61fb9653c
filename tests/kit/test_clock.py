from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import NOW
from houndmon.kit.clock import SPANS, Clock, Sliced, Slices, Window, day_start, within
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
    rows = [Sliced(bisect_right(slices.edges, at)) for at in times]
    for window in asked:
        plain = [at for at in times if window.start <= at and (window.end is None or at < window.end)]
        assert len(within(rows, slices.of(window))) == len(plain)
    assert slices.start == min(edge for window in asked for edge in (window.start, window.end) if edge)


async def test_it_slices_as_postgresql_does(conn):
    """PostgreSQL puts every time, infinite ones too, into the slice in which the arithmetic looks for it."""
    random, clock = Random(7), Clock(NOW)
    slices = Slices(clock.window("7d"), clock.window("1h"), clock.window("1h").shifted(-timedelta(days=1)))
    times = [NOW + timedelta(microseconds=random.randrange(-9 * 86400 * 10**6, 10**6)) for _ in range(500)]
    times += [edge + beside for edge in slices.edges for beside in (-US, timedelta(0), US)]
    query = "select width_bucket(at, $2) from unnest($1::timestamptz[]) as at"
    found = [row[0] for row in await conn.fetch(query, times, slices.edges)]
    assert found == [bisect_right(slices.edges, at) for at in times]
    ends = "select width_bucket('-infinity'::timestamptz, $1), width_bucket('infinity'::timestamptz, $1)"
    assert tuple(await conn.fetchrow(ends, slices.edges)) == (0, len(slices.edges))


def test_it_shifts_a_window_whole():
    """A window of yesterday is as long as today's; an open one stays open."""
    day = timedelta(days=1)
    assert Window(NOW - day, NOW).shifted(-day) == Window(NOW - 2 * day, NOW - day)
    assert Window(NOW).shifted(day) == Window(NOW + day)


def test_it_orders_the_spans():
    """The spans are as long as their names say."""
    assert [SPANS[name].total_seconds() / 60 for name in SPANS] == [5, 15, 30, 60, 120, 360, 1440, 10080]
    assert all(short < long for short, long in pairwise(SPANS.values()))
