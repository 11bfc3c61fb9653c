"""The queue at each minute, from minutes alone."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from factories import NOW
from houndmon.counts.blocks import MINUTE, block_start
from houndmon.panels.transcode.model import LiveStay
from houndmon.panels.transcode.waiting import queue_by_minute

NOON = block_start(NOW, MINUTE)
seconds = st.integers(-3600, -1).map(lambda ago: NOW + timedelta(seconds=ago))
Job = tuple[datetime, datetime | None, int]


@given(st.lists(st.tuples(seconds, st.none() | seconds, st.integers(1, 5))), st.integers(0, 70), st.integers(0, 70))
def test_it_knows_from_minutes_alone_who_waited(jobs: list[Job], before: int, length: int) -> None:
    """At each whole minute those are counted that the seconds show there, and the first of them tells the wait."""
    start = NOON - timedelta(minutes=before)
    minutes = [start + timedelta(minutes=n) for n in range(length + 1)]
    stays = [
        LiveStay(block_start(queued, MINUTE), left and block_start(left, MINUTE), many, queued)
        for queued, left, many in jobs
        if left is None or block_start(queued, MINUTE) < block_start(left, MINUTE)
    ]
    found = queue_by_minute(stays, start, minutes[-1])
    assert len(found) == len(minutes)
    for at, queue in zip(minutes, found, strict=True):
        there = [job for job in jobs if job[0] < at and (job[1] is None or job[1] >= at)]
        waits = [(at - queued).total_seconds() / 60 for queued, _, _ in there]
        assert queue == (sum(many for _, _, many in there), max(waits, default=0.0))


def test_it_leaves_out_those_of_whom_nobody_knows_since_when() -> None:
    """A job that waits now and does not say since when was at no minute before."""
    stays = [
        LiveStay(None, None, 3, None),
        LiveStay(NOON - timedelta(minutes=1), None, 2, NOON - timedelta(seconds=30)),
    ]
    assert queue_by_minute(stays, NOON, NOON) == [(2.0, 0.5)]
