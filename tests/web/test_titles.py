import pytest

from houndmon.rulebook.book import BOOK, NAMES
from houndmon.rulebook.units import RATIO
from houndmon.web.titles import evidence_value, quiet_reason_text, rule_title, rule_value, subject_titled

RATIOS = [name for name in NAMES if BOOK[name].unit is RATIO]


@pytest.mark.parametrize("rule", RATIOS)
@pytest.mark.parametrize("name", ["value", "threshold", "low", "high", "baseline_ratio"])
def test_it_writes_every_share_of_the_evidence_in_per_cent(rule: str, name: str) -> None:
    """Value, threshold, interval and baseline of a ratio read alike: the baseline is no bare fraction."""
    assert evidence_value(0.0012, name, rule) == "0.12%"


@pytest.mark.parametrize(
    ("value", "name", "rule", "words"),
    [
        (17.25, "value", "queue_age", "17 min"),
        (15, "threshold", "queue_age", "15 min"),
        (364.98, "value", "worker_heartbeat_missing", "6.1 min"),
        (26.17604755, "oldest_queued_age_minutes", "queue_stalled", "26 min"),
        (7.04321, "1h", "slo_burn_fast", "7.043"),
        (41230, "bad", "api_5xx_spike", "41,230"),
        ("2026-03-02T12:00:28.123456Z", "at", "queue_age", "2026-03-02 12:00:28 UTC"),
        (["worker-1", "worker-2"], "silent_workers", "job_stuck", "worker-1, worker-2"),
        ("15 min", "span", "playback_failure_ratio", "15 min"),
    ],
)
def test_it_writes_other_evidence_in_its_unit(value: object, name: str, rule: str, words: str) -> None:
    """A value reads as it does in the list; a time as people write one; what has no unit stays a number or a text."""
    assert evidence_value(value, name, rule) == words


def test_it_guesses_no_title_and_no_unit() -> None:
    """A rule that the book does not hold has neither; a subject that is no service level keeps its own name."""
    with pytest.raises(KeyError):
        rule_title("no_such_rule")
    with pytest.raises(KeyError):
        rule_value("no_such_rule", 45.1)
    assert subject_titled("upload_to_live") == "Upload to live"
    assert subject_titled("queue_age") == "queue_age"


def test_it_leaves_the_reason_of_a_silence_alone() -> None:
    """The rule of an alert that explains another is named by its title; what people wrote stays, whatever it is."""
    assert (
        quiet_reason_text("alert 3 explains it: worker_heartbeat_missing")
        == "alert 3 explains it: no worker sends heartbeats"
    )
    assert quiet_reason_text("silence 4: the deploy explains it: Wait") == "silence 4: the deploy explains it: Wait"
