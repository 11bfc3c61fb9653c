"""Heartbeat freshness by the second, from rows and from what was seen of them."""

import asyncio
from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import NOW, Hound
from houndmon.config.defaults import DEFAULTS
from houndmon.core.answer import Anomaly
from houndmon.core.arrivals import Late
from houndmon.core.clock import Clock
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot, Source
from houndmon.evaluator.figures import BeatFigures
from houndmon.evaluator.levels import fresh_events
from houndmon.evaluator.reading import Ask, BaselineHours, read_beats
from houndmon.panels.workers.arrivals import Arrivals
from houndmon.panels.workers.load import load
from houndmon.panels.workers.model import BeatMinuteRow, fresh_seconds, liveness, pauses

DAY = 24 * 3600 + 30  # the window begins at a whole minute, and NOW is half a minute past one


@pytest.fixture
def hound(conn):
    """An empty Hound at NOW."""
    return Hound(conn, NOW)


@pytest.fixture
async def arrivals(database):
    """What is noted of arrivals."""
    pool = await open_pool(database, size=1)
    yield Arrivals(pool, "here")
    await asyncio.shield(close_pool(pool))


@pytest.fixture
def seconds(conn, arrivals):
    """Give good and total seconds over a span, by what the source holds and what was seen of it."""

    async def seconds(span="24h", environment="prod"):
        snapshot = Snapshot(Source(None, "hound", "UTC", arrivals=arrivals), conn, Clock(NOW))
        beats = await read_beats(snapshot, Ask(environment, DEFAULTS, BaselineHours(), {}))
        events = fresh_events(beats, span)
        return events.good, events.total

    return seconds


async def test_it_judges_no_time_before_the_first_beat(hound, seconds):
    """Where the first beat lies within the window, freshness begins there: a young source has no bad past."""
    await hound.beat(beat_at="-10m")
    await hound.beat(beat_at="-9m", worker_id="worker-2")
    await hound.beat(beat_at="-30s")
    await hound.beat(beat_at="-3h", environment="staging")
    assert await seconds() == (60 + 120 + 30, 600)
    assert await seconds("5m") == (30, 330)
    assert await seconds("24h", "staging") == (120, 3 * 3600)


async def test_it_judges_one_row_a_worker_from_the_oldest_on(hound, seconds):
    """A registry, one row a worker that is updated, is judged from its oldest row on, over each span alike."""
    for number, age in enumerate((5, 30, 75)):
        await hound.beat(worker_id=f"worker-{number}", beat_at=f"-{age}s", process_started_at="-20d")
    for span in ("24h", "6h", "5m"):
        assert await seconds(span) == (75, 75)


@pytest.mark.parametrize("first", ["-25h", "-9d", "-infinity", "4000-01-01 BC"])
async def test_it_judges_the_whole_window_where_a_beat_is_older(hound, seconds, first):
    """One beat from before the window, however old, and all of the window is judged."""
    await hound.beat(beat_at=first, worker_id="old")
    await hound.beat(beat_at="-10m")
    assert await seconds() == (120, DAY)
    assert await seconds("1h") == (120, 3630)


async def test_it_judges_nothing_where_nobody_ever_beat(hound, seconds):
    """Without a beat, or with one of the future alone, there is no freshness."""
    await hound.beat(environment="staging")
    await hound.beat(beat_at="+1h")
    assert await seconds() == (0, 0)


async def test_it_judges_silence_where_the_last_beat_is_old(hound, seconds):
    """Where nobody beat in the window but somebody before it, all of it is bad."""
    await hound.beat(beat_at="-3d")
    assert await seconds() == (0, DAY)


async def test_it_takes_a_beat_a_little_ahead_for_now(hound, seconds):
    """The first beat of all, 5 s ahead: no time has passed since, and there is nothing to judge."""
    await hound.beat(beat_at="+5s", process_started_at="+1h")
    assert await seconds() == (0, 0)


async def noted(conn, *arrivals, environment="prod", source="here"):
    """Arrivals that were noted, as (age of the beat, age of its arrival) in seconds."""
    rows = [(source, environment, *(NOW - timedelta(seconds=age) for age in ages)) for ages in arrivals]
    statement = "insert into houndmon.beat_arrivals (source, environment, beat_at, seen_at) values ($1, $2, $3, $4)"
    await conn.executemany(statement, rows)


async def test_it_knows_arrivals_of_its_own_source_alone(conn, arrivals):
    """What arrived at a source that houndmon watched before is in no figure of this one."""
    await noted(conn, (200, 10), (100, 5), source="another")
    assert await arrivals.since("prod", NOW - timedelta(hours=2), NOW) == []
    assert await arrivals.late("prod", NOW - timedelta(hours=2), NOW, 120) == Late()
    await noted(conn, (300, 20))
    assert await arrivals.since("prod", NOW - timedelta(hours=2), NOW) == [NOW - timedelta(seconds=20)] * 2
    assert (await arrivals.late("prod", NOW - timedelta(hours=2), NOW, 120)).count == 1


async def test_it_gives_a_registry_the_past_that_was_watched(conn, hound, seconds):
    """Of one row that is updated in place the arrivals tell: judged from the first one on, silent where none came."""
    await hound.beat(beat_at="-10s")
    await noted(conn, (905, 900), (845, 840), (785, 780), (75, 70), (10, 8))
    await noted(conn, (305, 300), environment="staging")
    assert await seconds() == (
        240 + 70,
        900,
    )  # from 900 until 660 ago, and from 70 ago on: the arrivals, not what beats say of themselves
    assert await seconds("5m") == (70, 330)


async def test_it_counts_no_arrival_that_nobody_saw(conn, hound, seconds):
    """A beat that was there at the first look is noted as of its own date: it begins no history."""
    await hound.beat(beat_at="-10s")
    await noted(conn, (5000, 5000), (600, 600), (75, 70))
    assert await seconds() == (70, 70)


async def test_it_reads_the_first_and_the_last_arrival_of_a_minute(conn, arrivals):
    """Arrivals each 5 s are read as two a minute, and tell of the same fresh time to the second."""
    ages = [*range(3600, 3000, -5), *range(2700, 2690, -5), *range(2000, 1000, -35), *range(200, 0, -5)]
    await noted(conn, *((age + 130, age) for age in ages))
    clock = Clock(NOW)
    found = await arrivals.since("prod", NOW - timedelta(hours=2), NOW)
    known, every = (pauses([], clock, seen) for seen in (found, [NOW - timedelta(seconds=age) for age in ages]))
    for ago in range(0, 3700, 7):
        start = NOW - timedelta(seconds=ago)
        assert fresh_seconds(known, start, clock) == fresh_seconds(every, start, clock)
    assert len(found) < 80


async def test_it_judges_the_whole_window_where_an_arrival_is_older(conn, hound, seconds):
    """An arrival from before the window is a beat from before it."""
    await hound.beat(beat_at="-10s")
    await noted(conn, (6 * 86400 + 5, 6 * 86400), (10, 8))
    assert await seconds() == (10, DAY)


async def test_it_takes_the_arrival_of_a_late_beat_for_life(conn, hound, seconds):
    """Where clocks run behind by 10 minutes, what came just now is fresh though it is dated long ago."""
    for age in range(600, 1200, 60):
        await hound.beat(beat_at=f"-{age}s")
        await noted(conn, (age, age - 600))
    good, total = await seconds()
    assert (good, total) == (1140, 1140)


async def test_it_keeps_what_it_knew_of_arrivals(conn, hound, database):
    """While houndmon's own table cannot be read, what was read of it last is known all the same."""
    pool = await open_pool(database, size=1)
    arrivals = Arrivals(pool, "here")
    await noted(conn, (65, 60), (15, 10))
    start, both = NOW - timedelta(hours=1), [NOW - timedelta(seconds=60), NOW - timedelta(seconds=10)]
    for _ in range(2):
        assert sorted(set(await arrivals.since("prod", start, NOW))) == both
        await close_pool(pool)
    assert set(await arrivals.since("prod", start, NOW - timedelta(seconds=20))) == {both[0]}
    assert await arrivals.since("staging", start, NOW) == []
    assert await arrivals.late("prod", start, NOW, 1) == Late()


async def test_it_shows_beats_that_arrive_late(conn, hound, arrivals):
    """Beats of more than 120 s when they arrived are an anomaly of the panel, with the age of the last one."""
    await noted(conn, (4000, 3700), (725, 600), (421, 300), (120, 0), environment="staging")

    async def shown(span):
        snapshot = Snapshot(Source(None, "hound", "UTC", arrivals=arrivals), conn, Clock(NOW))
        found = await load(snapshot, Filters(span, "staging"), DEFAULTS)
        return found.anomalies, found.late_beats_lag_seconds

    assert await shown("1h") == ([Anomaly("late_beats", 2)], 121)
    assert await shown("6h") == ([Anomaly("late_beats", 3)], 121)
    await conn.execute("delete from houndmon.beat_arrivals where seen_at - beat_at > interval '120 s'")
    assert await shown("6h") == ([], None)


def at(second: int) -> datetime:
    """An instant of the hour, which begins at a whole minute and lasts half a minute longer."""
    return NOW - timedelta(seconds=3630) + timedelta(seconds=second)


def by_the_second(beats: list[int], is_older: bool) -> tuple[int, int]:
    """Good and total seconds of the hour, counted one by one. `is_older`: there is a beat from long before."""
    first = -10_000 if is_older else min(beats, default=3630)
    judged = range(max(0, first), 3630)
    good = sum(any(beat <= second < beat + 120 for beat in beats) for second in judged)
    return good, len(judged)


def read(beats: list[int], is_older: bool) -> BeatFigures:
    """Those beats as they are read: by minutes, since 120 s before the hour."""
    clock, minutes = Clock(NOW), dict[datetime, list[datetime]]()
    for second in sorted(beats):
        if second >= -120:
            minutes.setdefault(at(second).replace(second=0), []).append(at(second))
    found = pauses([BeatMinuteRow(1, minute, theirs[0], theirs[-1]) for minute, theirs in minutes.items()], clock)
    newest = at(max(beats)) if beats else at(-10_000) if is_older else None
    is_within = found and found[0].beat_at > at(0) and not is_older
    begun_at = found[0].beat_at if is_within else None
    return BeatFigures(NOW, liveness(newest, clock), found, {"1h": at(0)}, begun_at=begun_at)


@given(st.lists(st.integers(-130, 3629), max_size=30, unique=True), st.booleans())
@example([3629], False)
@example([-1], False)
@example([-120, 0], True)
@example([], True)
def test_it_adds_up_good_and_total_as_a_second_hand_would(beats, is_older):
    """Good and total are what counting the seconds of the hour one by one comes to."""
    found = fresh_events(read(beats, is_older or any(beat < -120 for beat in beats)), "1h")
    assert (found.good, found.total) == pytest.approx(by_the_second(beats, is_older or any(b < -120 for b in beats)))
