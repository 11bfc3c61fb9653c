import asyncpg
import pytest

from houndmon.panels.incidents.load import load

FULL = {
    "environment": "prod",
    "service_area": "transcode",
    "severity": "warning",
    "impact": "New uploads go live 20 min late",
    "kind": "manual",
}


@pytest.fixture
def add(hound):
    async def add(occurred_at, **values):
        row = FULL | values | {"occurred_at": hound.when("occurred_at", occurred_at)}
        places = ", ".join(f"${place}::text::{TYPES.get(name, 'text')}" for place, name in enumerate(row, 1))
        query = f"insert into houndmon.incidents ({', '.join(row)}) values ({places}) returning id"
        return str(await hound.conn.fetchval(query, *row.values()))

    return add


TYPES = {"occurred_at": "timestamptz", "alert_id": "bigint"}


async def test_it_shows_every_figure(add, show):
    """Each event with its time, area, severity, impact, link, alert and kind."""
    id = await add("-2m", link_label="Runbook", link_url="https://wiki.example.com/queue", alert_id="17")
    found = await show(load)
    assert found["items"] == [
        {
            "id": id,
            "occurred_at": "2026-03-02T11:58:30Z",
            "environment": "prod",
            "service_area": "transcode",
            "severity": "warning",
            "impact": "New uploads go live 20 min late",
            "link": {"label": "Runbook", "url": "https://wiki.example.com/queue"},
            "alert_id": "17",
            "kind": "manual",
            "rule": None,
            "subject": None,
            "event": None,
            "reason": None,
        }
    ]
    assert (found["panel"], found["as_of"], found["anomalies"]) == ("incidents", "2026-03-02T12:00:30Z", [])


async def test_it_shows_what_an_alert_did_in_its_parts(add, show):
    """An alert's event names its rule, its subject, what it did and why, beside the text."""
    text = "api_5xx_spike of a fires: b of c fires: d"
    parts = {"rule": "api_5xx_spike", "subject": "a fires: b of c", "event": "fired", "reason": "d"}
    await add("-2m", kind="alert_fired", impact=text, **parts)
    [found] = (await show(load))["items"]
    assert found.items() >= (parts | {"impact": text}).items()


@pytest.mark.parametrize("missing", ["rule", "event", "reason"])
async def test_it_keeps_no_half_of_an_event(add, missing):
    """Rule, event and reason are there together or not at all; a subject not every rule has."""
    parts = {"rule": "queue_age", "event": "fired", "reason": "d"}
    with pytest.raises(asyncpg.CheckViolationError):
        await add("-2m", **parts | {missing: None})


async def test_it_shows_an_empty_feed(show):
    """Where nothing happened there is no item."""
    assert (await show(load))["items"] == []


async def test_it_shows_the_newest_twenty_whatever_the_range(add, show):
    """The newest come first, of equal times the one added last; the range hides nothing."""
    old = await add("-90d")
    assert [item["id"] for item in (await show(load, range="1h"))["items"]] == [old]
    same = [await add("-1m") for _ in range(15)]
    older = [await add(f"-{minutes}m") for minutes in range(2, 12)]
    found = [item["id"] for item in (await show(load, range="1h"))["items"]]
    assert found == same[::-1] + older[:5]


async def test_it_shows_events_of_both_environments_in_each(add, show):
    """An event without an environment concerns both; one with an environment only its own."""
    ours, theirs, both = await add("-3m"), await add("-2m", environment="staging"), await add("-1m", environment=None)
    assert [item["id"] for item in (await show(load))["items"]] == [both, ours]
    assert [item["id"] for item in (await show(load, environment="staging"))["items"]] == [both, theirs]


async def test_it_shows_no_event_of_the_future(add, show):
    """An event up to 5 s ahead is there; a later one is not yet."""
    now = await add("+5s")
    for at in ("2026-03-02 12:00:35.000001", "+1h", "infinity", "20000-01-01Z"):
        await add(at)
    assert [item["id"] for item in (await show(load))["items"]] == [now]


async def test_it_names_a_link_without_a_label_by_its_address(add, show):
    """A link that has no label is called by its address; without an address there is no link."""
    await add("-1m", link_label=None, link_url="https://wiki.example.com")
    await add("-2m", link_label="Runbook", link_url=None)
    found = [item["link"] for item in (await show(load))["items"]]
    assert found == [{"label": "https://wiki.example.com", "url": "https://wiki.example.com"}, None]


async def test_it_cannot_tell_artists_apart(add, show):
    """Events name no artist: the panel says that it ignored the filters."""
    await add("-1m")
    found = await show(load, artist_id="artist-7")
    assert (len(found["items"]), found["filters_ignored"]) == (1, ["artist_id"])
