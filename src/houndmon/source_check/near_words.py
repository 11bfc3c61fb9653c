"""Which known word a strange one may mean. Says what to write in a view; houndmon itself never guesses."""

import re
from difflib import get_close_matches

LIKENESS = 0.75
SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "environment": {
        "prod": ("live", "prd", "production", "main"),
        "staging": ("stage", "stg", "stag", "preprod", "preproduction", "uat", "canary"),
    },
    "status": {
        "queued": (
            "available", "created", "enqueued", "inqueue", "new", "open", "pending", "ready", "submitted", "todo",
            "waiting",
        ),
        "scheduled": ("deferred", "delayed", "future", "planned"),
        "in_progress": (
            "active", "assigned", "busy", "claimed", "doing", "executing", "locked", "picked", "processing", "reserved",
            "running", "started", "working",
        ),
        "retrying": ("backoff", "rescheduled", "retry", "retryable", "waitingretry"),
        "failed": (
            "crashed", "dead", "deadletter", "discarded", "error", "errored", "exception", "exhausted", "expired",
            "failure", "killed", "timedout", "timeout",
        ),
        "completed": ("complete", "done", "finished", "ok", "processed", "succeeded", "success", "successful"),
        "cancelled": ("aborted", "aborting", "canceled", "cancel", "deleted", "revoked", "skipped"),
    },
    "outcome": {
        "accepted": ("complete", "completed", "ok", "passed", "success", "successful", "succeeded", "valid"),
        "rejected": ("denied", "error", "failed", "failure", "invalid", "refused"),
        "started": ("ok", "played", "playing", "success", "successful", "succeeded"),
        "failed": ("error", "errored", "exception", "failure"),
        "blocked": ("autoplay", "autoplayblocked", "notallowed", "prevented"),
        "aborted": ("abandoned", "abort", "cancelled", "canceled", "left", "skipped"),
    },
    "state": {
        "uploaded": ("created", "draft", "ingested", "new", "received"),
        "processing": ("encoding", "inprogress", "pending", "transcoding"),
        "ready": ("approved", "completed", "done", "scheduled", "transcoded"),
        "live": ("active", "available", "public", "published", "released"),
        "rejected": ("denied", "error", "failed", "invalid"),
        "withdrawn": ("archived", "deleted", "hidden", "removed", "takendown", "takedown", "unpublished"),
    },
}  # fmt: skip
"""What queues, catalogues and teams call what houndmon knows, without case, blanks and marks."""
APPLE = re.compile(r"\b(ios|iphone|ipad|ipados|ipod)", re.IGNORECASE)
OTHER_BROWSERS = re.compile(r"chrom|crios|firefox|fxios|edg|opera|opios|duckduckgo|samsung", re.IGNORECASE)


def nearest(column: str, word: str, known: tuple[str, ...]) -> str | None:
    """The known word that a strange one of a column may mean; None where none is near."""
    plain = plainly(word)
    if not plain:
        return None
    by_form = {plainly(one): one for one in known}
    if plain in by_form:
        return by_form[plain]
    for meant, others in SYNONYMS.get(column, {}).items():
        if meant in known and plain in others:
            return meant
    for form, one in by_form.items():
        if plain.startswith(form) or (len(plain) > 2 and form.startswith(plain)):
            return one
    close = get_close_matches(plain, by_form, 1, LIKENESS)
    return by_form[close[0]] if close else None


def plainly(word: str) -> str:
    """A word without case, blanks and marks."""
    return "".join(character for character in word.casefold() if character.isalnum())


def seems_ios_safari(platform: str | None, browser: str | None) -> bool:
    """Whether these names look as if they meant Safari on iOS."""
    is_safari = "safari" in (browser or "").casefold() and not OTHER_BROWSERS.search(browser or "")
    return is_safari and bool(APPLE.search(f"{platform} {browser}"))
