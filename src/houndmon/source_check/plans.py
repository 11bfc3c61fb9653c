"""What the reads of a view or of a foreign table cost, as PostgreSQL would run them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from houndmon.core.source_contract import ACTIVE_STATUSES, INDEXES, OF_ACTIVE_JOBS
from houndmon.source_check.catalogue import SQL, quoted_name
from houndmon.source_check.model import Diagnostic, Relation

LARGE_BYTES = 8 * 1024 * 1024
"""From this size on a table that is read from end to end, each few seconds, is a burden."""
LARGE_COST = LARGE_BYTES / 8192
MOST_NODES = 4
MOST_CHARACTERS = 200
SMALL_PLANS = (("seqscan", "bitmapscan"), ("seqscan",))
TABLE_READS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Sample Scan", "Tid Scan")
FILTERS = ("Filter", "Join Filter")
CONDITIONS = ("Index Cond", "Recheck Cond", *FILTERS)
NOBODY = {
    "uuid": "'00000000-0000-0000-0000-00000000dead'",
    **dict.fromkeys(("int2", "int4", "int8"), "32749"),
}
"""Ids by which a plan can be asked for, by type; their like is not in a view's own text."""
Node = dict[str, Any]


class PlannedRead(msgspec.Struct, frozen=True):
    """A read as houndmon runs it, and the text by which its deciding condition is known again in a plan."""

    relation: str
    columns: tuple[str, ...]
    query: str
    mark: str


async def costly(
    conn: asyncpg.Connection, schema: str, name: str, found: Relation, now: datetime, *, grows: bool
) -> list[Diagnostic]:
    """The reads of a view or a foreign table that no index serves, and those that nobody here can see the plan of.

    Of one that does not grow only what is large already counts.
    """
    findings: list[Diagnostic] = []
    for relation, columns in INDEXES if found.kind in ("v", "f") else ():
        if relation == name and all(column in found.columns for column in columns):
            asked = question(schema, name, columns, found, now)
            guilty, remote, is_large = await judge_plan(conn, asked)
            if guilty and (grows or is_large):
                findings.append(slow(asked, guilty, is_large=is_large))
            elif remote and not any(finding.level == "note" for finding in findings):
                findings.append(unknown(name, remote))
    return findings


def question(schema: str, name: str, columns: tuple[str, ...], found: Relation, now: datetime) -> PlannedRead:
    """The read that an index on these columns is for."""
    start = f"{now.replace(microsecond=0) - timedelta(minutes=5):%Y-%m-%d %H:%M:%S}.123457+00"
    if (name, columns) == OF_ACTIVE_JOBS:
        mark = "{" + ",".join(ACTIVE_STATUSES) + "}"
        conditions = f"environment = 'prod' and status in {ACTIVE_STATUSES!r}"
    elif columns[0] == "environment":
        mark = ".123457"
        conditions = f"environment = 'prod' and {columns[-1]} >= timestamptz '{start}'"
    else:
        mark = NOBODY.get(found.columns[columns[0]].base, "'nobody'")
        conditions = f"{columns[0]} = {mark} and {columns[-1]} >= timestamptz '{start}'"
    return PlannedRead(name, columns, f"select * from {quoted_name(schema)}.{name} where {conditions}", mark)


async def judge_plan(conn: asyncpg.Connection, asked: PlannedRead) -> tuple[list[Node], list[Node], bool]:
    """The nodes that read too much, those that another server runs, and whether a large table is read.

    A table that is small today is read whole by right, or by whichever index comes first: then the plans without such
    reads show whether it could grow. A partial index, such as one of active jobs, holds few rows however it grows.
    """
    found = await plan_nodes(conn, asked)
    sizes = await read_sizes(conn, found)
    is_large = any(size > LARGE_BYTES for size in sizes.values())
    guilty = [node for node in found if reads_too_much(node, asked.mark, sizes)]
    if not is_large:
        for avoided in SMALL_PLANS:
            discouraged = await plan_nodes(conn, asked, *avoided)
            partial = await read_partial(conn, discouraged)
            guilty = [node for node in discouraged if is_filtered(node, asked.mark) and not indexes_of(node) & partial]
            if not guilty:
                break
    return guilty, [node for node in found if node["Node Type"] == "Foreign Scan"], is_large


async def plan_nodes(conn: asyncpg.Connection, asked: PlannedRead, *avoided: str) -> list[Node]:
    """Every node of the plan of a read, as it is run but for what is avoided."""
    async with conn.transaction():
        await conn.execute("set local timezone = 'UTC'")
        for way in avoided:
            await conn.execute(f"set local enable_{way} = off")
        plan = msgspec.json.decode(await conn.fetchval(f"explain (format json, verbose) {asked.query}"))
    return list(nodes(plan[0]["Plan"]))


def nodes(node: Node) -> Iterator[Node]:
    """A node of a plan and all below it."""
    yield node
    for part in node.get("Plans", ()):
        yield from nodes(part)


async def read_sizes(conn: asyncpg.Connection, found: list[Node]) -> dict[tuple[str, str], int]:
    """How many bytes the tables of a plan have."""
    tables = sorted({table for node in found if (table := table_of(node))})
    rows = await conn.fetch(SQL["sizes"].text, [schema for schema, _ in tables], [name for _, name in tables])
    return {(schema, name): size or 0 for schema, name, size in rows}


async def read_partial(conn: asyncpg.Connection, found: list[Node]) -> set[str]:
    """Which indexes of a plan hold some of the rows alone."""
    names = sorted(set().union(*map(indexes_of, found)))
    return {name for (name,) in await conn.fetch(SQL["partial"].text, names)}


def indexes_of(node: Node) -> set[str]:
    """The indexes by which a node finds its rows."""
    is_read = node["Node Type"] in TABLE_READS
    return {part["Index Name"] for part in nodes(node) if "Index Name" in part} if is_read else set()


def table_of(node: Node) -> tuple[str, str] | None:
    """The table that a node reads itself."""
    return (node["Schema"], node["Relation Name"]) if "Relation Name" in node else None


def reads_too_much(node: Node, mark: str, sizes: dict[tuple[str, str], int]) -> bool:
    """Whether a node of a plan as it is run reads a large table from end to end, or sorts out too late."""
    table = table_of(node)
    if node["Node Type"] not in TABLE_READS or table is None:
        return is_filtered(node, mark)
    is_whole = node["Node Type"] == "Seq Scan" or not any("Cond" in key for key in node)
    is_late = is_filtered(node, mark) and node["Total Cost"] > LARGE_COST  # of a few rows it is no matter
    return sizes.get(table, 0) > LARGE_BYTES and (is_whole or is_late)


def is_filtered(node: Node, mark: str) -> bool:
    """Whether the deciding condition sorts out rows that were read already."""
    return any(mark in node.get(key, "") for key in FILTERS)


def slow(asked: PlannedRead, guilty: list[Node], *, is_large: bool) -> Diagnostic:
    """What is wrong with a plan, with the nodes that are to blame."""
    columns = ", ".join(asked.columns)
    shown = [line for node in guilty[:MOST_NODES] for line in lines(node, asked.mark)]
    if len(guilty) > MOST_NODES:
        shown.append(f"and {len(guilty) - MOST_NODES} more such nodes")
    remedy = (
        "let the condition reach an index beneath: a literal word in each branch of a union all instead of a case, "
        "and an index on each cast or expression"
    )
    what = f"no index serves ({columns}): it reads all"
    if any(node["Node Type"] == "Foreign Scan" for node in guilty):
        what += ", from another server"
    elif not is_large:
        what += ", which is little as yet"
    return Diagnostic("warning", asked.relation, what, remedy, tuple(shown))


def unknown(relation: str, remote: list[Node]) -> Diagnostic:
    """That another server decides, and what to ask it."""
    asked = [node["Remote SQL"] for node in remote if "Remote SQL" in node]
    what = "another server runs its reads: whether an index serves there is unknown here"
    remedy = "ask there, with explain, for what is shown" if asked else "ask there"
    return Diagnostic("note", relation, what, remedy, tuple(f"explain {text}" for text in asked[:MOST_NODES]))


def lines(node: Node, mark: str) -> Iterator[str]:
    """A node of a plan as lines, much as PostgreSQL draws it."""
    table, alias = node.get("Relation Name"), node.get("Alias")
    head = node["Node Type"]
    if "Index Name" in node:
        head += f" using {node['Index Name']}"
    if table or alias:
        head += f" on {table or alias}"
    if table and alias and alias != table:
        head += f" {alias}"
    yield head
    for key in CONDITIONS:
        if key in node:
            yield f"  {key}: {around(node[key], mark)}"


def around(condition: str, mark: str) -> str:
    """A condition, or that part of a long one in which the mark stands."""
    if len(condition) <= MOST_CHARACTERS:
        return condition
    end = min(len(condition), max(condition.find(mark) + len(mark) + 40, MOST_CHARACTERS))
    start = max(0, end - MOST_CHARACTERS)
    return ("… " if start else "") + condition[start:end] + (" …" if end < len(condition) else "")
