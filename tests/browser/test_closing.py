import asyncio

import asyncpg
import pytest

from alerting import NOTES, new_alert
from browser import hounds
from browser.service import served
from browser.visits import drawn, followed
from conftest import TEMPLATE

FIELDS = {"root_cause": "Root cause", "mitigation": "Mitigation applied", "prevention": "Prevention follow-up"}


@pytest.fixture
def still(clone):
    """A service whose evaluator does not tick, with an alert that fires and one that has recovered; their ids."""

    async def fill(dsn):
        conn = await asyncpg.connect(dsn)
        await conn.execute(hounds.HELD)
        ids = await new_alert(conn, "queue_age"), await new_alert(conn, "api_5xx_spike", state="recovered")
        await conn.close()
        return ids

    with clone(TEMPLATE) as database:
        ids = asyncio.run(fill(database))
        with served(database) as service:
            yield service, *ids


async def type_notes(page, notes):
    for name, label in FIELDS.items():
        await page.get_by_label(label).fill(notes[name])


async def typed(page):
    return {name: await page.get_by_label(label).input_value() for name, label in FIELDS.items()}


async def test_it_acknowledges_an_alert_on_the_page(still, visit):
    """One click in the list of alerts takes an alert; the page says so then."""
    service, firing, _ = still
    page = await visit(service.url)
    await drawn(page)
    await page.locator(f"#alert-{firing}").get_by_role("button", name="Acknowledge").click()
    row = page.locator(f"#alert-{firing}")
    await row.get_by_text("acknowledged").wait_for()
    await page.goto(service.url)
    await row.get_by_text("acknowledged").wait_for()
    assert await row.get_by_role("button", name="Acknowledge").count() == 0


async def test_it_closes_an_alert_by_hand(still, visit):
    """From the list to the form; a note too short is refused beside its field; then the alert is closed."""
    service, _, over = still
    visit.allow("status of 422")
    page = await visit(service.url)
    await drawn(page)
    await page.locator(f"details:has(#alert-{over}) > summary").click()
    await followed(page, page.locator(f"#alert-{over}").get_by_role("link", name="Close with notes"))
    short = NOTES | {"mitigation": "short"}
    await type_notes(page, short)
    await followed(page, page.get_by_role("button", name="Close", exact=True))
    wrong = page.get_by_label(FIELDS["mitigation"])
    assert await wrong.get_attribute("aria-invalid") == "true"
    described = (await wrong.get_attribute("aria-describedby") or "").split()
    errors = [await page.locator(f"#{id}").inner_text() for id in described if id.startswith("error-")]
    assert errors
    assert "10" in errors[0]
    assert await page.locator("[aria-invalid]").count() == 1
    assert await typed(page) == short

    await wrong.fill(NOTES["mitigation"])
    await followed(page, page.get_by_role("button", name="Close", exact=True))
    await page.get_by_text(NOTES["mitigation"]).wait_for()
    state = await (await page.request.get(f"{service.url}/api/alerts/{over}")).json()
    assert state["state"] == "closed"
    assert state["notes"] == NOTES


async def test_it_loses_nothing_typed_where_another_was_faster(still, visit):
    """Closed by somebody else meanwhile, the form is refused, and all that was typed is still there."""
    service, _, over = still
    visit.allow("status of 409")
    page = await visit(f"{service.url}/alerts/{over}")
    mine = {name: f'What I typed of the {name}: <b>&amp;</b> "all" of it' for name in FIELDS}
    await type_notes(page, mine)
    answer = await page.request.post(f"{service.url}/api/alerts/{over}/close", data=NOTES)
    assert answer.ok
    await followed(page, page.get_by_role("button", name="Close", exact=True))
    await page.get_by_role("alert").wait_for()
    assert await typed(page) == mine


async def test_it_keeps_a_firing_alert_open(still, visit):
    """An alert that still fires has no form to close it, and says why."""
    service, firing, _ = still
    page = await visit(f"{service.url}/alerts/{firing}")
    assert await page.get_by_role("button", name="Close", exact=True).count() == 0
    assert "still fires" in await page.inner_text("#close")


async def test_it_closes_from_the_list_without_javascript(still, visit):
    """In the list an alert is chosen and closed with notes: what is refused comes back chosen and typed."""
    service, _, over = still
    visit.allow("status of 422")
    page = await visit(f"{service.url}/alerts?state=open", java_script_enabled=False)
    chosen = page.locator(f"[name=alert_{over}]")
    await chosen.check()
    short = NOTES | {"prevention": "short"}
    await type_notes(page, short)
    await followed(page, page.get_by_role("button", name="Close", exact=True))
    assert await page.locator("[aria-invalid]").count() == 1
    assert (await chosen.is_checked(), await typed(page)) == (True, short)
    await type_notes(page, NOTES)
    await followed(page, page.get_by_role("button", name="Close", exact=True))
    assert page.url == f"{service.url}/alerts?state=open"
    assert await chosen.count() == 0
    state = await (await page.request.get(f"{service.url}/api/alerts/{over}")).json()
    assert (state["state"], state["notes"]) == ("closed", NOTES)
