from datetime import timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from factories import NOW
from houndmon.core.clock import Slices, Window
from houndmon.core.series import GRAINS, Interval
from houndmon.counts.blocks import (
    BlockRun,
    affected_blocks,
    block_start,
    clip,
    join_runs,
    minutes_between,
    plan_blocks,
    split_interval,
)

ZERO = block_start(NOW, 86400)
MINUTE = timedelta(minutes=1)
at = st.integers(-3 * 1440, 3 * 1440).map(lambda minute: ZERO + minute * MINUTE)


@st.composite
def reaches(draw):
    start, end = sorted((draw(at), draw(at)))
    assume(start < end)
    return Interval(start, end)


@st.composite
def asked(draw):
    """Windows, open ones and closed ones, whose edges are whole minutes."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted((draw(at), draw(at)))
        found.append(Window(start, draw(st.sampled_from([None, end])) if start < end else None))
    return found


def of(runs):
    """Every minute that some runs hold."""
    return [minute for run in runs for minute in minutes_between(run.start, run.end)]


@given(reaches())
def test_it_cuts_a_stretch_into_aligned_blocks(covered):
    """The blocks cover each minute once, start at multiples of their length, and are few."""
    runs = split_interval(covered.start, covered.end, GRAINS)
    assert sorted(of(runs)) == minutes_between(covered.start, covered.end)
    assert all(block_start(edge, run.grain) == edge for run in runs for edge in (run.start, run.end))
    for grain, coarser in pairwise(GRAINS):
        count = sum((run.end - run.start) // timedelta(seconds=grain) for run in runs if run.grain == grain)
        assert count <= 2 * (coarser // grain - 1)


@given(asked(), reaches())
def test_it_plans_what_is_wanted_and_nothing_across_an_edge(windows, covered):
    """Each minute within reach of a wanted slice is read once, and no block straddles an edge."""
    slices = Slices(*windows)
    runs = plan_blocks(slices, covered, GRAINS)
    inside = [minute for minute in minutes_between(covered.start, covered.end) if slices.at(minute) in slices.wanted]
    assert sorted(of(runs)) == inside
    for run in runs:
        step = timedelta(seconds=run.grain)
        for start in [run.start + step * n for n in range((run.end - run.start) // step)]:
            assert slices.at(start) == slices.at(start + step - MINUTE)


def test_it_plans_a_week_of_few_blocks():
    """A week that begins and ends at odd minutes takes fewer than a hundred blocks, in a dozen runs."""
    slices = Slices(Window(ZERO + timedelta(hours=5, minutes=17)))
    end = ZERO + timedelta(days=7, hours=5, minutes=17)
    runs = plan_blocks(slices, Interval(slices.start, end), GRAINS)
    assert sum((run.end - run.start) // timedelta(seconds=run.grain) for run in runs) < 100
    assert len(runs) <= 12


@given(asked(), reaches(), at)
def test_it_serves_no_more_than_is_covered_and_has_passed(windows, covered, now):
    """What is served lies within reach, before now, within the windows, and before the first odd edge."""
    odd = Window(now - timedelta(minutes=10, seconds=7))
    slices = Slices(*windows, odd)
    found = clip(slices, covered, now)
    if found:
        assert covered.start <= found.start < found.end <= min(covered.end, now)
        assert slices.start <= found.start
        assert found.end <= odd.start


@given(st.lists(at, max_size=5), st.none() | reaches(), reaches(), st.sampled_from(GRAINS[1:]))
def test_it_makes_anew_each_block_that_changed(changed, fresh, covered, grain):
    """A coarse block within reach is made anew where one of its minutes changed or was covered just now."""
    found = affected_blocks(changed, fresh, covered, grain)
    step, news = timedelta(seconds=grain), [*changed, *(minutes_between(fresh.start, fresh.end) if fresh else [])]
    whole = {block_start(minute, grain) for minute in news}
    assert set(found) == {block for block in whole if covered.start <= block and block + step <= covered.end}
    assert found == sorted(found)


@given(st.lists(st.builds(lambda start, n: BlockRun(60, start, start + n * MINUTE), at, st.integers(1, 5)), max_size=6))
def test_it_joins_runs_that_touch(runs):
    """Joined runs hold the same minutes, and no two of one length touch."""
    found = join_runs(runs)
    assert set(of(found)) == set(of(runs))
    assert all(one.end != other.start for one in found for other in found if one is not other)
