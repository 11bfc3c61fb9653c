import asyncio
import itertools
import os
import signal

import asyncpg
import pytest

from deadlines import HANG_SECONDS
from houndmon.commands import database as commands
from houndmon.commands.database import DatabaseDown, DatabaseFailed, connect, keep_alive
from houndmon.core import embedded
from houndmon.core.problems import HoundmonError
from houndmon.core.settings import Settings


async def test_it_says_what_the_world_did(database):
    """A session that ends in the middle of a transaction is told by its cause, not by what followed from it."""
    with pytest.raises(DatabaseFailed, match="terminating connection"):
        async with connect(database) as conn, conn.transaction():
            await conn.fetch("select pg_terminate_backend(pg_backend_pid())")


async def test_it_says_that_a_disk_is_full(database):
    """What PostgreSQL refuses for want of resources is told in its own words."""
    with pytest.raises(DatabaseFailed, match="No space left"):
        async with connect(database) as conn:
            await conn.execute("do $$ begin raise exception 'No space left' using errcode = 'disk_full'; end $$")


async def test_it_hides_no_defect(database):
    """A wrong statement or a wrong argument is ours: it is raised as it is."""
    with pytest.raises(asyncpg.UndefinedTableError):
        async with connect(database) as conn:
            await conn.execute("select from no_such_table")
    with pytest.raises(asyncpg.DataError):
        async with connect(database) as conn:
            await conn.fetch("select $1::int", "x")


@pytest.mark.parametrize("url", ["postgresql://127.0.0.1:9/x", "mysql://x", "postgresql://127.0.0.1:x/"])
async def test_it_says_that_nothing_answers(url):
    """An address where no database answers, and one that is none, are named by their variable."""
    with pytest.raises(DatabaseDown, match="HOUNDMON_DATABASE_URL"):
        async with connect(url):
            pass


async def test_it_ends_when_it_is_told_to(database):
    """A copy that is cancelled, as by Ctrl-C, ends as cancelled: no word of the connection that went with it."""

    async def work():
        async with connect(database) as conn, conn.transaction():
            await conn.execute("create temporary table endless (number int)")
            under_way.set()
            await conn.copy_records_to_table("endless", records=itertools.repeat((1,)))

    under_way = asyncio.Event()
    task = asyncio.create_task(work())
    await under_way.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_keeps_an_embedded_database_alive(monkeypatch):
    """Beside a service, a PostgreSQL that dies is started anew without anybody's doing, and answers where it was."""
    monkeypatch.setattr(commands, "WATCH_SECONDS", 0.05)
    with embedded.temporary() as cluster:
        dead = cluster.pid
        async with keep_alive(cluster):
            os.kill(dead, signal.SIGKILL)
            async with asyncio.timeout(HANG_SECONDS):
                while cluster.pid == dead or not await answered(cluster.dsn()):
                    await asyncio.sleep(0.05)


async def answered(dsn):
    try:
        async with connect(dsn) as conn:
            return await conn.fetchval("select true")
    except (DatabaseDown, DatabaseFailed, asyncpg.InterfaceError):
        return False


def test_it_says_what_makes_the_tables() -> None:
    """A command on a database that nobody has migrated names the command that does so, and prints no trace."""
    with (
        pytest.raises(HoundmonError, match="houndmon migrate"),
        commands.database(Settings(database_url="postgresql://nowhere.example")),
    ):
        raise asyncpg.UndefinedTableError('relation "houndmon.tokens" does not exist')
