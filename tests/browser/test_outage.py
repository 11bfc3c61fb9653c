from browser.visits import drawn, eventually, pass_time

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
    await pass_time(page, 180_000)
    assert {age.split()[1] for age in await page.evaluate(AGES)} == {"min"}
    assert await page.locator("#panel-ingest[data-old], #panel-ingest[data-lost]").count() == 1

    process.start()

    async def recovered() -> bool:
        if await lost.is_visible() or await page.locator("[data-lost]").count():
            return False
        now: str = await page.evaluate(AS_OF)
        return bool(now > before)

    await eventually(recovered, page)
