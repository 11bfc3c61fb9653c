"""Judges the silence of workers."""

from datetime import datetime

from houndmon.alerts.step import Finding, RuleVerdict
from houndmon.evaluator.figures import BeatFigures, EnvironmentFigures, Unreadable
from houndmon.evaluator.findings import Judge, is_above, make_finding, unread
from houndmon.panels.transcode.model import JobsByStatus
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import said_duration
from houndmon.rulebook.workers import Name


def worker_heartbeat_missing(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How long no worker has beaten, nor a beat arrived; where none ever beat, whether jobs wait for one."""
    if isinstance(beats := figures.beats, Unreadable):
        return unread(rule, figures, None, beats, now)
    age = beats.liveness.heartbeat_age_seconds
    if age is not None and not is_above(age, rule.threshold):
        return [
            make_finding(
                rule, figures, None, "ok", beats.now, value=age, reason=f"the last beat came {said_duration(age)} ago"
            )
        ]
    if age is not None and (arrived := arrived_seconds(beats)) is not None and not is_above(arrived, rule.threshold):
        reason = (
            f"the last beat arrived {said_duration(arrived)} ago, dated {said_duration(age)} ago: clocks are behind"
        )
        return [make_finding(rule, figures, None, "ok", beats.now, value=age, reason=reason)]
    return silent_findings(rule, figures, beats, age, now)


def arrived_seconds(beats: BeatFigures) -> float | None:
    """How long ago the newest beat was seen to arrive; None where nobody knows."""
    return None if beats.seen_at is None else max(0.0, (beats.now - beats.seen_at).total_seconds())


def silent_findings(
    rule: Rule, figures: EnvironmentFigures, beats: BeatFigures, age: float | None, now: datetime
) -> list[Finding]:
    """What silence is: a breach after a beat; where none ever was, or idle workers may rest, jobs decide."""
    told = "no worker has ever sent a heartbeat" if age is None else f"no worker heartbeat for {said_duration(age)}"
    if age is not None and not rule.idle_is_ok:
        return [make_finding(rule, figures, None, "breach", beats.now, value=age, reason=told)]
    if isinstance(queue := figures.queue, Unreadable) and not queue.is_absent:
        return unread(rule, figures, None, queue, now, f"{told}, and of the queue: ")
    waiting = 0 if isinstance(queue, Unreadable) else waiting_jobs(queue.panel.jobs_by_status)
    verdict: RuleVerdict = "breach" if waiting else "ok" if rule.idle_is_ok else "no_data"
    return [
        make_finding(rule, figures, None, verdict, beats.now, value=age, reason=f"{told}, and {waiting_text(waiting)}")
    ]


def waiting_text(jobs: int) -> str:
    """How many jobs wait for a worker, in words."""
    return f"{jobs:,} jobs wait" if jobs > 1 else f"{'1' if jobs else 'no'} job waits"


def waiting_jobs(jobs: JobsByStatus) -> int:
    """The jobs that a worker must be there for."""
    return jobs.queued + jobs.in_progress + jobs.retrying


JUDGES: dict[Name, Judge] = {"worker_heartbeat_missing": worker_heartbeat_missing}
