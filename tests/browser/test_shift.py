import asyncpg
import pytest

from browser.visits import PHONE, SHIFT, drawn, polled
from factories import lock
from houndmon.web import page as drawing

MOST = 0.02
STATES = """() => [...document.querySelectorAll('[data-poll]')].map((panel) =>
  [panel.id, panel.dataset.state, panel.querySelectorAll('li, tr, .notice').length].join())"""
DESK, HAND = ("", {}), ("", {"viewport": PHONE, "has_touch": True, "is_mobile": True})
TABLET = ("", {"viewport": {"width": 768, "height": 1024}})
WALL = ("&wall=1", {"viewport": {"width": 1920, "height": 1080}})
DESK_WALL = ("&wall=1", {})


@pytest.mark.parametrize("screen", [DESK, HAND, WALL, DESK_WALL], ids=["desk", "phone", "wall", "wall at a desk"])
@pytest.mark.parametrize("day", ["calm", "broken", "empty"], indirect=True)
async def test_it_does_not_jump_while_it_fills(day, screen, visit, monkeypatch):
    """From its first paint until all panels and charts are there, hardly anything moves."""
    monkeypatch.setattr(drawing, "ALERTS_SECONDS", 600)  # only on a busy machine do they come later than they may
    view, options = screen
    page = await visit(f"{day.url}/?range=6h{view}", **options)
    await drawn(page)
    assert await page.evaluate(SHIFT) <= MOST


@pytest.mark.parametrize("screen", [DESK, HAND, TABLET, WALL], ids=["desk", "phone", "tablet", "wall"])
@pytest.mark.parametrize("day", ["calm", "broken", "empty"], indirect=True)
async def test_it_does_not_jump_where_all_comes_late(day, screen, visit, monkeypatch):
    """Where the page brings its alerts and nothing else, the rest fills the places that were kept for it."""
    monkeypatch.setattr(drawing, "READY_SECONDS", 0)
    monkeypatch.setattr(drawing, "ALERTS_SECONDS", 600)
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
