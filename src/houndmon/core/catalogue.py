"""What PostgreSQL's catalogue says of the source's relations: their columns, and how they are defined."""

import hashlib
import time

import asyncpg

from houndmon.core.source_contract import SOURCE_COLUMNS
from houndmon.core.sql import RELATIONS

KEPT_SECONDS = 10.0  # a view that is mended must show soon; asking costs a few milliseconds
COLUMNS = """
select c.relname, a.attname, coalesce(base.typname, t.typname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type base on base.oid = t.typbasetype
where n.nspname = $1 and c.relname = any($2)
order by 1, 2
"""
# A view's own text says nothing of the views and functions that it stands on: those are followed.
DEFINITIONS = """
with recursive part (relation, class, id) as (
    select c.relname, 'pg_catalog.pg_class'::regclass::oid, c.oid
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relname = any($2)
    union
    select part.relation, d.refclassid, d.refobjid
    from part
    join pg_catalog.pg_rewrite r on part.class = 'pg_catalog.pg_class'::regclass and r.ev_class = part.id
    join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
    where d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
)
select part.relation, pg_catalog.pg_get_viewdef(c.oid)
from part
join pg_catalog.pg_class c on part.class = 'pg_catalog.pg_class'::regclass and c.oid = part.id
where c.relkind in ('v', 'm')
union
select part.relation, p.prosrc
from part
join pg_catalog.pg_proc p on part.class = 'pg_catalog.pg_proc'::regclass and p.oid = part.id
union
select part.relation, f.ftoptions::text
from part
join pg_catalog.pg_foreign_table f on part.class = 'pg_catalog.pg_class'::regclass and f.ftrelid = part.id
order by 1, 2
"""


class Catalogue:
    """The relations of one schema, as they were read last."""

    def __init__(self, schema: str) -> None:
        self.columns: dict[str, dict[str, str]] = {}
        """By relation the base type of each column that it has."""
        self._schema = schema
        self._definitions: dict[str, str] = {}
        self._read_at = float("-inf")

    @property
    def is_stale(self) -> bool:
        """Whether what is known is older than ten seconds."""
        return time.monotonic() - self._read_at > KEPT_SECONDS

    async def refresh(self, conn: asyncpg.Connection) -> None:
        """Read it, where it is stale. One reads it for all: the others go on with what is known."""
        if self.is_stale:
            if self.columns:
                self._read_at = time.monotonic()
            try:
                await self.read(conn)
            except BaseException:
                self.invalidate()
                raise

    async def read(self, conn: asyncpg.Connection) -> None:
        """Read it now."""
        columns: dict[str, dict[str, str]] = {}
        for relation, column, kind in await conn.fetch(COLUMNS, self._schema, RELATIONS):
            columns.setdefault(relation, {})[column] = kind
        texts: dict[str, list[str]] = {}
        for relation, text in await conn.fetch(DEFINITIONS, self._schema, RELATIONS):
            texts.setdefault(relation, []).append(text)
        self._definitions = {name: digest(name, theirs, texts.get(name, [])) for name, theirs in columns.items()}
        self.columns, self._read_at = columns, time.monotonic()

    def definition(self, relation: str) -> str:
        """Tells what a relation's rows are made from: another view text or column type is another definition."""
        return self._definitions.get(relation, "")

    def invalidate(self) -> None:
        """Read it again next time: the relations have changed."""
        self._read_at = float("-inf")


def digest(relation: str, columns: dict[str, str], texts: list[str]) -> str:
    """A relation's definition in a few characters. Columns that houndmon does not read come and go without a word."""
    read = [(name, columns.get(name)) for name in SOURCE_COLUMNS[relation]]
    return hashlib.blake2b(repr((read, texts)).encode(), digest_size=8).hexdigest()
