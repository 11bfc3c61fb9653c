"""Measures the page as a browser meets it, on a warm server: `make bench-page`."""

import argparse
import asyncio
import os
import platform
import statistics
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Response, async_playwright

from browser.demos import demo
from browser.visits import SHIFT, drawn, launched
from houndmon.core import embedded

FILE = Path(__file__).resolve().parents[2] / "docs" / "performance-page.md"
WATCH = """(() => {
  const seen = window.seen = { first: null, all: null };
  const look = () => {
    const panels = [...document.querySelectorAll('.panels [data-poll]')];
    const there = panels.filter((panel) => panel.dataset.state !== 'pending');
    if (there.length && seen.first === null) seen.first = performance.now();
    const parsed = document.readyState !== 'loading';
    if (parsed && there.length && there.length === panels.length) seen.all = performance.now();
    else requestAnimationFrame(look);
  };
  look();
})()"""
SEEN = """() => ({ ...window.seen,
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null })"""
HEAD = """# The page, measured

`make bench-page` starts a demo with its history, warms it up, loads the page {loads} times in {browser}, each
time with an empty cache, and writes this file. Times count from the navigation; all panels are those of the page's six
and its feed. "Compressed" counts what goes over the wire, headers and all; "uncompressed" the same once it is unpacked.
Measured on {machine}.

| what | median | worst | at most |
|---|---|---|---|
"""


@dataclass
class Load:
    """One load of the page; bytes and milliseconds."""

    requests: int
    compressed: int
    whole: int
    page: int
    paint: float
    first: float
    all: float
    shift: float


async def load(browser: Browser, url: str) -> Load:
    """Load the page once, with an empty cache."""
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    await context.add_init_script(WATCH)
    page = await context.new_page()
    answers: list[Response] = []

    def keep(answer: Response) -> None:
        answers.append(answer)

    page.on("response", keep)
    await page.goto(url, wait_until="load")
    await drawn(page)
    await page.wait_for_function("() => window.seen.all !== null")
    seen, shift = await page.evaluate(SEEN), await page.evaluate(SHIFT)
    compressed, whole, document = 0, 0, 0
    for answer in answers:
        sizes = await answer.request.sizes()
        sent = sizes["responseBodySize"] + sizes["responseHeadersSize"]
        compressed += sent
        document += sent if answer.request.is_navigation_request() else 0
        whole += len(await answer.body()) + sizes["responseHeadersSize"]
    await context.close()
    return Load(len(answers), compressed, whole, document, seen["paint"] or 0.0, seen["first"], seen["all"], shift)


def table(loads: list[Load]) -> str:
    """The loads as a table."""
    rows = (
        ("the page itself, compressed", "page", "{:.1f} KB", 1024, "60 KB"),
        ("all that it loads, compressed", "compressed", "{:.1f} KB", 1024, "100 KB"),
        ("all that it loads, uncompressed", "whole", "{:.1f} KB", 1024, ""),
        ("first paint", "paint", "{:.0f} ms", 1, ""),
        ("first panel", "first", "{:.0f} ms", 1, ""),
        ("all panels", "all", "{:.0f} ms", 1, "1000 ms"),
        ("layout shift", "shift", "{:.4f}", 1, "0.02"),
        ("requests", "requests", "{:.0f}", 1, ""),
    )
    lines = []
    for words, name, form, unit, most in rows:
        values = [getattr(one, name) / unit for one in loads]
        lines.append(f"| {words} | {form.format(statistics.median(values))} | {form.format(max(values))} | {most} |")
    return "\n".join(lines)


async def measured(url: str, count: int) -> tuple[str, list[Load]]:
    """The browser's name, and so many loads of a warm page."""
    async with async_playwright() as playwright:
        browser = await launched(playwright)
        for _ in range(3):
            await load(browser, url)
        loads = [await load(browser, url) for _ in range(count)]
        name = f"Chromium {browser.version.partition('.')[0]}"
        await browser.close()
        return name, loads


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="dev.py bench-page")
    parser.add_argument("--loads", type=int, default=20)
    options = parser.parse_args()
    with embedded.temporary() as cluster, demo(cluster, "page", "--calm") as url:
        name, loads = asyncio.run(measured(url, options.loads))
    machine = f"{platform.system()}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    text = HEAD.format(loads=len(loads), browser=name, machine=machine) + table(loads) + "\n"
    FILE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
