"""Counts what the newest rows of a source say: within limits, and saying how much was looked at."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.source_contract import WORDS
from houndmon.core.sql import load_statements
from houndmon.rulebook.units import duration
from houndmon.source_check.model import Census, Diagnostic, Look, Relation, RowGroup, ValueCount
from houndmon.source_check.near_words import nearest
from houndmon.web.display import plural

SQL = load_statements(Path(__file__).with_name("query.sql"))
DAY, WEEK = 86400.0, 7 * 86400.0
MOST_ROWS, SAMPLE_ROWS = 1_000_000, 10_000
LOOKS = (Look(DAY, MOST_ROWS), Look(3600, MOST_ROWS), Look(300, MOST_ROWS), Look(None, SAMPLE_ROWS))
"""What is looked at: the first of these that ends in time, and within the count of rows."""
LONG_LOOKS = (Look(WEEK, MOST_ROWS), *LOOKS[:2])
LONG_AGO = datetime(1, 1, 2, tzinfo=UTC)
TIME_OF = {
    "upload_attempts": "occurred_at",
    "worker_heartbeats": "beat_at",
    "play_attempts": "occurred_at",
    "api_requests": "occurred_at",
    "tracks": "uploaded_at",
}
GROUP = ("environment", "word", "rows", "all_rows", "newest_seconds", "oldest_seconds")


class CensusReader:
    """Asks the questions of query.sql, each within a limit of time, in a transaction of its own."""

    def __init__(self, conn: asyncpg.Connection, schema: str, seconds: float) -> None:
        self._conn, self._schema, self.seconds = conn, schema, seconds

    async def rows(self, name: str, *args: object) -> list[asyncpg.Record]:
        """The rows of a statement; `args` come first, now last, as many as it takes. Raises asyncpg's errors."""
        text = SQL[name].render(self._place)
        async with self._conn.transaction(readonly=True):
            await self._conn.execute(
                f"set local statement_timeout = {round(self.seconds * 1000)}; set local lock_timeout = '2s';"
                "set local timezone = 'UTC'"
            )
            return list(await self._conn.fetch(text, *args, timeout=self.seconds + 5))

    async def now(self) -> datetime:
        """The source's clock."""
        found: datetime = await self._conn.fetchval("select clock_timestamp()")
        return found

    async def looked(self, name: str, looks: tuple[Look, ...]) -> tuple[list[asyncpg.Record], Look] | None:
        """The rows of a statement, and which of the looks they come from; None where none ended in time."""
        for look in looks:
            now = await self.now()
            start = LONG_AGO if look.stretch_seconds is None else now - timedelta(seconds=look.stretch_seconds)
            args = (start, look.most_rows, now)
            try:
                rows = await self.rows(name, *args[: 3 if "$3" in SQL[name].text else 2])
            except (asyncpg.QueryCanceledError, TimeoutError):
                continue
            is_cut = bool(rows) and rows[0].get("all_rows", 0) >= look.most_rows
            if not is_cut or look in looks[-2:]:
                return rows, look
        return None

    def _place(self, relation: str) -> str:
        schema = self._schema.replace('"', '""')
        return f'"{schema}".{relation}'


def grouped(records: list[asyncpg.Record]) -> list[RowGroup]:
    """Counted rows as groups, each with its flaws."""
    return [
        RowGroup(
            record["environment"],
            record["word"],
            record["rows"],
            record["newest_seconds"],
            record["oldest_seconds"],
            {key: value for key, value in record.items() if key not in GROUP},
        )
        for record in records
    ]


def summed(relation: str, kind: str, groups: list[RowGroup], looked_at: str) -> Census:
    """What the groups of a relation come to."""
    rows = sum(group.rows for group in groups)
    flaws: dict[str, int] = {}
    for group in groups:
        for key, value in group.flaws.items():
            flaws[key] = flaws.get(key, 0) + value
    return Census(
        relation=relation,
        kind=kind,
        looked_at=looked_at,
        rows=rows,
        values=list(value_counts(relation, groups, rows)),
        newest_seconds=min((g.newest_seconds for g in groups if g.newest_seconds is not None), default=None),
        oldest_seconds=max((g.oldest_seconds for g in groups if g.oldest_seconds is not None), default=None),
        flaws=flaws,
    )


def value_counts(relation: str, groups: list[RowGroup], rows: int) -> Iterator[ValueCount]:
    """How many rows have each value, column by column, the commonest first."""
    column, known = WORDS.get(relation, ("", ()))
    yield from column_values("environment", ENVIRONMENTS, ((group.environment, group.rows) for group in groups), rows)
    if column:
        yield from column_values(column, known, ((group.word, group.rows) for group in groups), rows)


def column_values(
    column: str, known: tuple[str, ...], values: Iterator[tuple[str | None, int]], rows: int
) -> Iterator[ValueCount]:
    """The values of one column."""
    counts: dict[str | None, int] = {}
    for value, number in values:
        counts[value] = counts.get(value, 0) + number
    for value, number in sorted(counts.items(), key=lambda item: (-item[1], item[0] or "")):
        is_known = value in known
        meant = None if is_known or value is None else nearest(column, value, known)
        yield ValueCount(column, value, number, number / rows, is_known, meant)


def words_of(look: Look, rows: int, seconds: float, name: str) -> str:
    """Which rows were looked at, in words."""
    number = plural(rows, "row", "rows")
    if look.stretch_seconds is None:
        return f"{number} in no order: its newest ones took longer than {duration(seconds)}"
    stretch = f"the last {duration(look.stretch_seconds)}"
    if name == "transcode_jobs":
        stretch += " and what is not finished"
    more = ", and there are more" if rows >= look.most_rows else ""
    shorter = "" if look.stretch_seconds >= DAY else "; a whole day was too much"
    return f"{number} of {stretch}{more}{shorter}"


def unlooked(relation: str, kind: str, why: str) -> Census:
    """A relation that was not looked at."""
    return Census(relation=relation, kind=kind, looked_at=why)


async def undated(asked: CensusReader, name: str, found: Relation, time: str) -> Diagnostic | None:
    """Whether rows have no time at all: no figure has them."""
    if found.columns[time].is_filled:
        return None
    try:
        number = (await asked.rows(f"undated_{name}"))[0]["rows"]
    except (asyncpg.QueryCanceledError, TimeoutError):
        return None  # a view without an index on it: the plan says so
    if not number:
        return None
    many = "1,000 rows or more have" if number >= 1000 else plural(number, "row has", "rows have")
    return Diagnostic("warning", name, f"{many} no {time}: no figure counts them", f"give each row its {time}")
