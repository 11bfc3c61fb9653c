"""Where a form of the page leads: back to where it stood, and nowhere else."""

import itertools
import re
from html import unescape

import pytest

from alerting import new_alert
from houndmon.core.filters import Filters
from houndmon.notify.outbox import record_messages
from houndmon.web.forms import filters_of_query, return_address
from notify.conftest import message, webhook

SILENCE = {"rule": "queue_age", "environment": "staging", "reason": "Planned maintenance.", "hours": "4"}
SEEN = {"environment": "staging", "range": "6h", "artist_id": "a&b=c"}
QUERY = "range=6h&environment=staging&artist_id=a%26b%3Dc"
HOSTILE = (
    "https://other.example/",
    "//other.example",
    "/\\other.example",
    "\t//other.example",
    "javascript:alert(1)",
    "@other.example",
    ".other.example/",
    "range=6h\r\nLocation: https://other.example/",
    "range=https://other.example&environment=//other.example",
    "next=//other.example&back=https://other.example",
    "&" * 900,
    "%",
    "\ud800",
)
PAGES = ("//other.example", "https://other.example", "alerts/../../other", "alerts/1?x=//other", "alerts/1 ", "")


def forms(html, start):
    """The forms whose action begins so: where each leads, and what it sends unasked."""
    found = re.findall(rf'<form [^>]*action="({start}[^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL)
    return [
        (action, dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', body))) for action, body in found
    ]


async def sent(console, page, start, more=None):
    """Where the first form of a page leads that begins so, filled in."""
    html = (await console.get(page, **SEEN)).text
    action, hidden = forms(html, start)[0]
    data = {name: unescape(text) for name, text in hidden.items()} | (more or {})
    answer = await console.client.post(action, data=data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_it_leads_back_to_the_list_with_its_filters(console):
    """To end a silence, or to try a dead letter again, leaves the page in its range, environment and filters."""
    await console.client.post("/silences", data=SILENCE)
    await record_messages(console.hound.conn, message(), [17], [webhook("http://127.0.0.1:9/")])
    await console.hound.conn.execute("update houndmon.outbox set dead_at = clock_timestamp()")
    for start in ("/dead-letters/", "/silences/"):
        assert await sent(console, "/fragments/alerts", start) == f"/?{QUERY}#panel-alerts"
    assert (await console.get(f"/?{QUERY}")).status_code == 200


async def test_it_leads_back_to_the_silences_with_their_filters(console):
    """To add or end a silence on its page leaves the filters that the page was opened with."""
    assert await sent(console, "/silences", "/silences", SILENCE) == f"/silences?{QUERY}"
    assert await sent(console, "/silences", "/silences/") == f"/silences?{QUERY}"
    page = (await console.get(f"/silences?{QUERY}")).text
    assert f'class="brand" href="/?{QUERY.replace("&", "&amp;")}"' in page


async def test_it_leads_back_to_the_alert_and_says_that_it_is_silenced(console):
    """An alert that is silenced on its page says so there, until when, why, and how to end that."""
    id = await new_alert(console.hound.conn, environment="staging")
    path = f"/alerts/{id}"
    assert await sent(console, path, "/silences", SILENCE) == f"{path}?{QUERY}"
    page = (await console.get(path)).text
    assert "No notifications until <time" in page
    assert "Planned maintenance." in page
    assert await sent(console, path, "/silences/") == f"{path}?{QUERY}"
    assert "No notifications until" not in (await console.get(path)).text
    assert await sent(console, path, f"{path}/acknowledge") == f"{path}?{QUERY}"


async def test_it_keeps_its_filters_from_page_to_page(console):
    """The links from the alerts to their pages, and from there back, keep what is looked at."""
    id = await new_alert(console.hound.conn, environment="staging")
    query = QUERY.replace("&", "&amp;")
    fragment = (await console.get("/fragments/alerts", **SEEN)).text
    for link in (f"/alerts/{id}?{query}", f"/alerts?{query}", f"/silences?{query}"):
        assert f'href="{link}"' in fragment
    for path in (f"/alerts/{id}", "/alerts", "/silences"):
        assert f'class="brand" href="/?{query}"' in (await console.get(path, **SEEN)).text
    assert f'href="/alerts?state=all&amp;{query}"' in (await console.get("/alerts", **SEEN)).text


@pytest.mark.parametrize("back", HOSTILE)
def test_it_leads_nowhere_else(back):
    """Whatever the query of a form says, it is a path of ours, with nothing but filters that a page can have."""
    assert return_address({"back": back}, "/silences", "#here") == "/silences#here"
    assert filters_of_query(back) == Filters()


async def test_it_redirects_to_itself_alone(console):
    """No form, whatever it sends, leads to another site or breaks out of the header."""
    for page, back in itertools.product(PAGES, HOSTILE[:-1]):
        answer = await console.client.post("/silences", data=SILENCE | {"page": page, "back": back})
        found = [text for name, text in answer.headers.multi_items() if name == "location"]
        assert (answer.status_code, found) == (303, ["/#panel-alerts"]), (page, back)
