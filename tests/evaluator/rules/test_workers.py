import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.rules.healthy import DOWN, beats, only, queue, with_rule
from houndmon.evaluator.figures import Unreadable


@pytest.mark.parametrize(("age", "verdict"), [(0.0, "ok"), (120.0, "ok"), (120.001, "breach"), (9e6, "breach")])
def test_it_judges_the_silence_of_workers(age, verdict):
    """`worker_heartbeat_missing` is a breach past 120 seconds of silence."""
    one = only("worker_heartbeat_missing", beats=beats(age))
    assert (one.verdict, one.value, one.threshold, one.clears) == (verdict, age, 120, verdict == "ok")


@pytest.mark.parametrize(
    ("waiting", "verdict"),
    [({}, "no_data"), ({"queued": 1}, "breach"), ({"in_progress": 1}, "breach"), ({"retrying": 1}, "breach")],
)
def test_it_judges_workers_that_never_beat(waiting, verdict):
    """With no beat ever it is a breach where a job waits, else there is nothing to judge; neither is health."""
    one = only("worker_heartbeat_missing", beats=beats(), queue=queue(**waiting))
    assert (one.verdict, one.value, one.clears) == (verdict, None, False)


def test_it_cannot_judge_workers_that_never_beat_without_the_queue():
    """With no beat ever and an unreadable queue nobody can tell whether jobs wait."""
    one = only("worker_heartbeat_missing", beats=beats(), queue=Unreadable("transcode_jobs", "it is locked"))
    why = "no worker has ever sent a heartbeat, and of the queue: relation transcode_jobs cannot be read: it is locked"
    assert (one.verdict, one.reason) == ("unknown", why)
    assert only("worker_heartbeat_missing", queue=DOWN).verdict == "ok"


@pytest.mark.parametrize(
    ("age", "arrived", "verdict"),
    [
        (130.0, None, "breach"),
        (130.0, 130.0, "breach"),
        (130.0, 120.0, "ok"),
        (9e6, 0.0, "ok"),
        (9e6, 121.0, "breach"),
        (10.0, 500.0, "ok"),
    ],
)
def test_it_takes_an_arrival_for_life(age, arrived, verdict):
    """A beat that arrived within 120 seconds is life, however old it says that it is; its date alone is life too."""
    one = only("worker_heartbeat_missing", beats=beats(age, arrived=arrived))
    assert (one.verdict, one.value, one.clears) == (verdict, age, verdict == "ok")


AGES = st.none() | st.floats(0, 1000)


@given(AGES, AGES, st.booleans(), st.integers(0, 1), st.integers(0, 1), st.integers(0, 1))
def test_it_judges_silence_by_the_numbers_book(age, arrived, idle_is_ok, queued, retrying, in_progress):
    """Silence is a breach by date and by arrival; jobs decide where none ever beat, or where idle workers may rest."""
    config = with_rule("worker_heartbeat_missing", idle_is_ok=idle_is_ok)
    waiting = {"queued": queued, "retrying": retrying, "in_progress": in_progress}
    figures = {"beats": beats(age, arrived=arrived), "queue": queue(**waiting)}
    one = only("worker_heartbeat_missing", config=config, **figures)
    is_alive = age is not None and (age <= 120 or (arrived is not None and arrived <= 120))
    if is_alive:
        expected = "ok"
    elif any(waiting.values()):
        expected = "breach"
    elif idle_is_ok:
        expected = "ok"
    else:
        expected = "no_data" if age is None else "breach"
    assert (one.verdict, one.clears) == (expected, expected == "ok")


def test_it_cannot_tell_idle_workers_from_dead_ones_without_the_queue():
    """Where idle workers may rest and the queue cannot be read nobody knows whether they should work."""
    config = with_rule("worker_heartbeat_missing", idle_is_ok=True)
    one = only("worker_heartbeat_missing", config=config, beats=beats(300.0), queue=DOWN)
    assert (one.verdict, one.clears) == ("unknown", False)
    assert one.reason.startswith("no worker heartbeat for 5 min, and of the queue: the source cannot be read")
