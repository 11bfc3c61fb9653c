"""The summary in words: at most five plain lines, for a chat or a terminal."""

from houndmon.web.summary.model import Answers, Cause, OldestJob, Status, WorkerAlive


def lines(environment: str, status: Status, answers: Answers) -> str:
    """The five answers under one line of status; at most five lines."""
    job, worker = oldest(answers.oldest_queued_job), alive(answers.worker_alive)
    told = [
        f"{environment}: {status.indicator}. {status.description}",
        f"Transcodes failed today: {known(answers.transcodes_failed_today)}.",
        f"Oldest queued job: {job}. Worker alive: {worker}.",
        f"Play failure ratio, 24 h: {percent(answers.play_failure_ratio_24h)}.",
        f"Top failure cause: {cause(answers.top_failure_cause)}.",
    ]
    return "\n".join(told)


def known(count: int | None) -> str:
    """A count, or that it cannot be read."""
    return "unknown" if count is None else f"{count:,}"


def oldest(job: OldestJob | None) -> str:
    """How long the oldest queued job has waited."""
    if job is None:
        return "unknown"
    return "none" if job.age_minutes is None else f"{job.age_minutes:.1f} min ({one_line(job.job_id or '')})"


def alive(worker: WorkerAlive | None) -> str:
    """Whether a worker is alive, and its last beat."""
    if worker is None:
        return "unknown"
    if worker.heartbeat_age_seconds is None:
        return "no, and there never was a beat"
    return f"{'yes' if worker.alive else 'no'}, last beat {worker.heartbeat_age_seconds:,.0f} s ago"


def percent(share: float | None) -> str:
    """A ratio in per cent; without a sample there is none."""
    return "none (no attempts, or unknown)" if share is None else f"{share:.2%}"


def cause(top: Cause | None) -> str:
    """The commonest failure."""
    return "none" if top is None else f"{one_line(top.code)} in {top.area}, {top.count:,} ({top.share:.0%} of failures)"


def one_line(text: str, most: int = 80) -> str:
    """What a stranger wrote, fit for one line of plain text."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= most else flat[: most - 1] + "…"
