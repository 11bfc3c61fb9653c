import asyncio
import re
import uuid
from contextlib import asynccontextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec
import pytest
from hypothesis import given

from factories import ID_TYPES, NOW, Hound
from houndmon.core import catalogue
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import Filters
from houndmon.core.problems import BadInput, SourceUnreadable, StateUnreadable
from houndmon.core.source import Source, convert_id
from houndmon.core.sql import load_statements
from houndmon.core.state_database import StateDatabase
from strategies import ids

SQL = """
-- name: uploads
select count(*) as rows from {upload_attempts} where environment = $1 {filters};

-- name: plays
select count(*) as rows from {play_attempts};

-- name: renamed
select max(no_such_column) as rows from {tracks};

-- name: qualified
select count(tracks.no_such_column) as rows from {tracks};

-- name: planned
select count(*) as rows from {transcode_jobs} where available_at is not null {filters};

-- name: due
select count(*) as rows from {tracks} where publish_at is not null;

-- name: nulls
select null::bigint as rows from {tracks};

-- name: far
select timestamptz '20000-01-01Z' as at from {tracks};

-- name: broken
select 1 / (count(*) - count(*)) as rows from {tracks};

-- name: write
insert into {tracks} (track_id, environment, state, uploaded_at) values ('a', 'prod', 'live', '2026-03-02')
    returning 1 as rows;

-- name: sleep
select count(*) as rows from {upload_attempts}, pg_sleep(30);

-- name: zone
select current_setting('timezone') as zone;
"""
LACKING = "alter table hound.transcode_jobs drop available_at; alter table hound.tracks drop publish_at"
BITS = {"int2": 15, "int4": 31, "int8": 63}


class Count(msgspec.Struct):
    rows: int


class Zone(msgspec.Struct):
    zone: str


class At(msgspec.Struct):
    at: datetime


@pytest.fixture
def sql(tmp_path):
    (tmp_path / "query.sql").write_text(SQL)
    return load_statements(tmp_path / "query.sql")


@pytest.fixture
async def source(database):
    pool = await open_pool(database, size=4)
    yield Source(pool, "hound", "Europe/Berlin", timeout_seconds=5)
    await close_pool(pool)


@asynccontextmanager
async def stranger(database, *, may_connect=True):
    """The source as a role sees it that may read nothing."""
    conn = await asyncpg.connect(database)
    role = f"stranger_{urlsplit(database).path[1:]}"
    await conn.execute(f"create role {role} login")
    pool = await open_pool(database.replace("houndmon@", f"{role}@", 1), size=1)
    yield Source(pool, "hound", "UTC"), conn, role
    await close_pool(pool)
    await conn.execute(f"drop owned by {role}; drop role {role}")
    await conn.close()


async def count(source, statement, *args, filters=None):
    async with source.snapshot() as snapshot:
        return (await snapshot.rows(statement, Count, *args, filters=filters))[0].rows


async def refusal(source, statement, *args, filters=None):
    with pytest.raises(SourceUnreadable) as refused:
        await count(source, statement, *args, filters=filters)
    return refused.value


async def test_it_reads_on_the_clock_of_the_database(source, sql, conn):
    """A snapshot's now is aware, in UTC, and lies between two looks at the database's own clock."""
    before = await conn.fetchval("select clock_timestamp()")
    async with source.snapshot() as snapshot:
        now = snapshot.clock.now
        assert before <= now <= await conn.fetchval("select clock_timestamp()")
        assert (now.utcoffset(), now.tzinfo, snapshot.clock.zone) == (timedelta(0), UTC, "Europe/Berlin")
        assert (await snapshot.rows(sql["zone"], Zone))[0].zone == "UTC"


async def test_it_sees_one_moment_for_a_whole_snapshot(source, sql, conn):
    """Rows that arrive while a snapshot is open are in the next one."""
    hound = Hound(conn)
    await hound.upload()
    async with source.snapshot() as snapshot:
        first = await snapshot.rows(sql["uploads"], Count, "prod")
        await hound.upload(times=5)
        await hound.play()
        assert await snapshot.rows(sql["uploads"], Count, "prod") == first == [Count(1)]
        assert await snapshot.rows(sql["plays"], Count) == [Count(0)]
    assert await count(source, sql["uploads"], "prod") == 6


async def test_it_never_writes(source, sql, conn):
    """A statement that writes is refused by the database, and nothing is written."""
    error = await refusal(source, sql["write"])
    assert str(error) == "relation hound.tracks cannot be read: the database refused the query (SQLSTATE 25006)"
    assert await conn.fetchval("select count(*) from hound.tracks") == 0


async def test_it_leaves_no_transaction_behind(source, sql, conn):
    """After a snapshot, a failed one too, its connection is idle."""
    await count(source, sql["plays"])
    await refusal(source, sql["broken"])
    states = "select state from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    assert {row[0] for row in await conn.fetch(states)} == {"idle"}


@pytest.mark.parametrize(("kind", "given_id", "other_id"), ID_TYPES)
async def test_it_finds_rows_by_ids_of_any_type(source, sql, conn, kind, given_id, other_id):
    """An id that is text, a UUID, an integer or a bigint finds its own rows and no neighbour's."""
    hound = Hound(conn)
    await hound.retype("upload_attempts", kind, "artist_id", "release_id")
    await hound.upload(artist_id=given_id, release_id=other_id)
    await hound.upload(artist_id=other_id, release_id=given_id)
    await hound.upload()
    assert await count(source, sql["uploads"], "prod", filters=Filters()) == 3
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id=given_id)) == 1
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id=given_id, release_id=other_id)) == 1
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id=given_id, release_id=given_id)) == 0


@pytest.mark.parametrize("kind", ["varchar(40)", "char(40)", "numeric", "hound.code", "smallint", "hound.mood"])
async def test_it_finds_rows_by_ids_of_types_nobody_foresaw(source, sql, conn, kind):
    """An id of another type, a domain or an enumeration finds its rows, too."""
    await conn.execute("create domain hound.code as bigint; create type hound.mood as enum ('7', '8')")
    hound = Hound(conn)
    await hound.retype("upload_attempts", kind, "artist_id")
    await hound.upload(artist_id="7")
    await hound.upload(artist_id="8")
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id="7")) == 1


@pytest.mark.parametrize(("kind", "plan"), [("text", "artist-7"), ("uuid", str(uuid.UUID(int=7))), ("bigint", "7")])
async def test_it_compares_ids_in_their_own_type(source, sql, conn, kind, plan):
    """The condition is on the bare column, so that its index serves."""
    hound = Hound(conn)
    await hound.retype("upload_attempts", kind, "artist_id")
    async with source.snapshot() as snapshot:
        conditions, values = await snapshot._conditions("upload_attempts", Filters(artist_id=plan), 1)
        await snapshot.conn.execute("set local enable_seqscan = off")
        text = f"explain select 1 from hound.upload_attempts where true {conditions}"
        lines = [row[0] for row in await snapshot.conn.fetch(text, *values)]
    assert "Index Cond: (artist_id = " in "\n".join(lines)


async def test_it_says_which_ids_it_looked_for(source, sql, conn):
    """The filters of an answer are written as the column's type writes them."""
    await Hound(conn).retype("upload_attempts", "uuid", "artist_id")
    given_id = "{6F1C2B1E-0000-4000-8000-000000000007}"
    async with source.snapshot() as snapshot:
        filters = Filters(artist_id=given_id, environment="staging")
        await snapshot.rows(sql["uploads"], Count, "prod", filters=filters)
        applied = snapshot.applied(filters)
    assert (applied.environment, applied.release_id) == ("staging", None)
    assert applied.artist_id == "6f1c2b1e-0000-4000-8000-000000000007"


async def test_it_looks_at_types_again_once_they_change(source, sql, conn):
    """A column that gets another type under a running houndmon is read on; at most one answer is lost."""
    hound = Hound(conn)
    await hound.upload(artist_id="7")
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id="7")) == 1
    await hound.retype("upload_attempts", "bigint", "artist_id")
    await refusal(source, sql["uploads"], "prod", filters=Filters(artist_id="7"))
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id="7")) == 1


@given(ids)
def test_it_takes_integers_that_fit_and_refuses_all_else(text):
    """An id for a column of integers is a whole number within its bits, or bad input: never an error of ours."""
    plain = re.fullmatch("-?[0-9]{1,19}", text)
    for kind, bits in BITS.items():
        fits = plain is not None and -(2**bits) <= int(text) < 2**bits
        with nullcontext() if fits else pytest.raises(BadInput, match="artist_id: must be a whole number"):
            assert convert_id(text, kind, "artist_id") == int(text)


@given(ids)
def test_it_takes_uuids_and_refuses_all_else(text):
    """An id for a column of UUIDs is one, or bad input."""
    digits = text.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "")
    with nullcontext() if len(digits) == 32 else pytest.raises(BadInput, match="release_id: must be a UUID"):
        assert convert_id(text, "uuid", "release_id") == uuid.UUID(hex=digits)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int4", "2147483648"),
        ("int4", "-2147483649"),
        ("int8", "9223372036854775808"),
        ("int8", "12345678901234567890"),
        ("int8", "artist-7"),
        ("int8", "1.0"),
        ("int8", " 1"),
        ("int8", "１"),
        ("int8", "9" * 5000),
        ("uuid", "artist-7"),
        ("uuid", "6f1c2b1e"),
    ],
)
def test_it_refuses_ids_that_their_column_cannot_hold(kind, text):
    """An id that cannot be one of the column's is bad input, which names the filter."""
    with pytest.raises(BadInput, match="artist_id: must be a"):
        convert_id(text, kind, "artist_id")


@pytest.mark.parametrize("text", ["9223372036854775807", "-9223372036854775808"])
def test_it_takes_the_widest_integers(text):
    """The ends of a bigint are ids like others."""
    assert convert_id(text, "int8", "artist_id") == int(text)


async def test_it_names_a_relation_that_is_missing(source, sql, conn):
    """A relation that is gone is named, with and without a filter, and other relations are read on."""
    await conn.execute("alter table hound.upload_attempts rename to gone")
    for filters in (None, Filters(artist_id="7")):
        error = await refusal(source, sql["uploads"], "prod", filters=filters)
        assert (error.source, error.relation) == ("hound", "upload_attempts")
        assert "does not exist" in error.reason
    assert await count(source, sql["plays"]) == 0


async def test_it_names_a_schema_that_is_missing(database, sql):
    """Where the whole schema is missing, each relation says so."""
    pool = await open_pool(database, size=1)
    error = await refusal(Source(pool, "nowhere", "UTC"), sql["plays"])
    assert str(error) == "relation nowhere.play_attempts cannot be read: it does not exist"
    await close_pool(pool)


@pytest.mark.parametrize("schema", ['we"ird; drop table x --', "Größe", "hound.tracks", "select"])
async def test_it_quotes_the_schema(database, sql, conn, schema):
    """Whatever a schema is called, its name stays one name."""
    quoted = '"{}"'.format(schema.replace('"', '""'))
    await conn.execute(f"alter schema hound rename to {quoted}")
    pool = await open_pool(database, size=1)
    assert await count(Source(pool, schema, "UTC"), sql["plays"]) == 0
    assert await count(Source(pool, schema, "UTC"), sql["uploads"], "prod", filters=Filters(artist_id="a")) == 0
    await close_pool(pool)


@pytest.mark.parametrize("statement", ["renamed", "qualified"])
async def test_it_names_a_column_that_is_missing(source, sql, statement):
    """A column that is gone is named."""
    error = await refusal(source, sql[statement])
    assert str(error) == "relation hound.tracks cannot be read: its column no_such_column does not exist"


async def test_it_names_an_id_column_that_is_missing(source, sql, conn):
    """A filter on a column that the relation lacks says so, and heals once the column is there."""
    await conn.execute("alter table hound.upload_attempts rename artist_id to creator")
    error = await refusal(source, sql["uploads"], "prod", filters=Filters(artist_id="7"))
    assert str(error) == "relation hound.upload_attempts cannot be read: its column artist_id does not exist"
    await conn.execute("alter table hound.upload_attempts rename creator to artist_id")
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id="7")) == 0


async def test_it_names_a_relation_that_it_may_not_read(database, sql):
    """A refused permission names its relation; once granted, it is read."""
    async with stranger(database) as (source, conn, role):
        await conn.execute(f"grant usage on schema hound to {role}; grant select on hound.play_attempts to {role}")
        error = await refusal(source, sql["uploads"], "prod")
        assert str(error) == "relation hound.upload_attempts cannot be read: permission is refused"
        assert await count(source, sql["plays"]) == 0
        await conn.execute(f"grant select on hound.upload_attempts to {role}")
        assert await count(source, sql["uploads"], "prod") == 0


async def test_it_names_a_relation_that_takes_too_long(database, sql):
    """A statement past its limit is given up, and the connection serves on."""
    pool = await open_pool(database, size=1)
    source = Source(pool, "hound", "UTC", timeout_seconds=0.1)
    error = await refusal(source, sql["sleep"])
    assert str(error) == "relation hound.upload_attempts cannot be read: it took too long to answer"
    assert await count(source, sql["plays"]) == 0
    await close_pool(pool)


async def test_it_names_a_relation_that_is_locked(database, sql, conn):
    """A lock held by another session is called that, and delays nothing else."""
    pool = await open_pool(database, size=1)
    source = Source(pool, "hound", "UTC", timeout_seconds=0.2)
    async with conn.transaction():
        await conn.execute("lock table hound.upload_attempts in access exclusive mode")
        error = await refusal(source, sql["uploads"], "prod")
        assert str(error) == "relation hound.upload_attempts cannot be read: it is locked by another session"
        assert await count(source, sql["plays"]) == 0
    assert await count(source, sql["uploads"], "prod") == 0
    await close_pool(pool)


async def test_it_names_a_relation_whose_rows_do_not_fit(source, sql, conn):
    """A null where the contract has none, or a time that no calendar holds, is the relation's fault."""
    await Hound(conn).track()
    error = await refusal(source, sql["nulls"])
    assert str(error) == (
        "relation hound.tracks cannot be read: a row does not fit: Expected int, got null - at ＄［0］(.)rows"
    )
    with pytest.raises(SourceUnreadable, match=r"hound\.tracks cannot be read: a row does not fit"):
        async with source.snapshot() as snapshot:
            await snapshot.rows(sql["far"], At)
    assert await count(source, sql["plays"]) == 0


async def test_it_gives_nothing_away_when_a_query_fails(source, sql, conn):
    """What a client hears of a failed query is its relation and a reason: no SQL, no value, no address."""
    await Hound(conn).track()
    error = await refusal(source, sql["broken"])
    assert str(error) == "relation hound.tracks cannot be read: the database refused the query (SQLSTATE 22012)"
    assert error.extra() == {"source": "hound", "relation": "tracks"}


@pytest.mark.parametrize(
    "dsn",
    ["postgresql://secret@/houndmon?host=/nowhere", "postgresql://u:secret@127.0.0.1:1/x", "postgresql://u@[::1]:1/x"],
)
async def test_it_says_when_the_database_does_not_answer(sql, dsn):
    """A database that is down is the source's failure, told without its address."""
    pool = await open_pool(dsn, size=1)
    error = await refusal(Source(pool, "hound", "UTC"), sql["plays"])
    assert str(error) == "source hound cannot be read: the database does not answer"
    await close_pool(pool)


async def test_it_says_when_every_connection_is_taken(database, sql):
    """Who finds no free connection within the limit hears so, and waits no longer."""
    pool = await open_pool(database, size=1)
    source = Source(pool, "hound", "UTC", timeout_seconds=0.1)
    async with source.snapshot():
        error = await refusal(source, sql["plays"])
    assert str(error) == "source hound cannot be read: it took too long to answer"
    assert await count(source, sql["plays"]) == 0
    await close_pool(pool)


async def test_it_survives_the_end_of_its_connections(source, sql, conn):
    """Sessions that the database ends fail, in the midst of their use too; the next snapshot has a new one."""
    ended = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> "

    async def read():
        async with source.snapshot() as snapshot:
            while True:
                await snapshot.rows(sql["plays"], Count)

    for _ in range(10):
        assert await count(source, sql["plays"]) == 0
        reading = [asyncio.create_task(read()) for _ in range(4)]
        while not all(task.done() for task in reading):
            await conn.fetch(ended + "pg_backend_pid()")
        for error in await asyncio.gather(*reading, return_exceptions=True):
            assert isinstance(error, SourceUnreadable)
            assert error.reason == "the database does not answer"
    assert await count(source, sql["plays"]) == 0


@pytest.mark.parametrize("sqlstate", ["08000", "08001", "08006"])
async def test_it_tells_a_node_behind_it_from_itself(source, sql, conn, sqlstate):
    """What a coordinator or a foreign table reports of a server behind it is the source's, no relation's, failure."""
    await conn.execute(
        f"""
        create function hound.far() returns setof hound.play_attempts language plpgsql as $$
        begin
            raise exception 'could not connect to db-secret-7:5432' using errcode = '{sqlstate}';
        end $$;
        alter table hound.play_attempts rename to old_plays;
        create view hound.play_attempts as select * from hound.far();
        """
    )
    error = await refusal(source, sql["plays"])
    assert str(error) == "source hound cannot be read: a node behind the database does not answer"
    assert error.relation is None
    async with source.snapshot() as snapshot:  # the session goes on
        assert await snapshot.rows(sql["uploads"], Count, "prod") == [Count(0)]


async def test_it_reads_on_after_a_part_that_failed(source, sql, conn):
    """A read that fails within a part takes nothing from the reads before and after it."""
    await Hound(conn).upload()
    async with source.snapshot() as snapshot:
        for _ in range(3):
            with pytest.raises(SourceUnreadable, match=r"hound\.tracks"):
                async with snapshot.savepoint():
                    await snapshot.rows(sql["renamed"], Count)
            async with snapshot.savepoint():
                assert await snapshot.rows(sql["uploads"], Count, "prod") == [Count(1)]


async def test_it_passes_other_errors_on(source):
    """What fails in a snapshot without a read having failed is not blamed on the source."""
    with pytest.raises(KeyError):
        async with source.snapshot():
            raise KeyError("ours")


async def test_it_frees_its_connection_when_cancelled(database, sql):
    """A snapshot whose task is cancelled gives its connection back."""
    pool = await open_pool(database, size=1)
    source, inside = Source(pool, "hound", "UTC", timeout_seconds=5), asyncio.Event()

    async def wait():
        async with source.snapshot():
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await inside.wait()
    task.cancel()
    assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)
    assert await count(source, sql["plays"]) == 0
    await close_pool(pool)


async def test_it_reads_views_too(source, sql, conn):
    """A relation may be a view, with further columns and ids of its own type."""
    await conn.execute("alter table hound.upload_attempts rename to events")
    await conn.execute(
        "create view hound.upload_attempts as select occurred_at, environment, outcome, 7::bigint as artist_id,"
        " null::uuid as release_id, 1 as further from hound.events"
    )
    row = "insert into hound.events (occurred_at, environment, outcome) values ($1, 'prod', 'accepted')"
    await conn.execute(row, NOW)
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id="7")) == 1
    assert await count(source, sql["uploads"], "prod", filters=Filters(artist_id="8")) == 0
    with pytest.raises(BadInput):
        await count(source, sql["uploads"], "prod", filters=Filters(artist_id="artist-7"))


async def test_it_reads_the_first_host_that_answers(database, cluster):
    """A source may have several hosts: one that is not there costs nothing but a try."""
    host = database.partition("host=")[2]
    pool = await open_pool(database.replace(f"host={host}", f"host=/nowhere,{host}"), size=1)
    assert await pool.fetchval("select 1") == 1
    await close_pool(pool)


async def test_it_finds_a_relation_again_at_the_first_read(source, sql, conn):
    """A relation that comes back is read at once, with a support filter too: what was missing is looked for anew."""
    filters = Filters(artist_id="7")
    await conn.execute("alter table hound.upload_attempts rename to gone")
    await refusal(source, sql["uploads"], "prod", filters=filters)
    await conn.execute("alter table hound.gone rename to upload_attempts")
    assert await count(source, sql["uploads"], "prod", filters=filters) == 0


@pytest.mark.parametrize("filters", [None, Filters(artist_id="7")])
async def test_it_reads_null_where_an_optional_column_is_missing(source, sql, conn, filters):
    """A source without `available_at` or `publish_at` is read as if they were null in every row."""
    hound = Hound(conn)
    for days in ("+1d", "-1d"):
        await hound.job(available_at=days, artist_id="7")
        await hound.track(publish_at=days)
    assert await count(source, sql["planned"], filters=filters) == await count(source, sql["due"]) == 2
    await conn.execute(LACKING)
    lacking = Source(source.pool, "hound", "UTC")
    assert await count(lacking, sql["planned"], filters=filters) == await count(lacking, sql["due"]) == 0


async def test_it_picks_up_an_optional_column_that_comes_and_goes(source, sql, conn):
    """A column that comes is read from the next look at the catalogue on; one that goes costs one answer."""
    hound = Hound(conn)
    await conn.execute(LACKING)
    assert await count(source, sql["planned"]) == 0
    await conn.execute("alter table hound.transcode_jobs add available_at timestamptz")
    await hound.job(available_at="+1d")
    assert await count(source, sql["planned"]) == 0
    source.catalogue.invalidate()  # as ten seconds do
    assert await count(source, sql["planned"]) == 1
    await conn.execute(LACKING.partition(";")[0])
    error = await refusal(source, sql["planned"])
    assert error.reason == "its column available_at does not exist"
    assert await count(source, sql["planned"]) == 0


async def test_it_looks_at_the_catalogue_once_in_a_while(source, sql, conn):
    """That a column may be missing costs no round trip an answer: the catalogue is asked once for many."""
    await conn.execute(LACKING)
    asked: list[str] = []
    async with source.snapshot() as snapshot:
        snapshot.conn.add_query_logger(lambda record: asked.append(record.query))
        for _ in range(5):
            await snapshot.rows(sql["planned"], Count)
            await snapshot.rows(sql["due"], Count)
    assert asked.count(catalogue.COLUMNS) == 1
    assert sum("as rows" in query for query in asked) == 10


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("drop column available_at, drop column status", "its column status does not exist"),
        ("drop column available_at, rename to gone", "it does not exist"),
        ("rename to gone; create view hound.transcode_jobs as select", "its column status does not exist"),
        ("rename to gone; create view hound.transcode_jobs as select 1 as x", "its column status does not exist"),
        (
            "rename to gone; create view hound.transcode_jobs as select 1 / count(*) as status from hound.gone",
            "the database refused the query (SQLSTATE 22012)",
        ),
    ],
)
async def test_it_names_what_is_wrong_beside_a_missing_optional_column(source, conn, ddl, reason, tmp_path):
    """Where more than an optional column is missing, what is wrong is named as it is elsewhere."""
    for part in ddl.replace(", rename", "; rename").split("; "):
        await conn.execute(part if part.startswith("create") else f"alter table hound.transcode_jobs {part}")
    (tmp_path / "query.sql").write_text(
        "-- name: one\nselect count(status) as rows from {transcode_jobs} where available_at is null and status is null"
    )
    error = await refusal(source, load_statements(tmp_path / "query.sql")["one"])
    assert (error.relation, error.reason) == ("transcode_jobs", reason)


async def test_it_names_a_refused_relation_that_lacks_an_optional_column(database, sql):
    """A refused permission is named where a column is missing, too."""
    async with stranger(database) as (source, conn, role):
        await conn.execute(f"grant usage on schema hound to {role}; {LACKING}")
        assert (await refusal(source, sql["planned"])).reason == "permission is refused"
        await conn.execute(f"grant select on hound.transcode_jobs to {role}")
        assert await count(source, sql["planned"]) == 0


@asynccontextmanager
async def deaf_at_first(database, silent):
    """A way to a database over TCP on which so many first connections are never answered."""
    sockets = parse_qs(urlsplit(database).query)["host"][0]
    seen = 0

    async def pipe(reader, writer):
        with suppress(ConnectionError):
            while some := await reader.read(65_536):
                writer.write(some)
                await writer.drain()
        writer.close()

    async def meet(reader, writer):
        nonlocal seen
        seen += 1
        if seen <= silent:
            await reader.read()
            writer.close()
            return
        theirs, ours = await asyncio.open_unix_connection(f"{sockets}/.s.PGSQL.5432")
        await asyncio.gather(pipe(reader, ours), pipe(theirs, writer))

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        parts = urlsplit(database)
        yield f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}?sslmode=disable"


@pytest.mark.parametrize(("silent", "patience", "gets_it"), [(0, 1, True), (1, 30, True), (99, 3, False)])
@pytest.mark.usefixtures("production_deadlines")
async def test_it_tries_a_connection_anew_that_does_not_open(database, silent, patience, gets_it):
    """Where a connection does not open in its 2 s another one may, while there is patience left."""
    async with deaf_at_first(database, silent) as dsn:
        pool = await open_pool(dsn, size=1)
        state = StateDatabase(pool, "UTC")
        with nullcontext() if gets_it else pytest.raises(StateUnreadable, match="it took too long"):
            async with state.connection(patience) as conn:
                assert await conn.fetchval("select 1") == 1
        await close_pool(pool)
