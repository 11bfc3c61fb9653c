import msgspec
import pytest

from evaluator.rules.healthy import DOWN, HEALTHY, beats, found, judged, only, queue
from factories import NOW
from houndmon.evaluator.figures import Lag, Unreadable
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.budget import BURN_RULES
from houndmon.rulebook.parts import RELATION_OF_PART, Part

OF_THE_QUEUE = ("queue_age", "queue_stalled", "queue_failure_ratio", "queue_retrying")
RULES_OF: dict[Part, dict[str, set[str] | set[None]]] = {
    "queue": {rule: {None} for rule in (*OF_THE_QUEUE, "job_stuck")},
    "playing": {"playback_failure_ratio": {None}, "playback_abandoned": {None}, "traffic_absent": {"playback"}},
    "uploading": {"upload_rejection_ratio": {None}, "traffic_absent": {"ingest"}},
    "requests": {"api_5xx_spike": {None}, "api_4xx_spike": {None}, "traffic_absent": {"api"}},
    "beats": {"worker_heartbeat_missing": {None}, "job_stuck": {None}},
    "publishing": {},
}
LEVEL_OF: dict[Part, str] = {
    "queue": "transcode_success",
    "playing": "playback_success",
    "beats": "heartbeat_freshness",
    "publishing": "upload_to_live",
}


@pytest.mark.parametrize("part", RELATION_OF_PART)
def test_it_knows_nothing_of_what_it_cannot_read(part: Part) -> None:
    """One unreadable relation makes its own rules `unknown` and its alert a breach; every other rule goes on."""
    gone = Unreadable(RELATION_OF_PART[part], "it does not exist")
    findings = judged(msgspec.structs.replace(HEALTHY, **{part: gone}))
    expected = {(rule, subject) for rule, subjects in RULES_OF[part].items() for subject in subjects}
    expected |= {(rule, LEVEL_OF[part]) for rule in BURN_RULES if part in LEVEL_OF}
    unread = [one for one in findings if one.verdict == "unknown"]
    assert {(one.rule, one.subject) for one in unread} == expected
    why = f"relation {RELATION_OF_PART[part]} cannot be read: it does not exist"
    assert {(one.value, one.clears) for one in unread} <= {(None, False)}
    assert all(one.reason.endswith(why) for one in unread)
    breaches = [(one.rule, one.subject, one.reason) for one in findings if one.verdict == "breach"]
    assert breaches == [("source_unreadable", RELATION_OF_PART[part], "it does not exist")]


def test_it_says_once_that_the_source_is_gone():
    """A source that does not answer is one breach without subject; its relations are unknown, not breaches."""
    figures = msgspec.structs.replace(HEALTHY, **dict.fromkeys(RELATION_OF_PART, DOWN), sampled=None, lag=None)
    findings = judged(figures)
    assert [(one.rule, one.subject) for one in findings if one.verdict == "breach"] == [("source_unreadable", None)]
    assert {one.verdict for one in findings if one.subject or one.rule != "source_unreadable"} == {"unknown"}
    relations = {one.subject for one in findings if one.rule == "source_unreadable"}
    assert relations == {None, *RELATION_OF_PART.values()}


def test_it_blames_one_relation_where_only_that_did_not_answer():
    """One part that found no connection is a breach of its relation: the source itself answers the others."""
    verdicts = {subject: one.verdict for subject, one in found("source_unreadable", playing=DOWN).items()}
    assert verdicts == {None: "ok"} | dict.fromkeys(RELATION_OF_PART.values(), "ok") | {"play_attempts": "breach"}


@pytest.mark.parametrize(("seconds", "verdict"), [(0.0, "ok"), (60.0, "ok"), (60.5, "breach"), (9e6, "breach")])
def test_it_judges_the_lag_of_a_replica(seconds, verdict):
    """`source_lagging` is a breach past 60 s; a source that is no replica has no verdict at all."""
    one = only("source_lagging", lag=Lag(NOW, seconds))
    assert (one.verdict, one.value, one.clears) == (verdict, seconds, verdict == "ok")
    assert found("source_lagging", lag=None) == {}


def test_it_keeps_the_last_lag_that_it_knows():
    """A lag that cannot be read is `unknown`; ages are judged by the last one, for nobody knows that it is over."""
    behind = Lag(NOW, 300, "it took too long to answer")
    one = only("source_lagging", lag=behind)
    assert (one.verdict, one.clears) == ("unknown", False)
    assert one.reason == "its lag cannot be read: it took too long to answer"
    assert only("source_lagging", lag=Lag(NOW, 0, "it took too long to answer")).verdict == "unknown"
    findings = judged(msgspec.structs.replace(HEALTHY, beats=beats(300), lag=behind))
    assert {one.verdict for one in findings if one.rule == "worker_heartbeat_missing"} == {"unknown"}


def test_it_judges_no_age_behind_a_lagging_replica():
    """While a replica lags, what seems old or absent may only be late: those rules are unknown, ratios are not."""
    stale = msgspec.structs.replace(
        HEALTHY, beats=beats(300), queue=queue(queued=1, age=40.0, failed=90, completed=10), lag=Lag(NOW, 61)
    )
    findings = judged(stale)
    unread = {one.rule for one in findings if one.verdict == "unknown"}
    assert (
        unread
        == {name for name, spec in BOOK.items() if spec.fails_with_lag}
        == {
            "queue_age",
            "queue_stalled",
            "job_stuck",
            "queue_retrying",
            "worker_heartbeat_missing",
            "traffic_absent",
        }
    )
    assert {(one.value, one.clears) for one in findings if one.rule in unread} == {(None, False)}
    assert {"queue_failure_ratio", "source_lagging"} <= {one.rule for one in findings if one.verdict == "breach"}
    level = msgspec.structs.replace(stale, lag=Lag(NOW, 60))
    assert "worker_heartbeat_missing" in {one.rule for one in judged(level) if one.verdict == "breach"}
