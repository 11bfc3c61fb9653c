import pytest

LIGHTNESS = """() => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number);
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}"""


async def is_dark(page):
    return await page.evaluate(LIGHTNESS) < 0.4


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_wears_what_the_system_prefers(scheme, calm, visit):
    """Without a choice of the reader's the page is as dark as the system."""
    page = await visit(calm.url, color_scheme=scheme)
    assert await is_dark(page) == (scheme == "dark")
    await page.emulate_media(color_scheme="light" if scheme == "dark" else "dark")
    assert await is_dark(page) != (scheme == "dark")


async def test_it_remembers_the_switch(calm, visit):
    """The switch turns the page dark; that stays over a reload, on other pages, and until it is switched back."""
    page = await visit(calm.url, color_scheme="light")
    switch = page.get_by_role("button", name="Switch between light and dark")
    await switch.click()
    assert await is_dark(page)
    await page.reload()
    assert await is_dark(page)
    await page.goto(f"{calm.url}/alerts")
    assert await is_dark(page)
    await page.goto(calm.url)
    await page.keyboard.press("t")
    assert not await is_dark(page)
    await page.reload()
    assert not await is_dark(page)
