"""A healthy Hound in figures, and what a rule finds where some of them are changed."""

from collections import Counter
from datetime import timedelta

import msgspec

from factories import NOW
from houndmon.config.defaults import DEFAULTS
from houndmon.core.answer import Percentiles, window_shown
from houndmon.core.clock import SPANS, Clock, Window
from houndmon.core.filters import AppliedFilters
from houndmon.core.stats import ratio
from houndmon.counts_check.sampling import SampleResult
from houndmon.evaluator.figures import (
    Answered,
    BeatFigures,
    EnvironmentFigures,
    Lag,
    PlayFigures,
    PublishFigures,
    QueueFigures,
    RequestFigures,
    Unreadable,
    UploadFigures,
)
from houndmon.evaluator.judge import RaisedLog, judge
from houndmon.panels.api.model import AnswerCounts
from houndmon.panels.ingest.model import Reason, WindowUploads
from houndmon.panels.playback.model import WindowPlays
from houndmon.panels.publish.model import WindowTracks
from houndmon.panels.transcode.model import FinishedJobs, JobsByStatus, Running, Transcode
from houndmon.panels.workers.model import Liveness, Pause

CLOCK = Clock(NOW)
LATER = NOW + timedelta(seconds=1)  # the state database's clock
DURATIONS = Percentiles(p50=None, p95=None, max=None, sample_count=0)
GONE = Unreadable("play_attempts", "it does not exist")
DOWN = Unreadable(None, "the database does not answer")


def queue(
    *, queued=0, in_progress=0, retrying=0, age=None, stalled=False, idle=None, failed=0, completed=0,
    retrying_age=None, running=(), **spans,
):  # fmt: skip
    """The queue; `failed` and `completed` in every span, or as (failed, completed) by span.

    `running` are jobs in progress as (worker, jobs, endless ones).
    """
    panel = Transcode(
        panel="transcode",
        as_of=NOW,
        window=window_shown(CLOCK, "1h"),
        filters=AppliedFilters("prod", None, None),
        anomalies=[],
        jobs_by_status=JobsByStatus(queued, 0, in_progress, retrying, failed, completed, 0),
        failed_today=0,
        oldest_queued_age_minutes=age,
        oldest_queued_job_id="job-1" if age is not None else None,
        oldest_retrying_age_minutes=retrying_age,
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
        span: FinishedJobs(bad, good, Counter({"E1": bad} if bad else {}))
        for span in SPANS
        for bad, good in [spans.get(f"in_{span}", (failed, completed))]
    }
    rows = [Running(worker, jobs, endless, NOW - timedelta(hours=1)) for worker, jobs, endless in running]
    return QueueFigures(NOW, panel, idle, finished, rows)


def plays(failed=0, attempts=0, aborted=0):
    """The plays of a span."""
    codes = Counter({"E1": failed} if failed else {})
    return WindowPlays(attempts, failed, ratio(failed, attempts), 0, aborted, codes)


def playing(failed=0, attempts=0, expected=None, aborted=0, hours=(), **spans):
    """Plays; the same in every span, or as (failed, attempts) by span; the hours before as (aborted, attempts)."""
    found = {}
    for span in SPANS:
        bad, whole = spans.get(f"in_{span}", (failed, attempts))
        found[span] = plays(bad, whole, aborted)
    return PlayFigures(NOW, found, expected, [plays(0, whole, left) for left, whole in hours])


def uploading(uploads=30, rejected=0, whole=60, *, expected=None, hours=()):
    """Uploads of 30 minutes, and of an hour and those before it as (rejected, whole)."""

    def hour(bad, whole):
        return WindowUploads(whole, bad, [Reason("clipping", bad, 1, False)] if bad else [])

    return UploadFigures(NOW, uploads, hour(rejected, whole), expected, [hour(*one) for one in hours])


def publishing(in_time=0, late=0, overdue=0):
    return PublishFigures(NOW, dict.fromkeys(SPANS, WindowTracks(in_time, late, 0, overdue, None)), [])


def requests(recent, *hours, delay=0, last_30m=6000):
    """Requests of services, each as (service, requests, 4xx, 5xx, hang-ups): of now, and of each hour before."""

    def services(rows):
        return {name: AnswerCounts(*counts) for name, *counts in rows}

    return RequestFigures(
        NOW, {delay: Answered(Window(CLOCK.since("5m")), services(recent), list(map(services, hours)))}, last_30m
    )


def beats(age=None, pauses=(), workers=(), arrived=None):
    """Beats; the pauses as (seconds ago, seconds ago of the next beat or None), workers as (name, seconds ago)."""
    newest = None if age is None else NOW - timedelta(seconds=age)
    ago = [
        Pause(NOW - timedelta(seconds=first), None if after is None else NOW - timedelta(seconds=after))
        for first, after in pauses
    ]
    starts = {span: CLOCK.since(span) for span in SPANS}
    known = {name: NOW - timedelta(seconds=seconds) for name, seconds in workers}
    seen_at = None if arrived is None else NOW - timedelta(seconds=arrived)
    return BeatFigures(NOW, Liveness(age is not None and age <= 120, newest, age), ago, starts, known, seen_at)


HEALTHY = EnvironmentFigures(
    environment="prod",
    queue=queue(completed=100),
    playing=playing(attempts=1000),
    uploading=uploading(),
    requests=requests([("gateway", 1000, 0, 0)]),
    beats=beats(1.0, [(86_520, 86_510), (1, None)]),
    publishing=publishing(in_time=50),
    sampled=SampleResult(NOW, 600, 0, [], []),
    lag=Lag(NOW, 0.0),
)


def judged(figures, config=DEFAULTS):
    """What every rule finds."""
    return judge(config, figures, LATER, RaisedLog())


def found(rule, *, config=DEFAULTS, **parts):
    """What a rule finds, by subject, in a healthy Hound with some parts changed."""
    figures = msgspec.structs.replace(HEALTHY, **parts)
    return {one.subject: one for one in judged(figures, config) if one.rule == rule}


def only(rule, **parts):
    """What a rule without subjects finds."""
    findings = found(rule, **parts)
    assert list(findings) == [None]
    return findings[None]


def with_rule(name, **changes):
    """The default configuration with one rule changed."""
    rule = msgspec.structs.replace(DEFAULTS.rules[name], **changes)
    return msgspec.structs.replace(DEFAULTS, rules=DEFAULTS.rules | {name: rule})
