"""Reads the rows behind a figure, by the definition of that figure."""

from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from houndmon.config.model import Config
from houndmon.core.answer import window_shown
from houndmon.core.clock import Clock
from houndmon.core.faults import shape
from houndmon.core.filters import Filters
from houndmon.core.source import Snapshot
from houndmon.core.sql import load_statements
from houndmon.core.stats import UNSPECIFIED, name_or_unspecified
from houndmon.core.text import clean_message
from houndmon.panels.publish.load import limit_minutes_of
from houndmon.rows.model import (
    KINDS,
    MOST_ROWS,
    ROW_LISTS,
    AnyRowList,
    ListedJob,
    ListedPlay,
    ListedRow,
    ListedTrack,
    ListedUpload,
    RowKind,
    RowsQuestion,
    since_of,
)

SQL = load_statements(Path(__file__).with_name("query.sql"))
LISTED: dict[type[ListedRow], tuple[str, str]] = {
    ListedJob: ("ended_jobs", "ended_job_codes"),
    ListedPlay: ("listed_plays", "play_codes"),
    ListedUpload: ("listed_uploads", "upload_codes"),
}
"""The statement that lists rows of a stretch of time, and the one that finds their codes."""


class CodeRow(msgspec.Struct):
    """An error code, or a reason, as it was written; blank for null."""

    code: str


async def load(snapshot: Snapshot, question: RowsQuestion, config: Config) -> AnyRowList:
    """The rows of a kind at the snapshot's time, and whether there are more. Raises DatabaseUnreadable."""
    kind, clock, filters = KINDS[question.kind], snapshot.clock, question.filters
    since = since_of(kind.stretch, filters, clock)
    if since is None:
        rows = await load_active_jobs(snapshot, kind, filters, config)
    elif kind.row is ListedTrack:
        rows = await load_tracks(snapshot, kind, filters, since, limit_minutes_of(config))
    else:
        rows = await load_events(snapshot, kind, filters, since, question.code)
    items = [clean_row(row) for row in rows[:MOST_ROWS]]
    return ROW_LISTS[kind.row](
        kind=question.kind,
        title=kind.title,
        as_of=clock.now,
        window=window_shown(clock, filters.range),
        since=since,
        filters=snapshot.applied(filters),
        code=question.code,
        order=kind.order,
        items=items,  # type: ignore[arg-type] # a kind's rows are of its answer's type
        truncated=len(rows) > MOST_ROWS,
    )


async def load_events(
    snapshot: Snapshot, kind: RowKind, filters: Filters, since: datetime, code: str | None
) -> list[ListedRow]:
    """Jobs that are over, plays or uploads since an instant; of all codes, or of those that one stands for."""
    listed, _ = LISTED[kind.row]
    args = (filters.environment, snapshot.clock.soon, since, list(kind.words))
    codes = None if code is None else await codes_meant(snapshot, kind, filters, args, code)
    return list(await snapshot.rows(SQL[listed], kind.row, *args, codes, MOST_ROWS + 1, filters=filters))


async def codes_meant(
    snapshot: Snapshot, kind: RowKind, filters: Filters, args: tuple[object, ...], code: str
) -> list[str]:
    """The codes, as they were written, that a panel shows as one; a code that stands for itself is not looked up."""
    if code != UNSPECIFIED and "…" not in code:
        return [code] if shown_code(code) == code else []
    _, statement = LISTED[kind.row]
    found = await snapshot.rows(SQL[statement], CodeRow, *args, filters=filters)
    return [one.code for one in found if shown_code(one.code) == code]


def shown_code(code: str) -> str:
    """A code as the panels count it: by its shape, blank ones as `unspecified`."""
    return name_or_unspecified(shape(code))


async def load_active_jobs(snapshot: Snapshot, kind: RowKind, filters: Filters, config: Config) -> list[ListedRow]:
    """Jobs that are not over."""
    before = stuck_before(snapshot.clock, filters, config) if kind.picks == "stuck" else None
    args = (filters.environment, snapshot.clock.soon, list(kind.words), before, kind.picks == "idle")
    return list(await snapshot.rows(SQL["active_jobs"], kind.row, *args, MOST_ROWS + 1, filters=filters))


def stuck_before(clock: Clock, filters: Filters, config: Config) -> datetime:
    """The instant before which a job in progress has been so for longer than the rule `job_stuck` allows."""
    rule = config.rules_in(filters.environment)["job_stuck"]
    return clock.now - timedelta(seconds=rule.stuck_after_seconds)


async def load_tracks(
    snapshot: Snapshot, kind: RowKind, filters: Filters, since: datetime, limit_minutes: float
) -> list[ListedRow]:
    """Tracks that were due since an instant."""
    clock, limit = snapshot.clock, timedelta(minutes=limit_minutes)
    args = (filters.environment, clock.soon, since, list(kind.words), limit.total_seconds(), clock.now - limit)
    return list(await snapshot.rows(SQL["listed_tracks"], kind.row, *args, MOST_ROWS + 1, filters=filters))


def clean_row(row: ListedRow) -> ListedRow:
    """A row whose message is fit for display."""
    if isinstance(row, ListedJob | ListedPlay):
        row.error_message = clean_message(row.error_message)
    return row
