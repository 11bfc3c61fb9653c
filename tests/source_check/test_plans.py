"""What a check says of the plans of views, as they are run."""

import asyncpg

from houndmon.source_check.model import Diagnostic
from houndmon.source_check.plans import MOST_CHARACTERS, PlannedRead, around, is_filtered, slow, unknown

JOBS = (
    "job_id, environment, artist_id, release_id, track_id, attempt, queued_at, claimed_at, started_at, finished_at,"
    " worker_id, error_code, error_message"
)
TWICE = "(finished_at at time zone 'UTC') at time zone 'UTC'"
LARGE = """
insert into hound.raw_jobs (job_id, environment, status, attempt, queued_at, finished_at, error_message)
select
    number::text, 'prod', 'completed', 1, now() - number * interval '1 minute', now() - number * interval '1 minute',
    repeat('x', 300)
from generate_series(1, 30000) as number;
analyze hound.raw_jobs
"""


async def warned(look, relation: str) -> list[Diagnostic]:
    """The warnings of a relation."""
    return [one for one in (await look()).findings if (one.relation, one.level) == (relation, "warning")]


async def test_it_finds_nothing_in_a_view_that_indexes_serve(conn: asyncpg.Connection, look) -> None:
    """A plain view on an indexed table is as good as the table, while it is empty and when it is large."""
    await conn.execute(f"""
        alter table hound.transcode_jobs rename to raw_jobs;
        create view hound.transcode_jobs as select {JOBS}, status from hound.raw_jobs
    """)
    assert (await look()).findings == []
    await conn.execute(LARGE)
    assert await warned(look, "transcode_jobs") == []


async def test_it_shows_the_node_that_computes_a_status(conn: asyncpg.Connection, look) -> None:
    """A status by CASE cannot reach an index: what waits reads the whole history, and the node says why."""
    await conn.execute(f"""
        alter table hound.transcode_jobs rename to raw_jobs;
        create view hound.transcode_jobs as
        select {JOBS}, case status when 'queued' then 'queued' when 'done' then 'completed' else status end as status
        from hound.raw_jobs
    """)
    (small,) = await warned(look, "transcode_jobs")
    assert small.what == "no index serves (environment, status, queued_at): it reads all, which is little as yet"
    await conn.execute(LARGE)
    (large,) = await warned(look, "transcode_jobs")
    assert large.what == "no index serves (environment, status, queued_at): it reads all"
    assert "raw_jobs" in large.shown[0]
    assert "CASE" in large.shown[-1]
    assert large.shown[-1].startswith("  Filter: ")
    assert "'{queued,scheduled,in_progress,retrying}'" in large.shown[-1]


async def test_it_finds_nothing_in_branches_with_literal_words(conn: asyncpg.Connection, look) -> None:
    """One branch a status with a literal word is left out of the plan where another is asked for."""
    finishes = {"queued": "null", "in_progress": "null", "completed": "finished_at", "failed": "finished_at"}
    branches = " union all ".join(
        f"select {JOBS.replace('finished_at', f'{finish}::timestamptz as finished_at')}, '{status}'::text as status"
        f" from hound.raw_jobs where status = '{status}'"
        for status, finish in finishes.items()
    )
    await conn.execute(f"""
        alter table hound.transcode_jobs rename to raw_jobs;
        create view hound.transcode_jobs as {branches}
    """)
    assert (await look()).findings == []
    await conn.execute(LARGE)
    assert await warned(look, "transcode_jobs") == []


async def test_it_plans_with_sequential_scans(conn: asyncpg.Connection, look) -> None:
    """An index that the plan passes over, for the condition is on an expression, counts for nothing."""
    await conn.execute(f"""
        alter table hound.transcode_jobs rename to raw_jobs;
        create view hound.transcode_jobs as
        select {JOBS.replace("finished_at", f"{TWICE} as finished_at")}, status from hound.raw_jobs
    """)
    await conn.execute(LARGE)
    (finding,) = await warned(look, "transcode_jobs")
    assert finding.what == "no index serves (environment, finished_at): it reads all"
    assert finding.shown[0] == "Seq Scan on raw_jobs"
    await conn.execute(f"create index on hound.raw_jobs (environment, ({TWICE}))")
    await conn.execute("analyze hound.raw_jobs")
    assert await warned(look, "transcode_jobs") == []


async def test_it_sees_a_whole_read_above_the_tables(conn: asyncpg.Connection, look) -> None:
    """A window function is computed over all rows before any is left out: the node above the scan is shown."""
    await conn.execute("""
        alter table hound.play_attempts rename to raw_plays;
        create view hound.play_attempts as
        select plays.*, row_number() over (order by occurred_at) as number from hound.raw_plays as plays
    """)
    findings = await warned(look, "play_attempts")
    assert [one.what.partition(":")[0] for one in findings] == [
        "no index serves (environment, occurred_at)",
        "no index serves (artist_id, occurred_at)",
        "no index serves (release_id, occurred_at)",
    ]
    assert findings[0].shown[0] == "Subquery Scan on play_attempts"


async def test_it_leaves_a_registry_alone(conn: asyncpg.Connection, hound, look) -> None:
    """A row a worker, drawn together from elsewhere, has no index to use and needs none: no warning."""
    await conn.execute("""
        alter table hound.worker_heartbeats rename to raw_beats;
        create view hound.worker_heartbeats as
        select worker_id, environment, max(beat_at) as beat_at, max(process_started_at) as process_started_at
        from hound.raw_beats group by 1, 2
    """)
    (before,) = await warned(look, "worker_heartbeats")
    assert before.shown[0].startswith(("Aggregate", "Subquery Scan"))
    await hound.insert(
        "raw_beats", [{"worker_id": "w", "environment": "prod", "beat_at": "-9s", "process_started_at": "-1h"}]
    )
    report = await look()
    assert [one.level for one in report.findings] == ["note"]


def test_it_owns_to_what_another_server_decides() -> None:
    """A condition that another server runs is unknown here, and the statement to explain there is shown; one that is
    left to this server means that all rows cross the network.
    """
    remote = {
        "Node Type": "Foreign Scan",
        "Relation Name": "plays",
        "Remote SQL": "SELECT a FROM far.plays WHERE ((occurred_at >= '2026-03-02 11:55:00.123457+00'))",
    }
    note = unknown("play_attempts", [remote])
    assert note.level == "note"
    assert note.what == "another server runs its reads: whether an index serves there is unknown here"
    assert note.shown == (f"explain {remote['Remote SQL']}",)
    assert not is_filtered(remote, ".123457")
    local = {**remote, "Remote SQL": "SELECT a FROM far.plays", "Filter": "(now_there(a) >= '….123457+00')"}
    assert is_filtered(local, ".123457")
    asked = PlannedRead("play_attempts", ("environment", "occurred_at"), "select", ".123457")
    finding = slow(asked, [local], is_large=False)
    assert finding.what == "no index serves (environment, occurred_at): it reads all, from another server"
    assert finding.shown == ("Foreign Scan on plays", "  Filter: (now_there(a) >= '….123457+00')")


def test_it_shows_the_part_of_a_long_condition_that_matters() -> None:
    """A condition of a screen is cut around the mark that it is known by."""
    assert around("(a = 1)", "1") == "(a = 1)"
    cut = around("x" * 900 + " = mark) " + "y" * 900, "mark")
    assert "= mark)" in cut
    assert cut.startswith("… x")
    assert cut.endswith("y …")
    assert len(cut) <= MOST_CHARACTERS + 4
