import asyncio
import shutil

import asyncpg
import pytest

from houndmon.core.migrate import (
    LOCK,
    DatabaseNewer,
    MigrationChanged,
    MigrationError,
    migrate,
    migrations_folder,
    pending_migrations,
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
    assert await pending_migrations(bare, folder) == ["0001_one", "0002_two"]
    assert await migrate(bare, folder) == ["0001_one", "0002_two"]
    assert await pending_migrations(bare, folder) == []
    assert await migrate(bare, folder) == []
    assert await bare.fetchval("select count(*) from one") == 1
    (folder / "0003_three.sql").write_text("create table three (id integer)")
    assert await migrate(bare, folder) == ["0003_three"]


async def test_it_only_looks_when_asked_what_is_pending(bare, folder):
    """Asking what is pending creates nothing, so that a read-only role may ask."""
    await bare.execute("set default_transaction_read_only = on")
    assert await pending_migrations(bare, folder) == ["0001_one", "0002_two"]


async def test_it_ignores_how_lines_end(bare, folder):
    """A checkout with other line ends is the same migration."""
    await migrate(bare, folder)
    (folder / "0001_one.sql").write_bytes(FIRST.replace("\n", "\r\n").encode())
    assert await pending_migrations(bare, folder) == []


async def test_it_refuses_a_changed_file(bare, folder):
    """A file that differs from what was applied is refused by name."""
    await migrate(bare, folder)
    (folder / "0001_one.sql").write_text(FIRST + "-- more\n")
    for ask in (migrate, pending_migrations):
        with pytest.raises(MigrationChanged, match="0001_one"):
            await ask(bare, folder)


async def test_it_refuses_a_newer_database(bare, folder):
    """A database that a later program has migrated is left alone."""
    await migrate(bare, folder)
    (folder / "0002_two.sql").unlink()
    for ask in (migrate, pending_migrations):
        with pytest.raises(DatabaseNewer, match="0002_two"):
            await ask(bare, folder)


async def test_it_keeps_nothing_of_a_failed_file(bare, folder):
    """A file that fails half way is rolled back whole; the ones before it stay."""
    (folder / "0002_two.sql").write_text("create table two (id integer); select 1 / 0;")
    with pytest.raises(MigrationError, match=r"0002_two failed.*division by zero"):
        await migrate(bare, folder)
    assert await bare.fetchval("select to_regclass('two')") is None
    assert await pending_migrations(bare, folder) == ["0002_two"]


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
    monkeypatch.setattr("houndmon.core.migrate.LOCK_WAIT_SECONDS", 0.0)
    other = await asyncpg.connect(empty_database)
    async with other.transaction():
        await other.fetchval("select pg_advisory_xact_lock($1)", LOCK)
        with pytest.raises(MigrationError, match="another migration"):
            await migrate(bare, folder)
    await other.close()


async def test_it_brings_the_incidents_table(conn):
    """The migrated database takes an incident and refuses one outside the contract."""
    assert await pending_migrations(conn, migrations_folder()) == []
    insert = "insert into houndmon.incidents (occurred_at, service_area, severity, impact, kind)"
    assert await conn.fetchval(f"{insert} values (now(), 'ingest', 'info', 'none', 'manual') returning id") == 1
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(f"{insert} values (now(), 'ingest', 'fatal', 'none', 'manual')")


OLD_EVENTS = [
    # subject, kind, text, then what it says: rule of the alert is api_5xx_spike throughout
    (None, "alert_fired", "api_5xx_spike fires: 9% of 100", ("fired", "9% of 100")),
    ("a", "alert_fired", "api_5xx_spike of a fires: b fires again: c", ("fired", "b fires again: c")),
    ("a fires: b", "alert_fired", "api_5xx_spike of a fires: b fires again: c", ("fired_again", "c")),
    ("a\t b ", "alert_recovered", "api_5xx_spike of a b recovered: 0%", ("recovered", "0%")),
    ("a", "alert_closed", "api_5xx_spike closed: Of x fires: y.", ("closed", "Of x fires: y.")),
    ("x" * 300, "alert_fired", f"api_5xx_spike of {'x' * 183}", None),
    ("a", "alert_fired", "somebody's own words", None),
    ("a", "manual", "api_5xx_spike of a fires: c", None),
]


async def test_it_takes_old_events_of_alerts_apart(bare, tmp_path):
    """Events from before the columns get them where their text begins as it was written; the others keep their text."""
    before, rest = tmp_path / "before", sorted(migrations_folder().glob("*.sql"))
    before.mkdir()
    for file in rest:
        if file.name < "0006":
            shutil.copy(file, before)
    await migrate(bare, before)
    alert = (
        "insert into houndmon.alerts (rule, environment, subject, state, severity, owner_role, response_target_minutes,"
        " runbook_url, fired_at, response_due_at, closed_at, fired_evidence)"
        " values ('api_5xx_spike', 'prod', $1, 'closed', 'info', 'x', 1, 'x', now(), now(), now(), '{}') returning id"
    )
    event = (
        "insert into houndmon.incidents (occurred_at, service_area, severity, impact, kind, alert_id)"
        " values (now(), 'api', 'info', $1, $2, $3)"
    )
    for subject, kind, text, _ in OLD_EVENTS:
        await bare.execute(event, text, kind, await bare.fetchval(alert, subject))
    await bare.execute(event, "api_5xx_spike fires: x", "alert_fired", 999)
    await migrate(bare, migrations_folder())
    rows = await bare.fetch("select impact, rule, subject, event, reason from houndmon.incidents order by id")
    assert [tuple(row) for row in rows] == [
        (text, *(("api_5xx_spike", subject, *parts) if parts else (None,) * 4))
        for subject, _, text, parts in OLD_EVENTS
    ] + [("api_5xx_spike fires: x", None, None, None, None)]
