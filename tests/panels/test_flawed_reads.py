"""What a look at flawed rows reads, by PostgreSQL's account: of large tables with documented indexes, and of views."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from factories import Hound, present
from houndmon.app import PANELS
from houndmon.core.clock import Range
from houndmon.core.flawed_rows import COMMONEST, FlawedRows
from houndmon.core.source import Snapshot

FLAWED: dict[str, FlawedRows] = {spec.name: spec.flawed for spec in PANELS if spec.flawed}
ROWS, DAYS = 40_000, 60
"""The rows of each table: one in 130 s, one in ten of staging, one in a hundred of no known environment."""
PER_DAY = ROWS // DAYS
MOST = 200
"""How many rows of each kind are looked at here: less than a day has."""
PLACED = "$1::timestamptz - make_interval(secs => n * 130)"
WHERE = "case when n % 100 = 0 then 'production' when n % 10 = 1 then 'staging' else 'prod' end"
FILLED = {
    "upload_attempts": f"(occurred_at, environment, outcome) select {PLACED}, {WHERE}, 'ok'",
    "play_attempts": f"(occurred_at, environment, outcome) select {PLACED}, {WHERE}, 'ok'",
    "api_requests": f"(occurred_at, environment, status_code, requests) select {PLACED}, {WHERE}, 200, -1",
    "tracks": f"(track_id, environment, state, uploaded_at) select n::text, {WHERE}, 'what', {PLACED}",
    "transcode_jobs": (
        "(job_id, environment, status, queued_at, finished_at)"
        f" select n::text, {WHERE}, 'done', {PLACED} - interval '9 s', case when n % 400 <> 0 then {PLACED} end"
    ),
    "worker_heartbeats": f"(worker_id, environment, beat_at) select 'w' || n % 9, {WHERE}, {PLACED}",
}
PARTS = {
    "upload_attempts": ("outcome = 'accepted'", "outcome <> 'accepted'"),
    "play_attempts": ("outcome = 'started'", "outcome <> 'started'"),
    "api_requests": ("status_code < 400", "status_code >= 400"),
    "tracks": ("state = 'live'", "state <> 'live'"),
    "transcode_jobs": ("status = 'completed'", "status <> 'completed'", "status = 'cancelled' and false"),
    "worker_heartbeats": ("worker_id <> 'w1'", "worker_id = 'w1'"),
}
"""Of what the branches of a view are made: each has a condition, as the views of real queues have."""


async def fill(hound: Hound, relation: str) -> None:
    """Fill a relation with flawed rows, and let PostgreSQL look at them."""
    await hound.conn.execute(
        f"insert into hound.{relation} {FILLED[relation]} from generate_series(1, {ROWS}) as n", hound.now
    )
    await hound.conn.execute(f"analyze hound.{relation}")


def scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The nodes of a plan that read a table."""
    if "Relation Name" in node:
        yield node
    for part in node.get("Plans", ()):
        yield from scans(part)


def rows_read(node: dict[str, Any]) -> float:
    """How many rows of its table a node has read, those that it left out among them."""
    read = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float(read * node["Actual Loops"])


@pytest.fixture
def reads(snapshot: Callable[..., Snapshot]) -> Callable[..., Any]:
    """Look at a panel's flawed rows, and give what each scan of a table has read."""

    async def reads(name: str, span: Range) -> list[tuple[str, float]]:
        view, flawed = snapshot(), FLAWED[name]
        text = COMMONEST.replace("{flawed}", flawed.statement.text)
        for word in ("{filters}", "{" + present(flawed.statement.relation) + "}"):
            text = text.replace(word, "" if word == "{filters}" else f"hound.{flawed.statement.relation}")
        args = ("prod", view.clock.soon, view.clock.since(flawed.spans(span)[0]), MOST)
        plan = json.loads(await view.conn.fetchval(f"explain (analyze, format json) {text}", *args))
        return [(node["Node Type"], rows_read(node)) for node in scans(plan[0]["Plan"]) if node["Actual Loops"]]

    return reads


@pytest.mark.parametrize("name", FLAWED)
async def test_it_reads_no_more_of_a_large_table_than_it_may(hound, reads, name):
    """Of sixty days it reads the newest rows of each kind by index and no more, of a day as of a week."""
    relation = present(FLAWED[name].statement.relation)
    await fill(hound, relation)
    for span in ("24h", "7d"):
        found = await reads(name, span)
        assert found
        assert [one for one in found if one[0] == "Seq Scan"] == []
        kinds = 3 if relation == "transcode_jobs" else 2
        assert 0 < sum(rows for _, rows in found) <= kinds * MOST + 3


@pytest.mark.parametrize("name", FLAWED)
async def test_it_reads_no_more_of_a_view_than_the_range(hound, reads, name):
    """Of a view of several branches it reads the rows of the range by index at most, and no table from end to end."""
    relation = present(FLAWED[name].statement.relation)
    await fill(hound, relation)
    branches = " union all ".join(f"select * from hound.raw where {part}" for part in PARTS[relation])
    await hound.conn.execute(f"alter table hound.{relation} rename to raw; create view hound.{relation} as {branches}")
    found = await reads(name, "24h")
    assert found
    assert [one for one in found if one[0] == "Seq Scan"] == []
    without_finish = ROWS // 400 if relation == "transcode_jobs" else 0
    assert 0 < sum(rows for _, rows in found) <= len(PARTS[relation]) * (PER_DAY + without_finish + MOST)
