"""Trends: equal stretches that tile a window."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.clock import Clock, Slices
from houndmon.core.filters import RANGES
from houndmon.core.trend import TREND_STEPS, trend_windows, windows_week_before
from houndmon.counts.fill import RETENTION

FIRST, LAST = datetime(2020, 1, 1), datetime(2030, 1, 1)  # noqa: DTZ001 -- hypothesis wants naive bounds
NOW = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
ZONES = st.sampled_from(["UTC", "Australia/Lord_Howe", "Africa/Cairo"])


@given(NOW, st.sampled_from(RANGES))
def test_it_tiles_the_window(now: datetime, span: str) -> None:
    """The stretches begin where the window does, follow each other, and the last one is open."""
    clock = Clock(now)
    windows = trend_windows(clock, span)  # type: ignore[arg-type]
    assert windows[0].start == clock.since(span)
    assert all(a.end == b.start for a, b in pairwise(windows))
    assert windows[-1].end is None
    assert windows[-1].start <= now
    slices = Slices(*windows)
    assert [list(slices.of(window)) for window in windows] == [[n] for n in range(1, len(windows) + 1)]


@given(NOW, st.sampled_from(RANGES), ZONES)
def test_it_compares_with_the_same_stretches_a_week_before(now: datetime, span: str, zone: str) -> None:
    """A week before, every stretch begins at the same local time, is closed, and is as long as now."""
    clock = Clock(now, zone)
    windows = trend_windows(clock, span)  # type: ignore[arg-type]
    then = windows_week_before(windows, clock)
    for window, before in zip(windows, then, strict=True):
        assert before.start == clock.days_before(window.start, 7)
        assert before.end is not None
        assert before.end - before.start == (window.end or now) - window.start
    assert then[0].end == then[0].start + TREND_STEPS[span]  # type: ignore[index]


@given(NOW, st.sampled_from(RANGES), ZONES)
def test_it_looks_no_further_back_than_is_counted(now: datetime, span: str, zone: str) -> None:
    """The counts reach as far back as the longest comparison, clock changes included: no chart reads rows for it."""
    clock = Clock(now, zone)
    then = windows_week_before(trend_windows(clock, span), clock)  # type: ignore[arg-type]
    assert min(window.start for window in then) >= now - RETENTION
