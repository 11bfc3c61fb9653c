from collections import Counter

import pytest

from evaluator.rules.healthy import only, playing, with_rule
from factories import NOW
from houndmon.core.clock import SPANS
from houndmon.evaluator.figures import PlayFigures
from houndmon.panels.playback.model import WindowPlays


@pytest.mark.parametrize(
    ("failed", "whole", "verdict", "clears"),
    [
        (0, 0, "no_data", False),
        (1, 1, "insufficient", False),
        (1, 49, "insufficient", True),
        (2, 49, "insufficient", False),
        (3, 50, "ok", True),  # low end 2.1 %
        (4, 50, "breach", False),  # low end 3.2 %
        (50, 50, "breach", False),
    ],
)
def test_it_judges_the_failures_of_plays(failed, whole, verdict, clears):
    """`playback_failure_ratio` needs 50 attempts, and the interval's low end above 3 %."""
    one = only("playback_failure_ratio", playing=playing(failed, whole))
    assert (one.verdict, one.clears, one.sample_count) == (verdict, clears, whole)


@pytest.mark.parametrize(("bad", "verdict"), [(1, "ok"), (2, "ok"), (3, "breach")])
def test_it_needs_three_bad_events(bad, verdict):
    """Fewer than three bad events are no incident, whatever the ratio; but all that failed is no sign of health."""
    config = with_rule("playback_failure_ratio", minimum_sample=1)
    one = only("playback_failure_ratio", config=config, playing=playing(bad, bad))
    assert (one.verdict, one.clears) == (verdict, False)


def test_it_keeps_the_commonest_causes():
    """The evidence of a ratio holds its window, its interval, and the five commonest codes, each cut for display."""
    codes = Counter({"A" * 1000: 9, "B": 8, "C": 7, "D": 6, "E": 5, "F": 4})
    spans = dict.fromkeys(SPANS, WindowPlays(100, 39, 0.39, 0, 0, codes))
    evidence = only("playback_failure_ratio", playing=PlayFigures(NOW, spans)).evidence
    assert [cause["code"][:1] for cause in evidence["causes"]] == list("ABCDE")
    assert len(evidence["causes"][0]["code"]) <= 200
    assert sum(cause["count"] for cause in evidence["causes"]) == 35
    assert evidence["span"] == "15 min"
    assert evidence["low"] < 0.39 < evidence["high"]


def test_it_judges_the_plays_of_15_minutes():
    """What failed before the last 15 minutes does not count, and what failed in them does."""
    assert only("playback_failure_ratio", playing=playing(500, 1000, in_15m=(0, 1000))).verdict == "ok"
    assert only("playback_failure_ratio", playing=playing(0, 1000, in_15m=(500, 1000))).verdict == "breach"


def test_it_obeys_the_smallest_sample():
    """The smallest sample is that of the configuration."""
    few = with_rule("playback_failure_ratio", minimum_sample=3)
    assert only("playback_failure_ratio", config=few, playing=playing(3, 3)).verdict == "breach"
