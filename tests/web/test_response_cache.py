import re
import time

import httpx
import pytest

from factories import present
from houndmon.web import response_cache as module
from houndmon.web.dependencies import services_of
from houndmon.web.response_cache import ResponseCache

PANEL = "/api/panels/ingest"


@pytest.fixture
async def fast(console):
    """A client of the service behind its cache, and the cache."""
    cache = ResponseCache(console.app)
    transport = httpx.ASGITransport(cache)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client, cache


def same(one, other):
    """The headers of an answer but for the request's own id."""
    return {k: v for k, v in one.headers.items() if k != "x-request-id"} == {
        k: v for k, v in other.headers.items() if k != "x-request-id"
    }


async def test_it_gives_the_same_answer_from_kept_bytes(fast, console):
    """The second answer is the first one, byte for byte and header for header, and asks nobody."""
    client, _ = fast
    first = await client.get(PANEL)
    await console.hound.upload(times=3)
    console.invalidate()
    second = await client.get(PANEL)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert same(first, second)
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert (await client.get(PANEL, headers={"X-Request-Id": "mine"})).headers["x-request-id"] == "mine"


async def test_it_keeps_an_answer_for_a_second_at_most(fast, console):
    """Once its second is over an answer comes from the application again."""
    client, cache = fast
    await client.get(PANEL)
    await console.hound.upload(times=3)
    console.invalidate()
    for key, kept in cache._kept.items():
        cache._kept[key] = kept._replace(until=time.monotonic() - 0.001)
    assert (await client.get(PANEL)).json()["uploads"] == 3
    assert module.CACHE_SECONDS <= 1


async def test_it_keeps_no_answer_beyond_its_tick(fast, console, monkeypatch):
    """An answer that is shared until a moment from now is not kept for a second beyond that."""
    client, cache = fast
    panel_cache = services_of(console.app).panel_cache
    await client.get(PANEL)
    (whole,) = cache._kept.values()
    assert whole.until > time.monotonic() + 0.5
    cache._kept.clear()
    soon = time.monotonic() + 0.1
    monkeypatch.setattr(panel_cache, "fresh_until", lambda *_: soon)
    for path in (PANEL, PANEL.replace("api", "fragments")):
        await client.get(path)
    assert [kept.until for kept in cache._kept.values()] == [soon, soon]
    monkeypatch.undo()
    await client.get(f"{PANEL}?range=1h", headers={"If-None-Match": '"other"'})
    filters = next(iter(panel_cache._answers["ingest"]._good))
    assert 0 < present(panel_cache.fresh_until("ingest", filters)) - time.monotonic() <= 5


async def test_it_answers_who_has_it_with_304(fast):
    """A client that has the bytes gets 304, with the ETag and the security headers, from the cache as from the app."""
    client, _ = fast
    etag = (await client.get(PANEL)).headers["etag"]
    for known in (etag, f'"other", {etag}'):
        answer = await client.get(PANEL, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert (await client.get(PANEL, headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize("known", ["{}", "W/{}", "*"])
async def test_it_keeps_what_it_answers_with_304(fast, console, known):
    """Where all who ask have the answer, the application is asked once a second all the same."""
    client, cache = fast
    headers = {"If-None-Match": known.format((await client.get(PANEL)).headers["etag"])}
    cache._kept.clear()
    first = await client.get(PANEL, headers=headers)
    assert len(cache._kept) == 1
    await console.hound.upload()
    console.invalidate()
    second = await client.get(PANEL, headers=headers)
    assert (first.status_code, second.status_code) == (304, 304)
    assert (first.content, second.content) == (b"", b"")
    assert same(first, second)


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_it_answers_with_304_what_it_does_not_keep(fast, console, monkeypatch, encoding):
    """An answer too large to be kept is 304 to who has it, with the headers of any 304; whole to who has another."""
    client, cache = fast
    said = {"Accept-Encoding": encoding}
    small = await client.get(PANEL, headers=said)
    spared = await client.get(PANEL, headers=said | {"If-None-Match": small.headers["etag"]})
    cache._kept.clear()
    monkeypatch.setattr(module, "MOST_CACHED_BYTES", 10)
    for known in (small.headers["etag"], f'"other", W/{small.headers["etag"]}', "*"):
        answer = await client.get(PANEL, headers=said | {"If-None-Match": known, "X-Request-Id": "mine"})
        assert (answer.status_code, answer.content) == (304, b"")
        assert same(answer, spared)
        assert answer.headers["x-request-id"] == "mine"
    whole = await client.get(PANEL, headers=said | {"If-None-Match": '"other"'})
    assert (whole.status_code, whole.content) == (200, small.content)
    assert not cache._kept


async def test_it_answers_with_304_while_somebody_changes_something(console):
    """A change that empties the cache in the middle of a question does not make its answer whole."""

    async def changing(scope, receive, send):
        await console.app(scope, receive, send)
        cache._kept.clear()

    cache = ResponseCache(changing)
    transport = httpx.ASGITransport(cache)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        etag = (await client.get(PANEL)).headers["etag"]
        assert (await client.get(PANEL, headers={"If-None-Match": etag})).status_code == 304


async def test_it_answers_anew_who_has_another(fast, console):
    """A client whose bytes are old gets the new ones, and a refusal comes as the application says it."""
    client, cache = fast
    etag = (await client.get(PANEL)).headers["etag"]
    cache._kept.clear()
    await console.hound.upload(times=3)
    console.invalidate()
    answer = await client.get(PANEL, headers={"If-None-Match": etag})
    assert (answer.status_code, answer.json()["uploads"]) == (200, 3)
    assert (await client.get(f"{PANEL}?range=2h", headers={"If-None-Match": etag})).status_code == 400


async def test_it_tells_questions_apart(fast):
    """Another query, encoding, host or form of the summary is another question."""
    client, cache = fast
    await client.get(PANEL)
    await client.get(f"{PANEL}?environment=staging")
    await client.get(PANEL, headers={"Accept-Encoding": "identity"})
    await client.get(PANEL, headers={"Host": "localhost"})
    text = await client.get("/api/summary", headers={"Accept": "text/plain"})
    data = await client.get("/api/summary", headers={"Accept": "application/json"})
    assert text.headers["content-type"].startswith("text/plain")
    assert data.json()["environment"] == "prod"
    assert len(cache._kept) == 6


@pytest.mark.parametrize(
    ("path", "name", "lines"),
    [
        ("/api/summary", "Accept", ("text/plain", "application/json")),
        ("/api/summary", "Accept", ("text/plain;q=0.1, application/json", "TEXT/PLAIN")),
        ("/api/panels/transcode", "Accept-Encoding", ("gzip", "identity")),
    ],
)
async def test_it_reads_what_is_said_twice_as_the_application_does(fast, console, path, name, lines):
    """One line of a header or two, in either order: the cache gives the form that the application gives."""
    client, cache = fast
    for said in (lines, lines[::-1], lines[:1], lines[1:]):
        headers = [(name, line) for line in said]
        kept, told = [await one.get(path, headers=headers) for one in (client, console.client)]
        for header in ("content-type", "content-encoding"):
            assert kept.headers.get(header) == told.headers.get(header), said
    assert len(cache._kept) == 2


async def test_it_forgets_everything_once_somebody_changes_something(fast):
    """After a change the next answer comes from the application: nobody sees what was before it."""
    client, cache = fast
    await client.get("/api/panels/incidents")
    event = {"service_area": "api", "severity": "info", "impact": "Rolled out", "environment": "prod"}
    await client.post("/api/incidents", json=event)
    assert not cache._kept
    found = (await client.get("/api/panels/incidents")).json()["items"]
    assert [item["impact"] for item in found] == ["Rolled out"]


async def test_it_keeps_nothing_that_is_not_good_or_not_shared(fast):
    """Problems, single alerts, pages with forms and files are never kept."""
    client, cache = fast
    for path in (f"{PANEL}?range=2h", "/api/alerts/1", "/api/incidents", "/", "/runbooks", "/healthz", "/docs"):
        await client.get(path)
    assert not cache._kept


async def test_it_keeps_so_many_answers_and_no_more(fast, monkeypatch):
    """Strangers choose the questions: the oldest answers go, and a large one is not kept at all."""
    client, cache = fast
    monkeypatch.setattr(module, "MOST_CACHED", 3)
    for number in range(5):
        await client.get(f"{PANEL}?artist_id={number}")
    assert [key[1] for key in cache._kept] == [b"artist_id=2", b"artist_id=3", b"artist_id=4"]
    cache._kept.clear()
    monkeypatch.setattr(module, "MOST_CACHED_BYTES", 10)
    await client.get(PANEL)
    assert not cache._kept


async def test_it_compresses_once_for_all(fast):
    """A compressed answer is kept compressed, and says so."""
    client, _ = fast
    for _ in range(2):
        answer = await client.get("/api/panels/transcode", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.json()["panel"] == "transcode"


async def test_it_counts_what_it_answers(fast):
    """The metrics tell how many answers came from kept bytes."""
    client, _ = fast
    for _ in range(3):
        await client.get(PANEL)
    text = (await client.get("/metrics")).text
    found = re.search(r'houndmon_lane_answers_total\{status="200"\} (\d+)', text)
    assert found
    assert int(found[1]) >= 2


async def test_it_gives_fragments_an_etag(fast):
    """A panel's fragment is the same bytes for all who ask within a tick, and 304 for those who have them."""
    client, _ = fast
    first = await client.get("/fragments/panels/ingest")
    again = await client.get("/fragments/panels/ingest", headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["cache-control"] == "no-cache"
