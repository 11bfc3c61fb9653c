import asyncio
import re
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Route

from browser.visits import DESK, PHONE, QUIET, drawn, pass_time

ANSWERS = {
    "transcodes_failed_today",
    "oldest_queued_job",
    "worker_alive",
    "play_failure_ratio_24h",
    "top_failure_cause",
}
BEHIND = {"transcode", "workers", "playback", "alerts"}
BOTTOMS = """() => Object.fromEntries([...document.querySelectorAll('[data-answer]')].map((answer) =>
  [answer.dataset.answer, answer.getBoundingClientRect().bottom + scrollY]))"""
LINES = """(text) => {
  const note = document.querySelector('[data-answer=worker_alive] .note');
  note.textContent = text;
  return Math.round(note.getBoundingClientRect().height / parseFloat(getComputedStyle(note).lineHeight));
}"""
ONLY_STRIP = "() => !document.querySelector('.htmx-request:not(#summary)')"
WIDTH = "() => document.documentElement.scrollWidth"


@pytest.mark.parametrize("note", ["3 of 3, beat 4.9 s ago", "3 of 3, beat 59 s ago", "12 of 12, beat 9 s ago"])
async def test_it_keeps_a_worker_s_note_on_one_line(calm, visit, note):
    """However long ago the last beat was, nothing below it moves: on a phone the note fits its line."""
    page = await visit(calm.url, viewport=PHONE, has_touch=True, is_mobile=True)
    await drawn(page)
    assert ", beat " in await page.locator("[data-answer=worker_alive] .note").inner_text()
    assert await page.evaluate(LINES, note) == 1


@pytest.mark.parametrize("day", ["calm", "broken"], indirect=True)
async def test_it_answers_five_questions_without_scrolling(day, visit):
    """At 1440 by 900 all five answers are in sight, on a good day and on a bad one."""
    page = await visit(day.url)
    await drawn(page)
    bottoms = await page.evaluate(BOTTOMS)
    assert bottoms.keys() == ANSWERS
    assert max(bottoms.values()) <= DESK["height"], bottoms


@pytest.mark.parametrize("day", ["calm", "broken", "empty"], indirect=True)
async def test_it_fits_a_phone(day, visit):
    """At 390 pixels nothing scrolls sideways, and the five answers are there within one scroll."""
    page = await visit(day.url, viewport=PHONE, has_touch=True, is_mobile=True)
    await drawn(page)
    assert await page.evaluate(WIDTH) <= PHONE["width"]
    bottoms = await page.evaluate(BOTTOMS)
    assert max(bottoms.values()) <= 2 * PHONE["height"], bottoms


async def test_it_says_the_same_as_the_summary(broken, visit):
    """The page's answers carry the raw values of `/api/summary`."""
    page = await visit(broken.url)
    await drawn(page)
    answers = (await (await page.request.get(f"{broken.url}/api/summary")).json())["answers"]
    shown = await page.evaluate(
        "() => Object.fromEntries([...document.querySelectorAll('[data-answer]')]"
        ".map((one) => [one.dataset.answer, one.dataset.value]))"
    )
    assert shown["transcodes_failed_today"] == str(answers["transcodes_failed_today"])
    assert shown["worker_alive"] == str(answers["worker_alive"]["alive"]).lower()
    assert shown["top_failure_cause"] == answers["top_failure_cause"]["code"]
    assert float(shown["play_failure_ratio_24h"]) == pytest.approx(answers["play_failure_ratio_24h"], rel=0.01)
    assert float(shown["oldest_queued_job"]) == pytest.approx(answers["oldest_queued_job"]["age_minutes"], abs=1)


async def test_it_leads_from_each_answer_to_its_panel(broken, visit):
    """Following an answer brings its panel into sight."""
    page = await visit(broken.url)
    await drawn(page)
    for name in ANSWERS:
        answer = page.locator(f"[data-answer={name}]")
        target = (await answer.get_attribute("href") or "").partition("#")[2]
        assert target.startswith("panel-")
        await answer.click()
        top = await page.locator(f"#{target}").evaluate("(panel) => panel.getBoundingClientRect().top")
        assert -1 <= top <= DESK["height"]


async def test_it_names_the_first_broken_stage(calm, broken, visit):
    """Above all else one sentence says what is broken first, with the way to its alert; or that all is well."""
    page = await visit(broken.url)
    await drawn(page)
    verdict = page.locator("#summary .verdict")
    assert "broken" in await verdict.inner_text()
    assert await verdict.get_by_role("link", name=re.compile("^Alert")).count() == 1
    page = await visit(calm.url)
    await drawn(page)
    assert "all is well" in (await page.locator("#summary .verdict").inner_text()).lower()


async def test_it_asks_its_panels_together_with_the_strip(calm, visit):
    """The strip, the panels that it answers from and the alerts are asked in one breath: they tell of one moment."""
    page = await (await visit.context(calm.url)).new_page()
    await page.clock.install()
    await page.goto(calm.url)
    await drawn(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path.rpartition("/")[2]))
    for _ in range(25):
        await pass_time(page, 1_000)
        await page.wait_for_function(QUIET)  # a strip that is still on its way is not asked again
    strips = [place for place, name in enumerate(asked) if name == "summary"]
    assert strips
    for place in strips:
        assert set(asked[place + 1 : place + 6]) >= BEHIND  # at some hours the top cause is one of uploads: five then
    since = asked[strips[0] :]  # before it some may be of a strip that was asked before anybody listened
    assert [since.count(name) for name in BEHIND] == [len(strips)] * len(BEHIND)


async def test_it_waits_for_a_strip_that_is_on_its_way(calm, visit):
    """However long the strip's answer takes, the panels beside it are asked once, and not each second anew."""
    page = await (await visit.context(calm.url)).new_page()
    await page.clock.install()
    await page.goto(calm.url)
    await drawn(page)
    await page.wait_for_function(QUIET)
    asked: list[str] = []
    answers = asyncio.Event()

    async def held(route: Route) -> None:
        await answers.wait()
        await route.continue_()

    await page.route("**/fragments/summary*", held)
    page.on("request", lambda request: asked.append(urlsplit(request.url).path.rpartition("/")[2]))
    async with page.expect_request(lambda request: "/fragments/summary" in request.url):
        await page.clock.fast_forward(12_000)
    for _ in range(5):
        await page.wait_for_function(ONLY_STRIP)
        await page.clock.fast_forward(1_000)
    await page.wait_for_function(ONLY_STRIP)
    assert {name: asked.count(name) for name in BEHIND} == dict.fromkeys(BEHIND, 1)
    answers.set()
    await page.wait_for_function(QUIET)
