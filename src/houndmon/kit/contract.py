"""What the source owes houndmon, and what it lacks of it: relations, columns, rights, indexes."""

from collections.abc import Iterator
from typing import Any, Literal

import asyncpg
import msgspec

from houndmon.kit.source import reason
from houndmon.kit.sql import RELATIONS

Kind = Literal["text", "id", "time", "whole"]
TYPES: dict[Kind, tuple[str, ...]] = {
    "text": ("text", "varchar"),
    "id": ("text", "varchar", "uuid", "int2", "int4", "int8"),
    "time": ("timestamptz",),
    "whole": ("int2", "int4", "int8"),
}
WANTED: dict[Kind, str] = {
    "text": "text",
    "id": "text, uuid, integer or bigint",
    "time": "timestamptz",
    "whole": "integer or bigint",
}
_OWNERS: dict[str, Kind] = {"artist_id": "id", "release_id": "id"}
COLUMNS: dict[str, dict[str, Kind]] = {
    "upload_attempts": {
        "occurred_at": "time",
        "environment": "text",
        **_OWNERS,
        "track_id": "id",
        "outcome": "text",
        "rejection_reason": "text",
    },
    "transcode_jobs": {
        "job_id": "id",
        "environment": "text",
        **_OWNERS,
        "track_id": "id",
        "status": "text",
        "attempt": "whole",
        "queued_at": "time",
        "claimed_at": "time",
        "started_at": "time",
        "finished_at": "time",
        "worker_id": "text",
        "error_code": "text",
        "error_message": "text",
    },
    "worker_heartbeats": {
        "worker_id": "text",
        "environment": "text",
        "beat_at": "time",
        "process_started_at": "time",
    },
    "play_attempts": {
        "occurred_at": "time",
        "environment": "text",
        **_OWNERS,
        "track_id": "id",
        "platform": "text",
        "browser": "text",
        "outcome": "text",
        "error_code": "text",
        "error_message": "text",
    },
    "api_requests": {
        "occurred_at": "time",
        "environment": "text",
        "service": "text",
        "route": "text",
        "status_code": "whole",
        "requests": "whole",
    },
    "tracks": {
        "track_id": "id",
        **_OWNERS,
        "environment": "text",
        "state": "text",
        "uploaded_at": "time",
        "live_at": "time",
    },
    "releases": {"release_id": "id", "artist_id": "id", "title": "text", "artist_name": "text"},
}
ACTIVE = ("queued", "in_progress", "retrying")
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
    ("tracks", ("artist_id", "uploaded_at")),
    ("tracks", ("release_id", "uploaded_at")),
)
OF_ACTIVE_JOBS = ("transcode_jobs", ("environment", "status", "queued_at"))
NOBODY = {
    "uuid": "'00000000-0000-0000-0000-00000000dead'",
    **dict.fromkeys(("int2", "int4", "int8"), "32749"),
}
"""Ids by which a plan can be asked for, by type; their like is not in a view's own text."""

FOUND = """
select c.relname, c.relkind::text as relkind, a.attname, coalesce(base.typname, t.typname) as typname
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type base on base.oid = t.typbasetype
where n.nspname = $1 and c.relname = any($2) and c.relkind in ('r', 'p', 'v', 'm', 'f')
"""
KEYS = """
select
    c.relname,
    pg_catalog.pg_get_expr(i.indpred, i.indrelid) as predicate,
    array(
        select coalesce(a.attname::text, '')
        from unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
        left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.place <= i.indnkeyatts
        order by k.place
    ) as columns
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = x.relam
where n.nspname = $1 and c.relname = any($2) and i.indisvalid and m.amname = 'btree'
"""


class Lack(msgspec.Struct, frozen=True):
    """One thing that the source lacks; a grave one leaves figures unread. `plan` shows what a view does instead."""

    relation: str
    what: str
    grave: bool = True
    plan: tuple[str, ...] = ()


class Found(msgspec.Struct):
    """A relation as the catalogue has it: what it is, and the base types of its columns."""

    kind: str
    columns: dict[str, str]


async def lacks(conn: asyncpg.Connection, schema: str) -> list[Lack]:
    """What a source lacks, relation by relation. Nothing is written, and nothing waits for long."""
    async with conn.transaction(readonly=True):
        await conn.execute("set local statement_timeout = '5s'; set local lock_timeout = '2s'")
        relations = await read_catalogue(conn, schema)
        found = list(misfits(schema, relations))
        found += [lack for name in relations if (lack := await refused(conn, schema, name, relations[name]))]
        unread = {lack.relation for lack in found if lack.grave}
        keys = await conn.fetch(KEYS, schema, RELATIONS)
        for name, columns in INDEXES:
            if name in relations and name not in unread:
                found += await slow(conn, schema, name, columns, relations[name], keys)
    return sorted(found, key=lambda lack: (RELATIONS.index(lack.relation), not lack.grave))


async def read_catalogue(conn: asyncpg.Connection, schema: str) -> dict[str, Found]:
    """The relations that there are."""
    relations: dict[str, Found] = {}
    for name, kind, column, base in await conn.fetch(FOUND, schema, RELATIONS):
        known = relations.setdefault(name, Found(kind, {}))
        if column:
            known.columns[column] = base
    return relations


def misfits(schema: str, relations: dict[str, Found]) -> Iterator[Lack]:
    """Relations and columns that are missing, and columns of another type."""
    for name, wanted in COLUMNS.items():
        if name not in relations:
            # No figure is read from the releases: they only lend names.
            yield Lack(name, f"{schema}.{name} does not exist", grave=name != "releases")
            continue
        for column, kind in wanted.items():
            base = relations[name].columns.get(column)
            if base is None:
                yield Lack(name, f"{schema}.{name}: its column {column} does not exist")
            elif base not in TYPES[kind]:
                yield Lack(name, f"{schema}.{name}: its column {column} is {base}: it must be {WANTED[kind]}")


async def refused(conn: asyncpg.Connection, schema: str, name: str, found: Found) -> Lack | None:
    """Whether a relation may be read at all: a view may exist and still fail."""
    columns = ", ".join(column for column in COLUMNS[name] if column in found.columns)
    try:
        async with conn.transaction():
            await conn.execute(f"select {columns or 1} from {quoted(schema)}.{name} limit 0")
    except (asyncpg.PostgresError, TimeoutError) as error:
        return Lack(name, f"{schema}.{name}: {reason(error)}")
    return None


async def slow(
    conn: asyncpg.Connection, schema: str, name: str, columns: tuple[str, ...], found: Found, keys: list[Any]
) -> list[Lack]:
    """Whether a read that houndmon relies on has no index."""
    if found.kind == "f":
        return []  # its indexes lie elsewhere
    if found.kind == "v":
        nobody = NOBODY.get(found.columns[columns[0]], "'nobody'")
        plan = await whole_reads(conn, sample(schema, name, columns, nobody), nobody)
        what = f"{schema}.{name}: no index serves ({', '.join(columns)}); the plan of the view reads a whole table"
        return [Lack(name, what, grave=False, plan=plan)] if plan else []
    if any(serves(key, name, columns) for key in keys):
        return []
    active = f" where status in {ACTIVE!r}" if (name, columns) == OF_ACTIVE_JOBS else ""
    wanted = f"create index on {schema}.{name} ({', '.join(columns)}){active}"
    return [Lack(name, f"{schema}.{name}: an index is missing: {wanted}", grave=False)]


def serves(key: Any, name: str, columns: tuple[str, ...]) -> bool:
    """Whether an index begins with the columns, and holds all rows that are asked for."""
    if key["relname"] != name or tuple(key["columns"][: len(columns)]) != columns:
        return False
    predicate = key["predicate"]
    if predicate is None:
        return True
    return (name, columns) == OF_ACTIVE_JOBS and all(f"'{status}'" in predicate for status in ACTIVE)


def sample(schema: str, name: str, columns: tuple[str, ...], nobody: str) -> str:
    """A query as houndmon asks it, by which a view's plan shows itself."""
    values = {"environment": "'prod'", "status": "'queued'"}
    asked = [f"{column} = {values.get(column, nobody)}" for column in columns[:-1]]
    asked.append(f"{columns[-1]} >= now() - interval '5 minutes'")
    return f"select 1 from {quoted(schema)}.{name} where {' and '.join(asked)}"


async def whole_reads(conn: asyncpg.Connection, query: str, nobody: str) -> tuple[str, ...]:
    """The plan of a query that must read a whole table; empty where indexes serve.

    With sequential scans discouraged a plan has one only where there is no other way, however small the table.
    """
    async with conn.transaction():
        await conn.execute("set local enable_seqscan = off")
        plan = msgspec.json.decode(await conn.fetchval(f"explain (format json) {query}"))
        if not any(is_whole(node, ("'prod'", "'queued'", nobody)) for node in nodes(plan[0]["Plan"])):
            return ()
        return tuple(line for (line,) in await conn.fetch(f"explain (costs off) {query}"))


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every node of a plan."""
    yield node
    for part in node.get("Plans", ()):
        yield from nodes(part)


def is_whole(node: dict[str, Any], values: tuple[str, ...]) -> bool:
    """Whether a node reads a table from end to end, or more of it than was asked for."""
    kind = node["Node Type"]
    if kind == "Seq Scan" or (kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node):
        return True
    return any(value in node.get("Filter", "") for value in values)


def quoted(name: str) -> str:
    """A name for SQL."""
    return '"' + name.replace('"', '""') + '"'
