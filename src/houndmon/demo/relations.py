"""Where the demo's rows go: the columns of Hound's relations, in the order of the demo's records."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

SCHEMA = "hound"

COLUMNS: dict[str, tuple[str, ...]] = {
    "releases": ("release_id", "artist_id", "title", "artist_name"),
    "tracks": (
        "track_id", "release_id", "artist_id", "environment", "state", "uploaded_at", "live_at", "publish_at",
    ),
    "upload_attempts": (
        "occurred_at", "environment", "artist_id", "release_id", "track_id", "outcome", "rejection_reason",
    ),
    "transcode_jobs": (
        "job_id", "environment", "artist_id", "release_id", "track_id", "status", "attempt", "queued_at",
        "claimed_at", "started_at", "finished_at", "worker_id", "error_code", "error_message", "available_at",
    ),
    "worker_heartbeats": ("worker_id", "environment", "beat_at", "process_started_at"),
    "play_attempts": (
        "occurred_at", "environment", "artist_id", "release_id", "track_id", "platform", "browser",
        "outcome", "error_code", "error_message",
    ),
    "api_requests": ("occurred_at", "environment", "service", "route", "status_code", "requests"),
}  # fmt: skip


INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
from pg_index
where indrelid in (select oid from pg_class where relnamespace = $1::regnamespace) and not indisprimary
"""

Record = tuple[object, ...]
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy


async def append(conn: Connection, relation: str, records: Iterable[Record]) -> int:
    """Copy records into a relation and return how many there were."""
    status = await conn.copy_records_to_table(relation, schema_name=SCHEMA, columns=COLUMNS[relation], records=records)
    return int(status.rsplit(" ", 1)[-1])


@asynccontextmanager
async def indexed_afterwards(conn: Connection) -> AsyncIterator[None]:
    """Within a transaction, let rows come without indexes and build those in the end: sorted once, not row by row.

    Whoever reads the relations waits until the transaction ends.
    """
    indexes = await conn.fetch(INDEXES, SCHEMA)
    for index in indexes:
        await conn.execute(f"drop index {index['name']}")
    yield
    for index in indexes:
        await conn.execute(index["definition"])


def hidden_name(relation: str) -> str:
    """Where a relation is while an incident hides it."""
    return f"{relation}_being_migrated"


async def hide(conn: Connection, relation: str) -> None:
    """Rename a relation away; whoever reads it waits two seconds at most."""
    await conn.execute(
        f"set local lock_timeout = '2s'; alter table {SCHEMA}.{relation} rename to {hidden_name(relation)}"
    )


async def unhide(conn: Connection) -> None:
    """Bring back what was hidden, also by a demo that ended meanwhile."""
    for relation in COLUMNS:
        hidden, there = f"{SCHEMA}.{hidden_name(relation)}", f"{SCHEMA}.{relation}"
        if await conn.fetchval("select to_regclass($1) is not null and to_regclass($2) is null", hidden, there):
            await conn.execute(f"alter table {hidden} rename to {relation}")


async def upsert(conn: Connection, relation: str, records: Iterable[Record]) -> None:
    """Insert records, or replace those with the same first column."""
    await conn.executemany(_upsert(relation), list(records))


def _upsert(relation: str) -> str:
    key, *others = COLUMNS[relation]
    values = ", ".join(f"${place}" for place in range(1, len(others) + 2))
    changes = ", ".join(f"{column} = excluded.{column}" for column in others)
    return (
        f"insert into {SCHEMA}.{relation} ({', '.join(COLUMNS[relation])}) values ({values}) "
        f"on conflict ({key}) do update set {changes}"
    )
