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
    """`rebuild` covers fifteen days of every series; `show` prints the same table."""
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
    assert "ingest 6h prod uploads: served `0`, the rows say `20`" in said


async def test_it_does_not_verify_what_it_cannot_read(hound, capsys):
    """A relation that is gone is no agreement: the line says why, and the status is 1."""
    await run("counts", "rebuild")
    await hound.conn.execute("alter table hound.tracks rename to lost")
    assert await run("verify", "--range", "1h", "--environment", "prod") == 1
    assert "relation hound.tracks cannot be read: it does not exist" in capsys.readouterr().out


async def test_it_leaves_out_what_the_source_does_not_have(hound, capsys, monkeypatch, tmp_path):
    """What is absent by configuration is not counted, and is no failure: `verify` says so and ends with 0."""
    file = tmp_path / "houndmon.toml"
    file.write_text('[source]\nabsent = ["tracks"]\n')
    monkeypatch.setenv("HOUNDMON_CONFIG", str(file))
    await hound.conn.execute("drop table hound.tracks")
    assert await run("counts", "rebuild") == 0
    covered = await hound.conn.fetch("select distinct series from houndmon.counts_coverage")
    assert {"plays", "uploads"} < {row["series"] for row in covered}
    assert not {row["series"] for row in covered} & {"tracks", "published"}
    capsys.readouterr()
    assert await run("verify", "--range", "1h", "--environment", "prod") == 0
    said = capsys.readouterr().out
    assert "houndmon.toml says that this source has none" in said
    assert "none differs from the source's rows" in said


async def test_it_shows_no_coverage_of_what_the_source_lacks_now(hound, capsys, monkeypatch, tmp_path):
    """What was counted of a relation that is absent by now is no line of the table: a sentence names it."""
    await hound.upload(occurred_at="-3h")
    assert await run("counts", "rebuild") == 0
    assert re.search(r"^tracks ", capsys.readouterr().out, re.MULTILINE)
    file = tmp_path / "houndmon.toml"
    file.write_text('[source]\nabsent = ["tracks"]\n')
    monkeypatch.setenv("HOUNDMON_CONFIG", str(file))
    for act in ("show", "rebuild"):
        assert await run("counts", act) == 0
        said = capsys.readouterr().out
        assert re.search(r"^uploads ", said, re.MULTILINE)
        assert not re.search(r"^(tracks|published) ", said, re.MULTILINE)
        assert said.endswith("Times are in UTC.\nCounted no more, by houndmon.toml: published and tracks.\n")


async def test_it_says_what_a_back_test_was_not_told(hound, capsys, monkeypatch, tmp_path):
    """A back-test names what the source does not have by configuration, and says that the rule is off now."""
    file = tmp_path / "houndmon.toml"
    file.write_text("""
        [source]
        absent = ["worker_heartbeats"]
        [environment_names]
        prod = "live"
        [rules.job_stuck.prod]
        enabled = false
    """)
    monkeypatch.setenv("HOUNDMON_CONFIG", str(file))
    assert await run("backtest", "job_stuck", "--range", "1h", "--step", "1800") == 0
    said = capsys.readouterr().out
    assert "the source has no worker_heartbeats: nothing was judged by it." in said
    assert "job_stuck is switched off in live: nothing of this is told now." in said
    assert await run("backtest", "queue_age", "--range", "1h", "--step", "1800", "--environment", "staging") == 0
    said = capsys.readouterr().out
    assert said == "queue_age would not have fired, judged each 1800 s over the last 1h.\n"


async def test_it_rebuilds_under_a_service_that_fills(hound, conn, capsys):
    """`rebuild` takes the lease from whoever holds it: that one can write nothing until it is done."""
    await conn.execute(
        "insert into houndmon.leases values ('counts', gen_random_uuid(), 7, clock_timestamp() + interval '14 seconds')"
    )
    assert await run("counts", "rebuild") == 0
    assert await conn.fetchval("select term from houndmon.leases where task = 'counts'") == 8
    assert "plays" in capsys.readouterr().out


async def test_it_says_what_a_back_test_could_not_judge(hound, capsys):
    """Where a relation cannot be read a rule is not quietly well: the report says so, with status 1."""
    await hound.conn.execute("drop table hound.transcode_jobs cascade")
    assert await run("backtest", "queue_age", "--range", "1h", "--step", "1800") == 1
    assert "It could not be judged 3 times; last: relation transcode_jobs cannot be read" in capsys.readouterr().out
