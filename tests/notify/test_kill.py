import os
import random

import pytest

from notify.harness import AT_RANDOM, POINTS, Found, killed

pytestmark = pytest.mark.long

TORTURE = os.environ.get("HOUNDMON_TORTURE") == "1"


def assert_kept(found: Found) -> None:
    """Nothing lost; at most one duplicate a kill, each with an id that was seen before."""
    print(found)
    assert not found.lost
    assert {id for _, id in found.accepted} == found.recorded, "a duplicate has the id of the first"
    before = [kills for kills, _ in found.duplicates]
    assert len(before) == len(set(before)), "one kill made two duplicates"
    assert all(kills < found.kills.total() for kills in before), "a duplicate without a kill"


async def test_it_loses_nothing_killed_at_any_named_point(database: str) -> None:
    """Each point five times, a receiver that fails half the time: all arrive, at most one twice a kill."""
    found = await killed(database, "product", list(POINTS) * 5, alerts=100)
    assert_kept(found)
    assert all(found.kills[point] == 5 for point in POINTS)
    assert len(found.duplicates) >= 10, "kills between receipt and mark that repeat nothing were none"


async def test_it_would_lose_them_if_it_marked_before_it_sent(database: str) -> None:
    """The mutant: the same harness finds what is lost when the order is wrong, at each of two points."""
    found = await killed(database, "mark then send", ["connected", "after the mark"] * 3, alerts=20)
    print(found)
    assert len(found.lost) >= 6


@pytest.mark.skipif(not TORTURE, reason="minutes long: HOUNDMON_TORTURE=1 runs it")
async def test_it_loses_none_of_a_thousand_over_three_hundred_kills(database: str) -> None:
    """300 kills, at named points and at random; 1,000 alerts."""
    points = (list(POINTS) * 35) + [AT_RANDOM] * 55
    random.Random(3).shuffle(points)
    assert len(points) == 300
    assert_kept(await killed(database, "product", points, alerts=1000, seed=7))
