"""What artists send: uploads that Hound accepts or rejects, and the track and job of an accepted one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from houndmon.demo.catalogue import Release, ReleaseCatalogue, track_id
from houndmon.demo.relations import Record
from houndmon.demo.transcoding import JobRecord, TrackRecord

# About 20,000 a week in both environments together.
UPLOADS_PER_SECOND = 20_000 / (7 * 86_400)

REJECTED = 0.04

# Some jobs wait on purpose, some releases for their day.
SCHEDULED, SCHEDULED_SECONDS = 0.03, (60.0, 240.0)
PLANNED = 0.04
FRIDAY = 4

UNSUPPORTED = "unsupported_codec"
_REASONS: dict[str | None, float] = {
    "bitrate_too_low": 0.27,
    UNSUPPORTED: 0.21,
    "duplicate_audio": 0.17,
    "metadata_incomplete": 0.14,
    "file_truncated": 0.09,
    "artwork_too_small": 0.07,
    "rights_conflict": 0.04,
    None: 0.01,
}
_NAMES, _WEIGHTS = list(_REASONS), list(accumulate(_REASONS.values()))


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: its record, and what comes of it when it is accepted."""

    record: Record
    track: TrackRecord | None = None
    job: JobRecord | None = None


def draw_upload(
    rng: Random,
    catalogue: ReleaseCatalogue,
    at: datetime,
    environment: str,
    *,
    number: int,
    rejected: float = REJECTED,
    queued_at: datetime | None = None,
) -> Upload:
    """Draw one upload; `number` names its track and job, `queued_at` is earlier if an importer held it."""
    release = rng.choice(catalogue.releases)
    if rng.random() < rejected:
        # A wave of rejections has one cause; the usual ones have many.
        reason = UNSUPPORTED if rejected > 0.5 else rng.choices(_NAMES, cum_weights=_WEIGHTS)[0]
        return Upload((at, environment, release.artist_id, release.release_id, None, "rejected", reason))
    upload = _accepted(release, at, environment, number, queued_at or at)
    if queued_at is None:
        _plan(rng, upload)
    return upload


def release_day(at: datetime) -> datetime:
    """The beginning of the next Friday, in UTC: the day on which music comes out."""
    midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=(FRIDAY - midnight.weekday() - 1) % 7 + 1)


def _plan(rng: Random, upload: Upload) -> None:
    """Let some jobs wait on purpose, and some tracks for their release day."""
    if upload.job and rng.random() < SCHEDULED:
        upload.job.status = "scheduled"
        upload.job.available_at = upload.job.queued_at + timedelta(seconds=rng.uniform(*SCHEDULED_SECONDS))
    if upload.track and rng.random() < PLANNED:
        upload.track.publish_at = release_day(upload.track.uploaded_at)


def _accepted(release: Release, at: datetime, environment: str, number: int, queued_at: datetime) -> Upload:
    track = TrackRecord(track_id(number), release.release_id, release.artist_id, environment, "uploaded", queued_at)
    job = JobRecord(
        f"job-{number:07}", environment, release.artist_id, release.release_id, track.track_id,
        "queued", 1, queued_at,
    )  # fmt: skip
    record = (
        at, environment, release.artist_id, release.release_id, track.track_id, "accepted", None,
    )  # fmt: skip
    return Upload(record, track, job)
