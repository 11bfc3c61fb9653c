"""Charts under the pointer, the finger and the arrow keys; labels that leave each other room."""

from itertools import pairwise

import pytest

from browser.visits import PHONE, drawn, polled

READOUT = ".readout"
AT = "(pick) => +pick.getAttribute('aria-valuenow')"
LABELS = """() => [...document.querySelectorAll('.chart')].map((chart) =>
  [...chart.querySelectorAll(':scope > text:not(.limit)')].filter((text) => text.checkVisibility())
    .map((text) => { const box = text.getBoundingClientRect(); return [box.left, box.right]; }))"""
SCREENS = [("", {}), ("", {"viewport": PHONE}), ("", {"viewport": {"width": 768, "height": 1024}}), ("&wall=1", {})]


async def row(page, pick, at):
    """The cells of a chart's table, in words."""
    table = await pick.get_attribute("data-values")
    cells = f"(at) => [...document.getElementById('{table}').tBodies[0].rows[at].cells].map((one) => one.textContent)"
    return await page.evaluate(cells, at)


async def test_it_shows_the_value_at_the_pointer(broken, visit):
    """Over a chart stands what its table says of that stretch; beside it nothing does, and Escape puts it away."""
    page = await visit(f"{broken.url}/?range=1h")
    await drawn(page)
    pick = page.locator("#panel-transcode .pick").nth(1)
    await pick.hover(position={"x": 1, "y": 10})
    start, value, *_ = await row(page, pick, 0)
    shown = await page.inner_text(READOUT)
    assert shown.startswith(f"{start} to ")
    assert f"oldest {value}" in shown
    box = await pick.bounding_box()
    await page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 10)
    start, value, *_ = await row(page, pick, 29)
    assert (await page.inner_text(READOUT)).startswith(f"{start} to now")
    await page.keyboard.press("Escape")
    assert not await page.locator(READOUT).is_visible()
    await page.mouse.move(box["x"] + 40, box["y"] + 10)
    assert await page.locator(READOUT).is_visible()
    await page.mouse.move(box["x"] + 40, 2)
    assert await page.locator(READOUT).count() == 0


async def test_it_reads_a_chart_by_keys(broken, visit):
    """Arrow keys walk through the stretches of the chart in focus, which says each to those who cannot see it."""
    page = await visit(f"{broken.url}/?range=1h")
    await drawn(page)
    pick = page.get_by_role("slider", name="Failure ratio over time")
    await pick.focus()
    assert await pick.evaluate(AT) == 30
    for key, at in (("ArrowRight", 30), ("ArrowLeft", 29), ("PageDown", 23), ("Home", 1), ("ArrowUp", 2), ("End", 30)):
        await page.keyboard.press(key)
        assert await pick.evaluate(AT) == at, key
    await page.keyboard.press("Home")
    start, ratio, *_ = await row(page, pick, 0)
    said = await pick.get_attribute("aria-valuetext")
    assert said.startswith(f"{start} to ")
    assert f"failure ratio {ratio.strip()}" in said
    assert await page.locator(READOUT).is_visible()
    await page.keyboard.press("Tab")
    assert await page.locator(READOUT).count() == 0


async def test_it_keeps_the_place_across_polls(own, visit):
    """A panel that is drawn anew while somebody reads its chart leaves the focus, the place and the value in sight."""
    page = await (await visit.context(own.url)).new_page()
    await page.clock.install()
    await page.goto(f"{own.url}/?range=1h")
    await drawn(page)
    pick = page.get_by_role("slider", name="Failure ratio over time")
    await pick.focus()
    await page.keyboard.press("Home")
    own.invalidate()
    await polled(page, "panels/playback")
    assert await pick.evaluate("(pick) => pick === document.activeElement")
    assert await pick.evaluate(AT) == 1
    assert await page.locator(READOUT).is_visible()


@pytest.mark.parametrize("span", ["1h", "6h", "24h", "7d"])
async def test_its_times_leave_each_other_room(broken, visit, span):
    """On no screen do two times along an axis touch, and every panel with charts names some."""
    page = await visit(f"{broken.url}/?range={span}")
    for view, options in SCREENS:
        await page.set_viewport_size(options.get("viewport", {"width": 1920, "height": 1080}))
        await page.goto(f"{broken.url}/?range={span}{view}")
        await drawn(page)
        charts = await page.evaluate(LABELS)
        assert sum(bool(labels) for labels in charts) >= 4
        for labels in charts:
            assert all(one[1] < other[0] for one, other in pairwise(labels)), (view, options)
