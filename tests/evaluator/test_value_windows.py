"""Stretches of the past: they end where a rule's window does, and sums of neighbours are those of the window."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.clock import SPANS, Clock, Range
from houndmon.evaluator.baseline import Share
from houndmon.evaluator.value_windows import STEPS, Stretches, runs, sums

FIRST, LAST = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 -- hypothesis wants naive bounds
NOW = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
SPAN = st.sampled_from(list(STEPS))
WIDTH = st.sampled_from([SPANS[span] for span in ("5m", "15m", "30m", "1h", "2h", "6h", "24h")])
SHARE = st.integers(0, 50).flatmap(lambda whole: st.builds(Share, st.integers(0, whole), st.just(whole)))


@given(NOW, SPAN, WIDTH)
def test_it_ends_as_the_rules_window_does(now: datetime, span: Range, width: timedelta) -> None:
    """The windows follow each other, and the last of them make just the rule's window of now."""
    clock = Clock(now)
    stretches = Stretches.until(clock, span, None)
    grain = min(width, stretches.step)
    windows = stretches.windows(width, grain)
    assert all(one.end == after.start for one, after in pairwise(windows))
    assert windows[-1].end is None
    assert windows[-(width // grain)].start == clock.since(width)
    assert stretches.starts[0] == clock.since(span)
    assert len(windows) - width // grain + 1 == stretches.count * stretches.step // grain


@given(NOW, SPAN, WIDTH)
def test_it_ends_in_the_past(now: datetime, span: Range, width: timedelta) -> None:
    """Stretches up to a time of the past end there, and begin a whole range before it."""
    end = now.replace(second=0, microsecond=0)
    stretches = Stretches.until(Clock(now + timedelta(days=2)), span, end)
    windows = stretches.windows(width, min(width, stretches.step))
    assert (windows[-1].end, stretches.starts[0]) == (end, end - SPANS[span])
    assert stretches.starts[-1] + stretches.step == end


@given(NOW, SPAN, st.integers(1, 30))
def test_it_moves_back_as_the_rules_window_does(now: datetime, span: Range, minutes: int) -> None:
    """A rule whose window is moved back sees the same stretches so much earlier, the last one up to then."""
    delay, width = timedelta(minutes=minutes), SPANS["5m"]
    seen = Stretches.until(Clock(now), span, None).moved_back(delay, now)
    windows = seen.windows(width, width)
    assert windows[-1].start == Clock(now).since("5m") - delay
    assert windows[-1].end == now - delay
    assert len(windows) == SPANS[span] // width


@given(st.lists(SHARE, min_size=1, max_size=60), st.data())
def test_it_adds_up_neighbours(shares: list[Share], data: st.DataObject) -> None:
    """Each sum is that of so many neighbours, one after the other."""
    width = data.draw(st.integers(1, len(shares)))
    expected = [
        Share(sum(one.bad for one in part), sum(one.whole for one in part))
        for part in (shares[start : start + width] for start in range(len(shares) - width + 1))
    ]
    assert sums(shares, width) == expected


@given(st.lists(st.integers()), st.integers(1, 9))
def test_it_leaves_nothing_out_of_the_runs(values: list[int], length: int) -> None:
    """Runs hold all values in order, each but the last of one length."""
    found = runs(values, length)
    assert [value for run in found for value in run] == values
    assert all(len(run) == length for run in found[:-1])
