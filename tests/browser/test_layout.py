"""Where things stand: columns in line, nothing beyond the edge, all of it on a screen on the wall."""

import asyncpg
import pytest
from playwright.async_api import expect

from alerting import new_alert
from browser.hounds import HELD, watching
from browser.service import served
from browser.visits import drawn

WALL = {"width": 1920, "height": 1080}
WIDTHS = (390, 768, 1100, 1281, 1440)
COLUMNS = """() => [...document.querySelectorAll('.alert-list > li')].filter((row) => row.checkVisibility())
  .map((row) => ['badge', 'what', 'since', 'owner', 'due', 'ways']
    .map((name) => Math.round(row.querySelector(`.${name}`).getBoundingClientRect().left)).join())"""
CAUSES = ["queue_age", "playback_failure_ratio", "api_5xx_spike", "upload_rejection_ratio"]
LONG = "181 of 549 uploads were rejected in the last hour (33%); it was 3.75% in the 24 h before"
LOWEST = """() => Math.max(...[...document.querySelectorAll('.panels .panel')]
  .map((panel) => panel.getBoundingClientRect().bottom))"""
SIZE = "() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]"


async def test_its_alerts_stand_in_columns(broken, visit):
    """Each part of an alert begins where that of the others begins, whatever may still be done with it."""
    page = await visit(broken.url)
    await drawn(page)
    columns = await page.evaluate(COLUMNS)
    assert len(columns) > 2
    assert len(set(columns)) == 1


@pytest.mark.parametrize("width", WIDTHS)
async def test_it_needs_no_scrolling_sideways(broken, visit, width):
    """On a bad day nothing reaches beyond the edge of a screen, narrow or wide."""
    page = await visit(broken.url, viewport={"width": width, "height": 900})
    await drawn(page)
    assert (await page.evaluate(SIZE))[0] == width


@pytest.mark.parametrize("number", [0, 1, 2, 3, len(CAUSES)])
async def test_it_fits_the_wall(calm_database, visit, number):
    """All of the wall view is on a screen of 1920 x 1080, to its edges, calm or with as many alerts as it shows."""
    alerts = CAUSES[:number]
    async with watching(calm_database) as watch:
        await watch.tick()
    conn = await asyncpg.connect(calm_database)
    await conn.execute("delete from houndmon.leases")
    await conn.execute(HELD)
    for rule in alerts:
        await new_alert(conn, rule, severity="critical", finding=LONG)
    await conn.close()
    with served(calm_database) as service:
        page = await visit(f"{service.url}/?wall=1", viewport=WALL)
        await drawn(page)
        await expect(page.locator(".alert-list > li")).to_have_count(len(alerts))
        assert await page.evaluate(SIZE) == [WALL["width"], WALL["height"]]
        assert await page.evaluate(LOWEST) > WALL["height"] - 60
        await page.close()  # it polls, and its server goes
