"""In the hand: what is wrong comes first, the rest is one touch away, and nothing is cut."""

import pytest

from browser.visits import PHONE, drawn, polled

HAND = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
MOST = 8_800  # pixels, with ten alerts that fire
IN_SIGHT = """() => [...document.querySelectorAll('#panel-rules tbody tr')].filter((row) => row.checkVisibility({
  contentVisibilityAuto: true })).map((row) => row.querySelector('.state').innerText)"""
CUT = """() => [...document.querySelectorAll('.panel, .panel table, .strip')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1)
  .map((one) => one.id || one.className)"""
FOLDS = ("rules-over", "rules-calm")


async def test_it_shows_what_is_wrong_first(broken, visit):
    """The rules in sight are those that fire, wait to, or cannot be judged, the firing ones first."""
    page = await visit(broken.url, **HAND)
    await drawn(page)
    seen = await page.evaluate(IN_SIGHT)
    assert len(seen) > 5
    assert "ok" not in seen
    assert "recovered" not in seen
    firing = [state for state in seen if state.startswith("firing")]
    assert seen[: len(firing)] == firing
    every = (await (await page.request.get(f"{broken.url}/api/rules?environment=prod")).json())["items"]
    assert await page.locator("#panel-rules tbody tr").count() == len(every)


async def test_it_is_no_endless_page(broken, visit):
    """On a bad day the page is not much longer than ten screens, and nothing in it is cut at the side."""
    page = await visit(broken.url, **HAND)
    await drawn(page)
    assert await page.evaluate("() => document.documentElement.scrollHeight") <= MOST
    assert await page.evaluate(CUT) == []


async def test_it_unfolds_by_key_and_stays_so(broken, visit):
    """What is folded opens by key, and is still open, and reached, after the panel was drawn anew."""
    page = await (await visit.context(broken.url, **HAND)).new_page()
    await page.clock.install()
    await page.goto(broken.url)
    await drawn(page)
    before = len(await page.evaluate(IN_SIGHT))
    for name in FOLDS:
        await page.locator(f"#{name} > summary").focus()
        await page.keyboard.press("Enter")
    unfolded = len(await page.evaluate(IN_SIGHT))
    assert unfolded > before
    await polled(page, "rules")
    assert len(await page.evaluate(IN_SIGHT)) == unfolded
    assert await page.evaluate("() => document.activeElement.parentElement.id") == FOLDS[-1]


async def test_it_unfolds_without_javascript(broken, visit):
    """Without JavaScript, too, a touch shows what is folded."""
    page = await visit(broken.url, **HAND, java_script_enabled=False)
    for _ in range(20):
        if await page.locator("#rules-calm").count():
            break
        await page.wait_for_timeout(500)
        await page.reload()
    row = page.locator("#rules-calm tbody tr").first
    assert not await row.is_visible()
    await page.locator("#rules-calm > summary").tap()
    assert await row.is_visible()


async def test_it_folds_in_the_hand_alone(broken, visit):
    """The lists that a hand unfolds are in plain sight on a desk, for screen readers too: nothing asks to unfold."""
    for options, is_shown in (({}, True), (HAND, False)):
        page = await visit(broken.url, **options)
        await drawn(page)
        for name in ("clients", "routes", "workers"):
            fold = page.locator(f"#fold-{name}")
            assert await fold.get_by_role("row").first.is_visible() is is_shown
            assert await fold.locator("> summary").is_visible() is not is_shown
            assert ("row " in await fold.aria_snapshot()) is is_shown


@pytest.mark.parametrize(
    "path", ["/alerts?state=all", "/alerts/1", "/silences", "/runbooks", "/runbooks/queue_age", "/docs"]
)
async def test_it_needs_no_scrolling_sideways_in_the_hand(broken, visit, path):
    """No page reaches beyond the edge of a hand's screen, and no table of alerts is cut."""
    page = await visit(f"{broken.url}{path}", **HAND)
    assert await page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]
    assert await page.evaluate(CUT) == []
