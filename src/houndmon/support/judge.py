"""Judges where tracks are on their way from upload to play; pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from houndmon.kit.stats import named
from houndmon.support.model import Fate, JobRow, Plays, Stage, Track, TrackRow, Uploads, Verdict

ORDER: tuple[Stage, ...] = ("upload", "transcode", "worker", "publish", "play")
LEAST_FAILED = 3  # one failure of one play is no finding
Where = tuple[Fate, Stage | None, datetime | None, str]


def newest_jobs(jobs: Iterable[JobRow]) -> dict[str, JobRow]:
    """The newest job of each track."""
    found: dict[str, JobRow] = {}
    for job in jobs:
        known = found.get(job.track_id or "")
        if job.track_id and (known is None or (job.queued_at and known.queued_at and job.queued_at > known.queued_at)):
            found[job.track_id] = job
    return found


def judged(row: TrackRow, jobs: dict[str, JobRow] | None, now: datetime, limit_minutes: float, all_read: bool) -> Track:
    """A track with its stage. `jobs` None: they cannot be read; `all_read`: a track without one really has none."""
    fate, stage, since, what = place(row, jobs, all_read)
    late = row.uploaded_at is None or now - row.uploaded_at > timedelta(minutes=limit_minutes)
    if fate == "moving" and late:
        fate = "stuck"
    return Track(
        track_id=row.track_id,
        release_id=row.release_id,
        state=row.state,
        uploaded_at=row.uploaded_at,
        live_at=row.live_at,
        fate=fate,
        stage=stage,
        since=since,
        what=what,
    )


def place(row: TrackRow, jobs: dict[str, JobRow] | None, all_read: bool) -> Where:
    """Where a track is, since when, and what it waits for."""
    if row.state in ("rejected", "withdrawn"):
        return "out", None, None, row.state
    if row.live_at is not None or row.state == "live":
        return "live", None, row.live_at, f"went live{after(row)}"
    if row.flaw == "unknown_value":
        return "unknown", None, row.uploaded_at, f"has the state {row.state}, which houndmon does not know"
    if jobs is None:
        return "unknown", None, row.uploaded_at, "is not live; its jobs cannot be read"
    job = jobs.get(row.track_id)
    if job:
        return at_job(job)
    if not all_read:
        return "unknown", None, row.uploaded_at, "is not live; its job is not among those read"
    if row.state == "ready":
        return "moving", "publish", row.uploaded_at, "is ready, and waits to go live"
    return "moving", "upload", row.uploaded_at, "is uploaded, and has no transcode job"


def after(row: TrackRow) -> str:
    """How long a track took to go live, in words; nothing where that cannot be told."""
    if row.live_at is None or row.uploaded_at is None or row.live_at < row.uploaded_at:
        return ""
    return f" after {(row.live_at - row.uploaded_at).total_seconds() / 60:,.0f} min"


def at_job(job: JobRow) -> Where:
    """Where a track is that has a job."""
    attempt = f", attempt {job.attempt}" if job.attempt and job.attempt > 1 else ""
    match job.status:
        case "queued":
            return "moving", "transcode", job.queued_at, f"is queued{attempt}"
        case "retrying":
            code = f" after {named(job.error_code)}" if job.error_code else ""
            return "moving", "transcode", job.queued_at, f"waits for its next attempt{code}{attempt}"
        case "in_progress" if job.started_at is None:
            whose = f" by {job.worker_id}" if job.worker_id else ""
            return (
                "moving",
                "worker",
                job.claimed_at or job.queued_at,
                f"is claimed{whose}, and has not started{attempt}",
            )
        case "in_progress":
            return "moving", "worker", job.started_at, f"runs on {job.worker_id or 'a worker'}{attempt}"
        case "failed":
            return "stuck", "transcode", job.finished_at, f"failed with {named(job.error_code)}{attempt}"
        case "completed":
            return "moving", "publish", job.finished_at, "is transcoded, and waits to go live"
    return "unknown", None, job.queued_at, f"has a job with the status {job.status}, which houndmon does not know"


def verdict(
    tracks: list[Track] | None, live: int, total: int, uploads: Uploads | None, plays: Plays | None, threshold: float
) -> Verdict:
    """Where it is stuck; the first stage that holds something comes first. `tracks` None: they cannot be read."""
    if tracks is None:
        return Verdict(state="unknown", text="houndmon cannot tell: its tracks cannot be read.")
    stuck = [track for track in tracks if track.fate == "stuck"]
    if stuck:
        return held(stuck, total, live)
    if any(track.fate == "unknown" for track in tracks):
        return Verdict(state="unknown", text=f"houndmon cannot tell of {count(unknown(tracks))}: see below.")
    if failing := too_many_fail(plays, threshold):
        return failing
    if not total:
        return nothing(uploads)
    moving = [track for track in tracks if track.fate == "moving"]
    if moving:
        return Verdict(
            state="moving", stage=first(moving), text=f"{count(len(moving))} of {total:,} on the way, none too late."
        )
    return Verdict(state="ok", text=f"{live:,} of {count(total)} live{others(total - live)}.")


def held(stuck: list[Track], total: int, live: int) -> Verdict:
    """What the first stage with stuck tracks holds."""
    stage = first(stuck)
    there = [track for track in stuck if track.stage == stage]
    worst = there[0]
    since = f", since {worst.since:%b} {worst.since.day}, {worst.since:%H:%M} UTC" if worst.since else ""
    text = (
        f"{stage.capitalize()} holds {len(there):,} of {count(total)}: {worst.track_id} {worst.what}{since}; "
        f"{live:,} live."
    )
    return Verdict(state="stuck", stage=stage, text=text)


def nothing(uploads: Uploads | None) -> Verdict:
    """What is said where there is no track."""
    if uploads and uploads.rejected:
        why = uploads.rejection_reasons[0].reason
        text = (
            f"Upload: no track, and {uploads.rejected:,} of {uploads.uploads:,} uploads were rejected, most for {why}."
        )
        return Verdict(state="stuck", stage="upload", text=text)
    return Verdict(state="empty", text="There is no track of it in this environment.")


def too_many_fail(plays: Plays | None, threshold: float) -> Verdict | None:
    """Whether its listeners cannot play it: even the kindest reading of the sample is above the rule's threshold."""
    if not plays or plays.failed < LEAST_FAILED or plays.ratio_low is None or plays.ratio_low <= threshold:
        return None
    text = f"Play: {plays.failed:,} of {plays.attempts:,} plays fail, most with {plays.top_errors[0].error_code}."
    return Verdict(state="stuck", stage="play", text=text)


def first(tracks: list[Track]) -> Stage:
    """The first stage in which one of the tracks waits."""
    return min((track.stage or "publish" for track in tracks), key=ORDER.index)


def unknown(tracks: list[Track]) -> int:
    """How many tracks cannot be judged."""
    return sum(track.fate == "unknown" for track in tracks)


def count(number: int) -> str:
    """A number of tracks."""
    return f"{number:,} track{'' if number == 1 else 's'}"


def others(number: int) -> str:
    """The tracks that are rejected or withdrawn."""
    return f", {number:,} rejected or withdrawn" if number else ""
