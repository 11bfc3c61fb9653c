import asyncpg

from browser.visits import drawn

HOLD_SECONDS = 20
STATES = """() => Object.fromEntries([...document.querySelectorAll('[id^=panel-][data-poll]')].map((panel) =>
  [panel.id, { state: panel.dataset.state, asOf: panel.dataset.asOf || '' }]))"""
GO_ON = """([names, before]) => names.map((name) => document.getElementById(name)).every((panel) =>
  panel.dataset.state === 'fresh' && panel.dataset.asOf > before[panel.id])"""
OTHERS = ("panel-transcode", "panel-workers", "panel-ingest", "panel-publish", "panel-api")


async def test_it_fills_the_other_panels_while_one_is_held(own, visit):
    """While a relation is locked for 20 s its panel says that it fails, or how old it is; all others go on."""
    own.limit(seconds=5)
    known = await visit(own.url)  # has seen good figures before the lock
    await drawn(known)
    conn = await asyncpg.connect(own.database)
    async with conn.transaction():
        await conn.execute("lock table hound.play_attempts in access exclusive mode")
        new = await visit(f"{own.url}/?range=6h")
        await new.wait_for_selector("#panel-playback[data-state=failed]")
        assert "play_attempts" in await new.inner_text("#panel-playback")
        began = await new.evaluate(STATES)
        await known.wait_for_selector("#panel-playback[data-state=stale]")
        assert "old" in await known.inner_text("#panel-playback .notice")
        assert await known.locator("#panel-playback [data-figure=failure_ratio] .value").first.inner_text() != "—"
        await new.wait_for_timeout(HOLD_SECONDS * 1000)
        for page, state in ((new, "failed"), (known, "stale")):
            await page.wait_for_function(GO_ON, arg=[list(OTHERS), {name: began[name]["asOf"] for name in OTHERS}])
            assert (await page.evaluate(STATES))["panel-playback"]["state"] == state
    for page in (new, known):
        await page.wait_for_selector("#panel-playback[data-state=fresh]")
    await conn.close()
