"""Judges where tracks are on their way from upload to play; pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from houndmon.core.clock import Clock
from houndmon.core.stats import name_or_unspecified
from houndmon.rulebook.parts import Stage
from houndmon.support.model import Fate, Plays, ReleaseJobRow, ReleaseTrackRow, Track, Uploads, Verdict

STAGE_ORDER: tuple[Stage, ...] = ("upload", "transcode", "worker", "publish", "play")
LEAST_FAILED = 3  # one failure of one play is no finding
Location = tuple[Fate, Stage | None, datetime | None, str]


def newest_jobs(jobs: Iterable[ReleaseJobRow]) -> dict[str, ReleaseJobRow]:
    """The newest job of each track."""
    found: dict[str, ReleaseJobRow] = {}
    for job in jobs:
        known = found.get(job.track_id or "")
        if job.track_id and (known is None or (job.queued_at and known.queued_at and job.queued_at > known.queued_at)):
            found[job.track_id] = job
    return found


def judge_track(
    row: ReleaseTrackRow,
    jobs: dict[str, ReleaseJobRow] | None,
    clock: Clock,
    limit_minutes: float,
    all_read: bool,
    *,
    has_jobs: bool = True,
) -> Track:
    """A track with its stage.

    `jobs` None: they cannot be read, or the source has none (`has_jobs`); `all_read`: one that is missing is not there.
    """
    fate, stage, since, what = locate_track(row, jobs, all_read, clock, has_jobs=has_jobs)
    late = row.due_at is None or clock.now - row.due_at > timedelta(minutes=limit_minutes)
    if fate == "moving" and late:
        fate = "stuck"
    if fate not in ("live", "out"):
        what += ahead(row, clock)
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
        due_at=row.due_at,
    )


def ahead(row: ReleaseTrackRow, clock: Clock) -> str:
    """What lies ahead of a track that is not live, in words: a plan, or a time at which it says that it went live."""
    if row.live_at is not None:
        return f" (its live_at lies ahead: {time_text(row.live_at, clock.now)})"
    if row.due_at is not None and row.due_at > clock.soon:
        return f" (due at {time_text(row.due_at, clock.now)})"
    return ""


def time_text(instant: datetime, now: datetime) -> str:
    """A time in words, with its year where that is another."""
    year = f", {instant.year}" if instant.year != now.year else ""
    return f"{instant:%b} {instant.day}{year}, {instant:%H:%M} UTC"


def locate_track(
    row: ReleaseTrackRow,
    jobs: dict[str, ReleaseJobRow] | None,
    all_read: bool,
    clock: Clock,
    *,
    has_jobs: bool = True,
) -> Location:
    """Where a track is, since when, and what it waits for."""
    if row.state in ("rejected", "withdrawn"):
        return "out", None, None, row.state
    if row.is_live:
        return "live", None, row.live_at, f"went live{time_to_live_text(row)}"
    if row.flaw == "unknown_value":
        return "unknown", None, row.uploaded_at, f"has the state {row.state}, which houndmon does not know"
    if jobs is None and has_jobs:
        return "unknown", None, row.uploaded_at, "is not live; its jobs cannot be read"
    if job := jobs and jobs.get(row.track_id):
        return locate_job(job, clock)
    if jobs is not None and not all_read:
        return "unknown", None, row.uploaded_at, "is not live; its job is not among those read"
    if row.state in ("ready", "live"):
        called = "ready" if row.state == "ready" else "called live"
        return "moving", "publish", row.uploaded_at, f"is {called}, and waits to go live"
    if not has_jobs:
        return "unknown", None, row.uploaded_at, "is not live; this source has no jobs, by houndmon.toml"
    return "moving", "upload", row.uploaded_at, "is uploaded, and has no transcode job"


def time_to_live_text(row: ReleaseTrackRow) -> str:
    """How long a track took to go live once it was due, in words; nothing where that cannot be told."""
    if row.live_at is None or row.due_at is None or row.uploaded_at is None or row.live_at < row.uploaded_at:
        return ""
    if row.live_at < row.due_at:
        return " before it was due"
    took = f"{(row.live_at - row.due_at).total_seconds() / 60:,.0f} min"
    return f" after {took}" if row.due_at == row.uploaded_at else f" {took} after it was due"


def locate_job(job: ReleaseJobRow, clock: Clock) -> Location:
    """Where a track is that has a job."""
    attempt = f", attempt {job.attempt}" if job.attempt and job.attempt > 1 else ""
    match job.status:
        case "queued" | "scheduled" if job.available_at is not None and job.available_at > clock.soon:
            return (
                "moving",
                "transcode",
                job.queued_at,
                f"is held back until {time_text(job.available_at, clock.now)}{attempt}",
            )
        case "scheduled" if job.available_at is None:
            return "moving", "transcode", job.queued_at, f"is scheduled, and nothing says for when{attempt}"
        case "queued" | "scheduled":
            return "moving", "transcode", job.queued_at, f"is queued{attempt}"
        case "retrying":
            code = f" after {name_or_unspecified(job.error_code)}" if job.error_code else ""
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
            return "stuck", "transcode", job.finished_at, f"failed with {name_or_unspecified(job.error_code)}{attempt}"
        case "cancelled":
            return "stuck", "transcode", job.finished_at, f"has a cancelled job{attempt}"
        case "completed":
            return "moving", "publish", job.finished_at, "is transcoded, and waits to go live"
    return "unknown", None, job.queued_at, f"has a job with the status {job.status}, which houndmon does not know"


def due_text(moving: list[Track], clock: Clock) -> str:
    """When the first of some tracks is due, in words, where none of them is due yet."""
    due = min((track.due_at for track in moving if track.due_at), default=clock.now)
    return f": the first is due at {time_text(due, clock.now)}" if due > clock.soon else ""


def judge_release(
    tracks: list[Track] | None,
    live: int,
    total: int,
    uploads: Uploads | None,
    plays: Plays | None,
    threshold: float,
    clock: Clock,
) -> Verdict:
    """Where it is stuck; the first stage that holds something comes first. `tracks` None: they cannot be read."""
    if tracks is None:
        return Verdict(state="unknown", text="houndmon cannot tell: its tracks cannot be read.")
    stuck = [track for track in tracks if track.fate == "stuck"]
    if stuck:
        return stuck_text(stuck, total, live)
    if any(track.fate == "unknown" for track in tracks):
        return Verdict(
            state="unknown", text=f"houndmon cannot tell for {tracks_text(unknown_count(tracks))}: see below."
        )
    if failing := too_many_fail(plays, threshold):
        return failing
    if not total:
        return no_track_text(uploads)
    moving = [track for track in tracks if track.fate == "moving"]
    if moving:
        text = f"{tracks_text(len(moving))} of {total:,} on the way, none too late{due_text(moving, clock)}."
        return Verdict(state="moving", stage=first_stage(moving), text=text)
    return Verdict(state="ok", text=f"{live:,} of {tracks_text(total)} live{out_text(total - live)}.")


def stuck_text(stuck: list[Track], total: int, live: int) -> Verdict:
    """What the first stage with stuck tracks holds."""
    stage = first_stage(stuck)
    there = [track for track in stuck if track.stage == stage]
    worst = there[0]
    since = f", since {worst.since:%b} {worst.since.day}, {worst.since:%H:%M} UTC" if worst.since else ""
    text = (
        f"{stage.capitalize()} holds {len(there):,} of {tracks_text(total)}: {worst.track_id} {worst.what}{since}; "
        f"{live:,} live."
    )
    return Verdict(state="stuck", stage=stage, text=text)


def no_track_text(uploads: Uploads | None) -> Verdict:
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


def first_stage(tracks: list[Track]) -> Stage:
    """The first stage in which one of the tracks waits."""
    return min((track.stage or "publish" for track in tracks), key=STAGE_ORDER.index)


def unknown_count(tracks: list[Track]) -> int:
    """How many tracks cannot be judged."""
    return sum(track.fate == "unknown" for track in tracks)


def tracks_text(number: int) -> str:
    """A number of tracks."""
    return f"{number:,} track{'' if number == 1 else 's'}"


def out_text(number: int) -> str:
    """The tracks that are rejected or withdrawn."""
    return f", {number:,} rejected or withdrawn" if number else ""
