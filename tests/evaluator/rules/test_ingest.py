import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.rules.healthy import HEALTHY, found, only, playing, uploading, with_rule
from houndmon.core.stats import wilson

RULES = {"upload_rejection_ratio": (0.15, 20), "playback_abandoned": (0.25, 50)}


def part(rule, bad, whole, hours=()):
    """The figures of a rule: bad ones of a whole, now and in each hour before."""
    if rule == "upload_rejection_ratio":
        return {"uploading": uploading(30, bad, whole, hours=hours)}
    left = [(part, all_ - part) for part, all_ in hours]
    return {"playing": playing(0, whole - bad, aborted=bad, hours=left)}


@pytest.mark.parametrize(
    ("rule", "bad", "whole", "usual", "verdict"),
    [
        ("upload_rejection_ratio", 19, 19, 0, "insufficient"),
        ("upload_rejection_ratio", 6, 20, 0, "ok"),  # low end 14.5 %
        ("upload_rejection_ratio", 7, 20, 0, "breach"),  # low end 18.1 %
        ("upload_rejection_ratio", 300, 1000, 10, "ok"),  # just 3 times the usual
        ("upload_rejection_ratio", 301, 1000, 10, "breach"),
        ("upload_rejection_ratio", 0, 0, 0, "no_data"),
        ("playback_abandoned", 49, 49, 0, "insufficient"),
        ("playback_abandoned", 18, 50, 0, "ok"),  # low end 24.1 %
        ("playback_abandoned", 19, 50, 0, "breach"),  # low end 25.9 %
        ("playback_abandoned", 300, 1000, 10, "ok"),
        ("playback_abandoned", 301, 1000, 10, "breach"),
        ("playback_abandoned", 0, 0, 0, "no_data"),
    ],
)
def test_it_judges_what_is_turned_away(rule, bad, whole, usual, verdict):
    """Rejected uploads and plays left stand out above an interval's low end and 3 times the usual share."""
    one = only(rule, **part(rule, bad, whole, [(usual, 100)] * 24))
    assert (one.verdict, one.sample_count, one.value) == (verdict, whole, bad / whole if whole else None)
    assert one.clears == (verdict == "ok")


PARTS = st.tuples(st.integers(0, 200), st.integers(0, 200))


@given(st.sampled_from(sorted(RULES)), PARTS, st.lists(PARTS, min_size=24, max_size=24), st.none() | st.floats(0, 1))
def test_it_judges_by_the_numbers_book(rule, now, hours, held):
    """Any counts are judged as the book says: sample, bad ones, low end, median of hours, and that of an open alert."""
    threshold, smallest = RULES[rule]
    bad, whole = min(now), max(now)
    counted = [(min(pair), max(pair)) for pair in hours]
    shares = sorted(part / all_ for part, all_ in counted if all_ >= smallest)
    usual = held if held is not None else shares[-(-len(shares) // 2) - 1] if shares else 0
    expected = "ok"
    if whole < smallest:
        expected = "insufficient" if whole else "no_data"
    elif bad >= 3 and (wilson(bad, whole).low or 0) > threshold and bad / whole > 3 * usual:
        expected = "breach"
    figures = part(rule, bad, whole, counted) | ({"held": {(rule, None): held}} if held is not None else {})
    one = only(rule, **figures)
    assert (one.verdict, one.baseline) == (expected, usual)


def test_it_says_what_was_rejected_and_what_is_usual():
    """The words name both shares; the evidence holds the commonest reasons."""
    one = only("upload_rejection_ratio", **part("upload_rejection_ratio", 30, 60, [(1, 50)] * 24))
    assert one.reason == "30 of 60 uploads were rejected in the last hour (50%); it was 2% in the 24 h before"
    assert one.evidence["causes"] == [{"code": "clipping", "count": 30, "share": 1}]
    assert one.evidence["baseline_ratio"] == 0.02
    rare = only("upload_rejection_ratio", **part("upload_rejection_ratio", 30, 60, [(3, 100_003)] * 24))
    assert rare.reason.endswith("; it was <0.01% in the 24 h before")
    calm = only("upload_rejection_ratio", **part("upload_rejection_ratio", 1, 60))
    assert calm.reason == "1 of 60 uploads were rejected in the last hour (1.67%)"


def test_it_obeys_the_factor():
    """A factor of 0 asks for no baseline."""
    bad = part("playback_abandoned", 50, 100, [(40, 100)] * 24)
    assert only("playback_abandoned", **bad).verdict == "ok"
    assert (
        only("playback_abandoned", config=with_rule("playback_abandoned", baseline_factor=0), **bad).verdict == "breach"
    )


def test_it_leaves_the_failures_of_plays_alone():
    """Plays that were left are no failures, and failures were not left."""
    left = part("playback_abandoned", 900, 1000)
    assert only("playback_failure_ratio", **left).verdict == "ok"
    failed = {"playing": playing(900, 1000)}
    assert only("playback_abandoned", **failed).verdict == "ok"
    assert found("playback_abandoned", **msgspec.structs.asdict(HEALTHY))[None].clears
