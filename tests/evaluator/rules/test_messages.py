import re
from datetime import timedelta
from typing import Any, NamedTuple

import msgspec
import pytest

from evaluator.rules.healthy import (
    DOWN,
    GONE,
    HEALTHY,
    beats,
    found,
    judged,
    only,
    playing,
    plays,
    queue,
    requests,
    uploading,
)
from factories import NOW
from houndmon.alerts.step import Finding
from houndmon.config.defaults import DEFAULTS
from houndmon.counts_check.sampling import SampleResult
from houndmon.evaluator.figures import Lag
from houndmon.notify.announced import AnnouncedAlert
from houndmon.notify.message import NotificationKind
from houndmon.notify.text import build_message
from houndmon.rulebook.book import NAMES

MACHINE_NUMBER = re.compile(r"\b\d{3,} s\b|\b\d{3,} min\b|\.0+\D|\.\d{3}")
FIRED_AT = NOW - timedelta(minutes=6)


class Case(NamedTuple):
    """What breaks a rule, and what is said of it: its title, as it fires, and as it recovers."""

    broken: dict[str, Any]
    title: str
    fired: str
    recovered: str
    subject: str | None = None


def ios_plays() -> Any:
    """Plays that fail on two clients."""
    span = plays(61, 812)
    span.codes.update({"E1": -7, "E2": 7})
    span.clients.update({"ios safari": 58, "windows chrome": 3})
    return msgspec.structs.replace(playing(attempts=812), spans=dict.fromkeys(playing().spans, span))


CASES = {
    "queue_age": Case(
        {"queue": queue(queued=14, age=17.21)},
        "The oldest job has waited too long",
        "14 jobs are queued, the oldest for 17 min; limit 15 min.\nOldest job: `job-1`",
        "No job waits too long any more; no job is queued.",
    ),
    "queue_stalled": Case(
        {"queue": queue(queued=1, age=17.2, stalled=True, idle=16.04)},
        "The transcode queue is stalled",
        "1 job is queued; no job has finished for 16 min.",
        "Jobs finish again, or none waits; no job is queued; no job has finished in the last 7 days.",
    ),
    "queue_failure_ratio": Case(
        {"queue": queue(failed=12, completed=38)},
        "Too many transcodes fail",
        "12 of 50 jobs failed in the last hour (24%); limit 5%.\nTop causes: `E1` 12 (100%)",
        "Transcodes succeed again; none of 100 jobs failed in the last hour.",
    ),
    "job_stuck": Case(
        {
            "queue": queue(in_progress=4, running=[("w-1", 3, 0), ("w-2", 1, 1)]),
            "beats": beats(1, workers=[("w-1", 700)]),
        },
        "A job in progress is stuck",
        "3 jobs are in progress at workers that are silent; 1 job is in progress for more than 6 h.\n"
        "Silent workers: `w-1`",
        "No job is left alone any more; a live worker is at each job in progress.",
    ),
    "queue_retrying": Case(
        {"queue": queue(retrying=5, retrying_age=72.4)},
        "Jobs retry and none completes",
        "5 jobs are retrying, the oldest queued 72 min ago; none completed in the last hour; limit 60 min.",
        "Jobs complete again, or none retries for long; no job is retrying; 100 completed in the last hour.",
    ),
    "worker_heartbeat_missing": Case(
        {"beats": beats(360.98)},
        "No worker sends heartbeats",
        "No worker heartbeat for 6 min; limit 2 min.",
        "Workers beat again; the last beat came 1 s ago.",
    ),
    "playback_failure_ratio": Case(
        {"playing": ios_plays()},
        "Too many plays fail",
        "61 of 812 plays failed in the last 15 min (7.51%); limit 3%.\n"
        "Top causes: `E1` 54 (89%), `E2` 7 (11%)\n"
        "Top clients: `ios safari` 58 (95%), `windows chrome` 3 (5%)",
        "Plays succeed again; none of 1,000 plays failed in the last 15 min.",
    ),
    "playback_abandoned": Case(
        {"playing": playing(attempts=100, aborted=100, hours=[(2, 98)] * 24)},
        "Listeners leave before the first sound",
        "100 of 200 plays were abandoned before the first sound in the last 15 min (50%); it was 2% in the 24 h before;"
        " limit 25%.",
        "Listeners stay again; none of 1,000 plays were abandoned before the first sound in the last 15 min.",
    ),
    "api_5xx_spike": Case(
        {"requests": requests([("gateway", 1000, 0, 31)])},
        "The API answers 5xx, `gateway`",
        "31 of 1,000 requests answered 5xx in the last 5 min (3.1%); limit 2%.",
        "Requests succeed again; none of 1,000 requests answered 5xx in the last 5 min.",
        "gateway",
    ),
    "api_4xx_spike": Case(
        {"requests": requests([("gateway", 1000, 310, 0)])},
        "The API answers 4xx, `gateway`",
        "310 of 1,000 requests answered 4xx in the last 5 min (31%); limit 10%.",
        "Requests succeed again; none of 1,000 requests answered 4xx in the last 5 min.",
        "gateway",
    ),
    "upload_rejection_ratio": Case(
        {"uploading": uploading(30, 45, 60)},
        "Too many uploads are rejected",
        "45 of 60 uploads were rejected in the last hour (75%); limit 15%.\nTop causes: `clipping` 45 (100%)",
        "Uploads are accepted again; none of 60 uploads were rejected in the last hour.",
    ),
    "traffic_absent": Case(
        {"playing": playing(attempts=0, expected=1200)},
        "Traffic is absent, playback",
        "No plays in the last 30 min, 1,200 expected.",
        "Traffic comes again; 1,000 plays in the last 30 min.",
        "playback",
    ),
    "slo_burn_fast": Case(
        {"playing": playing(in_1h=(70, 1000), in_5m=(90, 1000))},
        "An error budget burns fast, Playback success",
        "Burn rate 7× over 1 h, and 9× over 5 min; limit 6×.",
        "The budget lasts again; burn rate 0× over 1 h, and 0× over 5 min.",
        "playback_success",
    ),
    "slo_burn_slow": Case(
        {"playing": playing(in_6h=(25, 1000), in_30m=(125, 1000))},
        "An error budget burns, Playback success",
        "Burn rate 2.5× over 6 h, and 12× over 30 min; limit 2×.",
        "The budget lasts again; burn rate 0× over 6 h, and 0× over 30 min.",
        "playback_success",
    ),
    "slo_burn_day": Case(
        {"playing": playing(in_24h=(15, 1000), in_2h=(25, 1000))},
        "An error budget will not last the day, Playback success",
        "Burn rate 1.5× over 24 h, and 2.5× over 2 h; limit 1×.",
        "The budget lasts again; burn rate 0× over 24 h, and 0× over 2 h.",
        "playback_success",
    ),
    "source_unreadable": Case(
        {"playing": GONE},
        "The source cannot be read, play_attempts",
        "It does not exist.",
        "It can be read again.",
        "play_attempts",
    ),
    "source_lagging": Case(
        {"lag": Lag(NOW, 754.2)},
        "The source lags behind",
        "It is 13 min behind its primary; limit 1 min.",
        "It has caught up with its primary; it is 0 s behind its primary.",
    ),
    "counts_differ": Case(
        {"sampled": SampleResult(NOW, 600, 3, ["prod playback 1h failed"], ["playback"])},
        "Served figures differ from the rows",
        "Counts of playback differ from the source's rows: 3 of 600 figures.\nFigures: `prod playback 1h failed`",
        "Served figures are those of the rows again; none of 600 figures differ from the source's rows.",
    ),
}


def announced(finding: Finding, **changes: Any) -> AnnouncedAlert:
    rule = DEFAULTS.rules[finding.rule]
    return AnnouncedAlert(
        id="17",
        rule=finding.rule,
        environment="prod",
        subject=finding.subject,
        severity=rule.severity,
        value=finding.value,
        threshold=finding.threshold,
        sample_count=finding.sample_count,
        owner_role=DEFAULTS.owner_of(rule, finding.subject),
        response_target_minutes=rule.response_target_minutes,
        runbook_url=rule.runbook_url,
        fired_at=FIRED_AT,
        response_due_at=FIRED_AT + timedelta(minutes=5),
        reason=finding.reason,
        evidence=finding.evidence,
        **changes,
    )


def said(kind: NotificationKind, alert: AnnouncedAlert) -> tuple[str, str]:
    """Title and text of a message, without its times, owner and addresses, which are alike for all."""
    message = build_message(kind, alert.rule, [alert], DEFAULTS, NOW)
    lines = [
        line
        for line in message.body.splitlines()
        if not line.startswith(("Firing since", "Fired at", "Owner: ", "Runbook: ", "Page: ", "Alert: "))
    ]
    return message.title, "\n".join(lines)


def test_it_speaks_of_every_rule() -> None:
    """No rule is left out of the table."""
    assert tuple(CASES) == NAMES


@pytest.mark.parametrize("rule", CASES)
def test_it_says_each_finding_as_a_person_would(rule: str) -> None:
    """Fired, overdue, recovered and closed: title, finding with its limit, causes, and how it is well again."""
    case, severity = CASES[rule], DEFAULTS.rules[rule].severity
    broken, well = found(rule, **case.broken)[case.subject], found(rule)[case.subject]
    assert (broken.verdict, well.verdict) == ("breach", "ok")
    firing = announced(broken)
    recovered = announced(well, recovered_at=NOW)
    place = f"{case.title}, in prod ({severity})"
    assert said("fired", firing) == (f"FIRING: {place}", case.fired)
    assert said("overdue", firing) == (f"OVERDUE: {place}", case.fired)
    assert said("recovered", recovered) == (f"RECOVERED: {place}", case.recovered)
    assert said("closed", recovered) == (f"CLOSED: {place}", case.recovered)


@pytest.mark.parametrize(
    ("finding", "reason"),
    [
        (lambda: only("queue_age", queue=queue(queued=3)), "3 jobs are queued, none with a known age"),
        (
            lambda: only("worker_heartbeat_missing", beats=beats()),
            "no worker has ever sent a heartbeat, and no job waits",
        ),
        (
            lambda: only("worker_heartbeat_missing", beats=beats(), queue=queue(queued=1)),
            "no worker has ever sent a heartbeat, and 1 job waits",
        ),
        (
            lambda: only("worker_heartbeat_missing", beats=beats(1000, arrived=6)),
            "the last beat arrived 6 s ago, dated 17 min ago: clocks are behind",
        ),
        (lambda: only("playback_failure_ratio", playing=playing()), "no plays in the last 15 min"),
        (lambda: found("source_unreadable", playing=DOWN)["play_attempts"], "the database does not answer"),
    ],
)
def test_it_words_what_is_not_usual(finding: Any, reason: str) -> None:
    """A job that does not say since when it waits, workers that never beat, clocks that are behind, no traffic."""
    assert finding().reason == reason


def test_it_never_says_a_number_as_machines_do() -> None:
    """Of a whole healthy Hound, and of a broken one, no reason has seconds beyond a minute or idle decimals."""
    broken = {name: part for case in CASES.values() for name, part in case.broken.items()}
    for figures in (HEALTHY, msgspec.structs.replace(HEALTHY, **broken)):
        for one in judged(figures):
            assert not MACHINE_NUMBER.search(one.reason), one.reason
