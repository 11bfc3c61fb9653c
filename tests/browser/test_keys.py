from urllib.parse import parse_qs, urlsplit

from browser.visits import drawn

FOCUSED = "() => document.activeElement.closest('.panel')?.id"


def query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


async def test_it_lists_its_keys(calm, visit):
    """`?` opens the list of keys, which closes by Escape; its button does the same."""
    page = await visit(calm.url)
    await drawn(page)
    keys = page.get_by_role("dialog")
    await page.keyboard.press("?")
    await keys.wait_for()
    assert "this list" in await keys.inner_text()
    await page.keyboard.press("Escape")
    await keys.wait_for(state="hidden")
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await keys.wait_for()
    await keys.get_by_role("button", name="Close").click()
    await keys.wait_for(state="hidden")


async def test_it_jumps_to_each_panel(calm, visit):
    """A number puts focus and sight on its panel; they count along the chain, then the API and what happened."""
    page = await visit(calm.url)
    await drawn(page)
    reached = []
    for number in range(1, 8):
        await page.keyboard.press(str(number))
        reached.append(await page.evaluate(FOCUSED))
        top = await page.locator(f"#{reached[-1]}").evaluate("(panel) => panel.getBoundingClientRect().top")
        assert -1 <= top < 900
    names = ["ingest", "transcode", "workers", "publish", "playback", "api", "incidents"]
    assert reached == [f"panel-{name}" for name in names]


async def test_it_switches_range_and_environment(calm, visit):
    """`r` goes to the next range, `e` to the other environment, each keeping the other."""
    page = await visit(f"{calm.url}/?range=6h")
    await drawn(page)
    async with page.expect_navigation():
        await page.keyboard.press("e")
    assert query(page) == {"range": "6h", "environment": "staging"}
    async with page.expect_navigation():
        await page.keyboard.press("r")
    assert query(page)["environment"] == "staging"
    assert query(page).get("range", "24h") == "24h"


async def test_it_leaves_keys_alone_where_somebody_types(calm, visit):
    """In a field the letters are text."""
    page = await visit(calm.url)
    await drawn(page)
    field = page.locator("input[name=q]")
    await field.focus()
    await page.keyboard.type("re?1t")
    assert await field.input_value() == "re?1t"
    assert await page.get_by_role("dialog").count() == 0
    assert query(page) == {}


async def test_it_reaches_everything_by_tab(calm, visit):
    """The first Tab leads past the header to the figures, and what has the focus shows it."""
    page = await visit(calm.url)
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the figures")
    assert await skip.evaluate("(link) => link === document.activeElement && link.getBoundingClientRect().top >= 0")
    await page.keyboard.press("Enter")
    assert await page.evaluate("() => document.activeElement.id") == "main"
    await page.keyboard.press("Tab")
    outline = await page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
