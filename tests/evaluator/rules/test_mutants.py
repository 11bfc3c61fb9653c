import pytest

from evaluator.rules.test_queue import test_it_judges_the_age_of_the_queue as judge_age
from evaluator.rules.test_queue import test_it_judges_the_queues_failures as judge_failures
from houndmon.core.stats import WilsonInterval, ratio
from houndmon.evaluator import findings
from houndmon.evaluator.rules import queue


def without_doubt(part, whole):
    """An interval that is but the ratio."""
    share = ratio(part, whole)
    return WilsonInterval(share, share, share)


MUTANTS = {
    "a ratio in place of its interval": (findings, "wilson", without_doubt),
    "at the threshold is above it": (
        queue,
        "is_above",
        lambda value, bound: None not in (value, bound) and value >= bound,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_it_would_catch_a_wrong_judge(mutant, monkeypatch):
    """A judge that is wrong at an edge fails the tests above: these can fail."""
    monkeypatch.setattr(*MUTANTS[mutant])
    with pytest.raises(AssertionError):  # noqa: PT012 -- which of the two fails depends on the mutant
        judge_failures(63, 1000, "ok", True)
        judge_age(15.0, "ok")
