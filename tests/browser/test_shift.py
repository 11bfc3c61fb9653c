from typing import Any

import asyncpg
import pytest
from playwright.async_api import expect

from alerting import new_alert
from browser.hounds import HELD, watching
from browser.service import served
from browser.visits import PHONE, SHIFT, drawn, polled
from factories import lock
from houndmon.web import page as drawing
from houndmon.web.dependencies import services_of

MOST = 0.02
STATES = """() => [...document.querySelectorAll('[data-poll]')].map((panel) =>
  [panel.id, panel.dataset.state, panel.querySelectorAll('li, tr, p, dd, form, button').length].join())"""
TOPS = """() => [...document.querySelectorAll('.slot, .alarms')]
  .map((place) => Math.round(place.getBoundingClientRect().top))"""
Screen = tuple[str, dict[str, Any]]
DESK: Screen = ("", {})
HAND: Screen = ("", {"viewport": PHONE, "has_touch": True, "is_mobile": True})
TABLET: Screen = ("", {"viewport": {"width": 768, "height": 1024}})
WALL: Screen = ("&wall=1", {"viewport": {"width": 1920, "height": 1080}})
DESK_WALL: Screen = ("&wall=1", {})


@pytest.mark.parametrize("screen", [DESK, HAND, WALL, DESK_WALL], ids=["desk", "phone", "wall", "wall at a desk"])
@pytest.mark.parametrize("day", ["calm", "broken", "empty"], indirect=True)
async def test_it_does_not_jump_while_it_fills(day, screen, visit, monkeypatch):
    """From its first paint until all panels and charts are there, hardly anything moves."""
    monkeypatch.setattr(drawing, "ALERTS_WAIT_SECONDS", 600)  # only on a busy machine do they come later than they may
    view, options = screen
    page = await visit(f"{day.url}/?range=6h{view}", **options)
    await drawn(page)
    assert await page.evaluate(SHIFT) <= MOST


@pytest.mark.parametrize(
    "screen", [DESK, HAND, TABLET, WALL, DESK_WALL], ids=["desk", "phone", "tablet", "wall", "wall at a desk"]
)
@pytest.mark.parametrize("day", ["calm", "broken", "empty"], indirect=True)
async def test_it_does_not_jump_where_all_comes_late(day, screen, visit, monkeypatch):
    """Where the page brings its alerts and nothing else, the rest fills the places that were kept for it."""
    monkeypatch.setattr(drawing, "PAGE_WAIT_SECONDS", 0)
    monkeypatch.setattr(drawing, "ALERTS_WAIT_SECONDS", 600)
    view, options = screen
    page = await visit(f"{day.url}/?range=6h{view}", **options)
    await drawn(page)
    assert await page.evaluate(SHIFT) <= MOST


async def test_it_does_not_jump_across_polls(broken, visit):
    """Figures that come in anew move nothing, as long as they say the same."""
    page = await (await visit.context(broken.url)).new_page()
    await page.clock.install()
    await page.goto(broken.url)
    await drawn(page)
    quiet = 0
    for _ in range(12):
        before, moved = await page.evaluate(STATES), await page.evaluate(SHIFT)
        for name in ("summary", "alerts", "panels/transcode", "panels/playback"):
            await polled(page, name)
        if await page.evaluate(STATES) == before:  # else something happened, which may take its place
            quiet += 1
            assert await page.evaluate(SHIFT) - moved <= MOST
        if quiet == 2:
            return
    raise AssertionError("it never was quiet")


@pytest.mark.parametrize("screen", [DESK, WALL], ids=["desk", "wall"])
async def test_it_does_not_jump_while_the_source_is_slow(own, screen, visit):
    """Panels that come late fill the place that was kept for them."""
    view, options = screen
    conn = await asyncpg.connect(own.database)
    async with conn.transaction():
        await lock(conn, "hound.play_attempts", "hound.transcode_jobs")
        page = await visit(f"{own.url}/?range=24h{view}", **options)
        assert await page.locator("#panel-playback[data-state=pending]").count() == 1
    await drawn(page)
    await conn.close()
    assert await page.evaluate(SHIFT) <= MOST


async def test_it_keeps_its_rows_on_the_wall_where_nothing_can_be_read(own, visit):
    """Service levels that cannot be read are a line each, and panels say over their figures that they are old."""
    _, options = WALL
    page = await (await visit.context(own.url, **options)).new_page()
    await page.clock.install()
    await page.goto(f"{own.url}/?wall=1")
    await drawn(page)
    before = await page.evaluate(TOPS)
    conn = await asyncpg.connect(own.database)
    await conn.execute("alter schema hound rename to gone")
    await conn.close()
    own.invalidate()
    services_of(own.app).levels.invalidate()
    for name in ("summary", "slos", "panels/transcode", "panels/playback"):
        await polled(page, name)
    assert await page.locator("#panel-slos .notice").count() >= 3
    assert await page.locator("#panel-transcode[data-state=stale] .notice").count() == 1
    assert await page.evaluate(TOPS) == before


@pytest.mark.parametrize("screen", [DESK, HAND, TABLET, WALL], ids=["desk", "phone", "tablet", "wall"])
async def test_it_does_not_jump_where_the_evaluator_is_late(calm_database, screen, visit):
    """The notice that the evaluator is late stands in sight, and pushes nothing down."""
    view, options = screen
    async with watching(calm_database) as watch:
        await watch.tick()
    conn = await asyncpg.connect(calm_database)
    await conn.execute(f"delete from houndmon.leases; {HELD}")
    await new_alert(conn, "queue_stalled", severity="critical")
    with served(calm_database) as service:
        page = await (await visit.context(service.url, **options)).new_page()
        await page.clock.install()
        await page.goto(f"{service.url}/?range=6h{view}")
        await drawn(page)
        before = await page.evaluate(TOPS)
        assert await page.locator("[data-late]").count() == 0
        await conn.execute("update houndmon.ticks set finished_at = finished_at - interval '1 hour'")
        await conn.close()
        service.invalidate()
        await polled(page, "summary")
        await expect(page.locator("[data-late]")).to_be_in_viewport()
        assert await page.evaluate(TOPS) == before
        await page.close()  # it polls, and its server goes


async def test_it_would_notice_a_jump(calm, visit):
    """A page whose panels are pushed down after the paint is found out."""
    page = await visit(calm.url)
    await drawn(page)
    await page.evaluate("""() => {
      const more = document.createElement('p');
      more.append(...Array.from({ length: 12 }, () => document.createElement('br')));
      document.querySelector('main').prepend(more);
    }""")
    assert await page.evaluate(SHIFT) > MOST
