"""What a check says of relations, columns, types, rights and row security."""

import asyncpg
import pytest

from houndmon.core.source_contract import SOURCE_COLUMNS, missing_as_null
from houndmon.source_check.inspection import inspected
from houndmon.source_check.model import Report

CITEXT = """
create type hound.citext;
create function hound.citext_in(cstring) returns hound.citext language internal immutable strict as 'textin';
create function hound.citext_out(hound.citext) returns cstring language internal immutable strict as 'textout';
create type hound.citext (input = hound.citext_in, output = hound.citext_out, like = pg_catalog.text);
create cast (hound.citext as text) without function;
create cast (text as hound.citext) without function as assignment;
"""  # as its extension makes it, which is not everywhere
ENUM = "create type hound.job_state as enum ('todo', 'done'); drop index hound.transcode_jobs_active;"


def said(report: Report) -> list[tuple[str, str, str, str]]:
    """What was found, with what to do."""
    return [(one.level, one.relation, one.what, one.remedy) for one in report.findings]


async def test_it_asks_for_no_optional_column(conn: asyncpg.Connection, look) -> None:
    """A column that may be missing is, and nothing is said, of its index neither; one of the wrong type is named."""
    await conn.execute(
        "alter table hound.transcode_jobs drop column if exists available_at;"
        "alter table hound.tracks drop column if exists publish_at"
    )
    assert (await look()).findings == []
    await conn.execute("alter table hound.tracks add column publish_at date")
    await conn.execute("create index on hound.tracks (environment, publish_at)")
    ((level, relation, what, remedy),) = said(await look())
    assert (level, relation) == ("error", "tracks")
    assert what == "its column publish_at is a date, which has no time of day: it must be timestamptz"
    assert remedy == "take the column that has the time"


def test_it_knows_what_stands_for_a_missing_column() -> None:
    """Each optional column that is not there has a null of its type to be read in its place."""
    assert missing_as_null("transcode_jobs", ()) == {"available_at": "null::timestamptz"}
    assert missing_as_null("tracks", ("publish_at",)) == {}
    optional = {name for columns in SOURCE_COLUMNS.values() for name, column in columns.items() if column.is_optional}
    assert optional == {"available_at", "publish_at"}
    assert all(
        column.is_nullable for columns in SOURCE_COLUMNS.values() for column in columns.values() if column.is_optional
    )


@pytest.mark.parametrize(
    ("change", "relation", "what", "remedy"),
    [
        (
            ENUM + "alter table hound.transcode_jobs alter status type hound.job_state using 'todo'",
            "transcode_jobs",
            "its column status is the enum job_state ('todo', 'done'): it must be text",
            "write status::text as status in a view, with a case where its words differ",
        ),
        (
            CITEXT + "alter table hound.play_attempts alter outcome type hound.citext using outcome::hound.citext",
            "play_attempts",
            "its column outcome is citext, which takes 'Prod' and 'prod' for the same: it must be text",
            "write outcome::text as outcome in a view",
        ),
        (
            "alter table hound.upload_attempts alter environment type char(10)",
            "upload_attempts",
            "its column environment is char(n), which pads every value with blanks: it must be text",
            "write environment::text as environment in a view",
        ),
        (
            "alter table hound.worker_heartbeats alter beat_at type timestamp",
            "worker_heartbeats",
            "its column beat_at is a timestamp without time zone, a time of nobody knows where: it must be timestamptz",
            "write beat_at at time zone 'UTC' as beat_at in a view, or its own zone, and index that expression",
        ),
        (
            "alter table hound.tracks alter live_at type bigint using 0",
            "tracks",
            "its column live_at is int8: it must be timestamptz",
            "write to_timestamp(live_at) as live_at in a view (of seconds)",
        ),
        (
            "alter table hound.api_requests alter status_code type text",
            "api_requests",
            "its column status_code is text: it must be integer or bigint",
            "write status_code::bigint as status_code in a view",
        ),
    ],
    ids=["enum", "citext", "char", "naive", "epoch", "text"],
)
async def test_it_names_types_in_words(conn: asyncpg.Connection, look, change, relation, what, remedy) -> None:
    """A column of another type is one error, which says what is wrong with the type and how a view mends it."""
    await conn.execute(change)
    assert said(await look()) == [("error", relation, what, remedy)]


async def test_it_counts_the_words_of_an_enum_all_the_same(conn: asyncpg.Connection, hound, look) -> None:
    """A status that is an enum with a queue's own words is named twice: for its type and for its words."""
    change = "alter table hound.transcode_jobs alter status type hound.job_state using status::hound.job_state"
    await conn.execute(ENUM + change)
    await hound.job("todo")
    report = await look()
    assert [one.what.partition(":")[0] for one in report.findings if one.level == "error"] == [
        "its column status is the enum job_state ('todo', 'done')",
        "status is a word that houndmon does not know in 100% of the rows",
    ]


async def test_it_warns_of_a_materialized_view(conn: asyncpg.Connection, look) -> None:
    """What is refreshed now and then shows figures that are as old: a warning."""
    await conn.execute("""
        alter table hound.releases rename to raw_releases;
        create materialized view hound.releases as select * from hound.raw_releases
    """)
    ((level, relation, what, _),) = said(await look())
    assert (level, relation) == ("warning", "releases")
    assert what == "it is a materialized view: its figures are as old as its last refresh"


@pytest.fixture
async def reader(database: str, conn: asyncpg.Connection):
    """A connection as a role that may read and is nothing else."""
    await conn.execute("""
        drop role if exists reading;
        create role reading login;
        grant usage on schema hound to reading;
        grant select on all tables in schema hound to reading
    """)
    reader = await asyncpg.connect(database.replace("//houndmon@", "//reading@"))
    yield reader
    await reader.close()
    await conn.execute("drop owned by reading; drop role reading")


async def seen_by(reader: asyncpg.Connection) -> list[tuple[str, str, str]]:
    """What is found by somebody of few rights."""
    report = await inspected(reader, "hound", 20, lambda _: None)
    return [(one.level, one.relation, one.what) for one in report.findings]


async def test_it_names_row_security(conn: asyncpg.Connection, reader: asyncpg.Connection) -> None:
    """Without a policy a reader sees nothing: an error. With one nobody knows what it hides: a warning."""
    assert await seen_by(reader) == []
    await conn.execute("alter table hound.tracks enable row level security")
    assert await seen_by(reader) == [
        ("error", "tracks", "row security of hound.tracks shows reading no row: there is no policy for it")
    ]
    await conn.execute("create policy one on hound.tracks for select to public using (environment = 'prod')")
    what = (
        "row security of hound.tracks decides what reading sees: figures are of those rows alone, and nothing says so"
    )
    assert await seen_by(reader) == [("warning", "tracks", what)]
    await conn.execute("alter role reading bypassrls")
    assert await seen_by(reader) == []


async def test_it_sees_row_security_beneath_a_view(conn: asyncpg.Connection, reader: asyncpg.Connection) -> None:
    """A view reads as its owner, who is above it here; with security_invoker it reads as who asks."""
    await conn.execute("""
        alter table hound.tracks rename to raw_tracks;
        alter table hound.raw_tracks enable row level security;
        create view hound.tracks as select * from hound.raw_tracks;
        grant select on hound.tracks to reading
    """)
    assert await seen_by(reader) == []
    await conn.execute("alter view hound.tracks set (security_invoker = true)")
    assert await seen_by(reader) == [
        ("error", "tracks", "row security of hound.raw_tracks shows reading no row: there is no policy for it")
    ]


async def test_it_says_how_to_mend_a_refused_right(conn: asyncpg.Connection, reader: asyncpg.Connection) -> None:
    """A refused relation is named with the right that lacks; its rows are not counted, and that is all."""
    await conn.execute("revoke select on hound.play_attempts from reading")
    report = await inspected(reader, "hound", 20, lambda _: None)
    ((level, relation, what, remedy),) = said(report)
    assert (level, relation, what) == ("error", "play_attempts", "permission is refused")
    assert "select on hound.play_attempts" in remedy
    census = next(one for one in report.census if one.relation == "play_attempts")
    assert census.looked_at == "not looked at: permission is refused"
