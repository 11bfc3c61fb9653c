"""What is wrong with what a relation's rows say. Pure: a census in, findings out."""

from collections.abc import Iterable, Iterator

from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.source_contract import ACTIVE_STATUSES, WORDS
from houndmon.core.text import listing
from houndmon.rulebook.units import percent
from houndmon.source_check.model import Census, Diagnostic, DiagnosticLevel, RowGroup, ValueCount
from houndmon.web.display import plural

GRAVE_SHARE = 0.01
"""From this share of the rows on a flaw makes figures lie, and is no longer a hostile row or two."""
MOST_VALUES = 12
FLAWS: dict[str, tuple[str, str]] = {
    "future_time": (
        "dated in the future: in no figure until then",
        "look for a time of another zone, or for a plan (available_at, publish_at) that was taken for an event",
    ),
    "future_queued_at": (
        "queued in the future: in no figure until then",
        "give a job for later the status scheduled, its queued_at when it was made and its available_at when it is due",
    ),
    "negative_duration": (
        "with a step that ends before it begins: in the counts, not in the percentiles",
        "see that each time is of the same try, and of the same zone",
    ),
    "null_job_id": ("without job_id", "give each job its id"),
    "null_track_id": ("without track_id", "give each track its id"),
    "null_worker_id": ("without worker_id", "give each beat the id that jobs name their worker by"),
    "null_release_id": ("without release_id", "give each release its id"),
    "low_attempt": ("with an attempt below 1: the first is 1", "write attempt + 1, where the queue counts from 0"),
    "start_ahead": (
        "with a process_started_at in the future: the beat counts, the start does not",
        "look for a time of another zone, or of a clock that runs ahead",
    ),
    "live_without_time": (
        "live without live_at: the service level takes them for overdue",
        "give each track that is live the time when it went live",
    ),
    "odd_status_code": (
        "with a status_code outside 100 … 599",
        "take HTTP's own status; leave the rows without one out",
    ),
    "odd_requests": ("with requests null or below 1", "write 1 for a row a request"),
    "active_without_queued_at": (
        "not finished and without queued_at: in no age",
        "give each job the time when it was queued",
    ),
    "over_without_finished_at": (
        "over without finished_at: in no figure of a range",
        "give each failed, completed or cancelled job the time when it ended",
    ),
}
"""What each flaw does to the figures, and what to do about it."""
NULL_IS_FLAW = {
    "transcode_jobs": ("null_job_id",),
    "worker_heartbeats": ("null_worker_id",),
    "tracks": ("null_track_id",),
    "releases": ("null_release_id",),
}


def judge_values(census: Census, groups: list[RowGroup]) -> Iterator[Diagnostic]:
    """All that is wrong with the values of a relation."""
    yield from strange_environments(census)
    yield from strange_words(census)
    yield from flawed(census.relation, census.rows, census.flaws)
    if census.relation == "transcode_jobs":
        yield from flawed(census.relation, census.rows, untimed(groups))


def strange_environments(census: Census) -> Iterator[Diagnostic]:
    """Rows of environments that houndmon does not show."""
    values = [value for value in census.values if value.column == "environment"]
    strange = [value for value in values if not value.is_known]
    if not strange:
        return
    share = sum(value.rows for value in strange) / census.rows
    is_meant = sum(value.share for value in strange if value.nearest or is_blank(value)) >= GRAVE_SHARE
    is_none_known = len(strange) == len(values)
    what = f"environment is none of {listing(ENVIRONMENTS)} in {percent(share)} of the rows: in no figure"
    remedy = mapping("environment", strange) or "leave those rows out of the view"
    level: DiagnosticLevel = "error" if is_meant or is_none_known else "warning"
    yield Diagnostic(level, census.relation, what, remedy, value_lines(strange))


def strange_words(census: Census) -> Iterator[Diagnostic]:
    """Rows whose outcome, status or state houndmon does not know."""
    column, known = WORDS.get(census.relation, ("", ()))
    values = [value for value in census.values if value.column == column]
    strange = [value for value in values if not value.is_known]
    if not strange:
        return
    share = sum(value.rows for value in strange) / census.rows
    seen = {value.value for value in values}
    # A queue's own word for what waits is on few rows, and yet all of the queue.
    is_missing = any(value.nearest and value.nearest not in seen for value in strange)
    level: DiagnosticLevel = "error" if share >= GRAVE_SHARE or is_missing else "warning"
    what = f"{column} is a word that houndmon does not know in {percent(share)} of the rows: in no figure"
    remedy = mapping(column, strange) or f"map it to one of {', '.join(known)} in a view"
    yield Diagnostic(level, census.relation, what, remedy, value_lines(strange))


def value_lines(strange: list[ValueCount]) -> tuple[str, ...]:
    """Strange values as aligned lines, each with its count, its share and the word that it may mean."""
    rows = [(quoted_value(value.value), f"{value.rows:,}", percent(value.share), advice(value)) for value in strange]
    widths = [max(len(row[place]) for row in rows[:MOST_VALUES]) for place in range(3)]
    lines = [
        f"{name:<{widths[0]}}  {number:>{widths[1]}}  {share:>{widths[2]}}  {meant}".rstrip()
        for name, number, share, meant in rows[:MOST_VALUES]
    ]
    if len(rows) > MOST_VALUES:
        lines.append(f"and {plural(len(rows) - MOST_VALUES, 'more value', 'more values')}")
    return tuple(lines)


def advice(value: ValueCount) -> str:
    """Which word a value may mean."""
    return f"map it to '{value.nearest}'" if value.nearest else ""


def quoted_value(value: str | None) -> str:
    """A value that a stranger wrote, with all that a terminal might act on escaped."""
    return "null" if value is None else repr(value if len(value) <= 40 else value[:39] + "…")


def is_blank(value: ValueCount) -> bool:
    """Whether nothing is said."""
    return value.value is None or not value.value.strip()


def mapping(column: str, strange: Iterable[ValueCount]) -> str:
    """The expression by which a view maps strange values to known words; empty where none is near."""
    pairs = [
        f"when '{value.value.replace(chr(39), chr(39) * 2)}' then '{value.nearest}'"
        for value in strange
        if value.nearest and value.value and value.value.isprintable()
    ]
    if not pairs:
        return ""
    cases = " ".join(pairs[:MOST_VALUES])
    return f"in a view, if that is what they mean: case {column}::text {cases} else {column}::text end as {column}"


def untimed(groups: list[RowGroup]) -> dict[str, int]:
    """Jobs that lack the time which their status promises."""
    active = sum(group.flaws["null_queued_at"] for group in groups if group.word in ACTIVE_STATUSES)
    over = sum(
        group.flaws["null_finished_at"]
        for group in groups
        if group.word in WORDS["transcode_jobs"][1] and group.word not in ACTIVE_STATUSES
    )
    return {"active_without_queued_at": active, "over_without_finished_at": over}


def flawed(relation: str, rows: int, flaws: dict[str, int]) -> Iterator[Diagnostic]:
    """Rows with a flaw that keeps them out of figures."""
    for flaw, number in flaws.items():
        if not number or not is_flaw(relation, flaw):
            continue
        what, remedy = FLAWS[flaw]
        level: DiagnosticLevel = "error" if number / rows >= GRAVE_SHARE else "warning"
        yield Diagnostic(level, relation, f"{plural(number, 'row', 'rows')} ({percent(number / rows)}) {what}", remedy)


def is_flaw(relation: str, flaw: str) -> bool:
    """Whether such a count is of something wrong, not of what may be null."""
    return flaw in FLAWS and (not flaw.startswith("null_") or flaw in NULL_IS_FLAW.get(relation, ()))
