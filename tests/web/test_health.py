import re

import pytest

from houndmon.evaluator import ticks

NOWHERE = "postgresql://houndmon:hunter2@/x?host=/nowhere"
DIGITS = re.compile(r"\d+")


async def test_it_says_that_the_process_answers(quiet):
    """`/healthz` is open, short and always good; a monitor may ask without a body."""
    answer = await quiet.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    head = await quiet.client.head("/healthz")
    assert (head.status_code, head.content) == (200, b"")


async def test_it_is_ready_once_the_rules_were_evaluated(serve, ticked):
    """Ready means: its own database answers, no migration is missing, and the evaluator is on time."""
    async with serve() as console:
        early = await console.get("/readyz")
        assert (early.status_code, early.headers["content-type"]) == (503, "application/problem+json")
        assert early.json()["detail"] == "no rule has been evaluated yet: wait a few seconds"
        assert (await console.client.head("/readyz")).status_code == 503
        await ticked(3600)
        late = await console.get("/readyz")
        assert late.status_code == 503
        assert late.json()["detail"].startswith("the rules were last evaluated 36")
        await ticked(1)
        ready = await console.get("/readyz")
        assert (ready.status_code, ready.json(), ready.headers["cache-control"]) == (200, {"status": "ok"}, "no-store")
        assert (await console.client.head("/readyz")).status_code == 200


async def test_it_is_late_after_two_missing_ticks(serve, ticked):
    """Two missing ticks of 5 s, and a little for the road, make the evaluator late."""
    async with serve() as console:
        await ticked(ticks.LATE_SECONDS * 1.05)
        assert (await console.get("/readyz")).status_code == 503
        await ticked(ticks.LATE_SECONDS * 0.8)
        assert (await console.get("/readyz")).status_code == 200


async def test_it_is_not_ready_while_its_last_tick_lies_ahead(serve, ticked):
    """After a clock went back nobody knows how old the verdicts are: not ready, in words without an age below 0."""
    async with serve() as console:
        await ticked(-3600)
        ahead = await console.get("/readyz")
        assert ahead.status_code == 503
        assert ahead.json()["detail"] == (
            "the last evaluation lies ahead of the clock, which has gone back: wait a few seconds"
        )
        await says_why(console)
        found = (await console.get("/api/summary")).json()["evaluator"]
        assert (found["last_evaluated_at"] is None, found["lag_seconds"]) == (False, None)
        rules = (await console.get("/api/rules")).json()
        assert (rules["stale"], rules["evaluator"]["lag_seconds"]) == (True, None)


async def test_it_is_ready_with_the_first_tick_after_the_clock_went_back(serve, ticked):
    """The newest tick is the one that was written last, though others lie ahead of it; late, it is late."""
    async with serve() as console:
        await ticked(-3600)
        await ticked(1)
        assert (await console.get("/readyz")).status_code == 200
        await ticked(3600)
        assert (await console.get("/readyz")).json()["detail"].startswith("the rules were last evaluated 36")


async def test_it_is_not_ready_without_its_migrations(serve, conn, ticked):
    """A missing migration is named, with what to do."""
    await ticked(1)
    last = "select name from houndmon.migrations order by version desc limit 1"
    name = await conn.fetchval(last)
    await conn.execute("delete from houndmon.migrations where name = $1", name)
    async with serve() as console:
        found = await console.get("/readyz")
    assert found.status_code == 503
    assert found.json()["detail"] == f"migrations are missing: {name}; run `houndmon migrate`"


async def test_it_is_not_ready_on_a_newer_database(serve, conn, ticked):
    """A database that a later houndmon has worked on is refused in words."""
    await ticked(1)
    await conn.execute("insert into houndmon.migrations values (9999, '9999_later', 'x')")
    async with serve() as console:
        found = await console.get("/readyz")
    assert found.status_code == 503
    assert "9999_later" in found.json()["detail"]


async def test_it_is_not_ready_without_its_database(serve, outage, ticked):
    """Without its own database it is alive and not ready, and says so without an address; it heals by itself."""
    await ticked(1)
    async with serve() as console:
        assert (await console.get("/readyz")).status_code == 200
        async with outage():
            answer = await console.get("/readyz")
            assert answer.status_code == 503
            assert answer.json()["detail"].startswith("houndmon's own database cannot be read: the database ")
            assert (await console.get("/healthz")).status_code == 200
        assert (await console.get("/readyz")).status_code == 200


async def test_it_is_not_ready_for_the_reason_that_the_status_is_unknown(serve, outage, ticked):
    """Where houndmon itself cannot work, `/readyz` and the summary say so in the same words."""
    async with serve() as console:
        await says_why(console)
        await ticked(3600)
        await says_why(console)
        await ticked(1)
        assert (await console.get("/readyz")).status_code == 200
        async with outage():
            await says_why(console)


async def says_why(console):
    """Compare both: the reason, but for the seconds that pass between them and for what the database says of itself."""
    console.invalidate()
    ready, status = await console.get("/readyz"), (await console.get("/api/summary")).json()["status"]
    assert (ready.status_code, status["indicator"]) == (503, "unknown")
    reason = ready.json()["detail"].partition(": ")[0]
    assert DIGITS.sub("", reason) in DIGITS.sub("", status["description"])


async def test_it_does_not_need_its_source_to_be_ready(serve, ticked):
    """A source that is down is an alert, not a reason to restart houndmon."""
    await ticked(1)
    async with serve(source_url=NOWHERE) as console:
        assert (await console.get("/readyz")).status_code == 200


async def test_it_counts_requests_for_prometheus(quiet):
    """`/metrics` counts requests by path template and status, never by what a client sent."""
    await quiet.get("/api/panels/ingest", artist_id="someone")
    await quiet.get("/runbooks/no-such-rule")
    answer = await quiet.get("/metrics")
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/plain")
    lines = [line for line in answer.text.splitlines() if line.startswith("houndmon_requests_total{")]
    assert any('path="/api/panels/ingest"' in line and 'status_code="200"' in line for line in lines)
    assert "someone" not in answer.text
    assert "no-such-rule" not in answer.text


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_it_answers_programs_in_their_language(quiet, path):
    """What monitors ask for is never a page, whatever they accept."""
    answer = await quiet.client.get(path, headers={"Accept": "text/html"})
    assert "html" not in answer.headers["content-type"]
