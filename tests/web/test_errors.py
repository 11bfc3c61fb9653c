import json
import re

import pytest
import structlog
from litestar import get

from factories import BLANK
from houndmon.app import create_app
from houndmon.core import log as logs
from houndmon.core.settings import Settings
from houndmon.web import errors

JSON = {"Content-Type": "application/json"}
PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"Accept": "application/json"}
PANELS = ("ingest", "transcode", "workers", "publish", "playback", "incidents", "api")
FILTERED = ("ingest", "transcode", "publish", "playback")
RELATIONS = ("upload_attempts", "transcode_jobs", "tracks", "play_attempts")
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
SECRETS = re.compile(
    r"traceback|asyncpg|sqlstate 4|select |insert into|postgresql://|hunter2|/nowhere|\.py\b|line \d+", re.IGNORECASE
)
HOSTILE = [
    *(text for text in BLANK if text),
    "'; drop table hound.tracks; --",
    '" or 1=1',
    "<script>alert(1)</script>",
    "%00",
    "{upload_attempts}",
    "$1",
    "\\",
    "\u202e\u0000",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "9" * 20,
    "-1",
    "1e999",
    "NaN",
    "x" * 200,
    "x" * 5000,
]


def problem(answer, status):
    """The problem document of an answer, with what all of them hold."""
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["type"], found["status"]) == ("about:blank", status)
    assert found["title"]
    assert found["detail"]
    assert found["request_id"] == answer.headers["x-request-id"]
    assert not SECRETS.search(answer.text)
    return found


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("range=2h", {"range"}),
        ("range=24H", {"range"}),
        ("range=", {"range"}),
        ("environment=", {"environment"}),
        ("environment=production", {"environment"}),
        ("environment=PROD", {"environment"}),
        ("environment=prod%00", {"environment"}),
        ("rnage=1h", {"rnage"}),
        ("wall=1", {"wall"}),
        ("range=1h&range=1h", {"range"}),
        ("artist_id=a&artist_id=b", {"artist_id"}),
        ("x=1&range=1h&y=2&range=6h", {"x", "range", "y"}),
        ("artist_id=a%00b", {"artist_id"}),
        ("release_id=%00", {"release_id"}),
        ("artist_id=" + "x" * 201, {"artist_id"}),
    ],
)
async def test_it_refuses_what_a_panel_does_not_understand(quiet, query, fields):
    """An unknown value, an unknown parameter or one given twice is bad input on every panel, and named."""
    for name in PANELS:
        found = problem(await quiet.get(f"/api/panels/{name}?{query}"), 400)
        assert {error["field"] for error in found["errors"]} == fields, name
        assert all(error["message"] for error in found["errors"])
        fragment = await quiet.client.get(f"/fragments/panels/{name}?{query}", headers=PERSON)
        assert (fragment.status_code, fragment.headers["content-type"]) == (400, "text/html; charset=utf-8")


@pytest.mark.parametrize("name", ["range", "environment"])
async def test_it_takes_an_empty_choice_for_none_of_those_there_are(quiet, name):
    """A range or an environment that is given empty is bad input wherever it can be given."""
    paths = ["/", "/fragments/rules", "/fragments/search", "/api/panels/ingest/trend", "/api/support?release_id=x"]
    if name == "environment":
        listings = ("rules", "rules/queue_age", "slos", "slos/playback_success", "incidents", "alerts", "summary")
        paths += [f"/api/{listing}" for listing in listings]
    for path in paths:
        answer = await quiet.client.get(f"{path}{'&' if '?' in path else '?'}{name}=", headers=PROGRAM)
        assert [error["field"] for error in problem(answer, 400)["errors"]] == [name], path


async def test_it_takes_empty_ids_for_none(quiet):
    """A form that leaves the ids empty narrows nothing."""
    found = await quiet.panel("ingest", artist_id="", release_id="")
    assert (found["filters"]["artist_id"], found["filters"]["release_id"]) == (None, None)


@pytest.mark.parametrize("query", ["", "?range=1h&environment=staging", "?panel=ingest&wall=1&release_id=x"])
async def test_it_understands_its_own_form(quiet, query):
    """What the page's form sends, by itself or by script, is what the page and the search understand."""
    page = (await quiet.client.get(f"/{query}", headers=PERSON)).text
    form = page[page.index('<form class="search"') : page.index("</form>")]
    inputs = [dict(re.findall(r'(name|value)="([^"]*)"', tag)) for tag in re.findall(r"<input[^>]*>", form)]
    sent = {one["name"]: one["value"] for one in inputs}
    assert {"range", "environment", "q"} <= sent.keys()
    for path in ("/", "/fragments/search"):
        assert (await quiet.get(path, **sent)).status_code == 200, (path, sent)


@pytest.mark.parametrize("kind", ["bigint", "integer", "uuid"])
@pytest.mark.parametrize("text", ["12345678901234567890", "artist-7", "1.5", "１"])
async def test_it_refuses_ids_that_their_column_cannot_hold(console, kind, text):
    """An id of 20 digits, or none at all, is bad input where the column holds numbers or UUIDs."""
    for relation in RELATIONS:
        await console.hound.retype(relation, kind, "artist_id", "release_id")
    for name in FILTERED:
        for field in ("artist_id", "release_id"):
            found = problem(await console.get(f"/api/panels/{name}", **{field: text}), 400)
            assert [error["field"] for error in found["errors"]] == [field]
            fragment = await console.get(f"/fragments/panels/{name}", **{field: text})
            assert fragment.status_code == 400
    for name in set(PANELS) - set(FILTERED):
        assert (await console.panel(name, artist_id=text))["filters_ignored"] == ["artist_id"]


async def test_it_answers_whatever_strangers_send(quiet):
    """No text in any parameter of any panel is an error of ours."""
    for text in HOSTILE:
        for field in ("range", "environment", "artist_id", "release_id", "cursor", "limit", text):
            for path in (*(f"/api/panels/{name}" for name in FILTERED), "/api/incidents", "/api/summary", "/"):
                answer = await quiet.get(path, **{field: text})
                assert answer.status_code in (200, 400), (path, field, text, answer.text)
                assert not SECRETS.search(answer.text) or answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/api/nope", "/api/panels/nope", "/api/panels/", "/api/panels/ingest/1", "/api/redoc", "/api/%00"]
)
async def test_it_says_that_there_is_no_such_path(quiet, path):
    """An unknown path under /api is a problem document, whoever asks."""
    for headers in ({}, PERSON, PROGRAM):
        assert problem(await quiet.client.get(path, headers=headers), 404)["title"] == "Not Found"


async def test_it_shows_people_a_page_where_programs_get_a_document(quiet):
    """A person who goes astray gets a page; a program that says so gets a problem document."""
    for path in ("/nope", "/fragments/panels/nope", "/static/nope.js"):
        page = await quiet.client.get(path, headers=PERSON)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert page.headers["x-request-id"] in page.text
        problem(await quiet.client.get(path, headers=PROGRAM), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_it_says_which_methods_a_path_knows(quiet, method):
    """Another method is refused, and the answer lists those that are not."""
    answer = await quiet.client.request(method, "/api/panels/ingest", headers=PROGRAM)
    assert problem(answer, 405)["title"] == "Method Not Allowed"
    assert set(answer.headers["allow"].split(", ")) >= {"GET"}


@pytest.mark.parametrize("size", [64 * 1024 + 1, 10 * 1024 * 1024])
async def test_it_refuses_large_bodies(quiet, size):
    """More than 64 KB is refused, and nothing is written."""
    answer = await quiet.client.post("/api/incidents", content=b" " * size, headers=JSON)
    assert problem(answer, 413)["title"] == "Request Entity Too Large"
    assert (await quiet.get("/api/incidents")).json()["items"] == []


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
async def test_it_takes_json_that_says_so(quiet, kind):
    """A body that is not sent as JSON is refused, whatever it holds: a page elsewhere could have sent it."""
    body = b'{"service_area": "a", "severity": "info", "impact": "b"}'
    headers = {"Content-Type": kind} if kind else {}
    answer = await quiet.client.post("/api/incidents", content=body, headers=headers)
    assert problem(answer, 415)["title"] == "Unsupported Media Type"


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_it_takes_no_orders_from_other_sites(quiet, headers):
    """A change that another site's page asks for is refused."""
    body = {"service_area": "a", "severity": "info", "impact": "b"}
    problem(await quiet.client.post("/api/incidents", json=body, headers=headers), 403)
    assert (await quiet.get("/api/incidents")).json()["items"] == []


@pytest.mark.parametrize("body", [b"{", b"", b"[" * 60_000, b"\xff", b"null", b"[]", b'{"a": 1e999}', b'"\\ud800"'])
async def test_it_refuses_bodies_that_are_no_json(quiet, body):
    """A body that cannot be read is bad input, and named as such."""
    found = problem(await quiet.client.post("/api/incidents", content=body, headers=JSON), 400)
    assert found["title"] == "Bad Request"
    assert [error["field"] for error in found["errors"]]


async def test_it_protects_every_route(quiet):
    """Each route, also where it fails, forbids foreign scripts and frames, and says its request id."""
    await quiet.panel("ingest")
    paths = {re.sub(r"\{\w+:\w+\}", "1", route.path) for route in quiet.app.routes}
    assert len(paths) > 40
    for path in sorted(paths | {"/nope", "/api/nope", "/api/panels/ingest?range=2h"}):
        answer = await quiet.client.get(path, headers=PERSON)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
        policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
        assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
        assert {policy[f"{kind}-src"] for kind in ("script", "style", "img", "connect")} == {"'self'"}
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
        assert "server" not in answer.headers


async def test_it_loads_nothing_from_elsewhere(quiet):
    """No page of ours asks another host for a script, a style, an image or a font."""
    paths = {re.sub(r"\{\w+:\w+\}", "1", route.path) for route in quiet.app.routes}
    for path in sorted(paths):
        answer = await quiet.client.get(path, headers=PERSON)
        if "html" in answer.headers["content-type"]:
            loaded = re.findall(r"<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)=[\"']?([^\"' >]*)", answer.text)
            assert [address for address in loaded if not address.startswith("/")] == [], path


@pytest.mark.parametrize("given", ["8f14e45f", "a" * 64, "A.b_c-9"])
async def test_it_keeps_the_request_id_that_it_is_given(quiet, given):
    """A client's own request id comes back, in the problem document too."""
    answer = await quiet.client.get("/api/panels/ingest?x=1", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"], problem(answer, 400)["request_id"]) == (given, given)


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "<script>", "a;b", "\u00e9"])
async def test_it_makes_a_request_id_where_none_is_sane(quiet, given):
    """An id that could do harm in a log or a page is replaced; two requests have two."""
    headers = {"X-Request-Id": given.encode("latin-1")}
    one, other = [await quiet.client.get("/healthz", headers=headers) for _ in range(2)]
    assert re.fullmatch(r"[0-9a-f]{16}", one.headers["x-request-id"])
    assert one.headers["x-request-id"] != other.headers["x-request-id"]


async def test_it_gives_nothing_away_when_it_fails(quiet):
    """An error that nobody foresaw is a bare 500 under its request id; its text stays in the log."""

    @get("/api/broken", include_in_schema=False)
    async def broken() -> None:
        raise RuntimeError("postgresql://u:hunter2@db/x: select secret from t")

    @get("/broken", include_in_schema=False)
    async def broken_page() -> None:
        raise RuntimeError("hunter2")

    quiet.app.register(broken)
    quiet.app.register(broken_page)
    answer = await quiet.client.get("/api/broken", headers=PERSON)
    assert problem(answer, 500)["detail"] == "See the log under this request id."
    page = await quiet.client.get("/broken", headers=PERSON)
    assert page.status_code == 500
    assert not SECRETS.search(page.text)
    assert page.headers["x-request-id"] in page.text
    for found in (answer, page):
        assert found.headers["content-security-policy"].startswith("default-src 'none'")


async def test_it_logs_what_it_does_not_say(quiet, capsys, monkeypatch):
    """The log has the error under the request id that the client got."""
    logs.configure()
    monkeypatch.setattr(errors, "log", structlog.get_logger())  # one that knows no stderr of an earlier test

    @get("/api/broken", include_in_schema=False)
    async def broken() -> None:
        raise RuntimeError("hunter2")

    quiet.app.register(broken)
    problem(await quiet.client.get("/api/broken", headers={"X-Request-Id": "look-here"}), 500)
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "request_raised" in line]
    logged = json.loads(line)
    assert logged["request_id"] == "look-here"
    assert "hunter2" in logged["exception"]


async def test_it_keeps_addresses_and_passwords_to_itself(serve):
    """With the source down no answer, problem or page holds its address, its password or a query."""
    down = "postgresql://houndmon:hunter2@/x?host=/nowhere"
    async with serve(source_url=down) as console:
        for name in ("ingest", "workers"):
            found = problem(await console.get(f"/api/panels/{name}"), 503)
            assert found["detail"] == "source hound cannot be read: the database does not answer"
            assert (found["source"], found["relation"]) == ("hound", None)
        for path in ("/", "/fragments/panels/ingest", "/fragments/summary", "/api/summary", "/readyz", "/api/slos"):
            assert not SECRETS.search((await console.get(path)).text.replace("houndmon.js", "")), path


async def test_it_opens_nothing_before_its_lifespan():
    """An app can be made without a database: for its document, and for its command line."""
    app = create_app(Settings(), "postgresql://nobody@/x?host=/nowhere")
    assert app.openapi_schema.info.title == "houndmon"


async def test_it_compresses_large_answers(quiet):
    """A client that takes gzip gets it, with the same bytes inside."""
    plain = await quiet.client.get("/api/openapi.json", headers={"Accept-Encoding": "identity"})
    small = await quiet.client.get("/api/openapi.json", headers={"Accept-Encoding": "gzip"})
    assert (plain.headers.get("content-encoding"), small.headers["content-encoding"]) == (None, "gzip")
    assert plain.content == small.content
    assert int(small.headers["content-length"]) < len(plain.content) / 4


async def test_it_answers_another_hound_in_another_schema(serve, conn):
    """The schema of the source is a setting, whatever it is called."""
    await conn.execute('alter schema hound rename to "Other Hound"')
    async with serve(source_schema="Other Hound") as console:
        assert (await console.panel("ingest"))["uploads"] == 0
    async with serve() as console:
        found = problem(await console.get("/api/panels/ingest"), 503)
        assert (found["source"], found["relation"]) == ("hound", "upload_attempts")


async def test_it_starts_today_where_the_operators_are(serve):
    """The time zone is a setting, and every panel says when its day began."""
    async with serve(timezone="Pacific/Chatham") as console:
        for name in PANELS:
            start = (await console.panel(name))["window"]["today_start"]
            assert start.endswith(("T10:15:00Z", "T11:15:00Z")), name
            assert start <= console.hound.now.isoformat()
