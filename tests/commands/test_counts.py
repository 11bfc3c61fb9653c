import re

import anyio
import asyncpg
import pytest

from factories import Hound
from houndmon.__main__ import main


@pytest.fixture
async def hound(database, monkeypatch):
    """A Hound in the database that the commands find."""
    monkeypatch.setenv("HOUNDMON_DATABASE_URL", database)
    conn = await asyncpg.connect(database)
    yield await Hound.on_clock(conn)
    await conn.close()


async def run(*words):
    """Run a command as another process would: it has a loop of its own."""
    return await anyio.to_thread.run_sync(main, words)


async def test_it_counts_anew_and_shows_what_is_covered(hound, capsys):
    """`rebuild` covers nine days of every series; `show` prints the same table."""
    await hound.play(times=20, occurred_at="-3h")
    assert await run("counts", "show") == 0
    assert "nothing is counted yet" in capsys.readouterr().out
    assert await run("counts", "rebuild") == 0
    rebuilt = capsys.readouterr().out
    assert await run("counts", "show") == 0
    shown = capsys.readouterr().out
    for text in (rebuilt, shown):
        assert len(re.findall(r"^\w+ +20\d\d-\d\d-\d\d \d\d:\d\d", text, re.MULTILINE)) == 12
    # A minute, ten minutes, an hour; the day is whole only where three hours ago was yesterday.
    blocks = "select grain from houndmon.counts where series = 'plays' and grain < 86400 order by grain"
    assert [row["grain"] for row in await hound.conn.fetch(blocks)] == [60, 600, 3600]


async def test_it_verifies_every_figure(hound, capsys):
    """Where counts and rows agree `verify` says so and ends with 0; a block that lies is named, with status 1."""
    await hound.upload(times=20, occurred_at="-3h")
    await run("counts", "rebuild")
    assert await run("verify", "--range", "6h", "--environment", "prod") == 0
    said = capsys.readouterr().out
    assert re.search(r"[\d,]+ figures: none differs from the source's rows", said)
    await hound.conn.execute("delete from houndmon.counts where series = 'uploads'")
    assert await run("verify", "--range", "6h", "--environment", "prod") == 1
    said = capsys.readouterr().out
    assert "ingest 6h prod uploads: served 0, the rows say 20" in said


async def test_it_does_not_verify_what_it_cannot_read(hound, capsys):
    """A relation that is gone is no agreement: the line says why, and the status is 1."""
    await run("counts", "rebuild")
    await hound.conn.execute("alter table hound.tracks rename to lost")
    assert await run("verify", "--range", "1h", "--environment", "prod") == 1
    assert "relation hound.tracks cannot be read: it does not exist" in capsys.readouterr().out


async def test_it_rebuilds_under_a_service_that_fills(hound, conn, capsys):
    """`rebuild` takes the lease from whoever holds it: that one can write nothing until it is done."""
    await conn.execute(
        "insert into houndmon.leases values ('counts', gen_random_uuid(), 7, clock_timestamp() + interval '1 day')"
    )
    assert await run("counts", "rebuild") == 0
    assert await conn.fetchval("select term from houndmon.leases where task = 'counts'") == 8
    assert "plays" in capsys.readouterr().out
