import asyncio

import asyncpg
import pytest

from houndmon.kit.migrate import (
    LOCK,
    DatabaseNewer,
    MigrationChanged,
    MigrationError,
    migrate,
    migrations_folder,
    pending,
)

FIRST, SECOND = (
    "create table one (id integer);\n",
    "create table two (id integer);\ninsert into one values (1);\n",
)


@pytest.fixture
async def bare(empty_database):
    conn = await asyncpg.connect(empty_database)
    yield conn
    await conn.close()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "0001_one.sql").write_text(FIRST)
    (tmp_path / "0002_two.sql").write_text(SECOND)
    return tmp_path


async def test_it_applies_what_is_missing(bare, folder):
    """Every file is applied once, in order, and named; a second run finds nothing to do."""
    assert await pending(bare, folder) == ["0001_one", "0002_two"]
    assert await migrate(bare, folder) == ["0001_one", "0002_two"]
    assert await pending(bare, folder) == []
    assert await migrate(bare, folder) == []
    assert await bare.fetchval("select count(*) from one") == 1
    (folder / "0003_three.sql").write_text("create table three (id integer)")
    assert await migrate(bare, folder) == ["0003_three"]


async def test_it_only_looks_when_asked_what_is_pending(bare, folder):
    """Asking what is pending creates nothing, so that a read-only role may ask."""
    await bare.execute("set default_transaction_read_only = on")
    assert await pending(bare, folder) == ["0001_one", "0002_two"]


async def test_it_ignores_how_lines_end(bare, folder):
    """A checkout with other line ends is the same migration."""
    await migrate(bare, folder)
    (folder / "0001_one.sql").write_bytes(FIRST.replace("\n", "\r\n").encode())
    assert await pending(bare, folder) == []


async def test_it_refuses_a_changed_file(bare, folder):
    """A file that differs from what was applied is refused by name."""
    await migrate(bare, folder)
    (folder / "0001_one.sql").write_text(FIRST + "-- more\n")
    for ask in (migrate, pending):
        with pytest.raises(MigrationChanged, match="0001_one"):
            await ask(bare, folder)


async def test_it_refuses_a_newer_database(bare, folder):
    """A database that a later program has migrated is left alone."""
    await migrate(bare, folder)
    (folder / "0002_two.sql").unlink()
    for ask in (migrate, pending):
        with pytest.raises(DatabaseNewer, match="0002_two"):
            await ask(bare, folder)


async def test_it_keeps_nothing_of_a_failed_file(bare, folder):
    """A file that fails half way is rolled back whole; the ones before it stay."""
    (folder / "0002_two.sql").write_text("create table two (id integer); select 1 / 0;")
    with pytest.raises(MigrationError, match=r"0002_two failed.*division by zero"):
        await migrate(bare, folder)
    assert await bare.fetchval("select to_regclass('two')") is None
    assert await pending(bare, folder) == ["0002_two"]


@pytest.mark.parametrize("name", ["0004_gap.sql", "0002_again.sql", "later.sql", "0003-dash.sql"])
async def test_it_refuses_files_out_of_order(bare, folder, name):
    """Numbers run from 0001 without a gap and without a repetition, and every name has one form."""
    (folder / name).write_text("select 1")
    with pytest.raises(MigrationError, match=r"numbered|named like"):
        await migrate(bare, folder)


async def test_it_applies_each_file_once_from_many_at_once(empty_database, folder):
    """Eight programs that start together apply each file once, and all succeed."""
    conns = [await asyncpg.connect(empty_database) for _ in range(8)]
    try:
        applied = await asyncio.gather(*(migrate(conn, folder) for conn in conns))
    finally:
        for conn in conns:
            await conn.close()
    assert sorted(name for names in applied for name in names) == ["0001_one", "0002_two"]


async def test_it_waits_for_another_without_holding_a_snapshot(bare, empty_database, folder):
    """While another migrates, it asks again and again outside any transaction, then goes on."""
    other = await asyncpg.connect(empty_database)
    async with other.transaction():
        await other.fetchval("select pg_advisory_xact_lock($1)", LOCK)
        waiting = asyncio.create_task(migrate(bare, folder))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        locks = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        assert await other.fetchval(locks) == 0
    assert await waiting == ["0001_one", "0002_two"]
    await other.close()


async def test_it_says_so_when_another_takes_too_long(bare, empty_database, folder, monkeypatch):
    """It does not wait for ever for another migration."""
    monkeypatch.setattr("houndmon.kit.migrate.PATIENCE_SECONDS", 0.0)
    other = await asyncpg.connect(empty_database)
    async with other.transaction():
        await other.fetchval("select pg_advisory_xact_lock($1)", LOCK)
        with pytest.raises(MigrationError, match="another migration"):
            await migrate(bare, folder)
    await other.close()


async def test_it_brings_the_incidents_table(conn):
    """The migrated database takes an incident and refuses one outside the contract."""
    assert await pending(conn, migrations_folder()) == []
    insert = "insert into houndmon.incidents (occurred_at, service_area, severity, impact, kind)"
    assert await conn.fetchval(f"{insert} values (now(), 'ingest', 'info', 'none', 'manual') returning id") == 1
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(f"{insert} values (now(), 'ingest', 'fatal', 'none', 'manual')")
