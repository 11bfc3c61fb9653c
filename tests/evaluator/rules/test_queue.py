import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.rules.healthy import beats, only, queue, with_rule


@pytest.mark.parametrize(
    ("age", "verdict"), [(None, "ok"), (0.0, "ok"), (14.99, "ok"), (15.0, "ok"), (15.01, "breach"), (13_000, "breach")]
)
def test_it_judges_the_age_of_the_queue(age, verdict):
    """`queue_age` is a breach past 15 minutes; an empty queue is ok."""
    one = only("queue_age", queue=queue(queued=0 if age is None else 3, age=age))
    assert (one.verdict, one.clears) == (verdict, verdict == "ok")
    assert (one.value, one.threshold, one.sample_count) == (age, 15, 0 if age is None else 3)
    assert one.evidence["job_id"] == (None if age is None else "job-1")


@pytest.mark.parametrize(
    ("stalled", "idle", "verdict", "said"),
    [
        (False, 40.0, "ok", "no job is queued; no job has finished for 40 min"),
        (True, 16.2, "breach", "no job has finished for 16 min"),
        (True, None, "breach", "no job has finished in the last 7 days"),
        (False, None, "ok", "no job has finished in the last 7 days"),
    ],
)
def test_it_judges_a_stalled_queue(stalled, idle, verdict, said):
    """`queue_stalled` follows the panel; its value is the minutes since the last finish of seven days."""
    one = only("queue_stalled", queue=queue(stalled=stalled, idle=idle))
    assert (one.verdict, one.value, one.threshold) == (verdict, idle, None)
    assert said in one.reason


@pytest.mark.parametrize(
    ("failed", "whole", "verdict", "clears"),
    [
        (0, 0, "no_data", False),
        (0, 19, "insufficient", True),
        (1, 19, "insufficient", False),  # 5.3 %: too few to judge, and no sign of health either
        (19, 19, "insufficient", False),
        (0, 20, "ok", True),
        (2, 20, "ok", True),
        (3, 20, "breach", False),  # low end 5.2 %
        (63, 1000, "ok", True),  # low end 4.96 %
        (64, 1000, "breach", False),  # low end 5.04 %
        (50, 1000, "ok", True),
    ],
)
def test_it_judges_the_queues_failures(failed, whole, verdict, clears):
    """`queue_failure_ratio` needs 20 finished jobs, and the interval's low end above 5 %."""
    one = only("queue_failure_ratio", queue=queue(failed=failed, completed=whole - failed))
    assert (one.verdict, one.clears, one.sample_count) == (verdict, clears, whole)
    assert one.value == (failed / whole if whole else None)


def test_it_judges_the_jobs_of_an_hour():
    """What failed before the last hour does not count, and what failed in it does."""
    jobs = queue(failed=50, completed=50, in_1h=(0, 100))
    assert only("queue_failure_ratio", queue=jobs).verdict == "ok"
    assert only("queue_failure_ratio", queue=queue(completed=100, in_1h=(50, 50))).verdict == "breach"


def test_it_says_of_how_many_jobs_it_speaks():
    """A reason reads as a person would say it: of how many, over which span."""
    assert (
        only("queue_failure_ratio", queue=queue(failed=40, completed=7)).reason
        == "40 of 47 jobs failed in the last hour (85.1%)"
    )


def test_it_obeys_the_threshold():
    """The threshold is that of the configuration."""
    assert only("queue_age", config=with_rule("queue_age", threshold=2), queue=queue(age=3.0)).verdict == "breach"


@pytest.mark.parametrize(
    ("running", "workers", "stuck"),
    [
        ([], [], 0),
        ([("a", 3, 0)], [("a", 600)], 0),
        ([("a", 3, 0)], [("a", 600.1)], 3),
        ([("a", 3, 1)], [("a", 10)], 1),
        ([("a", 3, 1)], [("a", 5000)], 3),
        ([("a", 3, 0), ("b", 2, 0), (None, 9, 1)], [("a", 5000), ("b", 1)], 4),
        ([("never beat", 5, 0), ("", 5, 0), (None, 5, 0)], [("a", 5000)], 0),
        ([("never beat", 5, 2), ("", 5, 1), (None, 5, 1)], [], 4),
    ],
)
def test_it_judges_stuck_jobs(running, workers, stuck):
    """`job_stuck` counts the jobs of workers silent for more than 10 minutes, and others in progress for too long."""
    one = only("job_stuck", queue=queue(running=running), beats=beats(1.0, workers=workers))
    assert (one.verdict, one.value, one.clears) == ("breach" if stuck else "ok", stuck, not stuck)
    assert one.sample_count == sum(jobs for _, jobs, _ in running)


WORKERS = st.sampled_from([None, "", "a", "b", "c"])
ROWS = st.dictionaries(WORKERS, st.tuples(st.integers(1, 50), st.integers(0, 50)), max_size=5)
AGES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 7200), max_size=3)


@given(ROWS, AGES, st.integers(60, 3600))
def test_it_judges_stuck_jobs_one_by_one(rows, ages, silent_after):
    """Whoever works at them, the jobs counted are those that are stuck each by itself, and any is a breach."""
    jobs = [(worker, number < endless) for worker, (count, endless) in rows.items() for number in range(count)]
    running = [(worker, count, min(count, endless)) for worker, (count, endless) in rows.items()]
    stuck = [1 for worker, is_endless in jobs if is_endless or ages.get(worker, 0) > silent_after]
    config = with_rule("job_stuck", silent_after_seconds=silent_after)
    figures = {"queue": queue(running=running), "beats": beats(1.0, workers=ages.items())}
    one = only("job_stuck", config=config, **figures)
    assert (one.value, one.verdict) == (len(stuck), "breach" if stuck else "ok")


def test_it_names_the_workers_that_left_their_jobs():
    """The evidence of stuck jobs names the silent workers, and how old the oldest job is; the words tell both kinds."""
    running = [("b", 2, 0), ("a", 1, 1), ("c", 4, 3)]
    one = only("job_stuck", queue=queue(running=running), beats=beats(1.0, workers=[("a", 900), ("b", 900), ("c", 1)]))
    assert one.evidence == {"oldest_age_minutes": 60, "silent_workers": ["a", "b"]}
    assert one.reason == "3 jobs are in progress at workers that are silent; 3 jobs are in progress for more than 6 h"


@pytest.mark.parametrize(
    ("age", "completed", "verdict"),
    [(None, 0, "ok"), (60.0, 0, "ok"), (60.01, 0, "breach"), (60.01, 1, "ok"), (9000, 0, "breach")],
)
def test_it_judges_retries_in_vain(age, completed, verdict):
    """`queue_retrying` is a breach where a job has retried for more than 60 minutes and none completed in the hour."""
    figures = queue(retrying=0 if age is None else 7, retrying_age=age, in_1h=(5, completed))
    one = only("queue_retrying", queue=figures)
    assert (one.verdict, one.value, one.threshold, one.clears) == (verdict, age, 60, verdict == "ok")
    assert one.sample_count == (0 if age is None else 7)


@given(st.none() | st.floats(0, 1e6), st.integers(0, 3), st.floats(1, 1e4))
def test_it_judges_retries_by_the_numbers_book(age, completed, threshold):
    """It is a breach above its threshold with nothing completed, and health at any other time."""
    config = with_rule("queue_retrying", threshold=threshold)
    one = only("queue_retrying", config=config, queue=queue(retrying_age=age, in_1h=(0, completed)))
    assert (one.verdict == "breach") == (age is not None and age > threshold and completed == 0)
    assert one.clears == (one.verdict == "ok")
