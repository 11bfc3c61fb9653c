import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.rules.healthy import HEALTHY, found, playing, uploading
from factories import NOW
from houndmon.core.clock import Clock
from houndmon.evaluator.baseline import expected_in

SUBJECTS = ("playback", "ingest", "api")


def part(subject, now, expected):
    """The figures of one kind of traffic."""
    if subject == "playback":
        return {"playing": playing(0, now, expected)}
    if subject == "ingest":
        return {"uploading": uploading(now, expected=expected)}
    return {"requests": msgspec.structs.replace(HEALTHY.requests, last_30m=now, expected=expected)}


@pytest.mark.parametrize(
    ("now", "expected", "verdict"),
    [
        (0, 0, "no_data"),
        (0, 19, "insufficient"),
        (0, 20, "breach"),
        (1, None, "ok"),
        (500, None, "ok"),
    ],
)
@pytest.mark.parametrize("subject", SUBJECTS)
def test_it_judges_absent_traffic(subject, now, expected, verdict):
    """`traffic_absent` is a breach where nothing came, and at least 20 were to be expected; any traffic is health."""
    findings = found("traffic_absent", **part(subject, now, expected))
    assert (findings[subject].verdict, findings[subject].clears) == (verdict, verdict == "ok")
    assert findings[subject].value == now
    assert {findings[other].verdict for other in SUBJECTS if other != subject} == {"ok"}


@given(st.sampled_from(SUBJECTS), st.integers(0, 3), st.integers(0, 60))
def test_it_judges_traffic_by_the_numbers_book(subject, now, expected):
    """It is a breach where nothing came and 20 were to be expected, and at no other time."""
    one = found("traffic_absent", **part(subject, now, None if now else expected))[subject]
    assert (one.verdict == "breach") == (now == 0 and expected >= 20)
    assert one.clears == (now > 0)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([60, 60, 60, 60, 60, 60, 60], 60),
        ([3, 0, 4, 2, 3, 1, 400], 3),  # a bulk import a week ago
        ([500, 500, 500, 500, 500, 500, 0], 0),  # closed on this day of the week
        ([500, 500, 500, 500, 500, 500, 7], 7),
        ([0, 0, 0, 20, 20, 20, 20], 20),
        ([0, 0, 0, 0, 20, 20, 20], 0),
    ],
)
async def test_it_expects_the_lesser_of_a_week_before_and_the_median(days, expected):
    """Of the counts of yesterday to a week ago the last one and the median decide, whichever is less."""
    clock = Clock(NOW)

    async def count(window):
        return days[(clock.since("30m") - window.start).days - 1]

    assert await expected_in(clock, count) == expected


async def test_it_expects_by_local_time():
    """Across a clock change the same 30 minutes begin at the same local time: an hour apart in UTC."""
    looked_at = []

    async def count(window):
        looked_at.append((f"{window.start:%m-%d %H:%M}", (window.end - window.start).seconds))
        return 1

    await expected_in(Clock(NOW.replace(month=3, day=30), "Europe/Berlin"), count)  # summer time began on the 29th
    assert looked_at == [
        *((f"03-{day} 12:30", 1800) for day in range(23, 29)),
        ("03-29 11:30", 1800),
    ]
