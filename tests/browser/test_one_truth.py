"""Whatever comes between two answers, what the page says above and below is one truth, or soon is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from playwright.async_api import Page, Route

from alerting import new_alert
from browser.hounds import HELD, watching
from browser.service import served
from browser.visits import Visits, drawn, eventually, pass_time
from houndmon.web import response_cache

FINDING = "33 queued, the oldest for 17.3 min"
WORSE = "update houndmon.alerts set latest_finding = $1, latest_verdict = 'breach'"
MARKS = "() => ['summary', 'panel-alerts'].map((id) => document.getElementById(id).dataset.findings)"
TOLD = "() => ['summary', 'panel-alerts'].map((id) => document.getElementById(id).textContent)"


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
