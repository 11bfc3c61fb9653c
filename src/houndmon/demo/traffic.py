"""How much happens when: the rhythm of a day and a week, and how many events fall into a while."""

import math
from datetime import UTC, datetime, timedelta
from random import Random

ENVIRONMENTS = {"prod": 0.95, "staging": 0.05}

# Most listeners live an hour ahead of UTC.
LOCAL = timedelta(hours=1)
HOURLY_TRAFFIC = (
    30,
    20,
    14,
    10,
    9,
    13,
    28,
    48,
    66,
    74,
    78,
    84,
    90,
    92,
    94,
    100,
    110,
    126,
    146,
    168,
    178,
    164,
    118,
    62,
)
WEEKEND = 1.18

_WEEK_MEAN = sum(HOURLY_TRAFFIC) / len(HOURLY_TRAFFIC) * (5 + 2 * WEEKEND) / 7


def traffic_factor(at: datetime) -> float:
    """Return the traffic at a time as a multiple of the week's mean."""
    local = at.astimezone(UTC) + LOCAL
    part = local.minute / 60 + local.second / 3600
    now, then = HOURLY_TRAFFIC[local.hour], HOURLY_TRAFFIC[(local.hour + 1) % 24]
    weekend = WEEKEND if local.weekday() >= 5 else 1.0
    return (now + (then - now) * part) * weekend / _WEEK_MEAN


def poisson(rng: Random, mean: float) -> int:
    """Draw how many independent events happen where `mean` are expected."""
    if mean > 30:
        # The normal approximation is a thousandth off here, and a hundred times faster.
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, term = 0, math.exp(-mean)
    left = rng.random() - term
    while left > 0 and count < 200:
        count += 1
        term *= mean / count
        left -= term
    return count


def random_times(rng: Random, begins: datetime, ends: datetime, count: int) -> list[datetime]:
    """Draw `count` times after `begins` and up to `ends`, in order."""
    seconds = (ends - begins).total_seconds()
    return [
        ends - timedelta(seconds=offset)
        for offset in sorted((rng.random() * seconds for _ in range(count)), reverse=True)
    ]
