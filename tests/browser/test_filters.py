from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from browser.visits import drawn, followed, whole


def query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


@pytest.fixture
async def artist(broken):
    """An artist with a release: id and name."""
    conn = await asyncpg.connect(broken.database)
    row = await conn.fetchrow("select artist_id, artist_name from hound.releases order by release_id limit 1")
    await conn.close()
    return row["artist_id"], row["artist_name"]


@pytest.mark.usefixtures("patient_pages")
async def test_it_filters_without_javascript(broken, artist, visit):
    """Links and the form filter with JavaScript off; a reload, and so a bookmark, keeps range, environment and ids."""
    id, name = artist
    page = await visit(broken.url, java_script_enabled=False)
    await followed(page, page.get_by_role("link", name="6h", exact=True))
    assert query(page)["range"] == "6h"
    assert await page.get_by_role("link", name="6h", exact=True).get_attribute("aria-current") == "true"
    await page.locator("input[name=q]").fill(name)
    await followed(page, page.get_by_role("button", name="Find", exact=True))
    await followed(page, page.locator(f"main a[href*='artist_id={id}']").first)
    assert query(page) == {"range": "6h", "artist_id": id}
    await whole(page)
    await page.reload()
    assert query(page) == {"range": "6h", "artist_id": id}
    await page.locator("main", has_text=name).wait_for()  # what is not ready in time comes by itself
    await followed(page, page.get_by_role("link", name="staging", exact=True))
    assert query(page) == {"range": "6h", "environment": "staging", "artist_id": id}


async def test_it_finds_a_name_by_keys(broken, artist, visit):
    """`/`, some letters, down, Enter: the page narrows to the artist, and says where its releases are stuck."""
    id, name = artist
    page = await visit(broken.url)
    await drawn(page)
    await page.keyboard.press("/")
    await page.keyboard.type(name)
    option = page.get_by_role("option").first
    await option.wait_for()
    await page.keyboard.press("ArrowDown")
    assert await option.get_attribute("aria-selected") == "true"
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
    assert query(page) == {"artist_id": id}
    await drawn(page)
    assert name in await page.inner_text("#panel-support")


async def test_it_draws_its_panels_without_javascript(broken, visit):
    """With JavaScript off the page holds its figures all the same, once the server has them at hand."""
    page = await visit(broken.url, java_script_enabled=False)
    await whole(page)  # until then it comes again by itself
    for name in ("transcode", "workers", "playback", "ingest", "publish", "api", "incidents"):
        assert await page.locator(f"#panel-{name}").get_attribute("data-state") == "fresh"
    assert await page.locator("[data-answer][data-value]").count() == 5


async def test_it_refuses_a_filter_that_is_none(calm, visit):
    """A query that is wrong gets a page that names the field and leads back."""
    page = await visit(f"{calm.url}/?range=9h", status=400)
    assert "range" in await page.inner_text("main")
    await followed(page, page.get_by_role("link", name="Back to the console"))
    await page.locator("#panel-ingest").wait_for()
