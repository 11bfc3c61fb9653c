"""What the catalogue says of a source: relations, columns, types, rights, row security, indexes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from houndmon.core.source import failure_reason
from houndmon.core.source_contract import (
    ACTIVE_STATUSES,
    COLUMN_TYPE_NAMES,
    COLUMN_TYPES,
    INDEXES,
    OF_ACTIVE_JOBS,
    SOURCE_COLUMNS,
    ColumnKind,
)
from houndmon.core.sql import RELATIONS, load_statements
from houndmon.source_check.model import CatalogueColumn, Diagnostic, DiagnosticLevel, Relation

SQL = load_statements(Path(__file__).with_name("catalogue.sql"))


async def read_catalogue(conn: asyncpg.Connection, schema: str) -> dict[str, Relation]:
    """The relations that there are."""
    relations: dict[str, Relation] = {}
    for name, kind, column, base, labels, is_filled in await conn.fetch(SQL["columns"].text, schema, RELATIONS):
        known = relations.setdefault(name, Relation(kind, {}))
        if column:
            known.columns[column] = CatalogueColumn(base, None if labels is None else tuple(labels), is_filled)
    return relations


def misfits(relations: dict[str, Relation]) -> Iterator[Diagnostic]:
    """Relations and columns that are missing, and columns of another type."""
    for name, wanted in SOURCE_COLUMNS.items():
        if name not in relations:
            # No figure is read from the releases: they only lend names.
            level: DiagnosticLevel = "error" if name != "releases" else "warning"
            yield Diagnostic(
                level, name, "it does not exist", "write a view of that name, or let the role see the schema"
            )
            continue
        for column, meant in wanted.items():
            found = relations[name].columns.get(column)
            if found is None:
                if not meant.is_optional:
                    remedy = missing_column_advice(column, meant.is_nullable)
                    yield Diagnostic("error", name, f"its column {column} does not exist", remedy)
            elif found.base not in COLUMN_TYPES[meant.kind]:
                what, remedy = mistyped(column, found, meant.kind)
                yield Diagnostic("error", name, f"its column {column} is {what}", remedy)
        if relations[name].kind == "m":
            what = "it is a materialized view: its figures are as old as its last refresh"
            yield Diagnostic("warning", name, what, "make it a plain view, or refresh it every few seconds")


def missing_column_advice(column: str, is_nullable: bool) -> str:
    """What to do about a column that is not there."""
    return f"add it to the view; a null of its type will do for {column}" if is_nullable else "add it to the view"


def mistyped(column: str, found: CatalogueColumn, kind: ColumnKind) -> tuple[str, str]:
    """What a column is instead of what it must be, and how a view makes it so."""
    wanted = f"it must be {COLUMN_TYPE_NAMES[kind]}"
    text = f"write {column}::text as {column} in a view"
    match kind, found.base:
        case (("text" | "id"), _) if found.labels is not None:
            labels = ", ".join(map(repr, found.labels[:12]))
            return f"the enum {found.base} ({labels}): {wanted}", f"{text}, with a case where its words differ"
        case (("text" | "id"), "citext"):
            return f"citext, which takes 'Prod' and 'prod' for the same: {wanted}", text
        case (("text" | "id"), "bpchar"):
            return f"char(n), which pads every value with blanks: {wanted}", text
        case "time", "timestamp":
            what = f"a timestamp without time zone, a time of nobody knows where: {wanted}"
            return what, (
                f"write {column} at time zone 'UTC' as {column} in a view, or its own zone, and index that expression"
            )
        case "time", "date":
            return f"a date, which has no time of day: {wanted}", "take the column that has the time"
        case "time", ("int4" | "int8" | "float8" | "numeric"):
            return f"{found.base}: {wanted}", f"write to_timestamp({column}) as {column} in a view (of seconds)"
    cast = {"text": "text", "id": "text", "time": "timestamptz", "whole": "bigint"}[kind]
    return f"{found.base}: {wanted}", f"write {column}::{cast} as {column} in a view"


async def refused(conn: asyncpg.Connection, schema: str, name: str, found: Relation) -> Diagnostic | None:
    """Whether a relation may be read at all: a view may exist and still fail."""
    columns = ", ".join(column for column in SOURCE_COLUMNS[name] if column in found.columns)
    try:
        async with conn.transaction():
            await conn.execute(f"select {columns or 1} from {quoted_name(schema)}.{name} limit 0")
    except asyncpg.InsufficientPrivilegeError as error:
        remedy = (
            f"grant usage on the schema and select on {schema}.{name} to the role, and to a view's owner what it reads"
        )
        return Diagnostic("error", name, failure_reason(error), remedy)
    except (asyncpg.PostgresError, TimeoutError) as error:
        return Diagnostic(
            "error", name, failure_reason(error), f"run table {schema}.{name} limit 1 as this role, and mend it"
        )
    return None


async def guarded(conn: asyncpg.Connection, schema: str) -> list[Diagnostic]:
    """Where row security decides which rows are seen, in a relation or in a table beneath a view."""
    return [
        hidden_by_row_security(relation, table, reader) if not has_policy else filtered(relation, table, reader)
        for relation, table, has_policy, reader in await conn.fetch(SQL["guarded"].text, schema, RELATIONS)
    ]


def hidden_by_row_security(relation: str, table: str, reader: str) -> Diagnostic:
    """Row security without any policy for the reader."""
    what = f"row security of {table} shows {reader} no row: there is no policy for it"
    return Diagnostic("error", relation, what, f"create policy … on {table} for select to {reader} using (true)")


def filtered(relation: str, table: str, reader: str) -> Diagnostic:
    """Row security with a policy, of which nobody can say what it hides."""
    what = f"row security of {table} decides what {reader} sees: figures are of those rows alone, and nothing says so"
    remedy = f"see that a policy shows {reader} every row, or alter role {reader} bypassrls"
    return Diagnostic("warning", relation, what, remedy)


async def unindexed(conn: asyncpg.Connection, schema: str, relations: dict[str, Relation]) -> list[Diagnostic]:
    """The indexes that tables lack; on a column that is missing none is wanted."""
    keys = await conn.fetch(SQL["keys"].text, schema, RELATIONS)
    lacking = [
        (name, columns)
        for name, columns in INDEXES
        if name in relations and relations[name].kind in ("r", "p", "m")
        if all(column in relations[name].columns for column in columns)
        if not any(serves(key, name, columns) for key in keys)
    ]
    return [
        Diagnostic("warning", name, f"no index serves ({', '.join(columns)})", wanted(schema, name, columns))
        for name, columns in lacking
    ]


def wanted(schema: str, name: str, columns: tuple[str, ...]) -> str:
    """The statement that makes an index."""
    active = f" where status in {ACTIVE_STATUSES!r}" if (name, columns) == OF_ACTIVE_JOBS else ""
    return f"create index on {schema}.{name} ({', '.join(columns)}){active}"


def serves(key: Any, name: str, columns: tuple[str, ...]) -> bool:
    """Whether an index begins with the columns, and holds all rows that are asked for."""
    if key["relname"] != name or tuple(key["columns"][: len(columns)]) != columns:
        return False
    predicate = key["predicate"]
    if predicate is None:
        return True
    return (name, columns) == OF_ACTIVE_JOBS and all(f"'{status}'" in predicate for status in ACTIVE_STATUSES)


def quoted_name(name: str) -> str:
    """A name for SQL."""
    return '"' + name.replace('"', '""') + '"'
