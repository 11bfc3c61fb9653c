"""Opens every connection to PostgreSQL, the source's and houndmon's own: each knows the array types that we send.

Of arrays asyncpg knows text[] and oid[]. What else a statement sends or brings, it looks up by a recursive query over
the catalogue, once on each connection: four round trips or more, and seconds on Citus with hundreds of tables.
"""

import asyncio

import asyncpg

from houndmon.core.source import DOWN

CONNECT_SECONDS, IDLE_SECONDS = 2, 60
CALL_SECONDS = 5.0  # for a call as a whole
# The numbers of built-in types are the same in every PostgreSQL; each: the array, its element.
ARRAYS = {
    "bool": (1000, 16),
    "bytea": (1001, 17),
    "name": (1003, 19),
    "int2": (1005, 21),
    "int4": (1007, 23),
    "int8": (1016, 20),
    "varchar": (1015, 1043),
    "float8": (1022, 701),
    "timestamptz": (1185, 1184),
    "uuid": (2951, 2950),
}
# A row each of what asyncpg's own look-up would bring.
KNOWN = [
    {
        "oid": array,
        "ns": "pg_catalog",
        "name": f"_{name}",
        "kind": b"b",
        "basetype": None,
        "elemtype": element,
        "elemtype_name": name,
        "elemdelim": ",",
        "range_subtype": None,
        "attrtypoids": None,
        "attrnames": None,
    }
    for name, (array, element) in ARRAYS.items()
]


class TypedConnection(asyncpg.Connection):  # type: ignore[misc] # published without types
    """A connection that looks up no type for a statement of ours.

    It stands on what asyncpg does not promise, so its version is pinned; `tests/introspection.py` watches over it.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self._learn()

    def _learn(self) -> None:
        self.get_settings().register_data_types(KNOWN)

    def _drop_local_type_cache(self) -> None:
        """Forget types that may have changed: a relation was replaced. Those that are built in did not."""
        super()._drop_local_type_cache()
        self._learn()


async def skip_reset(_: asyncpg.Connection) -> None:
    """Our transactions leave nothing behind in a session: no reset, no round trip for it."""


async def open_pool(dsn: str, *, size: int, command_timeout: float | None = None) -> asyncpg.Pool:
    """A pool on which nothing waits for ever (seconds); it opens even while the database is down."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size,
        max_inactive_connection_lifetime=IDLE_SECONDS,
        timeout=CONNECT_SECONDS,
        command_timeout=command_timeout or CALL_SECONDS,
        connection_class=TypedConnection,
        # No cached plans: they break when a relation is replaced, and behind a pooler in transaction mode.
        statement_cache_size=0,
        reset=skip_reset,
    )


async def close_pool(pool: asyncpg.Pool, seconds: float = 3) -> None:
    """Close a pool, by force once the time is up."""
    try:
        await asyncio.wait_for(pool.close(), seconds)
    except DOWN:
        pool.terminate()


async def open_connection(
    dsn: str, *, command_timeout: float, statements_kept: int = 0, zone: str | None = None
) -> asyncpg.Connection:
    """One connection outside a pool, had within 5 s; each call on it has its limit in seconds.

    `zone` is its session's. Raises ValueError for what is no address, asyncpg's errors, OSError and TimeoutError.
    """
    return await asyncpg.connect(
        dsn,
        timeout=5,
        command_timeout=command_timeout,
        connection_class=TypedConnection,
        statement_cache_size=statements_kept,
        server_settings={"timezone": zone} if zone else None,
    )
