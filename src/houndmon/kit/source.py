"""Reads Hound's own data: read-only snapshots, each on the source's own clock, each with a limit on time."""

import asyncio
import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, TypeVar

import asyncpg
import msgspec

from houndmon.kit.clock import Clock
from houndmon.kit.filters import AppliedFilters, Filters
from houndmon.kit.problems import BadInput, FieldError, SourceUnreadable
from houndmon.kit.sql import RELATIONS, Statement

T = TypeVar("T")
INTEGERS = {"int2": 15, "int4": 31, "int8": 63}  # a type's bits, its sign apart
COLUMNS_KEPT_SECONDS = 30
GLANCE_SECONDS = 1.5
PEOPLE_WAIT_SECONDS = 8.0
"""How long a change that a person asks for waits for a connection: it was typed, and is worth more than a poll."""
# The internal one is what asyncpg raises where a session ends in the middle of its use.
DOWN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
UNREADABLE = (*DOWN, msgspec.ValidationError, ValueError, OverflowError)  # a year 20000 has no datetime
COLUMNS = """
select c.relname, a.attname, coalesce(base.typname, t.typname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
left join pg_catalog.pg_type base on base.oid = t.typbasetype
where n.nspname = $1 and c.relname = any($2)
"""


class Source:
    """The source database: where snapshots come from."""

    def __init__(
        self, pool: asyncpg.Pool, schema: str, zone: str, timeout_seconds: float = 1.8, counts: Any = None
    ) -> None:
        """`counts` of this source, where there are some, answer for its rows."""
        self.pool, self.schema, self.zone, self.timeout_seconds = pool, schema, zone, timeout_seconds
        self.counts = counts
        self._columns: dict[str, dict[str, str]] = {}
        self._columns_read = float("-inf")

    @asynccontextmanager
    async def snapshot(self, timeout_seconds: float | None = None) -> AsyncIterator["Snapshot"]:
        """One consistent view of the source, with its clock; each statement in it has the time limit."""
        limit = timeout_seconds or self.timeout_seconds
        try:
            async with self.pool.acquire(timeout=limit) as conn:
                # One round trip; SET LOCAL rather than start-up parameters, which a pooler may refuse.
                await conn.execute(
                    "begin isolation level repeatable read read only;"
                    f"set local statement_timeout = {int(limit * 1000)};"
                    # Well shorter, or on a busy machine a lock would pass for a slow query.
                    f"set local lock_timeout = {int(limit * 600)};"
                    "set local timezone = 'UTC'"
                )
                try:
                    now = await conn.fetchval("select clock_timestamp()")
                    yield Snapshot(self, conn, Clock(now, self.zone))
                finally:
                    await conn.execute("rollback")
        except DOWN as error:
            raise SourceUnreadable(self.schema, None, reason(error)) from error

    @asynccontextmanager
    async def borrowed(self, patience_seconds: float | None = None) -> AsyncIterator[asyncpg.Connection]:
        """A plain connection, for houndmon's own tables, had within that time. Raises SourceUnreadable."""
        try:
            async with AsyncExitStack() as stack:
                yield await self._lent(stack, patience_seconds or self.timeout_seconds)
        except DOWN as error:
            raise SourceUnreadable(self.schema, None, reason(error)) from error

    async def _lent(self, stack: AsyncExitStack, patience_seconds: float) -> asyncpg.Connection:
        """A connection; one that is slow to open is tried anew while there is time."""
        until = time.monotonic() + patience_seconds
        while True:
            try:
                return await stack.enter_async_context(self.pool.acquire(timeout=until - time.monotonic()))
            except TimeoutError:
                if time.monotonic() >= until:
                    raise

    @asynccontextmanager
    async def glanced(self) -> AsyncIterator[asyncpg.Connection]:
        """The same for what the page shows: all is read within 1.5 s, whatever is locked. Raises SourceUnreadable."""
        try:
            async with asyncio.timeout(GLANCE_SECONDS), self.borrowed() as conn:
                yield conn
        except TimeoutError as error:
            raise SourceUnreadable(self.schema, None, reason(error)) from error

    def place(self, relation: str) -> str:
        """Where a relation is read."""
        quoted = self.schema.replace('"', '""')
        return f'"{quoted}".{relation}'

    async def column_type(self, conn: asyncpg.Connection, relation: str, column: str) -> str:
        """The base type of a column, as the catalogue has it now (kept for half a minute)."""
        is_old = time.monotonic() - self._columns_read > COLUMNS_KEPT_SECONDS
        if is_old or column not in self._columns.get(relation, {}):  # what is missing may have come back
            found: dict[str, dict[str, str]] = {}
            for name, attribute, kind in await conn.fetch(COLUMNS, self.schema, RELATIONS):
                found.setdefault(name, {})[attribute] = kind
            self._columns, self._columns_read = found, time.monotonic()
        if relation not in self._columns:
            self.forget_columns()
            raise SourceUnreadable(self.schema, relation, "it does not exist, or may not be seen")
        if column not in self._columns[relation]:
            self.forget_columns()
            raise SourceUnreadable(self.schema, relation, f"its column {column} does not exist")
        return self._columns[relation][column]

    def forget_columns(self) -> None:
        """Look at the catalogue again next time: the source has changed."""
        self._columns_read = float("-inf")


class Snapshot:
    """One consistent view of the source, at `clock.now`."""

    def __init__(self, source: Source, conn: asyncpg.Connection, clock: Clock) -> None:
        self.source, self.conn, self.clock = source, conn, clock
        self._ids: dict[str, str] = {}

    def applied(self, filters: Filters) -> AppliedFilters:
        """The filters as they were applied: ids written as their columns' type writes them."""
        given = {"artist_id": filters.artist_id, "release_id": filters.release_id}
        return AppliedFilters(filters.environment, **{c: self._ids.get(c, id) for c, id in given.items()})

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """Reads that may fail and leave the rest of the snapshot readable."""
        await self.conn.execute("savepoint part")
        try:
            yield
        except SourceUnreadable:
            with suppress(*DOWN):
                await self.conn.execute("rollback to part")
            raise

    async def rows(self, statement: Statement, row: type[T], *args: Any, filters: Filters | None = None) -> list[T]:
        """Run a statement; its rows as structs. Raises SourceUnreadable, naming the relation."""
        conditions, ids = "", list[Any]()
        try:
            if filters and statement.relation and filters.has_ids:
                conditions, ids = await self._conditions(statement.relation, filters, len(args) + 1)
            text = statement.render(self.source.place, conditions)
            records = await self.conn.fetch(text, *args, *ids)
            return msgspec.convert(records, list[row], strict=False)  # type: ignore[valid-type]
        except UNREADABLE as error:
            self.source.forget_columns()
            why = reason(error)
            raise SourceUnreadable(self.source.schema, statement.relation, why) from error

    async def _conditions(self, relation: str, filters: Filters, place: int) -> tuple[str, list[Any]]:
        conditions, ids = "", []
        for column, text in filters.ids.items():
            kind = await self.source.column_type(self.conn, relation, column)
            # A type we do not know is compared as text: right, though no index serves.
            cast = "" if kind in (*INTEGERS, "uuid", "text", "varchar") else "::text"
            conditions += f" and {column}{cast} = ${place}"
            ids.append(typed(text, kind, column))
            self._ids[column] = str(ids[-1])
            place += 1
        return conditions, ids


def typed(text: str, kind: str, field: str) -> str | int | uuid.UUID:
    """An id in the type of its column, so that an index on it serves. Raises BadInput."""
    if kind in INTEGERS:
        number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
        if number is None or not -(2 ** INTEGERS[kind]) <= number < 2 ** INTEGERS[kind]:
            raise BadInput(FieldError(field, f"must be a whole number of {INTEGERS[kind] + 1} bits"))
        return number
    if kind == "uuid":
        try:
            return uuid.UUID(text)
        except ValueError:
            raise BadInput(FieldError(field, "must be a UUID")) from None
    return text


def reason(error: BaseException) -> str:
    """Why a read failed, in words that give nothing away."""
    match error:
        case asyncpg.UndefinedTableError() | asyncpg.InvalidSchemaNameError():
            return "it does not exist"
        case asyncpg.UndefinedColumnError():
            column = re.search(r'column "?(?:\w+\.)?(\w+)"? does not exist', str(error))
            return f"its column {column[1]} does not exist" if column else "a column does not exist"
        case asyncpg.InsufficientPrivilegeError():
            return "permission is refused"
        case asyncpg.LockNotAvailableError():
            return "it is locked by another session"
        case asyncpg.QueryCanceledError() | TimeoutError():
            return "it took too long to answer"
        case asyncpg.TooManyConnectionsError():
            return "the database takes no more connections"
        case (
            asyncpg.PostgresConnectionError()
            | asyncpg.OperatorInterventionError()
            | asyncpg.InterfaceError()
            | OSError()
        ):
            return "the database does not answer"
        case asyncpg.PostgresError():
            return f"the database refused the query (SQLSTATE {error.sqlstate})"
        case msgspec.ValidationError() | ValueError() | OverflowError():
            return f"a row does not fit: {error}"
    return "the database does not answer"


async def nothing(_: asyncpg.Connection) -> None:
    """Our transactions leave nothing behind in a session: no reset, no round trip for it."""


async def open_pool(dsn: str, *, size: int, command_timeout: float = 5) -> asyncpg.Pool:
    """A pool on which nothing waits for ever; it opens even while the database is down."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=60,
        timeout=2,
        command_timeout=command_timeout,
        # No cached plans: they break when a relation is replaced, and behind a pooler in transaction mode.
        statement_cache_size=0,
        reset=nothing,
    )


async def retired(pool: asyncpg.Pool, seconds: float = 3) -> None:
    """Close a pool, by force once the time is up."""
    try:
        await asyncio.wait_for(pool.close(), seconds)
    except DOWN:
        pool.terminate()


def plain(records: Sequence[asyncpg.Record], row: type[T]) -> list[T]:
    """Records of houndmon's own tables as structs."""
    return msgspec.convert(records, list[row], strict=False)  # type: ignore[valid-type]


class Count(msgspec.Struct):
    """A row that holds one count."""

    rows: int
