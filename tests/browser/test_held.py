"""What a reader of the page sees is held against itself while a database misbehaves, and once it is well again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import asyncpg
import pytest
from playwright.async_api import Page

from browser import hounds
from browser.conftest import Cloning
from browser.service import Service, served
from browser.visits import Visits, drawn
from deadlines import FACTOR, stretched
from factories import lock
from houndmon import lifespan
from houndmon.core.source import Source
from relay import Relay, relayed
from web.exits import Seen
from web.page_truth import Moment, course_contradictions

HOLD_SECONDS = 25.0
PATIENT_SECONDS = 60.0  # a statement on a source that is well: a busy machine shall not pass for one that is away
LOST = r"net::ERR_|Failed to fetch|Failed to load resource|htmx:error"
ANSWERS_HELD = 2  # of the strip while something is wrong
WATCH = """() => {
  const html = (id) => document.getElementById(id).outerHTML;
  window.answered = { summary: 0, 'panel-alerts': 0 };
  window.moments = [];
  const look = () => {
    const [strip, list, last] = [html('summary'), html('panel-alerts'), window.moments.at(-1)];
    if (last?.strip === strip && last?.list === list) return;
    window.moments.push({ strip, list, answered: answered.summary + answered['panel-alerts'] });
  };
  document.addEventListener('htmx:before:swap',
    ({ target }) => { if (target.id in answered) answered[target.id] += 1; }, true);
  look();
  new MutationObserver(look).observe(document.documentElement,
    { subtree: true, childList: true, characterData: true, attributes: true });
}"""
ANSWERED = "() => window.answered.summary"
HURRY = "() => dispatchEvent(new Event('online'))"
HAS_ANSWERED = "(least) => window.answered.summary >= least"
WELL_AGAIN = """() => {
  const [strip, list] = ['summary', 'panel-alerts'].map((id) => document.getElementById(id));
  const isWell = (panel) => ['fresh', 'empty', 'absent'].includes(panel.dataset.state);
  return [...document.querySelectorAll('[data-poll]')].every(isWell) &&
    strip.dataset.findings === list.dataset.findings && !strip.querySelector('[data-late]');
}"""


@dataclass
class Day:
    """A Hound on a calm or a bad day; houndmon reaches its own tables by one relay, and the source by another."""

    service: Service
    database: str
    own: Relay
    source: Relay
    sources: list[Source] = field(default_factory=list)

    def limit(self, seconds: float) -> None:
        """Give each statement on the source so much time, for the page and for the evaluator."""
        for one in self.sources:
            one.timeout_seconds = seconds


Hold = Callable[[Day], AbstractAsyncContextManager[None]]


class Trouble(NamedTuple):
    """What goes wrong, the database that cannot be read, how the page shows it, and how long it lasts at least."""

    hold: Hold
    away: Literal["own", "source"]
    shown: str
    seconds: float = 0.0


def locked(*relations: str) -> Hold:
    """Keep all others from some relations."""

    @asynccontextmanager
    async def hold(day: Day) -> AsyncIterator[None]:
        conn = await asyncpg.connect(day.database)
        async with conn.transaction():
            await lock(conn, *relations)
            yield
        await conn.close()

    return hold


def stopped(relay: Callable[[Day], Relay]) -> Hold:
    """Let a database refuse connections, and cut those that are open."""

    @asynccontextmanager
    async def hold(day: Day) -> AsyncIterator[None]:
        relay(day).stop()
        yield
        relay(day).go_on()

    return hold


@asynccontextmanager
async def slow(day: Day) -> AsyncIterator[None]:
    """Let houndmon's own database take a second longer for each statement."""
    day.own.delay_seconds = 1.0
    yield
    day.own.delay_seconds = 0.0


@asynccontextmanager
async def gone(day: Day) -> AsyncIterator[None]:
    """Take a relation from the source, and give it back."""
    conn = await asyncpg.connect(day.database)
    await conn.execute("alter table hound.play_attempts rename to gone")
    yield
    await conn.execute("alter table hound.gone rename to play_attempts")
    await conn.close()


UNREAD_LIST = "#panel-alerts[data-state=failed]"
UNREAD_PANEL = "#panel-playback[data-state=stale]"
TROUBLES = {
    "alerts locked": Trouble(locked("houndmon.alerts"), "own", UNREAD_LIST, HOLD_SECONDS),
    "ticks locked": Trouble(
        locked("houndmon.ticks"), "own", "#summary[data-indicator=unknown], #summary:has([data-late])"
    ),
    "own slow": Trouble(slow, "own", UNREAD_LIST),
    "own stopped": Trouble(stopped(lambda day: day.own), "own", UNREAD_LIST),
    "rows locked": Trouble(locked("hound.play_attempts", "hound.transcode_jobs"), "source", UNREAD_PANEL),
    "source stopped": Trouble(stopped(lambda day: day.source), "source", UNREAD_PANEL),
    "relation gone": Trouble(gone, "source", UNREAD_PANEL),
}


@pytest.fixture(scope="module")
def days(clone: Cloning, calm_template: str) -> Iterator[list[Day]]:
    """A calm day and a bad one, each served with the deadlines of production: they are what is put to the test here.

    Nothing is asserted of how soon anything comes, so that a busy machine fails no test.
    """
    with stretched(1 / FACTOR), ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        made, found = list[Source](), list[Day]()
        make = lifespan.make_source

        def noted(*args: Any, **named: Any) -> Source:
            made.append(make(*args, **named))
            return made[-1]

        patch.setattr(lifespan, "make_source", noted)
        for is_bad in (False, True):
            database = stack.enter_context(clone(calm_template))
            if is_bad:
                asyncio.run(hounds.broken(database))
            own, source = stack.enter_context(relayed(database)), stack.enter_context(relayed(database))
            service = stack.enter_context(served(own.dsn, source_url=source.dsn))
            found.append(Day(service.judged(), database, own, source, made[:]))
            made.clear()
        yield found


@pytest.mark.parametrize("name", TROUBLES)
async def test_it_never_contradicts_itself(days: list[Day], visit: Visits, name: str) -> None:
    """Before, while something is wrong, and after: no moment of the page contradicts itself or those before it."""
    visit.allow(LOST)
    found = await asyncio.gather(*(watched(day, TROUBLES[name], visit) for day in days))
    assert found == [[], []]


async def watched(day: Day, trouble: Trouble, visit: Visits) -> list[str]:
    """What contradicted itself on the page of one day."""
    usual = day.sources[0].timeout_seconds
    day.limit(PATIENT_SECONDS)
    page = await visit(day.service.url)
    await drawn(page)
    await page.wait_for_function(WELL_AGAIN)
    await page.evaluate(WATCH)
    if trouble.away == "source":
        day.limit(usual)
    async with trouble.hold(day):
        began = time.monotonic()
        await page.evaluate(HURRY)
        await page.wait_for_selector(trouble.shown, state="attached")
        await answers(page, ANSWERS_HELD)
        await asyncio.sleep(max(0.0, began + trouble.seconds - time.monotonic()))
    await page.evaluate(HURRY)
    await page.wait_for_function(WELL_AGAIN)
    await answers(page, 1)
    day.limit(usual)
    moments = await page.evaluate("() => window.moments")
    await page.close()
    assert len(moments) > ANSWERS_HELD
    seen = [Moment(Seen(one["list"], one["strip"]), one["answered"]) for one in moments]
    return course_contradictions(seen, away=trouble.away)


async def answers(page: Page, number: int) -> None:
    """Wait until the strip has got so many more answers, asked for as after a lost network."""
    for _ in range(number):
        before = await page.evaluate(ANSWERED)
        await page.evaluate(HURRY)
        await page.wait_for_function(HAS_ANSWERED, arg=before + 1)
