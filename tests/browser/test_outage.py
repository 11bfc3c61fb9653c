from browser.visits import drawn, eventually

AGES = "() => [...document.querySelectorAll('.panels [data-age]')].map((age) => age.textContent)"
AS_OF = "() => document.querySelector('#panel-ingest').dataset.asOf"
LOST = r"net::ERR_|Failed to fetch|Failed to load resource|htmx:error"


async def test_it_outlives_its_server(process, visit):
    """Its server killed, an open page says so, counts the age of what it shows, and recovers by itself."""
    visit.allow(LOST)
    context = await visit.context(process.url)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(process.url)
    await drawn(page)
    before, figures = await page.evaluate(AS_OF), await page.inner_text("#panel-ingest .figures")
    process.kill()

    lost = page.get_by_text("No answer from houndmon")
    await eventually(lost.is_visible, page)
    assert await page.inner_text("#panel-ingest .figures") == figures
    await page.clock.fast_forward(180_000)
    await page.wait_for_timeout(1500)
    assert {age.split()[1] for age in await page.evaluate(AGES)} == {"min"}
    assert await page.locator("#panel-ingest[data-old], #panel-ingest[data-lost]").count() == 1

    process.start()

    async def recovered() -> bool:
        return not await lost.is_visible() and await page.evaluate(AS_OF) > before

    await eventually(recovered, page)
    assert await page.locator("[data-lost]").count() == 0
