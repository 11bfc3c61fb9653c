import asyncio
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from houndmon.panels.incidents.model import NewIncident
from houndmon.panels.incidents.store import record_incident

EVENT = {"service_area": "transcode", "severity": "warning", "impact": "New uploads go live 20 min late"}
LINK = {"label": "Runbook", "url": "https://wiki.example.com/runbooks/queue-age?a=1#b"}


@pytest.fixture
def report(console):
    async def report(key=None, **values):
        headers = {"Idempotency-Key": key} if key is not None else {}
        return await console.client.post("/api/incidents", json=EVENT | values, headers=headers)

    return report


async def walk(console, **params):
    """Every page of the feed, by its cursors."""
    pages, cursor = list[list[str]](), None
    while not pages or cursor:
        answer = await console.get("/api/incidents", **params, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        pages.append([item["id"] for item in answer.json()["items"]])
        cursor = answer.json()["next_cursor"]
    return pages


async def test_it_adds_an_event(console, report):
    """What a person reports is answered as it is stored, and is first in the feed and on the panel at once."""
    await console.panel("incidents")
    answer = await report(environment="prod", link=LINK, occurred_at="2026-03-02T12:58:00+01:00")
    assert answer.status_code == 201
    found = answer.json()
    assert found == EVENT | {
        "id": found["id"],
        "occurred_at": "2026-03-02T11:58:00Z",
        "environment": "prod",
        "link": LINK,
        "alert_id": None,
        "kind": "manual",
        "rule": None,
        "subject": None,
        "event": None,
        "reason": None,
    }
    assert (await console.get("/api/incidents")).json() == {"items": [found], "next_cursor": None}
    assert (await console.panel("incidents"))["items"] == [found]
    assert (await console.panel("incidents", environment="staging"))["items"] == []


async def test_it_takes_now_for_an_event_without_a_time(console, report):
    """An event that says no time happened now, on the database's clock; without an environment it concerns both."""
    clock = "select clock_timestamp()"
    before = await console.hound.conn.fetchval(clock)
    found = (await report(kind="external")).json()
    at = datetime.fromisoformat(found["occurred_at"])
    assert before <= at <= await console.hound.conn.fetchval(clock)
    assert (found["environment"], found["link"], found["kind"]) == (None, None, "external")
    for environment in ("prod", "staging"):
        assert (await console.panel("incidents", environment=environment))["items"] == [found]


async def test_it_keeps_an_event_to_one_line(console, report):
    """Blanks and line ends within an impact are one blank each; those around an area are gone."""
    found = (await report(service_area="  play ", impact="a\n\tb   c \u2028 d ")).json()
    assert (found["service_area"], found["impact"]) == ("play", "a b c d")


async def test_it_adds_the_same_event_once(console, report):
    """The same key with the same event gives the first one again; without a key each is a new one."""
    first, again = await report("key-1"), await report("key-1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    await report()
    await report()
    assert len((await console.get("/api/incidents")).json()["items"]) == 3


async def test_it_adds_an_event_once_however_many_send_it_at_once(console, report):
    """Of twenty that send the same key at the same moment one adds the event, and all get it."""
    answers = await asyncio.gather(*(report("same") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_it_refuses_a_key_that_came_with_another_event(console, report):
    """A key belongs to one event: another event under it is refused, and nothing is written."""
    await report("key-1")
    answer = await report("key-1", severity="info")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "Idempotency-Key" in answer.json()["detail"]
    assert len((await console.get("/api/incidents")).json()["items"]) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_it_refuses_keys_that_are_none(quiet, key):
    """A key is 1 to 200 printable characters."""
    answer = await quiet.client.post("/api/incidents", json=EVENT, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert (await quiet.get("/api/incidents")).json()["items"] == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"service_area": ""}, "service_area"),
        ({"service_area": " \u3000"}, "service_area"),
        ({"service_area": "x" * 81}, "service_area"),
        ({"service_area": None}, "service_area"),
        ({"severity": "fatal"}, "severity"),
        ({"severity": "Warning"}, "severity"),
        ({"impact": ""}, "impact"),
        ({"impact": "\n"}, "impact"),
        ({"impact": "x" * 201}, "impact"),
        ({"impact": 7}, "impact"),
        ({"impact": "a\0b"}, "impact"),
        ({"service_area": "\0"}, "service_area"),
        ({"environment": "production"}, "environment"),
        ({"occurred_at": "2026-03-02T12:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at"),
        ({"kind": "alert_fired"}, "kind"),
        ({"link": {"label": "x", "url": "javascript:alert(1)"}}, "url"),
        ({"link": {"label": "x", "url": "https://a b/"}}, "url"),
        ({"link": {"label": "x", "url": "//example.com"}}, "url"),
        ({"link": {"label": "", "url": "https://a.b/"}}, "label"),
        ({"link": {"label": "x", "url": "https://a.b/" + "x" * 2000}}, "url"),
        ({"link": {"label": "\0", "url": "https://a.b/"}}, "link"),
        ({"alert_id": "1"}, "alert_id"),
        ({"id": "1"}, "id"),
    ],
)
async def test_it_refuses_an_event_that_is_none(quiet, wrong, field):
    """Each field has its bounds, unknown ones are refused, and nothing is written."""
    answer = await quiet.client.post("/api/incidents", json=EVENT | wrong)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"]
    assert field in answer.json()["detail"]
    assert (await quiet.get("/api/incidents")).json()["items"] == []


async def test_it_refuses_an_event_without_what_it_needs(quiet):
    """Area, severity and impact are needed."""
    for missing in EVENT:
        rest = {name: value for name, value in EVENT.items() if name != missing}
        answer = await quiet.client.post("/api/incidents", json=rest)
        assert answer.status_code == 400
        assert missing in answer.json()["detail"]


async def test_it_refuses_the_future(console, report):
    """An event may lie 5 s ahead of the database's clock, and no more."""
    now = datetime.now(UTC)
    refused = await report(occurred_at=(now + timedelta(seconds=60)).isoformat())
    assert refused.status_code == 400
    assert refused.json()["errors"] == [{"field": "occurred_at", "message": "must not lie in the future"}]
    assert (await report(occurred_at=(now + timedelta(seconds=2)).isoformat())).status_code == 201
    assert (await report(occurred_at="0001-01-01T00:00:00Z")).status_code == 201
    assert len((await console.get("/api/incidents")).json()["items"]) == 2


@pytest.mark.parametrize("limit", [1, 3, 7, 50, 200])
async def test_it_pages_through_all_events_once(console, report, limit):
    """However long a page is, all pages together hold every event once, newest first, equal times by id."""
    ids = [(await report(occurred_at=f"2026-03-02T12:00:0{number % 4}Z")).json()["id"] for number in range(23)]
    by_time = sorted(range(23), key=lambda number: (number % 4, number), reverse=True)
    pages = await walk(console, limit=limit)
    assert list(chain(*pages)) == [ids[number] for number in by_time]
    assert all(len(page) == limit for page in pages[:-1])
    assert len(pages[-1]) == 23 - limit * (len(pages) - 1)


async def test_it_repeats_nothing_when_events_arrive_between_pages(console, report):
    """Events that arrive while somebody pages shift nothing: each of the first is seen once."""
    ids = [(await report(occurred_at="2026-03-02T12:00:00.123456Z")).json()["id"] for _ in range(5)]
    first = (await console.get("/api/incidents", limit=2)).json()
    await report()
    rest = (await console.get("/api/incidents", limit=200, cursor=first["next_cursor"])).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ids[::-1]


async def test_it_pages_by_environment(console, report):
    """A feed of one environment holds its own events and those of both, page by page."""
    for environment in ("prod", "staging", None) * 4:
        await report(environment=environment)
    for environment in ("prod", "staging"):
        items = (await console.get("/api/incidents", environment=environment)).json()["items"]
        assert [item["environment"] for item in items] == [None, environment] * 4
        pages = await walk(console, limit=3, environment=environment)
        assert list(chain(*pages)) == [item["id"] for item in items]
    assert [len(page) for page in await walk(console, limit=5)] == [5, 5, 2]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1.5"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"limit": "１"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwxXQ"}, "cursor"),
        ({"environment": "all"}, "environment"),
        ({"range": "1h"}, "range"),
    ],
)
async def test_it_refuses_pages_that_cannot_be(quiet, params, field):
    """A limit outside 1 to 200, a cursor that no page gave, an unknown parameter: each is bad input, by name."""
    answer = await quiet.get("/api/incidents", **params)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


async def test_it_shows_what_alerts_did(console):
    """Events of alerts lie in the same feed, with their alert."""
    query = (
        "insert into houndmon.incidents (occurred_at, environment, service_area, severity, impact, kind, alert_id)"
        " values ('2026-03-02 12:00Z', 'prod', 'play', 'critical', 'Plays fail', 'alert_fired', 17)"
    )
    await console.hound.conn.execute(query)
    found = (await console.get("/api/incidents")).json()["items"][0]
    assert (found["kind"], found["alert_id"], found["occurred_at"]) == ("alert_fired", "17", "2026-03-02T12:00:00Z")


async def test_it_says_when_the_feed_cannot_be_read(console, report):
    """Without its table the feed is a 503 that names houndmon's own database, for reading and for writing."""
    await console.hound.conn.execute("alter table houndmon.incidents rename to gone")
    for answer in (await console.get("/api/incidents"), await report()):
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["detail"] == "houndmon's own database cannot be read: it does not exist"
    await console.hound.conn.execute("alter table houndmon.gone rename to incidents")
    assert (await report()).status_code == 201


async def test_it_records_for_other_parts_of_the_house(conn):
    """The same rules hold where an event is recorded without HTTP."""
    event = NewIncident(service_area="demo", severity="info", impact="healed")
    (first, is_new), (second, again) = [await record_incident(conn, event, "k") for _ in range(2)]
    assert (is_new, again, first) == (True, False, second)
