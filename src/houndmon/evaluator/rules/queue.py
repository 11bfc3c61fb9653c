"""Judges the transcode queue."""

from datetime import datetime

from houndmon.alerts.step import Finding
from houndmon.core.text import clean_message
from houndmon.evaluator.baseline import Share
from houndmon.evaluator.figures import BeatFigures, EnvironmentFigures, Unreadable
from houndmon.evaluator.findings import Judge, is_above, make_finding, ratio_finding, since, top_causes, unread
from houndmon.panels.transcode.model import Running
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.queue import Name
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import MINUTES, said_duration

WORKERS_SHOWN = 5


def queue_age(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How long the oldest queued job has waited; an empty queue is ok."""
    if isinstance(queue := figures.queue, Unreadable):
        return unread(rule, figures, None, queue, now)
    age, jobs = queue.panel.oldest_queued_age_minutes, queue.panel.jobs_by_status
    return [
        make_finding(
            rule,
            figures,
            None,
            "breach" if is_above(age, rule.threshold) else "ok",
            queue.now,
            value=age,
            sample_count=jobs.queued,
            reason=waiting_reason(jobs.queued, age),
            evidence={"job_id": queue.panel.oldest_queued_job_id, "queued": jobs.queued},
        )
    ]


def waiting_reason(queued: int, oldest_minutes: float | None) -> str:
    """What waits, and for how long, in words; a job without `queued_at` waits for nobody knows how long."""
    if oldest_minutes is not None:
        return f"{jobs_text(queued, 'queued')}, the oldest for {MINUTES.message(oldest_minutes)}"
    return f"{jobs_text(queued, 'queued')}, none with a known age" if queued else "no job is queued"


def jobs_text(number: int, state: str) -> str:
    """How many jobs are in a state: `1 job is queued`, `no job is queued`."""
    return f"{number:,} jobs are {state}" if number > 1 else f"{'1' if number else 'no'} job is {state}"


def queue_stalled(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """Whether a job waits and nothing finishes."""
    if isinstance(queue := figures.queue, Unreadable):
        return unread(rule, figures, None, queue, now)
    idle = queue.idle_minutes
    return [
        make_finding(
            rule,
            figures,
            None,
            "breach" if queue.panel.stalled else "ok",
            queue.now,
            value=idle,
            sample_count=queue.panel.jobs_by_status.queued,
            reason=f"{jobs_text(queue.panel.jobs_by_status.queued, 'queued')}; {idle_text(idle)}",
            evidence={"oldest_queued_age_minutes": queue.panel.oldest_queued_age_minutes},
        )
    ]


def idle_text(idle_minutes: float | None) -> str:
    """For how long nothing has finished, in words."""
    if idle_minutes is None:
        return "no job has finished in the last 7 days"
    return f"no job has finished for {MINUTES.message(idle_minutes)}"


def queue_failure_ratio(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """The share of jobs that failed in the last hour."""
    if isinstance(queue := figures.queue, Unreadable):
        return unread(rule, figures, None, queue, now)
    jobs = queue.finished["1h"]
    share = Share(jobs.failed, jobs.finished)
    return [ratio_finding(rule, figures, share, queue.now, span="hour", nouns="jobs", causes=top_causes(jobs.codes))]


def job_stuck(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How many jobs are in progress that nobody works at: their worker is silent, or they have been so for too long."""
    if isinstance(queue := figures.queue, Unreadable):
        return unread(rule, figures, None, queue, now)
    if isinstance(beats := figures.beats, Unreadable) and not beats.is_absent:
        return unread(rule, figures, None, beats, now)
    # Where no worker beats at all, by the configuration, a job's own age is all there is.
    silent = silent_workers(beats, rule.silent_after_seconds) if isinstance(beats, BeatFigures) else set()
    lost = [row for row in queue.running if row.worker_id in silent]
    endless = [row for row in queue.running if row.worker_id not in silent and row.endless]
    stuck = sum(row.jobs for row in lost) + sum(row.endless for row in endless)
    oldest = min((row.oldest_at for row in (*lost, *endless) if row.oldest_at), default=None)
    return [
        make_finding(
            rule,
            figures,
            None,
            "breach" if stuck else "ok",
            queue.now,
            value=stuck,
            sample_count=sum(row.jobs for row in queue.running),
            reason=stuck_reason(rule, lost, endless),
            evidence={
                "oldest_age_minutes": since(oldest, queue.now),
                "silent_workers": sorted(clean_message(row.worker_id) or "" for row in lost)[:WORKERS_SHOWN],
            },
        )
    ]


def silent_workers(beats: BeatFigures, after_seconds: float) -> set[str]:
    """The workers whose newest beat is older than that: of the last 7 days, for before them nobody was expected."""
    return {name for name, at in beats.newest.items() if (beats.now - at).total_seconds() > after_seconds}


def stuck_reason(rule: Rule, lost: list[Running], endless: list[Running]) -> str:
    """Which jobs nobody works at, in words."""
    found = []
    if lost:
        found.append(f"{jobs_text(sum(row.jobs for row in lost), 'in progress')} at workers that are silent")
    if endless:
        longest, jobs = said_duration(rule.stuck_after_seconds), sum(row.endless for row in endless)
        found.append(f"{jobs_text(jobs, 'in progress')} for more than {longest}")
    return "; ".join(found) or "a live worker is at each job in progress"


def queue_retrying(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """How long the oldest job that retries has been in the queue, while none completes."""
    if isinstance(queue := figures.queue, Unreadable):
        return unread(rule, figures, None, queue, now)
    age, retrying = queue.panel.oldest_retrying_age_minutes, queue.panel.jobs_by_status.retrying
    completed = queue.finished["1h"].completed
    in_vain = is_above(age, rule.threshold) and not completed
    oldest = f", the oldest queued {MINUTES.message(age)} ago" if age is not None else ""
    return [
        make_finding(
            rule,
            figures,
            None,
            "breach" if in_vain else "ok",
            queue.now,
            value=age,
            sample_count=retrying,
            reason=f"{jobs_text(retrying, 'retrying')}{oldest}; {count_or_none(completed)} completed in the last hour",
            evidence={"completed_last_hour": completed},
        )
    ]


def count_or_none(number: int) -> str:
    """A count within a sentence."""
    return f"{number:,}" if number else "none"


JUDGES: dict[Name, Judge] = {
    "queue_age": queue_age,
    "queue_stalled": queue_stalled,
    "queue_failure_ratio": queue_failure_ratio,
    "job_stuck": job_stuck,
    "queue_retrying": queue_retrying,
}
