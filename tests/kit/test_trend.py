"""Trends: equal stretches that tile a window."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from houndmon.kit.clock import Clock, Slices
from houndmon.kit.filters import RANGES
from houndmon.kit.trend import STEPS, stretches, week_before

FIRST, LAST = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 -- hypothesis wants naive bounds
NOW = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@given(NOW, st.sampled_from(RANGES))
def test_it_tiles_the_window(now: datetime, span: str) -> None:
    """The stretches begin where the window does, follow each other, and the last one is open."""
    clock = Clock(now)
    windows = stretches(clock, span)  # type: ignore[arg-type]
    assert windows[0].start == clock.since(span)
    assert all(a.end == b.start for a, b in pairwise(windows))
    assert windows[-1].end is None
    assert windows[-1].start <= now
    slices = Slices(*windows)
    assert [list(slices.of(window)) for window in windows] == [[n] for n in range(1, len(windows) + 1)]


@given(NOW, st.sampled_from(["1h", "6h", "24h"]))
def test_it_compares_with_the_same_stretches_a_week_before(now: datetime, span: str) -> None:
    """A week before, every stretch is closed, and as long as now."""
    windows = stretches(Clock(now), span)  # type: ignore[arg-type]
    then = week_before(windows, Clock(now))
    assert [window.start - then[n].start for n, window in enumerate(windows)] == [timedelta(days=7)] * len(windows)
    assert all(window.end for window in then)
    assert then[0].end == then[0].start + STEPS[span]  # type: ignore[index]
