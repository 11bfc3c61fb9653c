"""Three hundred payloads in every text that strangers or users can write: none runs, none becomes an element."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from playwright.async_api import Page

from alerting import new_alert
from browser import hounds
from browser.payloads import PAYLOADS, UNSAFE, batches
from browser.service import Service, served
from browser.visits import drawn, followed
from conftest import TEMPLATE
from factories import Hound
from houndmon.access.tokens import create_token

FOUND = (Path(__file__).resolve().parent / "inspect.js").read_text(encoding="utf-8")
ALL = f"(pages) => pages.flatMap({FOUND})"
LONG = [" ".join(PAYLOADS[start::8]) for start in range(8)]  # what fits a field of 4000 characters
SOURCE = "upload_attempts, transcode_jobs, worker_heartbeats, play_attempts, api_requests, tracks, releases"
STATE = "incidents, silences, outbox, rule_states, transitions, acknowledgements, closings, alerts"
QUERIES = (
    "/?artist_id={0}&release_id={0}",
    "/?range={0}",
    "/?environment={0}",
    "/?panel={0}",
    "/?q={0}",
    "/fragments/search?q={0}",
    "/?wall={0}",
    "/?{0}=1",
    "/alerts?state={0}",
    "/alerts?cursor={0}",
    "/alerts?text={0}",
    "/alerts?owner={0}",
    "/alerts/{0}",
    "/runbooks/{0}",
    "/fragments/panels/api?release_id={0}",
    "/{0}",
)


@pytest.fixture
def database(clone):
    """A database whose evaluator does not tick."""

    async def hold(dsn):
        conn = await asyncpg.connect(dsn)
        await conn.execute(hounds.HELD)
        await conn.close()

    with clone(TEMPLATE) as database:
        asyncio.run(hold(database))
        yield database


@pytest.fixture
def written(database):
    """A service that people write to."""
    with served(database) as service:
        yield service


@pytest.fixture
async def hound(written: Service) -> AsyncIterator[Hound]:
    """The Hound behind it."""
    conn = await asyncpg.connect(written.database)
    yield await Hound.on_clock(conn)
    await conn.close()


async def fill_source(hound: Hound, payloads: tuple[str, ...]) -> None:
    """Put payloads in every text of Hound's own rows."""
    await hound.conn.execute("truncate " + ", ".join(f"hound.{name}" for name in SOURCE.split(", ")))
    for n, text in enumerate(payloads):
        ids: dict[str, Any] = {"artist_id": text, "release_id": text, "track_id": text}
        said: dict[str, Any] = {"error_code": text, "error_message": text}
        await hound.upload(outcome="rejected", rejection_reason=text, **ids)
        await hound.job("failed", job_id=text, worker_id=text, **said, **ids)
        await hound.job("queued", job_id=f"{n} {text}", queued_at=f"-{20 + n}m", **ids)
        await hound.beat(worker_id=text)
        await hound.play(outcome="failed", platform=text, browser=text, **said, **ids)
        await hound.requests(service=text, route=text, status_code=500)
        await hound.requests(service="gateway", route=text, status_code=404)
        await hound.track(**ids)
        await hound.release(release_id=text, artist_id=text, title=text, artist_name=text)
    await hound.upload(outcome=payloads[0])
    await hound.play(outcome=payloads[0])


async def fill_state(conn: asyncpg.Connection, payloads: tuple[str, ...]) -> list[int]:
    """Put payloads in every text of houndmon's own rows; the ids of its alerts, one a payload."""
    await conn.execute("truncate " + ", ".join(f"houndmon.{name}" for name in STATE.split(", ")))
    ids: list[int] = []
    for n, text in enumerate(payloads):
        evidence = json.dumps({text: text, "value": text, "causes": [{"code": text, "count": 1, "share": 0.5}]})
        state = ("firing", "recovered", "closed")[n % 3]
        told: dict[str, Any] = {"subject": text, "owner_role": text, "runbook_url": text, "suppressed_by": text}
        previous = ids[-1] if ids else None
        id = await new_alert(
            conn,
            "api_5xx_spike",
            state=state,
            fired_evidence=evidence,
            recovered_evidence=evidence,
            previous_alert_id=previous,
            **told,
        )
        ids.append(id)
        moved = "insert into houndmon.transitions (alert_id, kind, reason, actor) values ($1, 'fired', $2, $2)"
        await conn.execute(moved, id, text)
        await conn.execute(
            "insert into houndmon.acknowledgements (alert_id, actor, note) values ($1, $2, $2)", id, text
        )
        note = LONG[n % len(LONG)][:4000]
        closed = "insert into houndmon.closings (alert_id, actor, root_cause, mitigation, prevention)"
        await conn.execute(f"{closed} values ($1, $2, $3, $3, $3)", id, text, f"{text} {note}"[:4000])
        await fill_around(conn, text)
    return ids


async def fill_around(conn: asyncpg.Connection, text: str) -> None:
    """Put a payload in a silence, an incident, a rule's finding and a message that could not be delivered."""
    until = "clock_timestamp() + interval '1 hour'"
    silence = f"insert into houndmon.silences (subject, reason, actor, ends_at) values ($1, $2, $1, {until})"
    await conn.execute(silence, text, f"{text} and ten more")
    for url in (text, f"https://other.example/{text}"):
        await conn.execute(
            "insert into houndmon.incidents (occurred_at, service_area, severity, impact, link_label, link_url, kind)"
            " values (clock_timestamp(), $1, 'info', $1, $1, $2, 'manual')",
            text,
            url,
        )
    await conn.execute(
        "insert into houndmon.rule_states (rule, environment, subject, verdict, state, reason, evaluated_at)"
        " values ('api_5xx_spike', 'prod', $1, 'breach', 'firing', $1, clock_timestamp())",
        text,
    )
    await lose_message(conn, text)


async def lose_message(conn: asyncpg.Connection, text: str) -> None:
    """Put a payload in a message that could not be delivered."""
    await conn.execute(
        "insert into houndmon.outbox (receiver, kind, alert_ids, message, dead_at, last_error)"
        " values ($1, 'fired', '{}', $2, clock_timestamp(), $1)",
        text,
        json.dumps({"title": text, "rule": text, "text": text}),
    )


async def read(service: Service, paths: list[str], **options) -> list[str]:
    """What the service answers a person on these paths."""
    headers = {"Accept": "text/html"}
    # Without the certificates of the world, which take longer to read than the pages.
    options |= {"verify": False, "timeout": 60}
    async with httpx.AsyncClient(base_url=service.url, headers=headers, **options) as client:
        answers = [await client.get(path) for path in paths]
    assert not [answer for answer in answers if answer.status_code >= 500], "an answer that is an error"
    return [answer.text for answer in answers]


async def injected(page: Page, documents: list[str]) -> list[str]:
    """What is found in documents that a browser reads, without running them."""
    found: list[str] = await page.evaluate(ALL, documents)
    return found


async def test_it_runs_nothing_of_what_strangers_write(written, hound, visit):
    """With each payload in every text of Hound and of houndmon, the page and its alerts hold no element of theirs."""
    page = await visit(written.url)
    for payloads in batches(10):
        await fill_source(hound, payloads)
        ids = await fill_state(hound.conn, payloads)
        written.invalidate()
        await page.goto(f"{written.url}/?range=1h")
        await drawn(page)
        visible = await read(written, [f"/?range=1h&artist_id={quote(text, safe='')}" for text in payloads[:3]])
        assert await injected(page, visible) == []
        shown = await page.content()
        assert "pwn" in shown or "other.example" in shown or "display:none" in shown, "the payloads are not there"
        assert await page.evaluate(FOUND) == []
        await page.goto(f"{written.url}/alerts/{ids[0]}")
        assert await page.evaluate(FOUND) == []
        alerts = await read(written, ["/alerts?state=all", *(f"/alerts/{id}" for id in ids)])
        assert await injected(page, alerts) == []
        listed = [f"/rows/{kind}" for kind in ("failed_jobs", "failed_plays", "rejected_uploads", "overdue_tracks")]
        listed += [f"/rows/failed_plays?code={quote(text, safe='')}" for text in payloads if len(text) <= 200]
        assert await injected(page, await read(written, listed)) == []


async def test_it_runs_nothing_of_what_is_shown_one_at_a_time(written, hound, visit):
    """Each payload as the oldest job, as the top cause, as a lost message: the only one of its place."""
    page = await visit(written.url)
    paths = ["/fragments/summary", "/fragments/alerts", "/fragments/panels/transcode"]
    for text in PAYLOADS:
        await hound.conn.execute("delete from hound.transcode_jobs; delete from houndmon.outbox")
        await hound.job("queued", job_id=text)
        await hound.job("failed", error_code=text, error_message=text)
        await lose_message(hound.conn, text)
        written.invalidate()
        documents = await read(written, paths)
        assert await injected(page, documents) == [], text


async def test_it_runs_nothing_of_what_is_asked(written, visit):
    """Each payload in every part of an address: the page that answers holds no element of it."""
    page = await visit(written.url)
    visit.allow("status of 4")
    for query in QUERIES:
        documents = await read(written, [query.format(quote(text, safe="")) for text in PAYLOADS])
        assert await injected(page, documents) == [], query
    for n, text in enumerate(PAYLOADS[:: 300 // len(QUERIES)]):
        await page.goto(written.url + QUERIES[n % len(QUERIES)].format(quote(text, safe="")))
        assert await page.evaluate(FOUND) == [], text


async def test_it_runs_nothing_of_what_is_typed(written, hound, visit):
    """Each payload typed in a form that is refused comes back as text."""
    page = await visit(written.url)
    over = await new_alert(hound.conn, state="recovered")
    async with httpx.AsyncClient(base_url=written.url, headers={"Accept": "text/html"}) as client:
        documents = []
        for text in PAYLOADS:
            notes = {"root_cause": text, "mitigation": text, "prevention": "short"}
            answer = await client.post(f"/alerts/{over}/close", data=notes)
            assert answer.status_code == 422
            documents.append(answer.text)
            wrong = {"rule": "queue_age", "environment": "prod", "subject": text, "reason": text[:9], "hours": text}
            documents.append((await client.post("/silences", data=wrong)).text)
    assert await injected(page, documents) == []


async def test_it_runs_nothing_of_what_the_audit_log_holds(database, visit):
    """Each payload in every text of the audit log, and as the place to go on to after log-in, stays text."""
    conn = await asyncpg.connect(database)
    await conn.executemany(
        "insert into houndmon.audit (actor, role, action, target, outcome, address, before, after)"
        " values ($1, 'viewer', $1, $1, 'refused', $1, $2, $2)",
        [(text, json.dumps({text: text})) for text in PAYLOADS],
    )
    token = (await create_token(conn, PAYLOADS[0], "admin", 90)).token
    await conn.close()
    with served(database, auth="on") as service:
        page = await visit(f"{service.url}/login")
        places = [f"/login?next={quote(text, safe='')}" for text in PAYLOADS]
        assert await injected(page, await read(service, places)) == []
        await page.get_by_label("Token").fill(token)
        await followed(page, page.get_by_role("button", name="Log in"))
        await drawn(page)
        assert await page.evaluate(FOUND) == []
        await page.goto(f"{service.url}/audit")
        pages = 1
        assert await page.evaluate(FOUND) == []
        while await (older := page.get_by_role("link", name="Earlier")).count():
            await followed(page, older)
            pages += 1
            assert await page.evaluate(FOUND) == []
        assert pages > 1
        await page.close()  # it polls, and its server goes


async def test_it_finds_each_payload_where_nothing_is_escaped(browser):
    """In a page that escapes nothing, every single payload is found: the tests above can fail."""
    assert len(set(PAYLOADS)) == 300
    page = await browser.new_page()
    assert await page.evaluate(FOUND) == []
    missed = []
    for text in PAYLOADS:
        found = await injected(page, [f"<!doctype html><body>{place.format(text)}" for place in UNSAFE])
        if not found:
            missed.append(text)
    await page.close()
    assert missed == []


async def test_it_notices_a_payload_that_runs(browser):
    """A page that lets a payload run is found out by what the payload sets."""
    page = await browser.new_page()
    await page.set_content(UNSAFE[0].format(PAYLOADS[0]))
    await page.wait_for_function("() => window.pwn !== undefined")
    assert "it ran" in await page.evaluate(FOUND)
    await page.close()
