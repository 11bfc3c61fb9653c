"""The zone of times: UTC as the server draws them, the team's and the reader's own by a switch."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from browser.service import served
from browser.visits import drawn, polled

TEAM, OWN = "Europe/Berlin", "Australia/Adelaide"
AS_OF = "#panel-ingest .as-of time"
TABLE = "#values-ingest-uploads, #panel-ingest .tables table"
TICKS = """() => [...document.querySelectorAll('#panel-ingest .chart text[data-at]')]
  .map((tick) => [tick.dataset.at, tick.textContent])"""


@pytest.fixture
def team(calm_database):
    """A service whose team works in a zone of its own."""
    with served(calm_database, timezone=TEAM) as service:
        yield service.judged()


async def instant_of(page):
    return datetime.fromisoformat(await page.locator(AS_OF).get_attribute("datetime"))


async def assert_times(page, zone):
    """The clock of a panel, the axis of its chart and the table behind that are all of one zone."""
    assert await page.inner_text(AS_OF) == f"{(await instant_of(page)).astimezone(zone):%H:%M:%S}"
    ticks = await page.evaluate(TICKS)
    assert ticks
    for at, text in ticks:
        local = datetime.fromisoformat(at).astimezone(zone)
        assert text == (f"{local:%a} {local.day}" if f"{local:%H:%M}" == "00:00" else f"{local:%H:%M}")
    table = page.locator(TABLE).first
    start = datetime.fromisoformat(await table.get_attribute("data-starts")).astimezone(zone)
    assert (await table.locator("tbody th").first.text_content()).endswith(f"{start:%H:%M}")


async def test_it_shows_times_in_each_zone(team, visit):
    """The switch goes from UTC to the team's zone to the reader's own and back; polls and other pages keep it."""
    context = await visit.context(team.url, timezone_id=OWN)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(team.url)
    await drawn(page)
    await assert_times(page, UTC)

    switch = page.locator("[data-zone-switch]")
    for press, name in ((switch.click, TEAM), (lambda: page.keyboard.press("z"), OWN)):
        await press()
        await assert_times(page, ZoneInfo(name))
        assert name in await switch.get_attribute("title")
        assert name in await page.inner_text("[data-zone-name]")
        team.invalidate()
        await polled(page, "panels/ingest")
        await assert_times(page, ZoneInfo(name))

    await page.reload()
    await drawn(page)
    await assert_times(page, ZoneInfo(OWN))
    await page.goto(f"{team.url}/alerts")
    assert await page.inner_text("[data-zone-name]") == f"{OWN}, yours"
    await switch.click()
    assert await page.inner_text("[data-zone-name]") == "UTC"
    await page.goto(team.url)
    await drawn(page)
    await assert_times(page, UTC)


async def test_it_tells_every_zone_on_hover(team, visit):
    """Who points at a time reads it in UTC, in the team's zone and in their own."""
    page = await visit(team.url, timezone_id=OWN)
    await drawn(page)
    await page.locator(AS_OF).hover()
    title = await page.locator(AS_OF).get_attribute("title")
    at = await instant_of(page)
    for line, zone in zip(title.splitlines(), ("UTC", TEAM, OWN), strict=True):
        assert f"{at.astimezone(ZoneInfo(zone)):%H:%M:%S} {zone}" in line


async def test_it_offers_no_zone_twice(calm, visit):
    """Where the team and the reader are in UTC, by whichever name, there is nothing to switch."""
    page = await visit(calm.url, timezone_id="Etc/UTC")
    await drawn(page)
    await page.keyboard.press("z")
    assert await page.inner_text("[data-zone-name]") == "UTC"
    assert await page.locator("[data-zone-switch]").get_attribute("hidden") is not None
