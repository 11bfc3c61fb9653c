from datetime import timedelta

import pytest

from alerting import new_alert
from factories import NOW, present
from houndmon.alerts.recurrence import WEEKDAYS, Recurrence
from houndmon.alerts.silences import (
    NewSilence,
    Silence,
    add_silence,
    end_silence,
    list_silences,
    list_subjects,
    matches,
    read_version,
)
from houndmon.alerts.store import NoSuchAlert
from houndmon.core.problems import BadInput


async def wanted(conn, **changes):
    now = await conn.fetchval("select clock_timestamp()")
    ahead = changes.pop("ahead", timedelta(hours=1))
    if "start" in changes:
        changes["starts_at"] = now + changes.pop("start")
    return NewSilence(**{"reason": "Planned maintenance.", "ends_at": now + ahead} | changes)


async def test_it_silences_for_a_while(conn):
    """A silence holds from now until its end, and is listed for a week after it."""
    added = await add_silence(conn, await wanted(conn, rule="queue_age", subject="x"), "ann")
    assert (added.rule, added.environment, added.subject, added.actor) == ("queue_age", None, "x", "ann")
    assert added.in_force
    listed = await list_silences(conn)
    assert (listed.items, listed.in_force) == ([added], 1)
    await end_silence(conn, int(added.id))
    listed = await list_silences(conn)
    assert (listed.items[0].in_force, listed.in_force) == (False, 0)
    with pytest.raises(NoSuchAlert):
        await end_silence(conn, int(added.id))
    await conn.execute("update houndmon.silences set ends_at = ends_at - interval '7 days'")
    assert (await list_silences(conn)).items == []


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"reason": "too short"}, ["reason"]),
        ({"reason": " " * 40}, ["reason"]),
        ({"reason": "\u200b" * 40}, ["reason"]),
        ({"ahead": timedelta(0)}, ["ends_at"]),
        ({"ahead": timedelta(hours=-1)}, ["ends_at"]),
        ({"ahead": timedelta(days=7, seconds=30)}, ["ends_at"]),
        ({"reason": "", "ahead": timedelta(days=4000)}, ["reason", "ends_at"]),
        ({"start": timedelta(minutes=-2)}, ["starts_at"]),
        ({"start": timedelta(days=31), "ahead": timedelta(days=32)}, ["starts_at"]),
        ({"start": timedelta(hours=2), "ahead": timedelta(hours=1)}, ["ends_at"]),
        ({"start": timedelta(hours=2), "ahead": timedelta(days=7, hours=3)}, ["ends_at"]),
    ],
)
async def test_it_refuses_a_silence_without_reason_or_end(conn, changes, fields):
    """A silence says why, in at least 10 characters, and ends within 7 days."""
    with pytest.raises(BadInput) as refused:
        await add_silence(conn, await wanted(conn, **changes), None)
    assert [error.field for error in refused.value.errors] == fields
    assert (await list_silences(conn)).items == []


async def test_it_takes_a_silence_of_seven_days(conn):
    """Seven days is the longest."""
    assert (await add_silence(conn, await wanted(conn, ahead=timedelta(days=7)), None)).in_force


@pytest.mark.parametrize(
    ("matchers", "quiet"),
    [
        ({}, True),
        ({"rule": "api_5xx_spike"}, True),
        ({"rule": "api_5xx_spike", "environment": "prod", "subject": "gateway"}, True),
        ({"rule": "api_4xx_spike"}, False),
        ({"environment": "staging"}, False),
        ({"subject": "functions"}, False),
        ({"rule": "api_5xx_spike", "environment": "staging", "subject": "gateway"}, False),
        ({"in_force": False}, False),
    ],
)
def test_it_matches_all_that_it_names(matchers, quiet):
    """A silence keeps quiet what fits all that it names; what it leaves out fits."""
    given = {"rule": None, "environment": None, "subject": None, "in_force": True, "matching_count": 0} | matchers
    silence = Silence(id="1", reason="", actor=None, created_at=NOW, starts_at=NOW, ends_at=NOW, **given)
    assert matches(silence, "api_5xx_spike", "prod", "gateway") is quiet


async def test_it_begins_later(conn):
    """A planned silence is listed and holds from its start on; cancelled before it, it never does."""
    start, end = timedelta(days=29), timedelta(days=36)
    planned = await add_silence(conn, await wanted(conn, start=start, ahead=end), "ann")
    assert planned.starts_at - planned.created_at > timedelta(days=28)
    listed = await list_silences(conn)
    assert ([one.id for one in listed.items], listed.in_force, planned.in_force) == ([planned.id], 0, False)
    moved = "update houndmon.silences set starts_at = starts_at - $1::interval, ends_at = ends_at - $1::interval"
    await conn.execute(moved, start)
    assert (await list_silences(conn)).in_force == 1
    cancelled = await add_silence(conn, await wanted(conn, start=timedelta(hours=1), ahead=timedelta(hours=2)), None)
    await end_silence(conn, int(cancelled.id))
    (found,) = [one for one in (await list_silences(conn)).items if one.id == cancelled.id]
    assert (found.in_force, found.starts_at <= found.ends_at) == (False, True)


async def test_it_begins_now_where_the_start_is_of_this_minute(conn):
    """A start within the last minute is meant as now: forms give whole minutes."""
    made = await add_silence(conn, await wanted(conn, start=timedelta(seconds=-40)), None)
    assert made.in_force
    assert made.starts_at <= made.created_at
    assert made.created_at - made.starts_at < timedelta(seconds=40)


async def test_it_counts_what_it_matches_now(conn):
    """A silence tells how many firing alerts it names, as `matches` would; recovered and closed ones do not count."""
    await new_alert(conn, "api_5xx_spike", subject="gateway")
    await new_alert(conn, "api_5xx_spike", subject="functions")
    await new_alert(conn, "api_4xx_spike", subject="gateway", environment="staging")
    await new_alert(conn, "queue_age", state="recovered")
    for changes, count in (
        ({}, 3),
        ({"rule": "api_5xx_spike"}, 2),
        ({"subject": "gateway"}, 2),
        ({"subject": "gateway", "environment": "staging"}, 1),
        ({"rule": "queue_age"}, 0),
    ):
        assert (await add_silence(conn, await wanted(conn, **changes), None)).matching_count == count, changes


async def test_it_knows_the_subjects(conn):
    """Subjects of rules and of open alerts are known, each once, with how many alerts fire; those come first."""
    state = "insert into houndmon.rule_states (rule, environment, subject, verdict, state, evaluated_at)"
    for subject in ("gateway", "functions", None):
        await conn.execute(f"{state} values ('api_5xx_spike', 'prod', $1, 'ok', 'ok', now())", subject)
    await new_alert(conn, "api_5xx_spike", subject="gateway")
    await new_alert(conn, "api_4xx_spike", subject="gateway", environment="staging")
    await new_alert(conn, "api_4xx_spike", subject="x")
    await new_alert(conn, "api_5xx_spike", subject="a", state="recovered")
    await new_alert(conn, "api_4xx_spike", subject="gone", state="closed")
    found = [(one.subject, one.firing_count) for one in await list_subjects(conn)]
    assert found == [("gateway", 2), ("x", 1), ("a", 0), ("functions", 0)]


async def recurring(conn, *, starts_in=timedelta(0), lasts_minutes=60, **changes):
    """A recurrence on the day of the database's clock, that begins so much later than now."""
    now = await conn.fetchval("select clock_timestamp()")
    begins = now + starts_in
    given = {"weekdays": [WEEKDAYS[begins.weekday()]], "from_time": f"{begins:%H:%M}", "lasts_minutes": lasts_minutes}
    return Recurrence(**{"zone": "UTC"} | given | changes)


async def test_it_recurs(conn):
    """A recurring silence is in force at its times alone, says until when and when next, and may last for a year."""
    now_on = await recurring(conn)
    year = timedelta(days=366)
    held = await add_silence(conn, await wanted(conn, ahead=year, recurrence=now_on), None)
    assert (held.in_force, held.recurrence) == (True, now_on)
    assert present(held.in_force_until) - held.starts_at <= timedelta(minutes=60)
    assert present(held.next_at) - present(held.in_force_until) == timedelta(days=7, minutes=-60)
    later = await recurring(conn, starts_in=timedelta(hours=3))
    planned = await add_silence(conn, await wanted(conn, ahead=year, recurrence=later), None)
    assert (planned.in_force, planned.in_force_until) == (False, None)
    assert timedelta(hours=2) < present(planned.next_at) - planned.created_at <= timedelta(hours=3)
    listed = await list_silences(conn)
    assert {one.id: one.in_force for one in listed.items} == {held.id: True, planned.id: False}
    assert listed.in_force == 1
    before = await read_version(conn)
    await end_silence(conn, int(held.id))
    assert (await list_silences(conn)).in_force == 0
    assert await read_version(conn) != before


@pytest.mark.parametrize(
    ("changes", "recurs", "fields"),
    [
        ({"ahead": timedelta(days=366, seconds=30)}, {}, ["ends_at"]),
        ({}, {"zone": "Europe/Nowhere"}, ["recurrence.zone"]),
        ({}, {"zone": "../../etc/passwd"}, ["recurrence.zone"]),
        ({"reason": ""}, {"zone": ""}, ["reason", "recurrence.zone"]),
        ({}, {"starts_in": timedelta(days=2)}, ["recurrence.weekdays"]),
    ],
)
async def test_it_refuses_a_recurrence_that_cannot_be(conn, changes, recurs, fields):
    """A recurring silence ends within 366 days, is of a zone that there is, and holds at some time before its end."""
    recurrence = await recurring(conn, **recurs)
    with pytest.raises(BadInput) as refused:
        await add_silence(conn, await wanted(conn, recurrence=recurrence, **changes), None)
    assert [error.field for error in refused.value.errors] == fields
