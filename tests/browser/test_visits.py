import hashlib
import re
from pathlib import Path

import pytest

from browser.visits import Visits

HERE = Path(__file__).resolve().parent
UNSAFE = {  # what each page of ours must never do, and the fault that tells of it
    "console error": "<script>console.error('no')</script>",
    "uncaught error": "<script>throw new Error('no')</script>",
    "dialog": "<script>alert('no')</script>",
    "request to another origin": "<img src='http://other.example/x.png'>",
    "content policy": "<meta http-equiv='Content-Security-Policy' content=\"img-src 'none'\"><img src='/x.png'>",
}


@pytest.mark.parametrize("kind", UNSAFE)
async def test_it_notices_what_goes_wrong_on_a_page(kind, browser):
    """A page that does what no page may is found out: each of the watches can fail."""
    visits = Visits(browser)
    context = await visits.context("http://127.0.0.1:1")
    await context.route(
        "**/*", lambda route: route.fulfill(body=f"<!doctype html>{UNSAFE[kind]}", content_type="text/html")
    )
    page = await context.new_page()
    await page.goto("http://127.0.0.1:1/")
    await page.wait_for_timeout(300)
    await visits.close()
    assert [fault for fault in visits.unforgiven() if fault.startswith(kind)]


async def test_it_finds_no_fault_with_a_page_that_has_none(browser):
    """A page that does nothing wrong has no fault."""
    visits = Visits(browser)
    context = await visits.context("http://127.0.0.1:1")
    await context.route("**/*", lambda route: route.fulfill(body="<!doctype html>well", content_type="text/html"))
    page = await context.new_page()
    await page.goto("http://127.0.0.1:1/")
    await visits.close()
    assert visits.faults == []


def test_it_ships_the_axe_that_its_readme_names():
    """The hash and the version in the README are those of `axe.min.js`, and its licence lies beside it."""
    readme, script = (HERE / "README.md").read_text(encoding="utf-8"), (HERE / "axe.min.js").read_bytes()
    assert f"- sha256: `{hashlib.sha256(script).hexdigest()}`" in readme
    version = re.search(r"^- version: (\S+)$", readme, re.MULTILINE)
    assert version
    assert script.startswith(f"/*! axe v{version[1]}".encode())
    assert (HERE / "axe.LICENSE").read_text(encoding="utf-8").startswith("Mozilla Public License, version 2.0")
