import asyncio
from pathlib import Path

import asyncpg
import pytest

from houndmon.__main__ import main
from houndmon.config.defaults import RULES

SECRET = "s3cr3t-canary"
PLAYS = (
    "environment, occurred_at, artist_id, release_id, track_id, platform, browser, outcome, error_code, error_message"
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file and no database but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in ("CONFIG", "DATABASE_URL", "SOURCE_URL", "SOURCE_SCHEMA"):
        monkeypatch.delenv(f"HOUNDMON_{name}", raising=False)
    monkeypatch.setenv("HOUNDMON_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def source(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOUNDMON_DATABASE_URL", database)
    return database


def change(dsn: str, statement: str) -> None:
    async def work() -> None:
        conn = await asyncpg.connect(dsn)
        await conn.execute(statement)
        await conn.close()

    asyncio.run(work())


def test_it_prints_the_rules_with_the_time_to_see_a_total_failure(capsys) -> None:
    """Each rule has a line that says when it fires, whose it is, and how soon it sees a total failure."""
    assert main(["check"]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("rule "))
    rows = {line.split()[0]: line for line in lines[head + 1 : head + 1 + len(RULES)]}
    assert list(rows) == list(RULES)
    assert " ".join(rows["worker_heartbeat_missing"].split()) == (
        "worker_heartbeat_missing critical newest beat > 120 s old at once — platform on-call 5m 2.1 min "
        "/runbooks/worker_heartbeat_missing"
    )
    for column in ("severity", "fires when", "owner", "total failure in", "runbook"):
        at = lines[head].index(column)
        assert all(row[at - 2 : at] == "  " and row[at] != " " for row in rows.values()), column


def test_it_prints_the_service_levels(capsys) -> None:
    """Each level has a line, with the time in which each burn rule sees it fail; a blind one is owned to."""
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "slo_burn_fast never sees upload_to_live fail: its 5m end before a track is late." in said
    line = next(line for line in said.splitlines() if line.startswith("playback_success "))
    assert "99.0%" in line
    assert "streaming on-call  3.7 min        7.3 min        14 min" in line


def test_it_says_that_nobody_is_told_and_nothing_was_looked_at(capsys) -> None:
    """Without receivers and without a database there are warnings, and the status is 0."""
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "configuration: no file, the defaults: accepted" in said
    assert "warning: there is no receiver: alerts show on the page alone" in said
    assert "source: not looked at: HOUNDMON_DATABASE_URL is not set, and no embedded database runs" in said


def test_it_names_receivers_but_no_secret(capsys, tmp_path: Path) -> None:
    """Of a receiver its name, its kind and its routes are shown."""
    file = tmp_path / "own.toml"
    file.write_text(f"""
        heartbeat_url = "https://ping.example/{SECRET}"
        [receivers.ops]
        kind = "webhook"
        url = "https://hooks.example/{SECRET}"
        secret = "{SECRET}"
        [receivers.idle]
        kind = "webhook"
        url = "https://u:{SECRET}@hooks.example/"
        [[routes]]
        receivers = ["ops"]
        severities = ["critical"]
    """)
    assert main(["check", "--config", str(file)]) == 0
    said = capsys.readouterr()
    assert f"configuration: {file}: accepted" in said.out
    assert "ops       webhook  critical" in said.out
    assert "warning: the receiver idle is in no route: it is told of nothing" in said.out
    assert SECRET not in said.out + said.err


def test_it_fails_on_a_bad_file(capsys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Status 1, and the sentence on standard error."""
    Path("bad.toml").write_text("[rules.queue_age]\nfor = 'soon'\n")
    monkeypatch.setenv("HOUNDMON_CONFIG", "bad.toml")
    assert main(["check"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("houndmon: bad.toml: rules.queue_age.for: must be a duration")


def test_it_finds_nothing_amiss_with_the_source_that_houndmon_makes(capsys, source: str) -> None:
    """The tables of the embedded database have all that the contract asks for."""
    assert main(["check"]) == 0
    assert "source hound: all there" in capsys.readouterr().out


def test_it_names_a_missing_relation(capsys, source: str) -> None:
    """A relation that is missing leaves figures unread: status 1."""
    change(source, "drop table hound.play_attempts")
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert "error: source: hound.play_attempts does not exist\n" in said
    assert "source hound: 1 error, 0 warnings" in said


def test_it_only_warns_of_missing_releases(capsys, source: str) -> None:
    """No figure is read from them."""
    change(source, "drop table hound.releases")
    assert main(["check"]) == 0
    assert "warning: source: hound.releases does not exist" in capsys.readouterr().out


def test_it_names_missing_and_wrongly_typed_columns(capsys, source: str) -> None:
    """Each by its relation, with the type that it must have."""
    change(
        source,
        """
        alter table hound.tracks rename column live_at to published_at;
        alter table hound.api_requests alter column status_code type text;
        alter table hound.worker_heartbeats alter column beat_at type timestamp;
        alter table hound.transcode_jobs alter column job_id type integer using 0
        """,
    )
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert "error: source: hound.tracks: its column live_at does not exist" in said
    assert "error: source: hound.api_requests: its column status_code is text: it must be integer or bigint" in said
    assert "error: source: hound.worker_heartbeats: its column beat_at is timestamp: it must be timestamptz" in said
    assert "source hound: 3 errors, 0 warnings" in said


def test_it_names_a_refused_permission(capsys, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that may not read a relation is told which."""
    change(
        source,
        """
        drop role if exists checker;
        create role checker login;
        grant usage on schema hound to checker;
        grant select on all tables in schema hound to checker;
        revoke select on hound.tracks from checker
        """,
    )
    monkeypatch.setenv("HOUNDMON_SOURCE_URL", source.replace("//houndmon@", "//checker@"))
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert "error: source: hound.tracks: permission is refused" in said
    assert "source hound: 1 error, 0 warnings" in said
    change(source, "drop owned by checker; drop role checker")


def test_it_names_a_missing_index(capsys, source: str) -> None:
    """A missing index is a warning, with the statement that makes it; an index that begins alike serves."""
    change(
        source,
        """
        drop index hound.play_attempts_environment_occurred_at;
        drop index hound.transcode_jobs_active;
        drop index hound.tracks_environment_uploaded_at;
        create index on hound.tracks (environment, uploaded_at, live_at);
        drop index hound.api_requests_environment_occurred_at;
        create index on hound.api_requests (environment, occurred_at) where status_code >= 500
        """,
    )
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    active = " where status in ('queued', 'in_progress', 'retrying')"
    missing = [line.partition(": create ")[2] for line in said.splitlines() if "an index is missing" in line]
    assert missing == [
        "index on hound.transcode_jobs (environment, status, queued_at)" + active,
        "index on hound.play_attempts (environment, occurred_at)",
        "index on hound.api_requests (environment, occurred_at)",
    ]
    for statement in missing:
        change(source, f"create {statement}")
    assert main(["check"]) == 0
    assert "source hound: all there" in capsys.readouterr().out


def test_it_shows_the_plan_of_a_view_without_an_index(capsys, source: str) -> None:
    """Where a relation is a view, its plan says whether indexes serve; a whole read is shown."""
    change(
        source,
        f"""
        alter table hound.play_attempts rename to raw_plays;
        create view hound.play_attempts as select {PLAYS} from hound.raw_plays;
        """,
    )
    assert main(["check"]) == 0
    assert "source hound: all there" in capsys.readouterr().out
    change(source, "drop index hound.play_attempts_artist_id_occurred_at")
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "warning: source: hound.play_attempts: no index serves (artist_id, occurred_at)" in said
    assert "    Index Cond: (occurred_at >= " in said
    assert "source hound: 0 errors, 1 warning" in said
    change(
        source,
        """
        drop index hound.play_attempts_environment_occurred_at;
        drop index hound.play_attempts_release_id_occurred_at
        """,
    )
    assert main(["check"]) == 0
    said = capsys.readouterr().out
    assert "    Seq Scan on raw_plays" in said
    assert "source hound: 0 errors, 3 warnings" in said


def test_it_names_a_view_that_fails(capsys, source: str) -> None:
    """A view may exist and still not be readable."""
    change(
        source,
        """
        create role keeper;
        alter table hound.releases rename to raw_releases;
        create view hound.releases as select * from hound.raw_releases;
        grant usage, create on schema hound to keeper;
        alter view hound.releases owner to keeper
        """,
    )
    assert main(["check"]) == 1
    assert "error: source: hound.releases: permission is refused" in capsys.readouterr().out
    change(source, "reassign owned by keeper to current_user; drop owned by keeper; drop role keeper")


def test_it_reads_a_source_of_another_name(capsys, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema is the one of HOUNDMON_SOURCE_SCHEMA; without it everything is missing."""
    change(source, 'alter schema hound rename to "The ""Dog"""')
    assert main(["check"]) == 1
    assert "source hound: 6 errors, 1 warning" in capsys.readouterr().out
    monkeypatch.setenv("HOUNDMON_SOURCE_SCHEMA", 'The "Dog"')
    assert main(["check"]) == 0
    assert "all there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (f"postgresql://u:{SECRET}@127.0.0.1:1/x", "the database does not answer"),
        (f"mysql://u:{SECRET}@127.0.0.1/x", "its address is not one of PostgreSQL"),
    ],
)
def test_it_fails_where_the_source_is_not_there(capsys, monkeypatch: pytest.MonkeyPatch, url: str, words: str) -> None:
    """A source that does not answer leaves every figure unread: status 1, after all that the configuration says."""
    monkeypatch.setenv("HOUNDMON_DATABASE_URL", url)
    assert main(["check"]) == 1
    said = capsys.readouterr()
    assert "worker_heartbeat_missing" in said.out
    assert f"error: source: {words}" in said.out
    assert SECRET not in said.out + said.err
