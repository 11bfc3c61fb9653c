"""Pages in a browser, and all that goes wrong on them: nothing may."""

import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright

HERE = Path(__file__).resolve().parent
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (  # as root in a container, and without the browser's own business on the network
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
POLICY = "addEventListener('securitypolicyviolation', (e) => breached(`${e.violatedDirective}: ${e.blockedURI}`));"
PATIENCE_MS = 180_000  # a hang, not a timing
# The last that a page ends with is there, and no panel waits.
WHOLE = "body:has(dialog#keys):not(:has([data-state=pending]))"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
DRAWN = """() => {
  const panels = [...document.querySelectorAll('[data-poll]')];
  return panels.length > 5 && panels.every((panel) => panel.dataset.state !== 'pending') &&
    !document.querySelector('figure.waiting');
}"""
QUIET = "() => !document.querySelector('.htmx-request')"
SHIFT = """() => new Promise((done) => {
  let moved = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) moved += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(moved), 300);
})"""


async def launched(playwright: Playwright) -> Browser:
    """A Chromium of this machine. Fails the test where there is none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("no Chromium found: install it with `apt-get install -y chromium` (Debian)", pytrace=False)
    return await playwright.chromium.launch(executable_path=path, args=list(FLAGS))


class Visits:
    """Opens pages, each in a context of its own, and keeps what went wrong."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.faults: list[str] = []
        self._allowed: list[re.Pattern[str]] = []
        self._contexts: list[BrowserContext] = []

    def allow(self, pattern: str) -> None:
        """Let faults pass that the test itself brings about."""
        self._allowed.append(re.compile(pattern))

    async def context(self, origin: str, **options: Any) -> BrowserContext:
        """A context whose pages are watched."""
        context = await self.browser.new_context(**{"viewport": DESK, "reduced_motion": "reduce"} | options)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        await context.expose_function("breached", lambda what: self.fault("content policy", what))
        await context.add_init_script(POLICY)
        context.on("request", lambda request: self._leaves(request.url, origin))
        context.on("console", self._said)
        context.on("weberror", lambda error: self.fault("uncaught error", str(error.error)))
        context.on("page", lambda page: page.on("dialog", self._dialog))
        return context

    async def __call__(self, url: str, *, status: int = 200, **options: Any) -> Page:
        """Open a page in a new context; it must answer with the status."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if status >= 400:
            self.allow(rf"status of {status} ")
        page = await (await self.context(origin, **options)).new_page()
        answer = await page.goto(url)
        assert answer
        assert answer.status == status, answer.status
        return page

    def fault(self, kind: str, what: str) -> None:
        self.faults.append(f"{kind}: {what}")

    def unforgiven(self) -> list[str]:
        """What went wrong and was not allowed."""
        return [fault for fault in self.faults if not any(one.search(fault) for one in self._allowed)]

    async def close(self) -> None:
        for context in self._contexts:
            await context.close()

    def _leaves(self, url: str, origin: str) -> None:
        if not url.startswith((f"{origin}/", "about:")):
            self.fault("request to another origin", url[:200])

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.fault(f"console {message.type}", message.text[:500])

    async def _dialog(self, dialog: Any) -> None:
        self.fault("dialog", dialog.message)
        await dialog.dismiss()


async def drawn(page: Page) -> None:
    """Wait until no panel and no chart waits any more."""
    await page.wait_for_function(DRAWN)


async def followed(page: Page, link: Locator) -> None:
    """Click what leads to another page, and wait until that has loaded: a click alone waits for neither."""
    async with page.expect_navigation():
        await link.click()


async def whole(page: Page) -> None:
    """Wait until a page without JavaScript has all its panels, for which it comes again by itself, and has loaded.

    Before that a reload runs into the page's own: the browser then says that the page is not active.
    """
    await page.locator(WHOLE).wait_for(state="attached")
    await page.wait_for_load_state()


async def pass_time(page: Page, ms: int) -> None:
    """Let time pass in the page, whose clock must be installed; while nothing is on its way that could time out."""
    await page.wait_for_function(QUIET)
    await page.clock.fast_forward(ms)
    await page.wait_for_timeout(50)
    await page.wait_for_function(QUIET)


async def polled(page: Page, name: str) -> None:
    """Let time pass in the page until a part of it has asked anew and shows the answer."""
    async with page.expect_response(lambda answer: f"/fragments/{name}" in answer.url):
        await pass_time(page, 13_000)
    await page.wait_for_timeout(200)


async def eventually(true: Callable[[], Awaitable[bool]], page: Page, *, step_ms: int = 2_000, steps: int = 60) -> None:
    """Let time pass in the page until something is so."""
    for _ in range(steps):
        if await true():
            return
        await pass_time(page, step_ms)
    raise AssertionError("it never came to be")
