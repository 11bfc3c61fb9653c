import asyncpg

from browser.visits import drawn, polled
from factories import Hound

UPLOADS = "#panel-ingest [data-figure=uploads_today] .value"
SELECT = """() => {
  const title = document.querySelector('#panel-ingest h2').firstChild;
  getSelection().setBaseAndExtent(title, 0, title, title.length);
  return String(getSelection());
}"""
# A browser itself scrolls on by what grows above the text in view, and which text that is, is its own affair. What the
# page does to the scroll shows without that.
ALONE = "() => { document.documentElement.style.overflowAnchor = 'none'; scrollTo(0, 400); }"
KEPT = """() => {
  window.panel ??= document.querySelector('#panel-transcode');
  return {
    open: [...document.querySelectorAll('details[open]')].map((one) => one.id),
    focus: document.activeElement.name,
    range: [document.activeElement.selectionStart, document.activeElement.selectionEnd],
    scrolled: scrollY,
    connected: window.panel.isConnected,
  };
}"""


async def test_it_keeps_what_the_reader_does_across_polls(own, visit):
    """New figures come in, and open details, focus, typed text with its marks, and the scroll stay."""
    context = await visit.context(own.url)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(own.url)
    await drawn(page)
    before = await page.inner_text(UPLOADS)
    summaries = page.locator("#panel-transcode details > summary:visible")
    for number in range(await summaries.count()):
        await summaries.nth(number).click()
    field = page.locator("input[name=q]")
    async with page.expect_response("**/fragments/search*"):
        await field.fill("half a na")
    await field.evaluate("(field) => field.setSelectionRange(2, 6)")
    await page.evaluate(ALONE)
    kept = await page.evaluate(KEPT)
    assert kept["open"]
    assert kept["focus"] == "q"
    assert kept["scrolled"] == 400

    conn = await asyncpg.connect(own.database)
    hound = await Hound.on_clock(conn)
    await hound.upload(7)
    await hound.job("failed", 7, finished_at="-1s", error_code="NEW_CODE")
    await conn.close()
    own.invalidate()
    await polled(page, "panels/ingest")
    await page.wait_for_function(f"(before) => document.querySelector('{UPLOADS}').innerText !== before", arg=before)
    await page.get_by_text("NEW_CODE").first.wait_for()

    now = await page.evaluate(KEPT)
    assert set(now.pop("open")) >= set(kept.pop("open"))
    assert now == kept
    assert await field.input_value() == "half a na"


async def test_it_keeps_selected_text_across_polls(own, visit):
    """What somebody marks in a panel, to copy it, is still marked after the panel was drawn anew."""
    context = await visit.context(own.url)
    page = await context.new_page()
    await page.clock.install()
    await page.goto(own.url)
    await drawn(page)
    marked = await page.evaluate(SELECT)
    assert marked
    await polled(page, "panels/ingest")
    assert await page.evaluate("() => String(getSelection())") == marked
