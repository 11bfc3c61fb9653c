"""What a check says of rows: each finding by literal rows, and nothing of rows that are as they should be."""

from typing import Any

import asyncpg
import pytest

from factories import Hound
from houndmon.source_check.model import Diagnostic, Report


def found(report: Report, relation: str, level: str) -> list[Diagnostic]:
    """What was found of a relation, of one level."""
    return [one for one in report.findings if (one.relation, one.level) == (relation, level)]


def one_of(report: Report, relation: str, level: str) -> Diagnostic:
    """The only finding of a relation and level."""
    (only,) = found(report, relation, level)
    return only


async def healthy(hound: Hound) -> None:
    """Fill every relation with rows that are as they should be."""
    for environment in ("prod", "staging"):
        where: dict[str, Any] = {"environment": environment}
        for outcome in ("accepted", "rejected"):
            await hound.upload(3, outcome=outcome, **where)
        for status in ("queued", "scheduled", "retrying", "in_progress", "failed"):
            await hound.job(status, worker_id="worker-1" if status == "in_progress" else None, **where)
        await hound.job("completed", 5, worker_id="worker-1", **where)
        await hound.job("cancelled", finished_at="-1m", **where)
        for ago in range(10, 600, 30):
            await hound.beat(beat_at=f"-{ago}s", **where)
        for outcome in ("started", "failed", "blocked", "aborted"):
            await hound.play(outcome=outcome, **where)
        await hound.play(platform="iPhone OS", browser=" Mobile Safari", **where)
        await hound.requests(9, **where)
        for state in ("uploaded", "processing", "ready", "rejected", "withdrawn"):
            await hound.track(state=state, **where)
        await hound.track(state="live", live_at="-12m", **where)
    await hound.release(release_id="release-1", artist_id="artist-1", title="One", artist_name="Someone")


async def test_it_finds_nothing_in_rows_that_are_as_they_should_be(hound, look) -> None:
    """A source that follows the contract gives rise to no finding at all, and its rows are counted."""
    await healthy(hound)
    report = await look()
    assert report.findings == []
    counted = {census.relation: census.rows for census in report.census}
    assert counted == {
        "upload_attempts": 12,
        "transcode_jobs": 22,
        "worker_heartbeats": 40,
        "play_attempts": 10,
        "api_requests": 18,
        "tracks": 12,
        "releases": 1,
    }
    jobs = next(census for census in report.census if census.relation == "transcode_jobs")
    assert jobs.looked_at == "22 rows of the last 24 h and what is not finished"
    assert {(value.column, value.value): value.rows for value in jobs.values} == {
        ("environment", "prod"): 11,
        ("environment", "staging"): 11,
        ("status", "completed"): 10,
        **{
            ("status", status): 2
            for status in ("queued", "scheduled", "retrying", "in_progress", "failed", "cancelled")
        },
    }
    assert all(value.is_known for value in jobs.values)


async def test_it_finds_nothing_in_an_empty_source(look) -> None:
    """Before the first row there is nothing to find, and it is said that there was none."""
    report = await look()
    assert report.findings == []
    assert {census.rows for census in report.census} == {0}


async def test_it_names_the_environment_that_is_meant(hound, look) -> None:
    """Nine tenths of the rows say 'production': an error, with the word to map it to."""
    await hound.play(90, environment="production")
    await hound.play(10)
    finding = one_of(await look(), "play_attempts", "error")
    assert finding.what == "environment is none of prod and staging in 90.0% of the rows: in no figure"
    assert finding.shown == ("'production'  90  90.0%  map it to 'prod'",)
    assert "when 'production' then 'prod'" in finding.remedy


async def test_it_only_warns_of_a_third_environment(hound, look) -> None:
    """Rows of an environment of its own are not shown, which may be meant: a warning."""
    await hound.requests(60)
    await hound.requests(40, environment="dev")
    finding = one_of(await look(), "api_requests", "warning")
    assert finding.shown == ("'dev'  40  40.0%",)
    assert finding.remedy == "leave those rows out of the view"


@pytest.mark.parametrize("blank", [None, "", "  "])
async def test_it_names_rows_without_an_environment(conn: asyncpg.Connection, hound, look, blank) -> None:
    """A null or blank environment on a good part of the rows is an error."""
    await conn.execute("alter table hound.tracks alter column environment drop not null")
    await hound.track(9)
    await hound.track(environment=blank)
    finding = one_of(await look(), "tracks", "error")
    assert finding.shown == (f"{'null' if blank is None else repr(blank)}  1  10.0%",)


async def test_it_refuses_the_words_of_a_queue(hound, look) -> None:
    """`status::text` with a queue's own words would show 100 % failures and an empty queue: an error that maps them."""
    await hound.job("failed", 6)
    for word, times in (("succeeded", 29), ("todo", 6), ("doing", 2), ("aborted", 1), ("qqq", 1)):
        await hound.job(word, times, finished_at="-6m" if word == "succeeded" else None)
    finding = one_of(await look(), "transcode_jobs", "error")
    assert finding.what == "status is a word that houndmon does not know in 86.7% of the rows: in no figure"
    assert finding.shown == (
        "'succeeded'  29  64.4%  map it to 'completed'",
        "'todo'        6  13.3%  map it to 'queued'",
        "'doing'       2  4.44%  map it to 'in_progress'",
        "'aborted'     1  2.22%  map it to 'cancelled'",
        "'qqq'         1  2.22%",
    )
    assert "when 'todo' then 'queued'" in finding.remedy
    assert "qqq" not in finding.remedy


async def test_it_refuses_a_rare_word_that_is_all_of_the_queue(hound, look) -> None:
    """Few rows wait, and yet they are the whole queue: a word for a status that no row has is an error."""
    await hound.job("completed", 999)
    await hound.job("pending")
    assert one_of(await look(), "transcode_jobs", "error").shown == ("'pending'  1  0.10%  map it to 'queued'",)
    await hound.job("queued")
    assert one_of(await look(), "transcode_jobs", "warning").shown == ("'pending'  1  0.10%  map it to 'queued'",)


@pytest.mark.parametrize(
    ("relation", "add", "values", "shown"),
    [
        ("upload_attempts", Hound.upload, {"outcome": "Accepted"}, "'Accepted'  1  100%  map it to 'accepted'"),
        ("play_attempts", Hound.play, {"outcome": "played"}, "'played'  1  100%  map it to 'started'"),
        ("tracks", Hound.track, {"state": "published"}, "'published'  1  100%  map it to 'live'"),
    ],
)
async def test_it_knows_the_words_of_each_relation(hound, look, relation, add, values, shown) -> None:
    """An outcome or a state that is none of the contract's is an error, with the word that is near."""
    await add(hound, **values)
    assert one_of(await look(), relation, "error").shown == (shown,)


async def test_it_escapes_what_strangers_wrote(hound, look) -> None:
    """Control characters and marks of direction reach no terminal, and no statement that is offered."""
    await hound.job("do\x1b[2Jing\u202e'")
    finding = one_of(await look(), "transcode_jobs", "error")
    assert finding.shown == (r'"do\x1b[2Jing\u202e' + "'\"  1  100%",)
    assert all(text.isprintable() for text in (finding.what, finding.remedy, *finding.shown))


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"status": "queued", "queued_at": "+2h"}, "1 row (20.0%) queued in the future: in no figure until then"),
        ({"status": "completed", "finished_at": "+2h"}, "1 row (20.0%) dated in the future: in no figure until then"),
        (
            {"status": "completed", "finished_at": "-9h"},
            "1 row (20.0%) with a step that ends before it begins: in the counts, not in the percentiles",
        ),
        ({"status": "retrying", "attempt": 0}, "1 row (20.0%) with an attempt below 1: the first is 1"),
        ({"status": "failed", "finished_at": None}, "1 row (20.0%) over without finished_at: in no figure of a range"),
        ({"status": "queued", "queued_at": None}, "1 row (20.0%) not finished and without queued_at: in no age"),
        ({"status": "queued", "job_id": None}, "1 row (20.0%) without job_id"),
    ],
)
async def test_it_names_what_is_wrong_with_jobs(conn: asyncpg.Connection, hound, look, values, what) -> None:
    """Times, attempts and ids that keep a job out of figures: an error where they are no rarity, with their share."""
    await conn.execute(
        "alter table hound.transcode_jobs alter column queued_at drop not null,"
        " drop constraint transcode_jobs_pkey, alter column job_id drop not null"
    )
    await hound.job("completed", 4)
    await hound.job(**values)
    assert one_of(await look(), "transcode_jobs", "error").what == what


async def test_it_only_warns_of_a_flaw_that_is_rare(hound, look) -> None:
    """One row of a hundred and one is a hostile row, not a mapping that lies."""
    await hound.requests(100)
    await hound.requests(status_code=0)
    assert one_of(await look(), "api_requests", "warning").what == "1 row (0.99%) with a status_code outside 100 … 599"


async def test_it_names_what_is_wrong_with_other_rows(conn: asyncpg.Connection, hound, look) -> None:
    """Live tracks without a time, requests below one, beats of nobody, starts ahead: each by its relation."""
    await conn.execute("alter table hound.worker_heartbeats alter column worker_id drop not null")
    await hound.track(state="live")
    await hound.requests(requests=0)
    await hound.beat(worker_id=None)
    await hound.beat(process_started_at="+1h")
    report = await look()
    assert "1 row (100%) live without live_at" in one_of(report, "tracks", "error").what
    assert one_of(report, "api_requests", "error").what == "1 row (100%) with requests null or below 1"
    assert [one.what.partition(":")[0] for one in found(report, "worker_heartbeats", "error")] == [
        "1 row (50.0%) without worker_id",
        "1 row (50.0%) with a process_started_at in the future",
    ]


async def test_it_names_rows_without_a_time(conn: asyncpg.Connection, hound, look) -> None:
    """An event that has no time is in no stretch that is looked at: it is asked for apart."""
    await conn.execute("alter table hound.play_attempts alter column occurred_at drop not null")
    await hound.play()
    await hound.play(3, occurred_at=None)
    finding = one_of(await look(), "play_attempts", "warning")
    assert finding.what == "3 rows have no occurred_at: no figure counts them"


async def test_it_tells_which_columns_are_null(hound, look) -> None:
    """What is always null, and what is at times, is told and no finding: the contract lets it be."""
    await hound.play(3, artist_id="artist-1")
    await hound.play(artist_id="artist-1", track_id="track-1", outcome="failed")
    census = next(one for one in (await look()).census if one.relation == "play_attempts")
    assert census.facts == ["always null    release_id, error_code", "null at times  track_id 75.0%"]


async def test_it_says_how_old_the_rows_are(hound, look) -> None:
    """The ages of the newest and of the oldest row that were looked at; what is older than a day is not."""
    for ago in ("-1m", "-20h", "-3d"):
        await hound.upload(occurred_at=ago)
    census = next(one for one in (await look()).census if one.relation == "upload_attempts")
    assert census.rows == 2
    assert 60 <= census.newest_seconds < 120
    assert 72000 <= census.oldest_seconds < 72060


async def test_it_says_what_it_looked_at_where_time_ran_out(conn: asyncpg.Connection, hound, look) -> None:
    """A relation that answers in no time that it is given is not looked at, which is an error; the rest is."""
    await hound.upload()
    await conn.execute("""
        alter table hound.play_attempts rename to raw_plays;
        create view hound.play_attempts as select raw_plays.* from hound.raw_plays, pg_sleep(30)
    """)
    await hound.insert("raw_plays", [{"environment": "prod", "occurred_at": "-1m", "outcome": "started"}])
    report = await look(seconds=0.5)
    assert one_of(report, "play_attempts", "error").what == (
        "it is too slow to be read: not even 10,000 rows were read in 0.5 s"
    )
    by_relation = {census.relation: census for census in report.census}
    assert by_relation["play_attempts"].looked_at.startswith("not looked at:")
    assert by_relation["upload_attempts"].rows == 1
