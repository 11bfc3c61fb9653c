"""Draws pictures of pages: PNG for those that the documentation shows, small WebP for all others."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from browser.visits import PATIENCE_MS, drawn, launched

SHOWN = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
SHOWN_NAMES = ("light", "dark", "incident", "phone", "wall")
OTHERS = SHOWN / "states"  # not committed
WEBP_QUALITY = 55
MOST_BYTES = 400_000
DESK = {"width": 1440, "height": 1180}
SHEET = {"width": 718, "height": 1047}  # A4 without margins of 10 mm, in CSS pixels
SETTLED_MS = 1500  # fonts and charts


class Studio:
    """Opens pages and keeps pictures of them; `png` draws all of them so, for viewers that know no WebP."""

    def __init__(self, browser: Browser, *, png: bool) -> None:
        self.browser, self.png = browser, png

    @asynccontextmanager
    async def page(self, url: str, **options: Any) -> AsyncIterator[Page]:
        """A page in a context of its own."""
        context = await self.browser.new_context(**{"viewport": DESK, "reduced_motion": "reduce"} | options)
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        await page.goto(url)
        yield page
        await context.close()

    async def console(self, url: str, name: str, **options: Any) -> None:
        """Draw the console, once no panel and no chart waits."""
        async with self.page(url, **options) as page:
            await drawn(page)
            await self.keep(page, name)

    async def plain(self, url: str, name: str, **options: Any) -> None:
        """Draw a page that is whole once it is loaded."""
        async with self.page(url, **options) as page:
            await self.keep(page, name)

    async def printed(self, url: str, name: str) -> None:
        """Draw the console as it is printed, from its beginning to its end."""
        async with self.page(url, viewport=SHEET) as page:
            await drawn(page)
            await page.emulate_media(media="print")
            await self.keep(page, name, whole=True)

    async def keep(self, page: Page, name: str, *, whole: bool = False) -> None:
        """Write a picture of what is seen, or of the `whole` page. Fails where it is no small file."""
        await page.wait_for_timeout(SETTLED_MS)
        shown = name in SHOWN_NAMES
        kind = "png" if shown or self.png else "webp"
        file = (SHOWN if shown else OTHERS) / f"{name}.{kind}"
        file.parent.mkdir(parents=True, exist_ok=True)
        if kind == "png":
            await page.screenshot(path=file, full_page=whole)
        else:
            file.write_bytes(await captured(page, whole=whole))
        size = file.stat().st_size
        print(f"{file.relative_to(SHOWN)}: {size // 1024} KB", flush=True)
        assert self.png or size < MOST_BYTES, f"{file.name} has {size} bytes"


async def captured(page: Page, *, whole: bool) -> bytes:
    """A picture as WebP, which Playwright does not write and Chromium does."""
    session = await page.context.new_cdp_session(page)
    asked: dict[str, Any] = {"format": "webp", "quality": WEBP_QUALITY}
    if whole:
        content = (await session.send("Page.getLayoutMetrics"))["cssContentSize"]
        asked |= {"captureBeyondViewport": True, "clip": {**content, "scale": 1}}
    answer = await session.send("Page.captureScreenshot", asked)
    return base64.b64decode(answer["data"])


@asynccontextmanager
async def opened(*, png: bool) -> AsyncIterator[Studio]:
    """A studio with a browser of its own."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        yield Studio(browser, png=png)
        await browser.close()
