"""A screen on the wall that turns between the environments."""

from urllib.parse import parse_qs, urlsplit

from browser.visits import drawn


def query(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


async def wall(visit, url):
    page = await visit(f"{url}/?wall=1&turn=10&range=6h")
    await drawn(page)
    return page


async def test_it_turns_between_the_environments(calm, visit):
    """After the seconds that were asked for the other environment is there, and after as many the first again."""
    page = await wall(visit, calm.url)
    for environment in ("staging", None):
        await page.wait_for_url(lambda url, there=environment: query(url).get("environment") == there)
        assert query(page.url) | {"environment": None} == {
            "environment": None,
            "wall": "1",
            "turn": "10",
            "range": "6h",
        }
        await page.locator(".answers").wait_for()
    await page.get_by_role("link", name="Stay here").click()
    assert "turn" not in query(page.url)


async def test_it_stays_while_nobody_answers(process, visit):
    """A screen whose houndmon is away keeps what it shows, and turns when it is back."""
    page = await wall(visit, process.url)
    visit.allow("htmx:error|Failed to load resource|Failed to fetch")
    process.kill()
    there = page.url
    await page.wait_for_event("requestfailed", lambda request: urlsplit(request.url).path == "/")
    assert page.url == there
    assert await page.locator(".answers").is_visible()
    process.start()
    await page.wait_for_url(lambda url: url != there)
    assert query(page.url).get("environment") != query(there).get("environment")
