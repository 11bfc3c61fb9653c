"""Every page stands in one frame: the same way home, the same pages to go to, the same switches."""

import re

import pytest

from alerting import new_alert

PAGES = {
    "/": "Console",
    "/alerts": "Alerts",
    "/silences": "Silences",
    "/runbooks": "Runbooks",
    "/docs": "API reference",
}
BELOW = {"/runbooks/queue_age": "Runbooks", "/rows/failed_jobs": None, "/nothing/here": None}
NAVIGATION = re.compile(r'<nav class="pages".*?</nav>', re.DOTALL)
CURRENT = re.compile(r'<a href="[^"]*" aria-current="(?:page|true)">([^<]+)</a>')
PERSON = {"Accept": "text/html"}


@pytest.mark.parametrize(("path", "name"), (PAGES | BELOW).items())
async def test_it_leads_from_each_page_to_each_other(serve, path, name):
    """Each page has one header with the way to all others, marks where it belongs, and has the theme's switch."""
    async with serve() as console:
        html = (await console.client.get(path, headers=PERSON)).text
    assert html.count('<header class="top">') == 1
    (pages,) = NAVIGATION.findall(html)
    assert re.findall(r'href="([^"?]*)', pages) == list(PAGES)
    assert CURRENT.findall(pages) == ([name] if name else [])
    assert html.count("data-theme-switch") == 1


async def test_it_stays_in_the_environment(serve):
    """Who looks at staging still does on the page of its alert and back on the console."""
    async with serve() as console:
        alert = await new_alert(console.hound.conn, "queue_age", environment="staging")
        html = (await console.client.get(f"/alerts/{alert}?environment=staging", headers=PERSON)).text
    assert '<a class="brand" href="/?environment=staging">' in html
    assert '<a href="/silences?environment=staging">Silences</a>' in html
    assert [CURRENT.findall(pages) for pages in NAVIGATION.findall(html)] == [["Alerts"]]
