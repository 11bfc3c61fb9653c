"""What the demo's past is drawn from."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from houndmon.demo.backfill import BUMPS, COARSE_AFTER, TELLS_EARLIER, TELLS_LATELY, Period, draw_past_requests
from houndmon.demo.history import SPAN

NOW = datetime(2026, 11, 24, 18, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_its_bumps_lie_apart_within_its_past() -> None:
    """Each begins within the past and is over before the next one begins; none is recent."""
    spans = [(bump.hours, bump.hours - bump.minutes / 60) for bump in BUMPS]
    assert all(over > begins for (_, over), (begins, _) in pairwise(spans))
    assert timedelta(hours=spans[0][0]) < SPAN
    assert spans[-1][1] > 3


def test_it_draws_the_same_bumps_in_two_parts() -> None:
    """A past that is told later in two parts has its bumps where it would have them in one."""
    whole, earlier = Period(NOW - SPAN, NOW), Period(NOW - SPAN, NOW - COARSE_AFTER, told_later=NOW)
    for bump in BUMPS:
        at = NOW - timedelta(hours=bump.hours) + timedelta(minutes=1)
        assert whole.bump(at) is earlier.bump(at) is bump


def test_it_tells_requests_more_coarsely_long_ago() -> None:
    """Eight days back the counts of requests turn from one a minute to one each five, without a hole between."""
    edge = NOW - COARSE_AFTER
    stretch = Period(edge - HOUR, edge + HOUR, told_later=NOW)
    rows = draw_past_requests(Random(7), stretch)
    times = sorted({at for at, environment, *_ in rows if isinstance(at, datetime) and environment == "prod"})
    steps = [TELLS_EARLIER] * 12 + [TELLS_LATELY] * 60
    assert [after - at for at, after in pairwise([stretch.begins, *times])] == steps
