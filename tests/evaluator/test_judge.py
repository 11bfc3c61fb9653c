import msgspec
import pytest
from structlog.testing import capture_logs

from evaluator.rules.healthy import HEALTHY, LATER, judged
from factories import NOW
from houndmon.config.defaults import DEFAULTS
from houndmon.evaluator.judge import LOGGED_EVERY, RaisedLog, judge
from houndmon.evaluator.rules import JUDGES
from houndmon.rulebook.book import BOOK, NAMES

BROKEN = msgspec.structs.replace(
    HEALTHY,
    queue=msgspec.structs.replace(HEALTHY.queue, panel=None),  # no such panel: whatever reads it raises
)
RAISING = [one.rule for one in judged(BROKEN) if one.verdict == "unknown"]


def test_it_finds_nothing_wrong_in_a_healthy_hound():
    """Every rule is judged, each is `ok`, and each is evidence of health."""
    findings = judged(HEALTHY)
    assert {one.rule for one in findings} == set(NAMES) == set(JUDGES)
    assert {(one.verdict, one.clears, one.environment) for one in findings} == {("ok", True, "prod")}
    assert len({(one.rule, one.subject) for one in findings}) == len(findings)


def test_it_dates_each_finding_by_its_source():
    """A finding is of the source's clock; only what says nothing of rows is of houndmon's own."""
    stamps = {one.rule: one.evaluated_at for one in judged(HEALTHY)}
    assert stamps.pop("source_unreadable") == LATER
    assert set(stamps.values()) == {NOW}


def test_it_goes_on_where_a_rule_raises():
    """A rule that raises is `unknown`; every other rule is judged all the same."""
    findings = judged(BROKEN)
    failed = {one.rule: one.reason for one in findings if one.verdict == "unknown"}
    assert set(failed.values()) == {"the rule itself failed: AttributeError"}
    assert {"queue_age", "queue_stalled", "queue_retrying"} <= failed.keys()
    assert failed.keys() <= {name for name, spec in BOOK.items() if "queue" in spec.parts}
    assert {one.rule for one in findings} == set(JUDGES)
    assert {one.verdict for one in findings if one.rule not in failed} == {"ok"}


def logged(log_raised, after, figures=BROKEN):
    """The rules that are logged when all are judged some time after the first."""
    with capture_logs() as lines:
        judge(DEFAULTS, figures, LATER + after, log_raised)
    assert {line["event"] for line in lines} <= {"rule_raised"}
    return lines


def test_it_logs_what_a_rule_raises_with_its_trace():
    """The log names the rule, the environment, and the very line that raised."""
    lines = logged(RaisedLog(), LATER - LATER)
    assert [(line["rule"], line["environment"], line["log_level"]) for line in lines] == [
        (rule, "prod", "error") for rule in RAISING
    ]
    for line in lines:
        trace = line["exc_info"].__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        assert trace.tb_frame.f_code.co_name == line["rule"]


@pytest.mark.parametrize(("share", "again"), [(0.0, False), (0.5, False), (0.99, False), (1.0, True), (60.0, True)])
def test_it_logs_each_rule_once_a_minute(share, again):
    """A rule that raises at each tick, in both environments, fills no log: once a minute it is named again."""
    log_raised = RaisedLog()
    assert [line["rule"] for line in logged(log_raised, LATER - LATER)] == RAISING
    staging = msgspec.structs.replace(BROKEN, environment="staging")
    assert [line["rule"] for line in logged(log_raised, share * LOGGED_EVERY, staging)] == RAISING * again
