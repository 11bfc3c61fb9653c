"""Reads Hound's own data: read-only snapshots, each on the source's own clock, each with a limit on time.

What houndmon keeps lies in a database of its own: see `state_database`.
"""

import re
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Container, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import asyncpg
import msgspec

from houndmon.core.arrivals import ArrivalsReader
from houndmon.core.catalogue import Catalogue
from houndmon.core.clock import Clock
from houndmon.core.filters import AppliedFilters, Filters
from houndmon.core.neutral import neutral
from houndmon.core.problems import BadInput, DatabaseUnreadable, FieldError, SourceAbsent, SourceUnreadable
from houndmon.core.series import CountsReader
from houndmon.core.source_contract import SOURCE_COLUMNS, missing_as_null
from houndmon.core.sql import RELATIONS, Statement

T = TypeVar("T")
INTEGER_BITS = {"int2": 15, "int4": 31, "int8": 63}  # a type's bits, its sign apart
COLUMNS_PATIENCE_SECONDS = 0.5  # how an id is written is not worth a longer wait
PLACE_SECONDS = 1.8  # for a place in a pool and each statement
LOCK_SHARE = 0.6  # of a statement's time: well shorter, or on a busy machine a lock would pass for a slow query
# The internal one is what asyncpg raises where a session ends in the middle of its use.
DOWN = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
UNREADABLE = (*DOWN, msgspec.ValidationError, ValueError, OverflowError)  # a year 20000 has no datetime
# asyncpg's own errors of a lost session carry no severity, and those by which a server ends it are fatal.
AWAY_BEHIND = {("ERROR", sqlstate) for sqlstate in ("08000", "08001", "08003", "08006")}
WITH_OPTIONAL = {relation for relation in SOURCE_COLUMNS if missing_as_null(relation, ())}


class Database(ABC):
    """A database by one pool: where snapshots come from."""

    counts: CountsReader | None = None  # of a source, where there are some
    arrivals: ArrivalsReader | None = None
    absent: Callable[[], Container[str]] = frozenset  # the relations that it does not have

    def __init__(self, pool: asyncpg.Pool, schema: str, zone: str, timeout_seconds: float | None = None) -> None:
        self.pool, self.schema, self.zone, self.timeout_seconds = pool, schema, zone, timeout_seconds or PLACE_SECONDS
        self.catalogue = Catalogue(schema)

    @abstractmethod
    def unreadable(self, relation: str | None, why: str) -> DatabaseUnreadable:
        """The error that says whose database, or which relation of it, cannot be read."""

    @asynccontextmanager
    async def snapshot(self, timeout_seconds: float | None = None) -> AsyncIterator["Snapshot"]:
        """One consistent view of it, with its clock; each statement in it has the time limit."""
        limit = timeout_seconds or self.timeout_seconds
        try:
            async with self.pool.acquire(timeout=limit) as conn:
                # One round trip; SET LOCAL rather than start-up parameters, which a pooler may refuse.
                await conn.execute(
                    "begin isolation level repeatable read read only;"
                    f"set local statement_timeout = {int(limit * 1000)};"
                    f"set local lock_timeout = {int(limit * LOCK_SHARE * 1000)};"
                    "set local timezone = 'UTC'"
                )
                try:
                    now = await conn.fetchval("select clock_timestamp()")
                    yield Snapshot(self, conn, Clock(now, self.zone))
                finally:
                    await conn.execute("rollback")
        except DOWN as error:
            raise self.unreadable(None, failure_reason(error)) from error

    def refuse_absent(self, relation: str | None) -> None:
        """Raises SourceAbsent for a relation that is not there, and is not expected to be."""
        if relation is not None and relation in self.absent():
            raise SourceAbsent(self.schema, relation)

    def qualified_name(self, relation: str) -> str:
        """Where a relation is read; optional columns that the catalogue does not have are null there."""
        quoted = self.schema.replace('"', '""')
        there, known = f'"{quoted}".{relation}', self.catalogue.columns.get(relation)
        nulls = missing_as_null(relation, known) if known else {}
        if known is None or not nulls:  # a relation that is not there says so itself
            return there
        # Each by its name: one that comes later does not collide with its null, and is read at the next look-up.
        columns = [name for name in SOURCE_COLUMNS[relation] if name in known]
        columns += [f"{null} as {name}" for name, null in nulls.items()]
        return f"(select {', '.join(columns)} from {there}) as {relation}"

    async def column_type(self, conn: asyncpg.Connection, relation: str, column: str) -> str:
        """The base type of a column, as the catalogue has it (known for ten seconds)."""
        await self.catalogue.refresh(conn)
        if column not in self.catalogue.columns.get(relation, {}):  # what is missing may have come back
            await self.catalogue.read(conn)
        if relation not in self.catalogue.columns:
            self.catalogue.invalidate()
            raise self.unreadable(relation, "it does not exist, or may not be seen")
        if column not in self.catalogue.columns[relation]:
            self.catalogue.invalidate()
            raise self.unreadable(relation, f"its column {column} does not exist")
        return self.catalogue.columns[relation][column]


class Source(Database):
    """The source database."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        schema: str,
        zone: str,
        timeout_seconds: float | None = None,
        counts: CountsReader | None = None,
        arrivals: ArrivalsReader | None = None,
        absent: Callable[[], Container[str]] = frozenset,
    ) -> None:
        """`counts` of this source, where there are some, answer for its rows; `arrivals` are those of its beats.

        It does not have the relations that are `absent`.
        """
        super().__init__(pool, schema, zone, timeout_seconds)
        self.counts, self.arrivals, self.absent = counts, arrivals, absent

    def unreadable(self, relation: str | None, why: str) -> SourceUnreadable:
        """The error that names the source, or its relation."""
        return SourceUnreadable(self.schema, relation, why)

    async def definition(self, statement: Statement) -> str:
        """Tells what the rows of a statement's relation are made from. Raises SourceUnreadable."""
        relation = statement.relation or ""
        self.refuse_absent(relation)
        if self.catalogue.is_stale:
            async with self.snapshot() as snapshot:
                await snapshot.definition(statement)
        if not self.catalogue.definition(relation):
            self.catalogue.invalidate()
            raise self.unreadable(relation, "it does not exist, or may not be seen")
        return self.catalogue.definition(relation)

    async def written(self, filters: Filters) -> AppliedFilters:
        """The filters of an answer that applies none of them: ids written as their columns' type writes them.

        As they were typed where that type is not known at once, or does not take them.
        """
        if not self.catalogue.columns:  # what was known once will do: other answers look at it again
            with suppress(*DOWN):
                async with self.pool.acquire(timeout=COLUMNS_PATIENCE_SECONDS) as conn:
                    await self.catalogue.read(conn)
        known = self.catalogue.columns
        ids: dict[str, str | None] = {"artist_id": filters.artist_id, "release_id": filters.release_id}
        for column, text in filters.ids.items():
            kinds = [known[name][column] for name in RELATIONS if column in known.get(name, {})]
            with suppress(BadInput):
                ids[column] = str(convert_id(text, kinds[0], column)) if kinds else text
        return AppliedFilters(filters.environment, **ids)


class Snapshot:
    """One consistent view of a database, at `clock.now`."""

    def __init__(self, source: Database, conn: asyncpg.Connection, clock: Clock) -> None:
        self.source, self.conn, self.clock = source, conn, clock
        self._ids: dict[str, str] = {}

    def applied(self, filters: Filters) -> AppliedFilters:
        """The filters as they were applied: ids written as their columns' type writes them."""
        given = {"artist_id": filters.artist_id, "release_id": filters.release_id}
        return AppliedFilters(filters.environment, **{c: self._ids.get(c, id) for c, id in given.items()})

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Reads that may fail and leave the rest of the snapshot readable."""
        await self.conn.execute("savepoint part")
        try:
            yield
        except DatabaseUnreadable:
            with suppress(*DOWN):
                await self.conn.execute("rollback to part")
            raise

    async def rows(self, statement: Statement, row: type[T], *args: object, filters: Filters | None = None) -> list[T]:
        """Run a statement; its rows as structs. Raises DatabaseUnreadable, naming the relation."""
        self.source.refuse_absent(statement.relation)
        conditions, ids = "", list[object]()
        try:
            if statement.relation in WITH_OPTIONAL:
                await self.source.catalogue.refresh(self.conn)
            if filters and statement.relation and filters.has_ids:
                conditions, ids = await self._conditions(statement.relation, filters, len(args) + 1)
            text = statement.render(self.source.qualified_name, conditions)
            records = await self.conn.fetch(text, *args, *ids)
            return msgspec.convert(records, list[row], strict=False)  # type: ignore[valid-type]
        except UNREADABLE as error:
            self.source.catalogue.invalidate()
            # A node that is gone takes whatever lies on it: not one relation after the other is to blame.
            relation = None if is_behind(error) else statement.relation
            raise self.source.unreadable(relation, failure_reason(error)) from error

    async def definition(self, statement: Statement) -> str:
        """Tells what the rows of a statement's relation are made from. Raises DatabaseUnreadable."""
        try:
            await self.source.catalogue.refresh(self.conn)
        except DOWN as error:
            raise self.source.unreadable(statement.relation, failure_reason(error)) from error
        return self.source.catalogue.definition(statement.relation or "")

    async def _conditions(self, relation: str, filters: Filters, place: int) -> tuple[str, list[object]]:
        conditions, ids = "", list[object]()
        for column, text in filters.ids.items():
            kind = await self.source.column_type(self.conn, relation, column)
            # A type we do not know is compared as text: right, though no index serves.
            cast = "" if kind in (*INTEGER_BITS, "uuid", "text", "varchar") else "::text"
            conditions += f" and {column}{cast} = ${place}"
            ids.append(convert_id(text, kind, column))
            self._ids[column] = str(ids[-1])
            place += 1
        return conditions, ids


def convert_id(text: str, kind: str, field: str) -> str | int | uuid.UUID:
    """An id in the type of its column, so that an index on it serves. Raises BadInput."""
    if kind in INTEGER_BITS:
        number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else None
        if number is None or not -(2 ** INTEGER_BITS[kind]) <= number < 2 ** INTEGER_BITS[kind]:
            raise BadInput(FieldError(field, f"must be a whole number of {INTEGER_BITS[kind] + 1} bits"))
        return number
    if kind == "uuid":
        try:
            return uuid.UUID(text)
        except ValueError:
            raise BadInput(FieldError(field, "must be a UUID")) from None
    return text


def is_behind(error: BaseException) -> bool:
    """Whether a server behind the one that we asked is away: that one is well enough to tell us, and goes on."""
    return isinstance(error, asyncpg.PostgresError) and (error.severity_en, error.sqlstate) in AWAY_BEHIND


def failure_reason(error: BaseException) -> str:
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
            return f"{'a node behind the' if is_behind(error) else 'the'} database does not answer"
        case asyncpg.PostgresError():
            return f"the database refused the query (SQLSTATE {error.sqlstate})"
        case msgspec.ValidationError() | ValueError() | OverflowError():
            return f"a row does not fit: {row_fault(error)}"
    return "the database does not answer"


def row_fault(error: Exception) -> str:
    """What is wrong with a row, neutral; the backticks of the decoder's own messages are dropped."""
    return neutral(str(error).replace("`", "" if isinstance(error, msgspec.ValidationError) else "`"), 160)


def as_structs(records: Sequence[asyncpg.Record], row: type[T]) -> list[T]:
    """Records of houndmon's own tables as structs."""
    return msgspec.convert(records, list[row], strict=False)  # type: ignore[valid-type]
