"""The summary in words: at most five plain lines, for a chat or a terminal."""

from collections.abc import Container

from houndmon.core.neutral import quoted, visible
from houndmon.rulebook import units
from houndmon.web.summary.answers import Answers, Cause, OldestJob, WorkerAlive
from houndmon.web.summary.status import Situation, duty_sentence

MOST_CHARACTERS = 500  # of a line


def summary_lines(
    environment: str,
    situation: Situation,
    answers: Answers,
    absent: Container[str] = (),
    page: str = "",
    *,
    stale: bool = False,
) -> str:
    """What the page says first, whose it is and by when, then the five answers; at most five lines.

    Answers from relations that are absent are left out. `page` is where the page is; `stale`: some of the source could
    not be read.
    """
    told = [
        f"{environment}: {visible(situation.status.description, MOST_CHARACTERS)}",
        duty_line(situation, page),
        queue_line(answers) if "transcode_jobs" not in absent else "",
        " ".join(filter(None, [worker_line(answers, absent), play_line(answers, absent)])),
        f"Top failure cause: {cause_text(answers.top_failure_cause, stale)}.",
    ]
    return "\n".join(filter(None, told))


def duty_line(situation: Situation, page: str) -> str:
    """Whose it is, since when, by when it must be taken, and where to look; nothing where nothing is broken."""
    first = situation.first
    duty = duty_sentence(first)
    link = f"{page.rstrip('/')}/alerts/{first.alert_id}" if page and first.alert_id else ""
    return " ".join(filter(None, [visible(duty, MOST_CHARACTERS), link]))


def queue_line(answers: Answers) -> str:
    """What failed today, and what waits."""
    failed, job = count_or_unknown(answers.transcodes_failed_today), oldest_job_text(answers.oldest_queued_job)
    return f"Transcodes failed today: {failed}. Oldest queued job: {job}."


def worker_line(answers: Answers, absent: Container[str]) -> str:
    """Whether anybody works."""
    return "" if "worker_heartbeats" in absent else f"Worker alive: {worker_text(answers.worker_alive)}."


def play_line(answers: Answers, absent: Container[str]) -> str:
    """How many plays fail."""
    if "play_attempts" in absent:
        return ""
    ratio, plays = ratio_text(answers), answers.plays_24h
    of = f" of {plays.attempts:,} plays" if plays and plays.attempts else ""
    return f"Play failures, 24 h: {ratio}{of}."


def count_or_unknown(count: int | None) -> str:
    """A count, or that it cannot be read."""
    return "unknown" if count is None else f"{count:,}"


def oldest_job_text(job: OldestJob | None) -> str:
    """How long the oldest queued job has waited."""
    if job is None:
        return "unknown"
    if job.age_minutes is None:
        return f"{job.queued:,} queued, age unknown" if job.queued else "none"
    return f"{job.age_minutes:.1f} min ({quoted(job.job_id or '')})"


def worker_text(worker: WorkerAlive | None) -> str:
    """Whether a worker is alive, and its last beat."""
    if worker is None:
        return "unknown"
    if worker.heartbeat_age_seconds is None:
        return "no, and there never was a beat"
    of = f", {worker.alive_count:,} of {worker.expected_count:,}" if worker.expected_count else ""
    return f"{'yes' if worker.alive else 'no'}{of}, last beat {worker.heartbeat_age_seconds:,.0f} s ago"


def ratio_text(answers: Answers) -> str:
    """The ratio of plays that fail, as on the page; without a sample there is none."""
    if answers.play_failure_ratio_24h is not None:
        return units.percent(answers.play_failure_ratio_24h)
    return "unknown" if answers.plays_24h is None else "none, without an attempt"


def cause_text(top: Cause | None, stale: bool) -> str:
    """The commonest failure; where there is none, what could not be read may have one."""
    if top is None:
        return "unknown" if stale else "none"
    usual = "" if top.usual_per_hour is None else f", usually {top.usual_per_hour:,.0f} per hour"
    base = f"{top.count:,} in the last {top.window.replace('h', ' h')}{usual}"
    return f"{quoted(top.code)} in {top.area}, {base} ({units.percent(top.share, 1)} of failures)"
