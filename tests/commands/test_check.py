import asyncio
import json
import re
from pathlib import Path

import asyncpg
import pytest

from houndmon.__main__ import main, parser
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


def test_it_prints_what_the_house_has_otherwise(capsys, source: str, tmp_path: Path) -> None:
    """What is absent, what is called otherwise, rules of one environment and those switched off are told."""
    file = tmp_path / "own.toml"
    file.write_text("""
        [source]
        absent = ["api_requests"]
        [environment_names]
        prod = "live"
        [ios_safari]
        platforms = ["iOS"]
        [links]
        logs = "https://logs.example/?q={service}"
        [rules.queue_age.staging]
        threshold = 60
        [rules.traffic_absent]
        enabled = false
    """)
    change(source, "drop table hound.api_requests")
    main(["check", "--config", str(file)])
    said = capsys.readouterr().out
    house = "the source has no api_requests, prod is called live, logs are at https://logs.example/?q={service}, "
    assert f"{house}Safari on iOS is safari or mobile safari" in said
    assert re.search(r"^queue_age, staging +warning +oldest queued job > 60 min ", said, re.MULTILINE)
    assert re.search(r"^traffic_absent +warning +switched off ", said, re.MULTILINE)
    assert "api_requests" not in said.partition("the source has no api_requests")[2]
    main(["check", "--json", "--config", str(file)])
    told = json.loads(capsys.readouterr().out)["configuration"]
    assert told["absent"] == ["api_requests"]
    assert told["environment_names"] == {"prod": "live", "staging": "staging"}
    assert told["ios_safari"]["platforms"] == ["ios"]
    assert told["links"] == {"logs": "https://logs.example/?q={service}"}
    assert told["switched_off"] == {"prod": ["traffic_absent"], "staging": ["traffic_absent"]}


def test_it_notes_what_is_there_against_the_configuration(capsys, source: str, tmp_path: Path) -> None:
    """A relation that is absent by configuration and yet there is a note; its rows are not looked at, nor missed."""
    file = tmp_path / "own.toml"
    file.write_text('[source]\nabsent = ["play_attempts", "worker_heartbeats"]\n')
    change(source, "insert into hound.play_attempts (environment, occurred_at, outcome) values ('q', now(), 'x')")
    busy = "'j', 'prod', 'in_progress', 1, now(), now(), 'w'"
    change(
        source,
        "insert into hound.transcode_jobs (job_id, environment, status, attempt, queued_at, started_at, worker_id)"
        f" values ({busy})",
    )
    change(
        source,
        "insert into hound.worker_heartbeats (worker_id, environment, beat_at, process_started_at)"
        " values ('v', 'prod', now(), now())",
    )
    assert main(["check", "--json", "--config", str(file)]) == 0
    found = json.loads(capsys.readouterr().out)["source"]
    assert [(one["level"], one["relation"]) for one in found["findings"]] == [
        ("note", "worker_heartbeats"),
        ("note", "play_attempts"),
    ]
    assert all("houndmon.toml says that the source has none" in one["what"] for one in found["findings"])
    assert not {"play_attempts", "worker_heartbeats"} & {one["relation"] for one in found["census"]}


def test_it_takes_the_configured_names_for_safari_on_ios(capsys, source: str, tmp_path: Path) -> None:
    """Names that look like Safari on iOS are a warning, until [ios_safari] has them."""
    plays = "('prod', now(), 'started', 'iPhone 15', 'Mobile Safari 17')"
    change(
        source, f"insert into hound.play_attempts (environment, occurred_at, outcome, platform, browser) values {plays}"
    )
    assert main(["check"]) == 0
    assert "look like Safari on iOS, and are not counted as it" in capsys.readouterr().out
    file = tmp_path / "own.toml"
    file.write_text('[ios_safari]\nplatforms = ["iPhone 15"]\nbrowsers = ["Mobile Safari 17"]\n')
    assert main(["check", "--config", str(file)]) == 0
    assert "look like Safari on iOS" not in capsys.readouterr().out


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
    assert "warning: the links in messages to ops, idle lead to http://127.0.0.1:8600, which is of this" in said.out
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
    assert "error: source: hound.play_attempts: it does not exist\n" in said
    assert "source hound: 1 error, 0 warnings" in said


def test_it_only_warns_of_missing_releases(capsys, source: str) -> None:
    """No figure is read from them."""
    change(source, "drop table hound.releases")
    assert main(["check"]) == 0
    assert "warning: source: hound.releases: it does not exist" in capsys.readouterr().out


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
    assert "error: source: hound.worker_heartbeats: its column beat_at is a timestamp without time zone" in said
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
    active = " where status in ('queued', 'scheduled', 'in_progress', 'retrying')"
    missing = re.findall(r"^    do: create (index on .*)$", said, re.MULTILINE)
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
    assert "      Index Cond: (raw_plays.occurred_at >= " in said
    assert "      Filter: (raw_plays.artist_id = 'nobody'" in said
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


def test_it_ends_with_a_status_where_a_mapping_lies(capsys, source: str) -> None:
    """A status in the queue's own words would read as 100 % failures and an empty queue: status 1, and what to do."""
    change(
        source,
        """
        insert into hound.transcode_jobs (job_id, environment, status, attempt, queued_at, finished_at)
        select own.status || number, 'prod', own.status, 1, now() - interval '9 minutes', own.finished_at
        from
            (values ('failed', 3, now()), ('succeeded', 90, now()), ('todo', 7, null))
                as own (status, times, finished_at),
            generate_series(1, own.times) as number
        """,
    )
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert (
        "error: source: hound.transcode_jobs: status is a word that houndmon does not know in 97.0% of the rows: "
        "in no figure\n"
        "    'succeeded'  90  90.0%  map it to 'completed'\n"
        "    'todo'        7  7.00%  map it to 'queued'\n"
        "    do: in a view, if that is what they mean: case status::text when 'succeeded' then 'completed' "
        "when 'todo' then 'queued' else status::text end as status\n"
    ) in said
    assert "    status         'succeeded' 90, 'todo' 7, failed 3\n" in said


def test_it_lets_nothing_act_on_the_terminal(capsys, source: str) -> None:
    """What strangers wrote arrives escaped, in text and in JSON."""
    change(
        source,
        "insert into hound.play_attempts (environment, occurred_at, outcome)"
        " values (E'pr\\x1b[2Jod\\u202e', now(), E'st\\x07arted')",
    )
    for form in ([], ["--json"]):
        assert main(["check", *form]) == 1
        said = capsys.readouterr().out
        assert all(character.isprintable() or character == "\n" for character in said), form
        assert "x1b[2J" in said or "u001b[2J" in said, form


def test_it_prints_json(capsys, source: str) -> None:
    """With --json there is one object: the configuration's warnings, the census, and what was found."""
    columns = "environment, occurred_at, outcome"
    change(source, f"insert into hound.play_attempts ({columns}) values ('production', now(), 'started')")
    assert main(["check", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["configuration"]["file"] is None
    assert answer["configuration"]["warnings"] == ["there is no receiver: alerts show on the page alone"]
    assert answer["problem"] is None
    (finding,) = answer["source"]["findings"]
    assert (finding["level"], finding["relation"]) == ("error", "play_attempts")
    plays = next(census for census in answer["source"]["census"] if census["relation"] == "play_attempts")
    assert plays["rows"] == 1
    assert plays["values"][0] == {
        "column": "environment",
        "value": "production",
        "rows": 1,
        "share": 1,
        "is_known": False,
        "nearest": "prod",
    }


def test_it_prints_json_without_a_source(capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source that was not looked at is null, with the reason; one that does not answer is a status of 1."""
    assert main(["check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] is None
    monkeypatch.setenv("HOUNDMON_DATABASE_URL", f"postgresql://u:{SECRET}@127.0.0.1:1/x")
    assert main(["check", "--json"]) == 1
    said = capsys.readouterr().out
    assert json.loads(said)["problem"] == "the database does not answer"
    assert SECRET not in said


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "601", "soon"])
def test_it_refuses_a_patience_that_cannot_be_meant(capsys, seconds: str) -> None:
    """The time for a question is a number of seconds, more than none and no more than ten minutes."""
    with pytest.raises(SystemExit) as left:
        main(["check", f"--seconds={seconds}"])
    assert left.value.code == 2
    assert "must be a number of seconds up to 600" in capsys.readouterr().err


def test_it_shows_examples_in_its_help(capsys) -> None:
    """Each example of the help is a command line that the command takes."""
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    examples = re.findall(r"^houndmon (check.*?)(?: \||  +#|$)", capsys.readouterr().out, re.MULTILINE)
    assert len(examples) == 3
    for example in examples:
        assert parser().parse_args(example.split()).run
