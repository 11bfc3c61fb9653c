import asyncio
import re

import pytest

from factories import WORST

NEEDS = {
    "ingest": {"upload_attempts"},
    "transcode": {"transcode_jobs"},
    "workers": {"worker_heartbeats", "transcode_jobs"},
    "publish": {"tracks"},
    "playback": {"play_attempts"},
    "api": {"api_requests"},
    "incidents": set(),
}
RELATIONS = sorted(set().union(*NEEDS.values()))
SHARED = {"panel", "as_of", "window", "filters", "filters_ignored", "anomalies", "stale", "stale_reason"}


async def fill(hound):
    """Something in every panel."""
    await hound.upload(outcome="rejected", rejection_reason="clipping")
    await hound.job("completed")
    await hound.job("failed")
    await hound.beat()
    await hound.track()
    await hound.play(outcome="failed", error_code="NET")
    await hound.requests(status_code=500)


def drawn(html):
    """The state that a fragment shows, and when it was read."""
    section = re.match(r'<section id="panel-(\w+)" [^>]*data-state="(\w+)"(?:\s+data-tone="\w*")?', html)
    assert section, html[:300]
    return section[1], section[2]


@pytest.mark.parametrize("name", NEEDS)
async def test_it_answers_in_one_shape(console, name):
    """Every panel says what it is, when it was read, what it covers and what was asked; and it can be redone."""
    before = await console.hound.conn.fetchval("select clock_timestamp()")
    answer = await console.get(f"/api/panels/{name}", range="6h", environment="staging")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found = answer.json()
    assert found.keys() > SHARED
    assert (found["panel"], found["stale"], found["stale_reason"]) == (name, False, None)
    assert found["filters"] == {"environment": "staging", "artist_id": None, "release_id": None}
    assert found["window"]["range"] == "6h"
    assert found["window"]["end"] == found["as_of"]
    for at in (found["as_of"], found["window"]["start"], found["window"]["today_start"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", at)
    assert found["window"]["start"].endswith(":00Z")
    assert before.isoformat()[:19] <= found["as_of"][:19]


@pytest.mark.parametrize("name", NEEDS)
@pytest.mark.parametrize(
    ("kind", "typed", "written"),
    [
        ("text", "Artist-7", "Artist-7"),
        ("uuid", "{6F1C2B1E-0000-4000-8000-000000000007}", "6f1c2b1e-0000-4000-8000-000000000007"),
        ("integer", "007", "7"),
        ("bigint", "-0", "0"),
    ],
)
async def test_it_writes_ids_as_their_columns_do(console, name, kind, typed, written):
    """Every panel says the same of the ids that were asked for, whether it can honour them or not."""
    for relation in ("upload_attempts", "transcode_jobs", "tracks", "play_attempts"):
        await console.hound.retype(relation, kind, "artist_id", "release_id")
    found = (await console.panel(name, artist_id=typed, release_id=typed))["filters"]
    assert found == {"environment": "prod", "artist_id": written, "release_id": written}


@pytest.mark.parametrize("name", ["workers", "api", "incidents"])
async def test_it_repeats_an_id_that_no_column_can_hold(console, name):
    """Where a panel ignores an id, one that its column's type does not take, or that no column holds, is as typed."""
    await console.hound.retype("upload_attempts", "bigint", "artist_id")
    assert (await console.panel(name, artist_id="seven"))["filters"]["artist_id"] == "seven"


async def test_it_shows_incidents_whatever_the_source(serve):
    """A feed with a filter does not wait for a source that is away, and repeats the id as it was typed."""
    async with serve(source_url="postgresql://nobody@127.0.0.1:1/nowhere") as console:
        assert (await console.panel("incidents", artist_id="007"))["filters"]["artist_id"] == "007"


@pytest.mark.parametrize("name", NEEDS)
async def test_it_shares_an_answer_within_a_tick(console, name):
    """Who asks the same within a tick gets the same bytes; another question has its own answer."""
    one, same = await console.get(f"/api/panels/{name}"), await console.get(f"/api/panels/{name}", range="24h")
    assert one.content == same.content
    other = await console.get(f"/api/panels/{name}", range="1h")
    assert other.json()["as_of"] > one.json()["as_of"]
    console.invalidate()
    assert (await console.panel(name))["as_of"] > other.json()["as_of"]


async def test_it_counts_new_rows_once_the_tick_is_over(console):
    """Rows that arrive are in the next answer."""
    assert (await console.panel("ingest"))["uploads"] == 0
    await console.hound.upload(times=3)
    console.invalidate()
    assert (await console.panel("ingest"))["uploads"] == 3


@pytest.mark.parametrize("path", [*(f"/api/panels/{name}" for name in NEEDS), "/api/summary"])
async def test_it_sends_nothing_twice(console, path):
    """A client that has an answer already gets 304 without a body, until there is another."""
    first = await console.get(path)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', etag)
    assert first.headers["cache-control"] == "no-cache"
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = await console.client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag), known
    assert (await console.client.get(path, headers={"If-None-Match": '"other"'})).content == first.content
    console.invalidate()
    later = await console.client.get(path, headers={"If-None-Match": etag})
    assert (later.status_code, later.headers["etag"] == etag) == (200, False)


@pytest.mark.parametrize("relation", RELATIONS)
async def test_it_serves_the_last_good_answer_while_a_relation_is_gone(console, relation):
    """Panels that need the relation answer with what was last good, and say so; all others are fresh; then it heals."""
    await fill(console.hound)
    good = {name: await console.panel(name) for name in NEEDS}
    await console.hound.conn.execute(f"alter table hound.{relation} rename to gone")
    for _ in range(2):
        console.invalidate()
        for name, needed in NEEDS.items():
            found = await console.panel(name)
            if relation in needed:
                reason = f"relation hound.{relation} cannot be read: it does not exist"
                assert found == good[name] | {"stale": True, "stale_reason": reason}
            else:
                assert not found["stale"]
                assert found["as_of"] > good[name]["as_of"]
    await console.hound.conn.execute(f"alter table hound.gone rename to {relation}")
    for name in NEEDS:
        healed = await console.panel(name)
        assert (healed["stale"], healed["stale_reason"]) == (False, None)
        assert healed["as_of"] > good[name]["as_of"]


@pytest.mark.parametrize("relation", RELATIONS)
async def test_it_says_what_cannot_be_read_where_nothing_was_ever_good(console, relation):
    """A panel without a last good answer is a 503 that names the relation; all others are fresh; then it heals."""
    await console.hound.conn.execute(f"alter table hound.{relation} rename to gone")
    for name, needed in NEEDS.items():
        answer = await console.get(f"/api/panels/{name}")
        if relation not in needed:
            assert (answer.status_code, answer.json()["stale"]) == (200, False)
            continue
        found = answer.json()
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert (found["title"], found["source"], found["relation"]) == ("Source unreadable", "hound", relation)
        assert found["detail"] == f"relation hound.{relation} cannot be read: it does not exist"
        assert answer.headers["retry-after"] == "5"
    await console.hound.conn.execute(f"alter table hound.gone rename to {relation}")
    for name in NEEDS:
        assert not (await console.panel(name))["stale"]


async def test_it_tells_a_stale_answer_from_the_good_one_it_repeats(console):
    """A stale answer has another ETag than the good one, and the same one as long as it stays stale."""
    good = await console.get("/api/panels/ingest")
    await console.hound.conn.execute("alter table hound.upload_attempts rename to gone")
    console.invalidate()
    stale = [await console.client.get("/api/panels/ingest", headers={"If-None-Match": good.headers["etag"]})]
    stale.append(await console.get("/api/panels/ingest"))
    assert [answer.status_code for answer in stale] == [200, 200]
    assert stale[0].headers["etag"] == stale[1].headers["etag"] != good.headers["etag"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("alter table hound.play_attempts rename outcome to result", "its column outcome does not exist"),
        ("alter table hound.play_attempts rename platform to device", "its column platform does not exist"),
        ("drop schema hound cascade", "it does not exist"),
        (
            "alter table hound.play_attempts alter occurred_at type text",
            "the database refused the query (SQLSTATE 42883)",
        ),
    ],
)
async def test_it_says_why_a_relation_cannot_be_read(console, change, reason):
    """A column that is gone, a schema that is gone, a type that changed: each is said in words."""
    await console.hound.conn.execute(change)
    answer = await console.get("/api/panels/playback")
    assert answer.status_code == 503
    assert answer.json()["detail"] == f"relation hound.play_attempts cannot be read: {reason}"


async def test_it_lets_no_slow_relation_delay_another(console):
    """One relation locked and one that takes half a minute: both say so in time, the others are fresh."""
    console.limit(seconds=5)
    conn = console.hound.conn
    await conn.execute(
        "alter table hound.play_attempts rename to plays;"
        "create view hound.play_attempts as select plays.* from hound.plays, pg_sleep(30)"
    )
    async with conn.transaction():
        await conn.execute("lock table hound.upload_attempts in access exclusive mode")
        slow = [asyncio.create_task(console.get(f"/api/panels/{name}")) for name in ("ingest", "playback")]
        for name in ("transcode", "workers", "publish", "api", "incidents"):
            assert not (await console.panel(name))["stale"]
        assert not slow[1].done()
        ingest, playback = await asyncio.gather(*slow)
    assert (ingest.status_code, playback.status_code) == (503, 503)
    assert ingest.json()["detail"] == ("relation hound.upload_attempts cannot be read: it is locked by another session")
    assert playback.json()["detail"] == "relation hound.play_attempts cannot be read: it took too long to answer"
    assert not (await console.panel("ingest"))["stale"]


async def test_it_blames_a_poisoned_row_on_its_relation(console):
    """A row that no contract allows breaks its own panel alone, and names its relation."""
    await console.hound.conn.execute("alter table hound.api_requests alter service type bytea using service::bytea")
    await console.hound.requests(service="\\x00")
    answer = await console.get("/api/panels/api")
    assert (answer.status_code, answer.json()["relation"]) == (503, "api_requests")
    assert "a row does not fit" in answer.json()["detail"]
    assert not (await console.panel("ingest"))["stale"]


async def test_it_works_on_while_its_source_is_down(serve):
    """With the source down the feed of incidents, houndmon's own, is fresh, and health says so."""
    async with serve(source_url="postgresql://nobody@/x?host=/nowhere") as console:
        for name, needed in NEEDS.items():
            answer = await console.get(f"/api/panels/{name}")
            assert answer.status_code == (503 if needed else 200)
        assert (await console.get("/healthz")).status_code == 200


@pytest.mark.parametrize("name", [name for name in NEEDS if name != "incidents"])
async def test_it_draws_every_state(console, name):
    """A fragment is a page's piece in each state: without data, fresh, stale, failed; never an error page."""
    path, states = f"/fragments/panels/{name}", []

    async def look(**params):
        answer = await console.get(path, **params)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        panel, state = drawn(answer.text)
        assert panel == name
        states.append(state)
        return answer.text

    await look()
    await fill(console.hound)
    console.invalidate()
    assert (await console.panel(name))["as_of"][:23] in await look()
    for relation in NEEDS[name]:
        await console.hound.conn.execute(f"alter table hound.{relation} rename to gone_{relation}")
    console.invalidate()
    for html in (await look(), await look(environment="staging")):
        assert re.search(r"relation hound\.\w+ cannot be read: it does not exist", html)
    assert states[1:] == ["fresh", "stale", "failed"]
    assert states[0] in ("empty", "fresh")


async def test_it_draws_every_state_of_the_feed(console):
    """The feed of incidents, houndmon's own, has the same states."""
    path = "/fragments/panels/incidents"
    assert drawn((await console.get(path)).text) == ("incidents", "empty")
    event = {"service_area": "play", "severity": "info", "impact": "all well"}
    assert (await console.client.post("/api/incidents", json=event)).status_code == 201
    assert drawn((await console.get(path)).text) == ("incidents", "fresh")
    await console.hound.conn.execute("alter table houndmon.incidents rename to gone")
    console.invalidate()
    assert drawn((await console.get(path)).text) == ("incidents", "stale")
    assert drawn((await console.get(path, range="1h")).text) == ("incidents", "failed")


async def test_it_escapes_what_strangers_write(console):
    """Markup in any text of the source is text on the page."""
    hound, mark = console.hound, "<img src=x onerror=alert(1)>\"'&amp;"
    await hound.upload(outcome="rejected", rejection_reason=mark)
    await hound.job("failed", error_code=mark, error_message=WORST)
    await hound.job("queued", job_id=mark)
    await hound.beat(worker_id=mark)
    await hound.play(outcome="failed", error_code=mark, error_message=WORST, platform=mark, browser=mark)
    await hound.requests(service=mark, route=mark, status_code=500)
    event = {"service_area": mark, "severity": "info", "impact": mark, "link": {"label": mark, "url": "https://a.b/"}}
    assert (await console.client.post("/api/incidents", json=event)).status_code == 201
    for path in ("/", "/fragments/summary", *(f"/fragments/panels/{name}" for name in NEEDS)):
        html = (await console.get(path)).text
        assert "<img src=x" not in html, path
        assert "<script>alert" not in html, path
        if path not in ("/fragments/summary", "/fragments/panels/publish"):
            assert "&lt;img src=x" in html, path
    found = await console.panel("playback")
    assert found["by_client"][0]["platform"] == mark


async def test_it_shows_the_same_figures_as_json_and_as_fragment(console):
    """One load serves both: a program and a person read the same figure."""
    await console.hound.upload(times=1234)
    assert (await console.panel("ingest"))["uploads"] == 1234
    assert "1,234" in (await console.get("/fragments/panels/ingest")).text


async def test_it_filters_a_fragment_like_its_panel(console):
    """A fragment takes the same filters, and polls itself with them."""
    await console.hound.upload(artist_id="artist-7", times=7)
    await console.hound.upload(times=100)
    html = (await console.get("/fragments/panels/ingest", artist_id="artist-7", range="1h")).text
    assert 'hx-get="/fragments/panels/ingest?range=1h&amp;artist_id=artist-7"' in html
    assert (await console.panel("ingest", artist_id="artist-7", range="1h"))["uploads"] == 7
