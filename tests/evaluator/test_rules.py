from collections import Counter
from datetime import timedelta
from typing import get_args

import msgspec
import pytest

from factories import NOW
from houndmon.config.defaults import DEFAULTS
from houndmon.config.model import BURN_RULES, RuleName
from houndmon.evaluator import findings, rules
from houndmon.evaluator.figures import (
    RELATIONS,
    Beats,
    Figures,
    Playing,
    Publishing,
    Queue,
    Requests,
    Unreadable,
    Uploading,
)
from houndmon.evaluator.rules import BURN_SPANS_OF, JUDGES, judge
from houndmon.evaluator.sample import Sampled
from houndmon.kit.clock import SPANS, Clock, Window
from houndmon.kit.filters import AppliedFilters
from houndmon.kit.panel import Percentiles, window_shown
from houndmon.kit.stats import Interval, ratio
from houndmon.panels.api.model import Service
from houndmon.panels.playback.model import Plays
from houndmon.panels.publish.model import Tracks
from houndmon.panels.transcode.model import Finished, JobsByStatus, Transcode
from houndmon.panels.workers.model import Liveness, Pause

CLOCK = Clock(NOW)
LATER = NOW + timedelta(seconds=1)  # the state database's clock
DURATIONS = Percentiles(p50=None, p95=None, max=None, sample_count=0)
GONE = Unreadable("play_attempts", "it does not exist")
DOWN = Unreadable(None, "the database does not answer")


def queue(*, queued=0, in_progress=0, retrying=0, age=None, stalled=False, idle=None, failed=0, completed=0, **spans):
    """The queue; `failed` and `completed` in every span, or as (failed, completed) by span."""
    panel = Transcode(
        panel="transcode",
        as_of=NOW,
        window=window_shown(CLOCK, "1h"),
        filters=AppliedFilters("prod", None, None),
        anomalies=[],
        jobs_by_status=JobsByStatus(queued, in_progress, retrying, failed, completed),
        failed_today=0,
        oldest_queued_age_minutes=age,
        oldest_queued_job_id="job-1" if age is not None else None,
        oldest_retrying_age_minutes=None,
        oldest_in_progress_age_minutes=None,
        finished_last_15m=0,
        stalled=stalled,
        duration_minutes=DURATIONS,
        failure_ratio=None,
        ratio_low=None,
        ratio_high=None,
        retry_distribution=[],
        top_failures=[],
    )
    finished = {
        span: Finished(bad, good, Counter({"E1": bad} if bad else {}))
        for span in SPANS
        for bad, good in [spans.get(f"in_{span}", (failed, completed))]
    }
    return Queue(NOW, panel, idle, finished)


def playing(failed=0, attempts=0, week_before=0, **spans):
    """Plays; the same in every span, or as (failed, attempts) by span."""
    found = {}
    for span in SPANS:
        bad, whole = spans.get(f"in_{span}", (failed, attempts))
        found[span] = Plays(whole, bad, ratio(bad, whole), 0, 0, Counter({"E1": bad} if bad else {}))
    return Playing(NOW, found, week_before)


def publishing(in_time=0, late=0, overdue=0):
    return Publishing(NOW, dict.fromkeys(SPANS, Tracks(in_time, late, 0, overdue, None)), [])


def requests(recent, baseline=()):
    """Requests of services, each as (service, requests, 4xx, 5xx)."""

    def services(rows):
        return {
            name: Service(name, whole, ratio(bad_4xx, whole), ratio(bad_5xx, whole), bad_4xx, bad_5xx)
            for name, whole, bad_4xx, bad_5xx in rows
        }

    return Requests(NOW, Window(CLOCK.since("5m")), services(recent), services(baseline))


def beats(age=None, pauses=()):
    """Beats; the pauses as (seconds ago, seconds ago of the next beat or None)."""
    newest = None if age is None else NOW - timedelta(seconds=age)
    ago = [
        Pause(NOW - timedelta(seconds=first), None if after is None else NOW - timedelta(seconds=after))
        for first, after in pauses
    ]
    starts = {span: CLOCK.since(span) for span in SPANS}
    return Beats(NOW, Liveness(age is not None and age <= 120, newest, age), ago, starts)


HEALTHY = Figures(
    environment="prod",
    queue=queue(completed=100),
    playing=playing(attempts=1000, week_before=1000),
    uploading=Uploading(NOW, 30, 30),
    requests=requests([("gateway", 1000, 0, 0)]),
    beats=beats(1.0, [(86_520, 86_510), (1, None)]),
    publishing=publishing(in_time=50),
    sampled=Sampled(NOW, 600, 0, []),
)


def found(rule, *, config=DEFAULTS, **parts):
    """What a rule finds, by subject, in a healthy Hound with some parts changed."""
    figures = msgspec.structs.replace(HEALTHY, **parts)
    return {one.subject: one for one in judge(config, figures, LATER) if one.rule == rule}


def only(rule, **parts):
    """What a rule without subjects finds."""
    findings = found(rule, **parts)
    assert list(findings) == [None]
    return findings[None]


def with_rule(name, **changes):
    """The default configuration with one rule changed."""
    rule = msgspec.structs.replace(DEFAULTS.rules[name], **changes)
    return msgspec.structs.replace(DEFAULTS, rules=DEFAULTS.rules | {name: rule})


def test_it_finds_served_figures_that_are_not_those_of_the_rows():
    """`counts_differ` is a breach where the last sample found a difference; before the first sample it says nothing."""
    assert found("counts_differ", sampled=None) == {}
    one = only("counts_differ", sampled=Sampled(NOW, 600, 2, ["ingest 24h uploads: served 3, the rows say 4"]))
    assert (one.verdict, one.clears, one.value, one.sample_count) == ("breach", False, 2, 600)
    assert one.evidence == {"figures": ["ingest 24h uploads: served 3, the rows say 4"]}


def test_it_finds_nothing_wrong_in_a_healthy_hound():
    """Every rule is judged, each is `ok`, and each is evidence of health."""
    findings = judge(DEFAULTS, HEALTHY, LATER)
    assert {one.rule for one in findings} == set(get_args(RuleName)) == set(JUDGES)
    assert {(one.verdict, one.clears, one.environment) for one in findings} == {("ok", True, "prod")}
    assert len({(one.rule, one.subject) for one in findings}) == len(findings)


def test_it_dates_each_finding_by_its_source():
    """A finding is of the source's clock; only what says nothing of rows is of houndmon's own."""
    stamps = {one.rule: one.evaluated_at for one in judge(DEFAULTS, HEALTHY, LATER)}
    assert stamps.pop("source_unreadable") == LATER
    assert set(stamps.values()) == {NOW}


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
        (False, 40.0, "ok", "0 queued, nothing finished for 40 min"),
        (True, 16.2, "breach", "nothing finished for 16 min"),
        (True, None, "breach", "nothing finished in 7 days"),
        (False, None, "ok", "nothing finished in 7 days"),
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


def test_it_judges_plays_of_15_minutes_and_jobs_of_an_hour():
    """Each ratio is of its own window: what failed before it does not count."""
    plays = playing(500, 1000, in_15m=(0, 1000))
    jobs = queue(failed=50, completed=50, in_1h=(0, 100))
    assert only("playback_failure_ratio", playing=plays).verdict == "ok"
    assert only("queue_failure_ratio", queue=jobs).verdict == "ok"
    assert only("playback_failure_ratio", playing=playing(0, 1000, in_15m=(500, 1000))).verdict == "breach"
    assert only("queue_failure_ratio", queue=queue(completed=100, in_1h=(50, 50))).verdict == "breach"


@pytest.mark.parametrize(("bad", "verdict"), [(1, "ok"), (2, "ok"), (3, "breach")])
def test_it_needs_three_bad_events(bad, verdict):
    """Fewer than three bad events are no incident, whatever the ratio; but all that failed is no sign of health."""
    config = with_rule("playback_failure_ratio", minimum_sample=1)
    one = only("playback_failure_ratio", config=config, playing=playing(bad, bad))
    assert (one.verdict, one.clears) == (verdict, False)


def test_it_keeps_the_commonest_causes():
    """The evidence of a ratio holds its window, its interval, and the five commonest codes, each cut for display."""
    codes = Counter({"A" * 1000: 9, "B": 8, "C": 7, "D": 6, "E": 5, "F": 4})
    spans = dict.fromkeys(SPANS, Plays(100, 39, 0.39, 0, 0, codes))
    evidence = only("playback_failure_ratio", playing=Playing(NOW, spans, 0)).evidence
    assert [cause["code"][:1] for cause in evidence["causes"]] == list("ABCDE")
    assert len(evidence["causes"][0]["code"]) <= 200
    assert sum(cause["count"] for cause in evidence["causes"]) == 35
    assert evidence["span"] == "15 min"
    assert evidence["low"] < 0.39 < evidence["high"]


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
    why = "no beat ever, and of the queue: relation transcode_jobs cannot be read: it is locked"
    assert (one.verdict, one.reason) == ("unknown", why)
    assert only("worker_heartbeat_missing", queue=DOWN).verdict == "ok"


@pytest.mark.parametrize(
    ("whole", "bad", "before", "verdict", "clears"),
    [
        (99, 99, 0, "insufficient", False),
        (99, 0, 0, "insufficient", True),
        (100, 4, 0, "ok", True),  # low end 1.6 %
        (100, 5, 0, "breach", False),  # low end 2.2 %
        (200, 7, 0, "ok", True),  # low end 1.7 %
        (200, 8, 0, "breach", False),  # low end 2.04 %
        (1000, 150, 0.05, "ok", True),  # just 3 times its baseline
        (1000, 151, 0.05, "breach", False),
        (0, 0, 0, "no_data", False),
    ],
)
def test_it_judges_5xx(whole, bad, before, verdict, clears):
    """`api_5xx_spike` needs 100 requests, the low end above 2 %, and more than 3 times the share of the day before."""
    baseline = [("gateway", 1000, 0, int(before * 1000))] if before else []
    one = found("api_5xx_spike", requests=requests([("gateway", whole, 0, bad)], baseline))["gateway"]
    assert (one.verdict, one.clears, one.sample_count) == (verdict, clears, whole)
    assert one.value == (bad / whole if whole else None)


@pytest.mark.parametrize(
    ("whole", "bad", "before", "verdict"),
    [
        (99, 99, 0, "insufficient"),
        (100, 10, 0, "ok"),  # just 10 %
        (100, 11, 0, "breach"),
        (1000, 300, 0.1, "ok"),  # just 3 times its baseline
        (1000, 301, 0.1, "breach"),
        (1000, 110, 0.04, "ok"),
    ],
)
def test_it_judges_4xx(whole, bad, before, verdict):
    """`api_4xx_spike` needs 100 requests, a share above 10 %, and more than 3 times that of the day before."""
    baseline = [("gateway", 1000, int(before * 1000), 0)] if before else []
    one = found("api_4xx_spike", requests=requests([("gateway", whole, bad, 0)], baseline))["gateway"]
    assert (one.verdict, one.sample_count) == (verdict, whole)


def test_it_judges_each_service_by_itself():
    """Each service of the last five minutes has its own verdict; one that is silent now has none."""
    then = [("gateway", 9000, 0, 900), ("gone", 9000, 0, 9000)]
    now = requests([("gateway", 1000, 0, 200), ("functions", 1000, 0, 200)], then)
    spikes = found("api_5xx_spike", requests=now)
    assert {name: one.verdict for name, one in spikes.items()} == {"gateway": "ok", "functions": "breach"}
    assert [one.evidence["baseline_ratio"] for one in spikes.values()] == [0.1, None]
    assert found("api_5xx_spike", requests=requests([])) == {}


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        (0, 0, "no_data"),
        (0, 19, "insufficient"),
        (0, 20, "breach"),
        (1, 20, "ok"),
        (1, 0, "ok"),
        (500, 5000, "ok"),
    ],
)
@pytest.mark.parametrize("subject", ["playback", "ingest"])
def test_it_judges_absent_traffic(subject, now, before, verdict):
    """`traffic_absent` is a breach where nothing came, and at least 20 a week before; any traffic is health."""
    part = {"playing": playing(0, now, before)} if subject == "playback" else {"uploading": Uploading(NOW, now, before)}
    findings = found("traffic_absent", **part)
    other = "ingest" if subject == "playback" else "playback"
    assert (findings[subject].verdict, findings[subject].clears) == (verdict, verdict == "ok")
    assert (findings[subject].value, findings[other].verdict) == (now, "ok")


def spans_of(rule, long, short):
    """Two figures by the long and the short span of a burn rule."""
    return {f"in_{span}": figures for span, figures in zip(BURN_SPANS_OF[rule], (long, short), strict=True)}


@pytest.mark.parametrize(
    ("rule", "long", "short", "value", "verdict"),
    [
        # playback_success: 99 %, so 1 % of failures burns at 1
        ("slo_burn_fast", (70, 1000), (70, 1000), 7, "breach"),
        ("slo_burn_fast", (70, 1000), (50, 1000), 5, "ok"),  # the trouble is over
        ("slo_burn_fast", (50, 1000), (1000, 1000), 5, "ok"),  # the trouble is young
        ("slo_burn_fast", (1000, 1000), (1000, 1000), 100, "breach"),
        ("slo_burn_slow", (19, 1000), (30, 1000), 1.9, "ok"),
        ("slo_burn_slow", (21, 1000), (30, 1000), 2.1, "breach"),
        ("slo_burn_day", (9, 1000), (30, 1000), 0.9, "ok"),
        ("slo_burn_day", (11, 1000), (30, 1000), 1.1, "breach"),
    ],
)
def test_it_judges_burn_rates(rule, long, short, value, verdict):
    """A burn rule compares the lower burn of its two spans with its threshold."""
    one = found(rule, playing=playing(0, 1000, **spans_of(rule, long, short)))["playback_success"]
    assert (one.verdict, one.clears, one.sample_count) == (verdict, verdict == "ok", short[1])
    assert one.value == pytest.approx(value)
    assert list(one.evidence) == list(BURN_SPANS_OF[rule])


def test_it_reads_the_spans_of_each_burn_rule():
    """Fast burns are of an hour and 5 minutes, slow ones of 6 hours and 30 minutes, a day's of 24 and 2 hours."""
    spans = {"slo_burn_fast": ("1h", "5m"), "slo_burn_slow": ("6h", "30m"), "slo_burn_day": ("24h", "2h")}
    for rule, pair in spans.items():
        bad = playing(0, 1000, **{f"in_{span}": (500, 1000) for span in pair})
        breaches = {name for name in BURN_RULES if found(name, playing=bad)["playback_success"].verdict == "breach"}
        assert breaches == {rule}


@pytest.mark.parametrize(("bad", "verdict"), [(1, "ok"), (2, "ok"), (3, "breach")])
def test_it_needs_three_bad_events_in_the_short_span(bad, verdict):
    """Fewer than three bad events in the shorter span burn no budget worth waking for; nor are they health."""
    plays = playing(0, 1000, **spans_of("slo_burn_fast", (500, 1000), (bad, bad)))
    one = found("slo_burn_fast", playing=plays)["playback_success"]
    assert (one.verdict, one.clears) == (verdict, False)


@pytest.mark.parametrize("spans", [((500, 1000), (0, 0)), ((0, 0), (0, 0))])
def test_it_finds_no_data_without_events_in_either_span(spans):
    """Without events in one of its spans a burn rule has nothing to judge, and that is no health."""
    one = found("slo_burn_fast", playing=playing(0, 1000, **spans_of("slo_burn_fast", *spans)))["playback_success"]
    assert (one.verdict, one.value, one.clears) == ("no_data", None, False)


def test_it_gives_its_reason_in_words():
    """A reason reads as a person would say it: of how many, over which span, how many times the budget."""
    plays = playing(0, 1000, **spans_of("slo_burn_fast", (70, 1000), (90, 1000)))
    burning = found("slo_burn_fast", playing=plays)["playback_success"]
    assert burning.reason == "burns its budget at 7.0× over 1h and 9.0× over 5m"
    failing = only("queue_failure_ratio", queue=queue(failed=40, completed=7))
    assert failing.reason == "40 of 47 failed in the last hour"


def test_it_burns_the_budget_of_every_level():
    """Each level burns by its own events: tracks not live in time, failed jobs, failed plays, silent seconds."""
    parts = {
        "upload_to_live": {"publishing": publishing(in_time=0, late=30, overdue=70)},
        "transcode_success": {"queue": queue(failed=50, completed=50)},
        "playback_success": {"playing": playing(500, 1000)},
        "heartbeat_freshness": {"beats": beats(500, [(86_520, 86_510), (500, None)])},
    }
    for level, part in parts.items():
        verdicts = {subject: one.verdict for subject, one in found("slo_burn_fast", **part).items()}
        assert verdicts == dict.fromkeys(DEFAULTS.levels, "ok") | {level: "breach"}


@pytest.mark.parametrize(
    ("silent", "verdict"),
    [(0, "ok"), (20, "ok"), (21, "ok"), (22, "breach")],  # of 3,630 s, at 0.1 % allowed: 6 is spent at 21.8 s
)
def test_it_burns_the_budget_of_heartbeats_by_the_second(silent, verdict):
    """Freshness is a matter of time: it needs no three bad events, and burns by seconds without a fresh beat."""
    age = 120 + silent
    one = found("slo_burn_fast", beats=beats(age, [(86_520, 86_510), (age, None)]))["heartbeat_freshness"]
    assert one.verdict == verdict
    assert one.value == pytest.approx(silent / 3630 / 0.001)


def test_it_has_no_heartbeat_level_where_none_ever_beat():
    """With no beat ever there is no freshness to burn."""
    one = found("slo_burn_day", beats=beats(), queue=queue())["heartbeat_freshness"]
    assert (one.verdict, one.value) == ("no_data", None)


RULES_OF = {
    "queue": {"queue_age": {None}, "queue_stalled": {None}, "queue_failure_ratio": {None}},
    "playing": {"playback_failure_ratio": {None}, "traffic_absent": {"playback"}},
    "uploading": {"traffic_absent": {"ingest"}},
    "requests": {"api_5xx_spike": {None}, "api_4xx_spike": {None}},
    "beats": {"worker_heartbeat_missing": {None}},
    "publishing": {},
}
LEVEL_OF = {
    "queue": "transcode_success",
    "playing": "playback_success",
    "beats": "heartbeat_freshness",
    "publishing": "upload_to_live",
}


@pytest.mark.parametrize("part", RELATIONS)
def test_it_knows_nothing_of_what_it_cannot_read(part):
    """One unreadable relation makes its own rules `unknown` and its alert a breach; every other rule goes on."""
    gone = Unreadable(RELATIONS[part], "it does not exist")
    findings = judge(DEFAULTS, msgspec.structs.replace(HEALTHY, **{part: gone}), LATER)
    expected = {(rule, subject) for rule, subjects in RULES_OF[part].items() for subject in subjects}
    expected |= {(rule, LEVEL_OF[part]) for rule in BURN_RULES if part in LEVEL_OF}
    unread = [one for one in findings if one.verdict == "unknown"]
    assert {(one.rule, one.subject) for one in unread} == expected
    why = f"relation {RELATIONS[part]} cannot be read: it does not exist"
    assert {(one.value, one.clears) for one in unread} <= {(None, False)}
    assert all(one.reason.endswith(why) for one in unread)
    breaches = [(one.rule, one.subject, one.reason) for one in findings if one.verdict == "breach"]
    assert breaches == [("source_unreadable", RELATIONS[part], "it does not exist")]


def test_it_says_once_that_the_source_is_gone():
    """A source that does not answer is one breach without subject; its relations are unknown, not breaches."""
    figures = msgspec.structs.replace(HEALTHY, **dict.fromkeys(RELATIONS, DOWN), sampled=None)
    findings = judge(DEFAULTS, figures, LATER)
    assert [(one.rule, one.subject) for one in findings if one.verdict == "breach"] == [("source_unreadable", None)]
    assert {one.verdict for one in findings if one.subject or one.rule != "source_unreadable"} == {"unknown"}
    relations = {one.subject for one in findings if one.rule == "source_unreadable"}
    assert relations == {None, *RELATIONS.values()}


def test_it_blames_one_relation_where_only_that_did_not_answer():
    """One part that found no connection is a breach of its relation: the source itself answers the others."""
    verdicts = {subject: one.verdict for subject, one in found("source_unreadable", playing=DOWN).items()}
    assert verdicts == {None: "ok"} | dict.fromkeys(RELATIONS.values(), "ok") | {"play_attempts": "breach"}


def test_it_goes_on_where_a_rule_raises():
    """A rule that raises is `unknown`; every other rule is judged all the same."""
    broken = msgspec.structs.replace(HEALTHY.queue, panel=None)  # no such panel: whatever reads it raises
    findings = judge(DEFAULTS, msgspec.structs.replace(HEALTHY, queue=broken), LATER)
    failed = {one.rule: one.reason for one in findings if one.verdict == "unknown"}
    assert failed == dict.fromkeys(["queue_age", "queue_stalled"], "the rule itself failed: AttributeError")
    assert {one.rule for one in findings} == set(JUDGES)
    assert {one.verdict for one in findings if one.rule not in failed} == {"ok"}


def test_it_obeys_the_configuration():
    """Threshold, smallest sample and factor are those of the configuration."""
    assert only("queue_age", config=with_rule("queue_age", threshold=2), queue=queue(age=3.0)).verdict == "breach"
    few = with_rule("playback_failure_ratio", minimum_sample=3)
    assert only("playback_failure_ratio", config=few, playing=playing(3, 3)).verdict == "breach"
    spike = requests([("gateway", 100, 0, 50)], [("gateway", 100, 0, 20)])
    assert found("api_5xx_spike", requests=spike)["gateway"].verdict == "ok"
    doubled = with_rule("api_5xx_spike", baseline_factor=2)
    assert found("api_5xx_spike", config=doubled, requests=spike)["gateway"].verdict == "breach"


def without_doubt(part, whole):
    """An interval that is but the ratio."""
    share = ratio(part, whole)
    return Interval(share, share, share)


MUTANTS = {
    "a ratio in place of its interval": (findings, "wilson", without_doubt),
    "at the threshold is above it": (
        rules,
        "above",
        lambda value, bound: None not in (value, bound) and value >= bound,
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_it_would_catch_a_wrong_judge(mutant, monkeypatch):
    """A judge that is wrong at an edge fails the tests above: these can fail."""
    monkeypatch.setattr(*MUTANTS[mutant])
    with pytest.raises(AssertionError):  # noqa: PT012 -- which of the two fails depends on the mutant
        test_it_judges_the_queues_failures(63, 1000, "ok", True)
        test_it_judges_the_age_of_the_queue(15.0, "ok")
