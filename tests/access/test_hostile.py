"""Hostile text in every field of every change, as JSON and as forms: always an answer, never an error of ours."""

import asyncio
import json
import os
from json import dumps
from urllib.parse import quote, urlencode

import hypothesis.strategies as st
from hypothesis import HealthCheck, example, given, settings

from access.test_permissions import routes
from houndmon.app import create_app
from houndmon.core.settings import Settings
from houndmon.web.dependencies import services_of
from houndmon.web.reference import openapi_document

HANG_SECONDS = 300
MANY = 20_000 if os.environ.get("HOUNDMON_TORTURE") == "1" else 400
NASTY = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        ["\0", "<script>alert(1)</script>", "' or 1=1 --", "\u202e", "x" * 5000, "9" * 20, "-1", "NaN", "\ud83d", "%00"]
    ),
)
VALUE = st.one_of(
    NASTY,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(NASTY, max_size=3),
    st.dictionaries(st.text(max_size=20), NASTY, max_size=3),
    st.sampled_from(["prod", "viewer", "queue_age", "info", "2026-03-02T12:00:00Z", "9999-12-31T23:59:59Z"]),
)
PLACES = {"{id}": "1", "{name}": "ops"}
FORMS = {
    "/silences": (
        *("rule", "environment", "subject", "reason", "starts_at", "hours", "ends_at", "page"),
        *("monday", "from_time", "until_time", "zone"),
    ),
    "/alerts/close": ("alert_1", "root_cause", "mitigation", "prevention", "state", "of", "text", "cursor"),
    "/alerts/{id}/close": ("root_cause", "mitigation", "prevention"),
    "/alerts/{id}/acknowledge": ("note",),
    "/alerts/{id}/unacknowledge": ("note",),
    "/alerts/{id}/hand-over": ("to", "note"),
    "/alerts/{id}/comments": ("text",),
    "/silences/{id}/end": ("page",),
    "/dead-letters/{id}/retry": ("retry",),
    "/login": ("token", "next"),
    "/login/proxy": ("next",),
    "/logout": ("csrf",),
}


def fields_of(operation):
    """The fields of an operation's body, by the document."""
    body = operation.get("requestBody")
    if body is None:
        return ()
    schema = body["content"]["application/json"]["schema"]
    schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return tuple(schema["properties"])


DOCUMENT = json.loads(openapi_document(create_app(Settings(auth="on"), "postgresql://")))
JSON = {path: fields_of(methods["post"]) for path, methods in DOCUMENT["paths"].items() if "post" in methods}
QUERIES = {
    path: tuple(one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query")
    for path, methods in DOCUMENT["paths"].items()
    if "get" in methods
}


@st.composite
def requests(draw):
    is_form = draw(st.booleans())
    path, names = draw(st.sampled_from(sorted((FORMS if is_form else JSON).items())))
    name = st.one_of(*([st.sampled_from(names)] * 2 if names else []), st.text(max_size=20))
    fields = draw(st.dictionaries(name, NASTY if is_form else VALUE, max_size=8))
    return placed(path), is_form, fields


def placed(path):
    """A path with something in its places."""
    for place, word in PLACES.items():
        path = path.replace(place, word)
    return path


@st.composite
def readings(draw):
    """A path that is read, with hostile parameters and hostile text in its places."""
    path, names = draw(st.sampled_from(sorted(QUERIES.items())))
    name = st.one_of(st.sampled_from(names), st.text(max_size=20)) if names else st.text(max_size=20)
    query = draw(st.lists(st.tuples(name, NASTY), max_size=5))
    place = quote(draw(NASTY), safe="", errors="replace")
    return path.replace("{id}", place).replace("{name}", place), query


def body(is_form, fields):
    if is_form:
        return urlencode(fields, errors="surrogatepass").encode(), "application/x-www-form-urlencoded"
    return dumps(fields).encode(), "application/json"


async def test_it_answers_hostile_text(house):
    """Whatever stands in a field, the answer is no 5xx, and the audit log takes it."""
    services_of(house.app).auth_state.changes.burst = services_of(house.app).auth_state.failures.burst = 10**9
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    @settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(requests())
    def ask(request):
        path, is_form, fields = request
        content, kind = body(is_form, fields)
        future = asyncio.run_coroutine_threadsafe(
            client.post(path, content=content, headers={"Content-Type": kind, "Accept": "application/json"}), loop
        )
        answer = future.result(HANG_SECONDS)
        seen.append(answer.status_code)
        assert answer.status_code < 500, answer.text

    async with house.client("admin") as client:
        await asyncio.to_thread(ask)
    assert len(seen) >= 100
    assert await house.conn.fetchval("select count(*) from houndmon.audit") > 0


HEADERS = (
    "Origin",
    "Host",
    "Cookie",
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "If-None-Match",
    "If-Modified-Since",
    "Range",
    "X-Request-Id",
    "X-CSRF-Token",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "Forwarded",
    "Sec-Fetch-Site",
    "HX-Request",
    "HX-Current-URL",
    "Idempotency-Key",
    "Remote-User",
    "X-HTTP-Method-Override",
)
SIGNS = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80)
SAID = st.one_of(
    SIGNS,
    st.sampled_from(
        ["http://[", "http://[::1", "null", "//", "https://houndmon.test:x", "houndmon.test:99999", "[", "[::1]x",
         "a" * 5000, "bytes=0-0,1-1", "bytes=-9999999999999999999", "gzip;q=x", "*/*;q=nan", "text/html;level", "\xff",
         "application/json; charset=utf-7", "multipart/form-data", "multipart/form-data; boundary=\xff", "Bearer",
         "Bearer \xe9", "Basic =", "houndmon=\xff; __Host-houndmon=", "W/", '"', "Thu, 99 Foo 9999", "9" * 400]
    ),
)  # fmt: skip
PATHS = ("/", "/login", "/api/alerts", "/api/panels/ingest", "/static/houndmon.css", "/fragments/alerts", "/readyz")


async def test_it_answers_hostile_headers(house):
    """Whatever stands in a header, of a reading or of a change, the answer is no 5xx."""

    @settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(
        st.sampled_from(PATHS), st.booleans(), st.dictionaries(st.sampled_from(HEADERS), SAID, min_size=1, max_size=4)
    )
    @example("/login", True, {"Origin": "http://["})
    @example("/login", True, {"Content-Type": "multipart/form-data"})
    @example("/", False, {"Host": "[::1]x"})
    def ask(path, is_change, headers):
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        words = {"content": b'{"a": 1}'} if is_change else {}
        going = client.request("POST" if is_change else "GET", path, headers=raw, **words)
        answer = asyncio.run_coroutine_threadsafe(going, loop).result(HANG_SECONDS)
        assert answer.status_code < 500, answer.text

    limits = services_of(house.app).auth_state
    limits.changes.burst = limits.failures.burst = limits.oidc_starts.burst = 10**9
    loop = asyncio.get_running_loop()
    async with house.client("admin") as client:
        await asyncio.to_thread(ask)


async def test_it_answers_hostile_readings(house):
    """Whatever stands in a parameter or a path, the answer is no 5xx but a documented 503."""

    @settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(readings())
    def ask(reading):
        path, query = reading
        pairs = [(name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in query]
        url = f"{path}?{urlencode(pairs)}"[:8000]
        going = client.get(url, headers={"Accept": "application/json"})
        answer = asyncio.run_coroutine_threadsafe(going, loop).result(HANG_SECONDS)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text

    loop = asyncio.get_running_loop()
    async with house.client("admin") as client:
        await asyncio.to_thread(ask)


def test_it_leaves_out_no_change():
    """Every route that changes something is among those that are asked: forms here, JSON by the document."""
    changes = {path for method, path in routes() if method == "POST"}
    assert changes == set(FORMS) | set(JSON)
