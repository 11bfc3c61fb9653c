"""Every page and every state of the console, as axe-core sees it."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from browser import hounds
from browser.service import served
from browser.visits import DRAWN, PHONE, drawn, followed, pass_time
from conftest import TEMPLATE
from factories import lock
from houndmon.access.tokens import create_token

AXE = (Path(__file__).resolve().parent / "axe.min.js").read_text(encoding="utf-8")
RUN = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.map((one) =>
  `${one.id}: ${one.nodes.length} times, ${one.nodes[0].html.slice(0, 160)}; ${one.nodes[0].failureSummary}`)"""
UNHIDE = "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
SCHEMES = ("light", "dark")
PAGES = (
    ("calm", "/"),
    ("calm", "/?wall=1"),
    ("calm", "/?artist_id=artist-1&range=6h"),
    ("calm", "/?environment=staging"),
    ("calm", "/alerts"),
    ("calm", "/silences"),
    ("calm", "/runbooks"),
    ("calm", "/runbooks/queue_age"),
    ("calm", "/docs"),
    ("broken", "/"),
    ("broken", "/?wall=1"),
    ("broken", "/alerts?state=all"),
    ("broken", "/silences"),
    ("broken", "/rows/failed_jobs"),
    ("empty", "/"),
)


async def violations(page):
    """What axe finds, with all that can be opened open."""
    await page.evaluate(UNHIDE)
    await page.evaluate(AXE)
    return await page.evaluate(RUN)


async def in_both(page):
    """What axe finds, light and dark."""
    found = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        found += await violations(page)
    return found


@pytest.mark.parametrize(("day", "path"), PAGES, indirect=["day"])
async def test_it_is_accessible(day, path, visit):
    """Axe finds nothing against the page, light and dark."""
    page = await visit(f"{day.url}{path}")
    if path.startswith("/?") or path == "/":
        await drawn(page)
    assert await in_both(page) == []


async def test_it_is_accessible_on_a_phone(broken, visit):
    """Axe finds nothing against the page at 390 pixels."""
    page = await visit(broken.url, viewport=PHONE, has_touch=True, is_mobile=True)
    await drawn(page)
    assert await violations(page) == []


async def test_it_is_accessible_with_its_keys_listed(calm, visit):
    """Axe finds nothing against the open list of keys."""
    page = await visit(calm.url)
    await drawn(page)
    await page.keyboard.press("?")
    await page.get_by_role("dialog").wait_for()
    assert await violations(page) == []


async def test_it_is_accessible_while_the_source_fails(own, visit):
    """Axe finds nothing against panels that are stale, failed or waiting."""
    own.limit(seconds=5)
    known = await visit(own.url)
    await drawn(known)
    conn = await asyncpg.connect(own.database)
    async with conn.transaction():
        await lock(conn, "hound.play_attempts", "hound.transcode_jobs")
        own.invalidate()
        new = await visit(f"{own.url}/?range=7d")
        assert await new.locator("[data-state=pending]").count() > 0
        assert await in_both(new) == []
        await new.wait_for_selector("#panel-playback[data-state=failed]")
        assert await in_both(new) == []
        await known.wait_for_selector("#panel-playback[data-state=stale]")
        await known.wait_for_selector("#panel-transcode[data-state=stale]")
        assert await in_both(known) == []
    await conn.close()


async def test_it_is_accessible_while_its_server_is_away(own, visit):
    """Axe finds nothing against a page that nobody answers any more."""
    visit.allow("net::ERR_|Failed to fetch|Failed to load resource|htmx:error")
    context = await visit.context(own.url)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(own.url)
    await drawn(page)
    await context.set_offline(True)
    for _ in range(6):
        await pass_time(page, 13_000)
    assert await page.locator("[data-lost]").count() > 5
    assert await in_both(page) == []


async def test_it_is_accessible_where_an_alert_is_worked_on(broken, visit):
    """Axe finds nothing against an alert that fires, one to be closed, one that is closed."""
    page = await visit(broken.url)
    alerts = (await (await page.request.get(f"{broken.url}/api/alerts?state=all")).json())["items"]
    seen = set()
    for alert in alerts:
        if alert["state"] not in seen:
            seen.add(alert["state"])
            await page.goto(f"{broken.url}/alerts/{alert['id']}")
            assert await in_both(page) == [], alert["state"]
    assert seen == {"firing", "recovered", "closed"}


async def test_it_is_accessible_where_notes_are_refused(broken, visit):
    """Axe finds nothing against a form with its errors."""
    visit.allow("status of 422")
    page = await visit(broken.url)
    alerts = (await (await page.request.get(f"{broken.url}/api/alerts")).json())["items"]
    over = next(alert["id"] for alert in alerts if alert["state"] == "recovered")
    await page.goto(f"{broken.url}/alerts/{over}")
    for field in await page.locator("textarea").all():
        await field.fill("short")
    await followed(page, page.get_by_role("button", name="Close", exact=True))
    await page.locator("[aria-invalid]").first.wait_for()
    assert await in_both(page) == []


async def test_it_is_accessible_where_it_refuses(calm, visit):
    """Axe finds nothing against the page of a problem."""
    for path, status in (("/nowhere", 404), ("/?range=9h&odd=1", 400)):
        page = await visit(f"{calm.url}{path}", status=status)
        assert await in_both(page) == []


@pytest.fixture
def guarded(clone):
    """A service with log-in, and an admin's token."""

    async def fill(dsn):
        conn = await asyncpg.connect(dsn)
        await conn.execute(hounds.HELD)
        token = await create_token(conn, "the admin", "admin", 90)
        await conn.close()
        return token.token

    with clone(TEMPLATE) as database:
        token = asyncio.run(fill(database))
        with served(database, auth="on") as service:
            yield service, token


async def test_it_is_accessible_behind_its_door(guarded, visit):
    """Axe finds nothing against the log-in page, a refused log-in, the audit log, and the page of one who is in."""
    service, token = guarded
    visit.allow("status of 40[13]")
    page = await (await visit.context(service.url)).new_page()
    await page.goto(service.url)
    assert await in_both(page) == []
    await page.get_by_label("Token").fill("hm_wrong")
    await followed(page, page.get_by_role("button", name="Log in"))
    await page.get_by_role("alert").wait_for()
    assert await in_both(page) == []
    await page.get_by_label("Token").fill(token)
    await followed(page, page.get_by_role("button", name="Log in"))
    await page.wait_for_function(DRAWN)
    assert await in_both(page) == []
    await page.goto(f"{service.url}/audit")
    assert await in_both(page) == []


async def test_it_would_find_what_is_not_accessible(calm, visit):
    """A page with a defect is found out: axe does look."""
    page = await visit(calm.url)
    await page.evaluate("() => document.querySelector('input[name=q]').removeAttribute('placeholder')")
    await page.evaluate("() => document.querySelector('label[for=q]').remove()")
    found = await violations(page)
    assert any(one.startswith(("label:", "aria-input-field-name:")) for one in found), found


async def test_it_is_accessible_while_somebody_looks_for_a_name(calm, visit):
    """Axe finds nothing against the matches of a name as they open, as a list, and against what one leads to."""
    page = await visit(calm.url)
    await drawn(page)
    await page.locator("input[name=q]").fill("a")
    await page.get_by_role("option").first.wait_for()
    assert await violations(page) == []
    await page.goto(f"{calm.url}/?q=a")
    assert await violations(page) == []
    await followed(page, page.locator(".found a").first)
    await drawn(page)
    assert await page.locator("#panel-support").count() == 1
    assert await violations(page) == []
