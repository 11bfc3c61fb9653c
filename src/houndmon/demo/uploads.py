"""What artists send: uploads that Hound accepts or rejects, and the track and job of an accepted one."""

from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from random import Random

from houndmon.demo.catalogue import Catalogue, Release, track_id
from houndmon.demo.relations import Record
from houndmon.demo.transcoding import Job, Track

# About 20,000 a week in both environments together.
UPLOADS_PER_SECOND = 20_000 / (7 * 86_400)

REJECTED = 0.04

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
    track: Track | None = None
    job: Job | None = None


def draw_upload(
    rng: Random,
    catalogue: Catalogue,
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
    return _accepted(release, at, environment, number, queued_at or at)


def _accepted(release: Release, at: datetime, environment: str, number: int, queued_at: datetime) -> Upload:
    track = Track(track_id(number), release.release_id, release.artist_id, environment, "uploaded", queued_at)
    job = Job(
        f"job-{number:07}", environment, release.artist_id, release.release_id, track.track_id,
        "queued", 1, queued_at,
    )  # fmt: skip
    record = (
        at, environment, release.artist_id, release.release_id, track.track_id, "accepted", None,
    )  # fmt: skip
    return Upload(record, track, job)
