"""The age of the newest beat over the past."""

from datetime import timedelta
from itertools import groupby

from hypothesis import example, given
from hypothesis import strategies as st

from factories import NOW
from houndmon.panels.workers.ages import ages_seconds

MINUTE = 60
TIMES = st.integers(0, 10)
DAWN = NOW.replace(second=0)


@given(st.lists(st.integers(0, 599), unique=True), TIMES, TIMES)
@example([5, 20, 35, 50, 65], 0, 2)
@example([5, 50, 200], 0, 5)
def test_it_knows_the_greatest_age(beats: list[int], one: int, other: int) -> None:
    """The age at the end is that of the newest beat by then; the greatest is that of the longest silence that ended.

    A silence lies between the beats of two minutes: of one minute the first and the last are known.
    """
    start, end = sorted((one * MINUTE, other * MINUTE))
    rows = [list(of) for _, of in groupby(sorted(beats), key=lambda beat: beat // MINUTE)]
    minutes = [(DAWN + timedelta(seconds=of[0]), DAWN + timedelta(seconds=of[-1])) for of in rows]
    found = ages_seconds(minutes, DAWN + timedelta(seconds=start), DAWN + timedelta(seconds=end))
    come = [beat for beat in beats if beat < end or beat == end]
    firsts = [of[0] for of in rows if start < of[0] <= end and any(beat < of[0] for beat in come)]
    ages = [first - max(beat for beat in come if beat < first) for first in firsts]
    known = [beat for of in rows if of[0] <= end for beat in of]
    last = max(0, end - max(known)) if known else None
    assert found == (last, None if last is None else max([*ages, last]))


def test_it_takes_no_minute_for_a_silence() -> None:
    """A worker that beats each 15 s is never older than that, though two beats of a minute lie further apart."""
    beats = [DAWN + timedelta(seconds=seconds) for seconds in range(5, 600, 15)]
    minutes = [(of[0], of[-1]) for of in (beats[start : start + 4] for start in range(0, len(beats), 4))]
    last, most = ages_seconds(minutes, DAWN, DAWN + timedelta(minutes=10))
    assert (last, most) == (10, 15)
