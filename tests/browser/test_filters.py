from urllib.parse import parse_qs, urlsplit

FIGURE = "#panel-transcode [data-figure=oldest_queued_age_minutes] .value"


def query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


async def test_it_filters_without_javascript(broken, visit):
    """Links and the form filter with JavaScript off; a reload, and so a bookmark, keeps range, environment and ids."""
    page = await visit(broken.url, java_script_enabled=False)
    await page.get_by_role("link", name="6h", exact=True).click()
    assert query(page)["range"] == "6h"
    assert await page.get_by_role("link", name="6h", exact=True).get_attribute("aria-current") == "true"
    await page.locator("input[name=artist_id]").fill("artist-1")
    await page.locator("form:has(input[name=artist_id]) button[type=submit]").click()
    assert query(page).items() >= {"range": "6h", "artist_id": "artist-1"}.items()
    await page.reload()
    assert query(page).items() >= {"range": "6h", "artist_id": "artist-1"}.items()
    assert await page.locator("input[name=artist_id]").input_value() == "artist-1"
    await page.locator(FIGURE).wait_for()
    assert 25 <= int((await page.locator(FIGURE).inner_text()).removesuffix(" min")) < 60
    await page.get_by_role("link", name="staging", exact=True).click()
    assert query(page).items() >= {"range": "6h", "environment": "staging", "artist_id": "artist-1"}.items()


async def test_it_draws_its_panels_without_javascript(broken, visit):
    """With JavaScript off the page holds its figures all the same."""
    await visit(broken.url)  # the server has the figures at hand then
    page = await visit(broken.url, java_script_enabled=False)
    for name in ("transcode", "workers", "playback", "ingest", "publish", "api", "incidents"):
        assert await page.locator(f"#panel-{name}").get_attribute("data-state") == "fresh"
    assert await page.locator("[data-answer][data-value]").count() == 5


async def test_it_refuses_a_filter_that_is_none(calm, visit):
    """A query that is wrong gets a page that names the field and leads back."""
    page = await visit(f"{calm.url}/?range=9h", status=400)
    assert "range" in await page.inner_text("main")
    await page.get_by_role("link", name="Back to the console").click()
    assert await page.locator("#panel-ingest").count() == 1
