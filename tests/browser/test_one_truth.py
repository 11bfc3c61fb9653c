"""Whatever comes between two answers, what the page says above and below is one truth, or soon is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from playwright.async_api import Page, Route

from alerting import new_alert
from browser.hounds import HELD, watching
from browser.service import Service, served
from browser.visits import Visits, drawn, eventually, pass_time
from houndmon.web import response_cache

FINDING = "33 queued, the oldest for 17.3 min"
WORSE = "update houndmon.alerts set latest_finding = $1, latest_verdict = 'breach'"
MARKS = "() => ['summary', 'panel-alerts'].map((id) => document.getElementById(id).dataset.findings)"
TOLD = "() => ['summary', 'panel-alerts'].map((id) => document.getElementById(id).textContent)"

SENTENCE = "#summary .sentence"
IS_CLEAR = "() => /All is well|Everything works/.test(document.querySelector('#summary .sentence').textContent)"
WATCH = """() => {
  window.seen = [];
  const look = () => {
    const clear = /All is well|Everything works/.test(document.querySelector('#summary .sentence').textContent);
    const doubtful = [...document.querySelectorAll('.panels [data-poll]')]
      .filter((panel) => ['stale', 'failed'].includes(panel.dataset.state)).map((panel) => panel.id);
    const now = { clear, doubtful, certain: !document.title.startsWith('?') }, last = window.seen.at(-1);
    if (JSON.stringify(now) !== JSON.stringify(last)) window.seen.push(now);
  };
  look();
  new MutationObserver(look).observe(document.documentElement,
    { subtree: true, childList: true, characterData: true, attributes: true });
}"""
READER = "one_truth_reader"
GRANTS = f"""
create role {READER};
grant all on schema houndmon to {READER};
grant all on all tables in schema houndmon to {READER};
grant all on all sequences in schema houndmon to {READER};
grant usage on schema hound to {READER};
grant select on all tables in schema hound to {READER}
"""


@pytest.fixture
def uncached(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bytes are kept: time that passes in the page is none on the server."""
    monkeypatch.setattr(response_cache, "CACHE_SECONDS", 0)


@asynccontextmanager
async def between(database: str, visit: Visits, *, every: bool = False) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page with an alert, at whose next poll a tick ends after the list's answer and before the strip's.

    Gives with it what has been asked since. With `every` the list stays the old one for ever.
    """
    async with watching(database) as watch:
        await watch.tick()
    conn = await asyncpg.connect(database)
    await conn.execute(f"delete from houndmon.leases; {HELD}")
    await new_alert(conn, "queue_stalled", severity="critical")
    asked: list[str] = []
    ticked = asyncio.Event()
    with served(database) as service:
        page = await (await visit.context(service.url)).new_page()
        await page.clock.install()
        await page.goto(service.url)
        await drawn(page)

        async def listed(route: Route) -> None:
            asked.append("alerts")
            answer = await route.fetch()
            if not ticked.is_set():
                await conn.execute(WORSE, FINDING)
                ticked.set()
            await route.fulfill(response=answer)

        async def told(route: Route) -> None:
            asked.append("summary")
            await ticked.wait()
            await route.continue_()

        async def kept(route: Route) -> None:
            asked.append("alerts")
            await route.fulfill(body=old, content_type="text/html")

        old = await (await page.request.get(f"{service.url}/fragments/alerts")).text()
        await page.route("**/fragments/summary*", told)
        await page.route("**/fragments/alerts*", listed)
        if every:
            await conn.execute(WORSE, FINDING)
            ticked.set()
            await page.route("**/fragments/alerts*", kept)
        async with page.expect_response(lambda answer: "/fragments/summary" in answer.url):
            await pass_time(page, 12_000)
        await pass_time(page, 0)
        yield page, asked
        await page.unroute_all(behavior="wait")
        await page.close()  # it polls, and its server goes
    await conn.close()


@pytest.mark.usefixtures("uncached")
async def test_it_agrees_after_a_tick_between_two_answers(calm_database, visit):
    """The strip knows of a tick that the list does not: the list alone is asked anew, and both say the same."""
    async with between(calm_database, visit) as (page, asked):
        first, second = await page.evaluate(MARKS)
        assert first != second
        assert sorted(asked) == ["alerts", "summary"]

        async def agreed() -> bool:
            first, second = await page.evaluate(MARKS)
            return bool(first == second)

        await eventually(agreed, page, step_ms=1_000, steps=4)
        assert [asked.count("alerts"), asked.count("summary")] == [2, 1]
        assert all(FINDING in text for text in await page.evaluate(TOLD))
        await pass_time(page, 1_000)
        await pass_time(page, 1_000)
        assert len(asked) == 3


@pytest.mark.usefixtures("uncached")
async def test_it_does_not_ask_for_ever_where_they_never_agree(calm_database, visit):
    """A list that never says anything else is asked anew twice in a row at most."""
    async with between(calm_database, visit, every=True) as (page, asked):
        polls = 0
        for _ in range(30):
            before = asked.count("summary") + asked.count("alerts")
            await pass_time(page, 1_000)
            polls += asked.count("summary") + asked.count("alerts") > before
        assert 3 <= polls <= 12, asked


async def contradictions(page: Page) -> list[dict[str, object]]:
    """Each moment at which the page said that all is well above a panel which it could not read."""
    seen: list[dict[str, object]] = await page.evaluate("() => window.seen")
    assert any(one["doubtful"] for one in seen), "no panel ever was doubtful"
    return [one for one in seen if one["doubtful"] and (one["clear"] or one["certain"])]


@pytest.fixture
def reading(calm_database: str) -> Iterator[Service]:
    """A service on a calm Hound of the test's own, whose role may read the source and own nothing."""

    async def prepare(statement: str) -> None:
        conn = await asyncpg.connect(calm_database)
        await conn.execute(statement)
        await conn.close()

    asyncio.run(prepare(GRANTS))
    with served(f"{calm_database}{'&' if '?' in calm_database else '?'}role={READER}") as service:
        yield service.judged()
    asyncio.run(prepare(f"drop owned by {READER}; drop role {READER}"))


@pytest.mark.parametrize(
    ("panel", "takes", "gives"),
    [
        (
            "playback",
            "alter table hound.play_attempts rename to gone",
            "alter table hound.gone rename to play_attempts",
        ),
        (
            "transcode",
            f"revoke select on hound.transcode_jobs from {READER}",
            f"grant select on hound.transcode_jobs to {READER}",
        ),
    ],
    ids=["relation gone", "grant revoked"],
)
async def test_it_is_never_all_clear_above_a_panel_it_cannot_read(reading, calm_database, visit, panel, takes, gives):
    """A panel turns stale, and is back: at no moment does the sentence say that all is well above it."""
    page = await visit(reading.url)
    await drawn(page)
    conn = await asyncpg.connect(calm_database)
    await page.wait_for_function(IS_CLEAR)
    await page.evaluate(WATCH)
    await conn.execute(takes)
    await page.wait_for_selector(f"#panel-{panel}[data-state=stale]")
    await page.wait_for_selector("#summary[data-indicator=unknown]")
    await conn.execute(gives)
    await page.wait_for_selector(f"#panel-{panel}[data-state=fresh]")
    await conn.close()
    assert await contradictions(page) == []


@pytest.mark.usefixtures("uncached")
async def test_it_withholds_an_all_clear_that_is_older_than_the_doubt(own, visit):
    """A panel turns stale while the verdict of before is on its way: that is not shown as certain, and asked anew."""
    page = await (await visit.context(own.url)).new_page()
    await page.clock.install()
    await page.goto(own.url)
    await drawn(page)
    await page.wait_for_function(IS_CLEAR)
    await page.evaluate(WATCH)
    conn = await asyncpg.connect(own.database)
    gone, stale = asyncio.Event(), asyncio.Event()
    asked = 0

    async def told(route: Route) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            await route.continue_()
            return
        answer = await route.fetch()
        await conn.execute("alter table hound.play_attempts rename to gone")
        own.invalidate_panels()
        gone.set()
        await stale.wait()
        await route.fulfill(response=answer)

    async def held(route: Route) -> None:
        await gone.wait()
        await route.continue_()

    await page.route("**/fragments/summary*", told)
    await page.route("**/fragments/panels/playback*", held)
    height = await page.locator(SENTENCE).evaluate("(one) => one.offsetHeight")
    await page.clock.fast_forward(12_000)
    await page.wait_for_selector("#panel-playback[data-state=stale]")
    assert "Checking again" in await page.inner_text(SENTENCE)
    assert await page.locator(SENTENCE).evaluate("(one) => one.offsetHeight") == height
    stale.set()
    await pass_time(page, 0)
    assert "Checking again" in await page.inner_text(SENTENCE)
    assert asked == 1

    async def verdict_is(state: str) -> bool:
        return bool(await page.locator(f"#summary .verdict[data-verdict={state}]:not([data-unsure])").count())

    await eventually(lambda: verdict_is("unknown"), page, step_ms=1_000, steps=4)
    assert asked == 2
    assert await contradictions(page) == []

    await conn.execute("alter table hound.gone rename to play_attempts")
    await conn.close()
    await eventually(lambda: verdict_is("ok"), page)
    assert await page.locator(SENTENCE).get_attribute("style") is None


@pytest.mark.usefixtures("uncached")
async def test_it_withholds_an_all_clear_above_an_alert_that_fires(own, visit):
    """The list knows of an alert while the strip's answer is on its way: until that is there none is all clear."""
    page = await (await visit.context(own.url)).new_page()
    holding, listed, passing = asyncio.Event(), asyncio.Event(), set[Route]()

    async def told(route: Route) -> None:
        if holding.is_set():
            await listed.wait()
            await route.continue_()
            return
        passing.add(route)
        await route.fulfill(response=await route.fetch())
        passing.remove(route)

    await page.route("**/fragments/summary*", told)
    await page.clock.install()
    await page.goto(own.url)
    await drawn(page)
    await page.wait_for_function(IS_CLEAR)
    holding.set()
    while passing:  # asked before the alert
        await asyncio.sleep(0.01)
    conn = await asyncpg.connect(own.database)
    await new_alert(conn, "queue_stalled", severity="critical")
    await conn.close()
    await page.clock.fast_forward(12_000)
    await page.wait_for_selector("#panel-alerts li[data-state=firing]")
    assert await page.inner_text(SENTENCE) == "An alert fires. Checking again …"
    assert (await page.title()).startswith("?")
    listed.set()
    await page.wait_for_selector("#summary .verdict[data-verdict=broken]:not([data-unsure])")
    assert "Transcode" in await page.inner_text(SENTENCE)
