"""Connections know the types that we send; nothing is looked up for them."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from houndmon.core.connections import ARRAYS, close_pool, open_connection, open_pool
from introspection import taken

SOURCE = Path(__file__).parents[2] / "src" / "houndmon"
VALUES = {
    "bool": [True, None, False],
    "bytea": [b"\x00a", None],
    "name": ["relname", None],
    "int2": [-(2**15), None, 2**15 - 1],
    "int4": [-(2**31), None, 2**31 - 1],
    "int8": [-(2**63), None, 2**63 - 1],
    "varchar": ["ä,{}\"'", None],
    "float8": [0.1, None, -1e300],
    "timestamptz": [datetime(2026, 12, 1, 9, 30, 0, 1, UTC), None],
    "uuid": [UUID(int=7), None],
}


def openings(file):
    """Where a file names what opens a connection by asyncpg itself."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        named: set[str] = set()
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "asyncpg":
            named = {node.attr}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "asyncpg":
            named = {alias.name for alias in node.names}
        if named & {"connect", "create_pool"}:
            yield str(file.relative_to(SOURCE))


def test_it_opens_connections_in_one_place():
    """Nothing else opens one: it would not know the types."""
    found = [place for file in sorted(SOURCE.rglob("*.py")) for place in openings(file)]
    assert found == ["core/connections.py"] * 2


async def test_it_knows_the_numbers_of_the_types(conn):
    """Each array has the number, the element and the comma that PostgreSQL itself gives it."""
    rows = await conn.fetch(
        """
        select t.typname as name, t.oid as array, t.typelem as element, e.typname as of, e.typdelim::text as comma
        from pg_type t join pg_type e on e.oid = t.typelem
        where t.typnamespace = 'pg_catalog'::regnamespace and t.typname = any($1::text[])
        """,
        [f"_{name}" for name in ARRAYS],
    )
    assert {row["of"]: (row["array"], row["element"]) for row in rows} == ARRAYS
    assert {row["name"] for row in rows} == {f"_{name}" for name in ARRAYS}
    assert {row["comma"] for row in rows} == {","}


@pytest.mark.parametrize("name", ARRAYS)
async def test_it_sends_and_reads_an_array_unasked(database, name):
    """What is sent comes back as it was, nulls and the greatest values too, and no type is looked up."""
    conn = await open_connection(database, command_timeout=60)
    try:
        assert await conn.fetchval(f"select $1::{name}[]", VALUES[name]) == VALUES[name]
        assert await conn.fetchval(f"select $1::{name}[]", []) == []
        assert await conn.fetchval(f"select $1::{name}[]", None) is None
    finally:
        await conn.close()
    assert taken() == []


async def test_it_knows_them_in_a_pool_and_after_a_change(database):
    """A connection that forgets types, because a relation was replaced, still knows those that are built in."""
    pool = await open_pool(database, size=1)
    try:
        assert await pool.fetchval("select $1::int8[]", [1]) == [1]
        async with pool.acquire() as conn:
            await conn.reload_schema_state()
        assert await pool.fetchval("select $1::int8[]", [2]) == [2]
    finally:
        await close_pool(pool)
    assert taken() == []


async def test_it_notices_what_is_looked_up(database):
    """The guard of the tests sees a type that nobody told asyncpg; a connection that a test opens may look up."""
    conn = await open_connection(database, command_timeout=60)
    free = await asyncpg.connect(database)
    try:
        for one in (free, conn):
            assert await one.fetchval("select $1::int4multirange::text", [asyncpg.Range(1, 3)]) == "{[1,3)}"
    finally:
        await conn.close()
        await free.close()
    assert len(found := taken()) == 1
    assert "select $1::int4multirange::text" in found[0]
