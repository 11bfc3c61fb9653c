"""In the hand: what is wrong comes first, the rest is one touch away, and nothing is cut."""

import pytest

from browser.visits import PHONE, drawn, polled, whole

HAND = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
ZOOMED = {"viewport": {"width": 720, "height": 450}, "device_scale_factor": 2}  # 1440 x 900 at 200 %
PATHS = (
    "/",
    "/alerts?state=all",
    "/alerts/1",
    "/silences",
    "/runbooks",
    "/runbooks/queue_age",
    "/rows/failed_jobs_today",
    "/nowhere",
    "/docs",
)
SCREENS, ROW = 9, 160  # the page without the rules that it must name, in screens; each of those, in pixels
IN_SIGHT = """() => [...document.querySelectorAll('#panel-rules tbody tr')].filter((row) => row.checkVisibility({
  contentVisibilityAuto: true })).map((row) => row.querySelector('.state').innerText)"""
HIGH = """() => [document.documentElement.scrollHeight, [...document.querySelectorAll('#panel-rules tbody tr')]
  .filter((row) => row.checkVisibility({ contentVisibilityAuto: true })).map((row) => row.offsetHeight)]"""
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
    """On a bad day the page is nine screens and what fires, however much does; nothing in it is cut at the side."""
    page = await visit(broken.url, **HAND)
    await drawn(page)
    whole_page, rows = await page.evaluate(HIGH)
    assert max(rows) <= ROW
    assert whole_page - sum(rows) <= SCREENS * PHONE["height"]
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


@pytest.mark.usefixtures("patient_pages")
async def test_it_unfolds_without_javascript(broken, visit):
    """Without JavaScript, too, a touch shows what is folded."""
    page = await visit(broken.url, **HAND, java_script_enabled=False)
    await whole(page)  # until then it comes again by itself
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


@pytest.mark.parametrize("screen", [HAND, ZOOMED], ids=["phone", "zoomed"])
@pytest.mark.parametrize("path", PATHS)
async def test_it_needs_no_scrolling_sideways_where_there_is_little_room(broken, visit, path, screen):
    """No page reaches beyond the edge of a hand's screen, or of a desk's at 200 %, and nothing in it is cut."""
    page = await visit(f"{broken.url}{path}", status=404 if path == "/nowhere" else 200, **screen)
    assert await page.evaluate("() => document.documentElement.scrollWidth") == screen["viewport"]["width"]
    assert await page.evaluate(CUT) == []
