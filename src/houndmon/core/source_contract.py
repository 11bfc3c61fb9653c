"""The source contract as data: the relations, their columns, and the words that houndmon knows."""

from collections.abc import Container
from typing import Literal

import msgspec

ColumnKind = Literal["text", "id", "time", "whole"]
COLUMN_TYPES: dict[ColumnKind, tuple[str, ...]] = {
    "text": ("text", "varchar"),
    "id": ("text", "varchar", "uuid", "int2", "int4", "int8"),
    "time": ("timestamptz",),
    "whole": ("int2", "int4", "int8"),
}
COLUMN_TYPE_NAMES: dict[ColumnKind, str] = {
    "text": "text",
    "id": "text, uuid, integer or bigint",
    "time": "timestamptz",
    "whole": "integer or bigint",
}
_NULLS: dict[ColumnKind, str] = {
    "text": "null::text",
    "id": "null::text",
    "time": "null::timestamptz",
    "whole": "null::bigint",
}


class Column(msgspec.Struct, frozen=True):
    """What a column holds. An optional one may be missing, which is as if it were null in every row."""

    kind: ColumnKind
    is_nullable: bool = False
    is_optional: bool = False


_TEXT, _ID, _TIME, _WHOLE = Column("text"), Column("id"), Column("time"), Column("whole")
_SOME_TEXT, _SOME_ID, _SOME_TIME, _SOME_WHOLE = (
    Column("text", True),
    Column("id", True),
    Column("time", True),
    Column("whole", True),
)
_OPTIONAL_TIME = Column("time", True, True)
_OWNERS = {"artist_id": _SOME_ID, "release_id": _SOME_ID}
SOURCE_COLUMNS: dict[str, dict[str, Column]] = {
    "upload_attempts": {
        "occurred_at": _TIME,
        "environment": _TEXT,
        **_OWNERS,
        "track_id": _SOME_ID,
        "outcome": _TEXT,
        "rejection_reason": _SOME_TEXT,
    },
    "transcode_jobs": {
        "job_id": _ID,
        "environment": _TEXT,
        **_OWNERS,
        "track_id": _SOME_ID,
        "status": _TEXT,
        "attempt": _SOME_WHOLE,
        "queued_at": _TIME,
        "available_at": _OPTIONAL_TIME,
        "claimed_at": _SOME_TIME,
        "started_at": _SOME_TIME,
        "finished_at": _SOME_TIME,
        "worker_id": _SOME_TEXT,
        "error_code": _SOME_TEXT,
        "error_message": _SOME_TEXT,
    },
    "worker_heartbeats": {
        "worker_id": _TEXT,
        "environment": _TEXT,
        "beat_at": _TIME,
        "process_started_at": _SOME_TIME,
    },
    "play_attempts": {
        "occurred_at": _TIME,
        "environment": _TEXT,
        **_OWNERS,
        "track_id": _SOME_ID,
        "platform": _SOME_TEXT,
        "browser": _SOME_TEXT,
        "outcome": _TEXT,
        "error_code": _SOME_TEXT,
        "error_message": _SOME_TEXT,
    },
    "api_requests": {
        "occurred_at": _TIME,
        "environment": _TEXT,
        "service": _SOME_TEXT,
        "route": _SOME_TEXT,
        "status_code": _WHOLE,
        "requests": _WHOLE,
    },
    "tracks": {
        "track_id": _ID,
        **_OWNERS,
        "environment": _TEXT,
        "state": _TEXT,
        "uploaded_at": _TIME,
        "publish_at": _OPTIONAL_TIME,
        "live_at": _SOME_TIME,
    },
    "releases": {"release_id": _ID, "artist_id": _SOME_ID, "title": _SOME_TEXT, "artist_name": _SOME_TEXT},
}
ACTIVE_STATUSES = ("queued", "scheduled", "in_progress", "retrying")
OVER = ("failed", "completed", "cancelled")
WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "upload_attempts": ("outcome", ("accepted", "rejected")),
    "transcode_jobs": ("status", (*ACTIVE_STATUSES, *OVER)),
    "play_attempts": ("outcome", ("started", "failed", "blocked", "aborted")),
    "tracks": ("state", ("uploaded", "processing", "ready", "live", "rejected", "withdrawn")),
}
"""The column of each relation that holds one of a few words, and those words."""
IOS_PLATFORMS = ("ios", "iphone os", "iphone", "ipad", "ipados")
SAFARI_BROWSERS = ("safari", "mobile safari", "safari mobile", "ios safari", "safari ios")
"""What common parsers of user agents call Safari on iOS; compared without case and surrounding blanks."""


def is_ios_safari(
    platform: str | None,
    browser: str | None,
    platforms: Container[str] = IOS_PLATFORMS,
    browsers: Container[str] = SAFARI_BROWSERS,
) -> bool:
    """Whether a platform and a browser are among those, which are in lower case, without surrounding blanks."""
    return (platform or "").strip().lower() in platforms and (browser or "").strip().lower() in browsers


INDEXES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("upload_attempts", ("environment", "occurred_at")),
    ("upload_attempts", ("artist_id", "occurred_at")),
    ("upload_attempts", ("release_id", "occurred_at")),
    ("transcode_jobs", ("environment", "finished_at")),
    ("transcode_jobs", ("environment", "status", "queued_at")),
    ("transcode_jobs", ("artist_id", "queued_at")),
    ("transcode_jobs", ("release_id", "queued_at")),
    ("worker_heartbeats", ("environment", "worker_id", "beat_at")),
    ("play_attempts", ("environment", "occurred_at")),
    ("play_attempts", ("artist_id", "occurred_at")),
    ("play_attempts", ("release_id", "occurred_at")),
    ("api_requests", ("environment", "occurred_at")),
    ("tracks", ("environment", "uploaded_at")),
    ("tracks", ("environment", "publish_at")),
    ("tracks", ("artist_id", "uploaded_at")),
    ("tracks", ("release_id", "uploaded_at")),
)
OF_ACTIVE_JOBS = ("transcode_jobs", ("environment", "status", "queued_at"))


def missing_as_null(relation: str, present: Container[str]) -> dict[str, str]:
    """What SQL may read for each optional column that a relation does not have: a null of its type."""
    return {
        name: _NULLS[column.kind]
        for name, column in SOURCE_COLUMNS[relation].items()
        if column.is_optional and name not in present
    }
