"""Hostile text in every field of every change, as JSON and as forms: always an answer, never an error of ours."""

import asyncio
import os
from json import dumps
from urllib.parse import urlencode

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

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
JSON = {
    "/api/incidents": ("service_area", "severity", "impact", "environment", "occurred_at", "link", "kind"),
    "/api/silences": ("rule", "environment", "subject", "reason", "ends_at"),
    "/api/tokens": ("name", "role", "expires_days"),
    "/api/alerts/1/close": ("root_cause", "mitigation", "prevention"),
    "/api/alerts/1/acknowledge": ("note",),
}
FORMS = {
    "/silences": ("rule", "environment", "subject", "reason", "hours"),
    "/alerts/1/close": ("root_cause", "mitigation", "prevention"),
    "/alerts/1/acknowledge": ("note",),
    "/silences/1/end": ("note",),
    "/login": ("token", "next"),
}


@st.composite
def requests(draw):
    is_form = draw(st.booleans())
    path, names = draw(st.sampled_from(sorted((FORMS if is_form else JSON).items())))
    name = st.one_of(st.sampled_from(names), st.sampled_from(names), st.text(max_size=20))
    fields = draw(st.dictionaries(name, NASTY if is_form else VALUE, max_size=8))
    return path, is_form, fields


def body(is_form, fields):
    if is_form:
        return urlencode(fields, errors="surrogatepass").encode(), "application/x-www-form-urlencoded"
    return dumps(fields).encode(), "application/json"


async def test_it_answers_hostile_text(house):
    """Whatever stands in a field, the answer is no 5xx, and the audit log takes it."""
    house.app.state.gate.changes.burst = house.app.state.gate.failures.burst = 10**9
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
        answer = future.result(20)
        seen.append(answer.status_code)
        assert answer.status_code < 500, answer.text

    async with house.client("admin") as client:
        await asyncio.to_thread(ask)
    assert len(seen) >= 100
    assert await house.conn.fetchval("select count(*) from houndmon.audit") > 0
