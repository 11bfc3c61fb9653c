"""Fails a test in which a connection of houndmon's own makes asyncpg look up types.

The look-up is a recursive query over the catalogue: on Citus with hundreds of tables it takes seconds, on each new
connection. A type that a statement needs goes into `ARRAYS` of `core/connections.py`; of a type that a source has made
itself, the statement casts it to one that is built in. What tests open themselves, with asyncpg, may look up.
"""

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

from houndmon.core.connections import TypedConnection

LOOKED_UP: list[str] = []


@pytest.fixture(scope="session", autouse=True)
def watched_types() -> Iterator[None]:
    """Note what is looked up; it is looked up all the same, so that the test goes on as the service would."""
    look_up = TypedConnection._introspect_types

    async def noted(conn: TypedConnection, oids: set[int], seconds: float | None) -> object:
        statement = sys._getframe(1).f_locals.get("query", "no statement")
        LOOKED_UP.append(f"types {sorted(oids)} of: {' '.join(str(statement).split())[:400]}")
        return await look_up(conn, oids, seconds)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TypedConnection, "_introspect_types", noted)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    with nothing_looked_up():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None, object, object]:
    with nothing_looked_up():  # by a service that ends, or by the set-up of a test that was skipped
        return (yield)


@contextmanager
def nothing_looked_up() -> Iterator[None]:
    """Fail for what was looked up until the end of this."""
    yield
    found = taken()
    if found:
        pytest.fail("asyncpg looked up types:\n" + "\n".join(found), pytrace=False)


def taken() -> list[str]:
    """What was looked up since it was last asked, which is then as good as told."""
    found = LOOKED_UP[:]
    LOOKED_UP.clear()
    return found
