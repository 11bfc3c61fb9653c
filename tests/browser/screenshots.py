"""Draws docs/screenshots from a running demo: `make screenshots`."""

import asyncio
import time
from pathlib import Path

import httpx
from playwright.async_api import Browser, async_playwright

from browser.demos import demo
from browser.visits import PHONE, drawn, launched
from houndmon.kit import embedded

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
DESK = {"width": 1440, "height": 1180}
WALL = {"width": 1920, "height": 1080}
MOST_BYTES = 400_000
INCIDENT, RULE = "ios-safari-decode", "playback_failure_ratio"
PATIENCE_SECONDS = 240


async def draw(browser: Browser, url: str, name: str, **options: object) -> None:
    """Draw one picture."""
    context = await browser.new_context(**{"viewport": DESK, "reduced_motion": "reduce"} | options)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(url)
    await drawn(page)
    await page.wait_for_timeout(1500)
    file = FOLDER / f"{name}.png"
    await page.screenshot(path=file)
    await context.close()
    assert file.stat().st_size < MOST_BYTES, f"{file.name} has {file.stat().st_size} bytes"
    print(f"{file.name}: {file.stat().st_size // 1024} KB")


async def calm(url: str) -> None:
    """The pictures of a good day."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        await draw(browser, url, "light", color_scheme="light")
        await draw(browser, url, "dark", color_scheme="dark")
        await browser.close()


async def incident(url: str) -> None:
    """The pictures of a bad day."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        await draw(browser, url, "incident")
        await draw(browser, f"{url}/?wall=1", "wall", viewport=WALL, color_scheme="dark")
        await draw(browser, url, "phone", viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
        await browser.close()


def until_it_fires(url: str) -> None:
    """Wait until the incident's own rule has fired, and the page has heard of it."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not any(one["rule"] == RULE for one in httpx.get(f"{url}/api/alerts").json()["items"]):
        assert time.monotonic() < ends_at, f"{RULE} did not fire"
        time.sleep(1)
    time.sleep(6)


def main() -> None:
    """Draw them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with embedded.temporary() as cluster:
        with demo(cluster, "calm", "--calm") as url:
            until_all_is_well(url)
            asyncio.run(calm(url))
        with demo(cluster, "incident", "--incident", INCIDENT) as url:
            until_it_fires(url)
            asyncio.run(incident(url))


def until_all_is_well(url: str) -> None:
    """Wait until the evaluator has looked and found nothing."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while httpx.get(f"{url}/api/summary").json()["first_broken_stage"]["state"] != "ok":
        assert time.monotonic() < ends_at, "all never was well"
        time.sleep(1)
    time.sleep(6)


if __name__ == "__main__":
    main()
