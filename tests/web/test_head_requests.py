import httpx
import pytest

from houndmon.web.head_requests import HeadSupport
from houndmon.web.response_cache import ResponseCache

PATHS = [
    "/",
    "/api/panels/ingest",
    "/api/panels/ingest/trend",
    "/api/summary?environment=staging",
    "/api/rules",
    "/api/alerts",
    "/api/openapi.json",
    "/fragments/panels/ingest",
    "/static/houndmon.css",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/panels/ingest?range=2h",
    "/api/alerts/999999",
    "/nope",
]
VARYING = {"x-request-id", "etag", "content-length", "last-modified"}


@pytest.mark.parametrize("path", PATHS)
async def test_it_answers_as_get_does_without_the_body(quiet, path):
    """HEAD has the status and the headers of GET, refusals included, and no body."""
    got = await quiet.client.get(path)
    answer = await quiet.client.head(path)
    assert (answer.status_code, answer.content) == (got.status_code, b"")
    assert answer.headers.keys() == got.headers.keys()
    for name in got.headers.keys() - VARYING:
        assert answer.headers[name] == got.headers[name], name


async def test_it_is_answered_from_the_lane(console):
    """HEAD gets the length and the ETag of what is kept, and 304 where the client has it; it empties nothing."""
    cache = ResponseCache(console.app)
    transport = httpx.ASGITransport(HeadSupport(cache))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        path = "/api/panels/ingest"
        first = await client.head(path)
        got, again = await client.get(path), await client.head(path)
        known = await client.head(path, headers={"If-None-Match": got.headers["etag"]})
        assert len(cache._kept) == 1
    assert first.headers["etag"] == got.headers["etag"] == again.headers["etag"]
    assert first.headers["content-length"] == again.headers["content-length"] == got.headers["content-length"]
    assert (first.content, again.content) == (b"", b"")
    assert got.json()["panel"] == "ingest"
    assert (known.status_code, known.content) == (304, b"")


async def test_it_is_among_the_methods_that_there_are(quiet):
    """Where GET is allowed HEAD is, too; where it is not, HEAD is refused."""
    for method, status in (("OPTIONS", 204), ("PUT", 405)):
        answer = await quiet.client.request(method, "/api/incidents")
        assert answer.status_code == status
        assert {"GET", "HEAD", "OPTIONS"} <= {one.strip() for one in answer.headers["allow"].split(",")}
    refused = await quiet.client.head("/api/alerts/1/close")
    assert (refused.status_code, refused.content) == (405, b"")
    assert "GET" not in (await quiet.client.put("/api/alerts/1/close")).headers["allow"]
