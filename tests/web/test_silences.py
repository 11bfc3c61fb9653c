from datetime import UTC, datetime, timedelta

import pytest
from markupsafe import escape

from alerting import new_alert

REASON = "Planned maintenance."
WHOLE = {"rule": "api_5xx_spike", "environment": "staging", "subject": "gateway", "reason": REASON, "hours": "24"}


def send(console, data):
    return console.client.post("/silences", data=data | {"page": "silences"})


async def test_it_silences_what_matches(console):
    """A form silences a rule, an environment and a subject, or all, for some hours, and leads back to the list."""
    for data in (WHOLE, {"rule": "", "environment": "", "subject": " ", "reason": f"  {REASON} ", "hours": "168"}):
        answer = await send(console, data)
        assert (answer.status_code, answer.headers["location"]) == (303, "/silences")
    everything, one = (await console.get("/api/silences")).json()["items"]
    assert [everything[name] for name in ("rule", "environment", "subject", "reason")] == [None, None, None, REASON]
    assert {name: one[name] for name in WHOLE if name != "hours"} == {k: v for k, v in WHOLE.items() if k != "hours"}
    assert (
        await console.hound.conn.fetchval(
            "select count(*) from houndmon.silences where ends_at - created_at between '23h 59m' and '24h'"
        )
        == 1
    )


async def test_it_lists_silences_and_ends_them(console):
    """The page lists what is in force, each with a form that ends it, and what was within a week; nothing older."""
    assert "None is in force" in (await console.get("/silences")).text
    await send(console, WHOLE | {"reason": "<b>still in force"})
    await console.hound.conn.execute(
        "insert into houndmon.silences (reason, created_at, ends_at) values"
        " ('Six days ago.', now() - interval '7 days', now() - interval '6 days'),"
        " ('Eight days ago.', now() - interval '9 days', now() - interval '8 days')"
    )
    page = (await console.get("/silences")).text
    assert "The API answers 5xx, staging, <bdi>gateway</bdi>" in page
    assert "&lt;b&gt;still in force" in page
    assert "Six days ago." in page
    assert "Eight days ago." not in page
    (silence,) = [one for one in (await console.get("/api/silences")).json()["items"] if one["in_force"]]
    assert page.count("/end") == page.count(f'action="/silences/{silence["id"]}/end"') == 1
    ended = await console.client.post(f"/silences/{silence['id']}/end", data={"page": "silences"})
    assert (ended.status_code, ended.headers["location"]) == (303, "/silences")
    assert "/end" not in (await console.get("/silences")).text


WRONG = [
    ({"rule": "no_such"}, {"rule"}),
    ({"environment": "dev"}, {"environment"}),
    ({"hours": "2"}, {"hours"}),
    ({"hours": ""}, {"hours"}),
    ({"subject": "x" * 501}, {"subject"}),
    ({"reason": "short"}, {"reason"}),
    ({"reason": "\u200b" * 20}, {"reason"}),
    ({"reason": "x" * 4001}, {"reason"}),
    ({"rule": "no_such", "reason": "", "hours": "0"}, {"rule", "reason", "hours"}),
]


@pytest.mark.parametrize(("changes", "fields"), WRONG)
async def test_it_says_beside_each_field_what_is_wrong(quiet, changes, fields):
    """A silence that cannot be comes back as a form: what is wrong stands beside its field; nothing typed is lost."""
    answer = await send(quiet, WHOLE | {"subject": "\"<b>'"} | changes)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/html; charset=utf-8")
    for name in WHOLE:
        assert (f'id="error-{name}"' in answer.text) is (name in fields)
        assert (f'aria-describedby="error-{name}"' in answer.text) is (name in fields)
    if "subject" not in changes:
        assert 'value="&#34;&lt;b&gt;&#39;"' in answer.text
    for name in ("rule", "environment", "hours"):
        assert (f'<option value="{WHOLE[name]}" selected>' in answer.text) is (name not in changes)
    if "reason" not in changes:
        assert f'value="{REASON}"' in answer.text
    assert (await quiet.get("/api/silences")).json()["items"] == []


async def test_it_keeps_a_silence_that_was_typed_while_its_database_is_away(console, outage):
    """With houndmon's own database away the page says so, and the form comes back as it was sent."""
    async with outage():
        page, sent = await console.get("/silences"), await send(console, WHOLE)
    assert (page.status_code, sent.status_code) == (503, 503)
    why = "houndmon&#39;s own database cannot be read: "
    assert f"<strong>Silences cannot be read.</strong> {why}" in page.text
    assert f"<strong>Not done.</strong> {why}" in sent.text
    assert f'value="{REASON}"' in sent.text
    assert '<option value="24" selected>' in sent.text


async def test_it_refuses_what_is_no_question(quiet):
    """The page of silences has no parameters."""
    assert (await quiet.get("/silences?state=all")).status_code == 400


async def test_it_leads_to_the_silences(quiet):
    """The alerts panel and the list of alerts lead to the silences."""
    for path in ("/fragments/alerts", "/alerts"):
        assert 'href="/silences"' in (await quiet.get(path)).text


def stamp(at):
    """A time as a browser's field sends it."""
    return f"{at:%Y-%m-%dT%H:%M}"


async def test_it_plans_a_silence(console):
    """A form takes a start to come and an end by date, both in UTC; the page shows it as planned, and cancels it."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    start, end = now + timedelta(hours=3), now + timedelta(hours=9)
    dates = {"starts_at": stamp(start), "ends_at": stamp(end), "hours": ""}
    assert (await send(console, WHOLE | dates)).status_code == 303
    assert (await send(console, WHOLE | {"starts_at": stamp(start), "hours": "4"})).status_code == 303
    by_date, by_hours = (await console.get("/api/silences")).json()["items"]
    assert not by_date["in_force"]
    assert [datetime.fromisoformat(by_date[name]) for name in ("starts_at", "ends_at")] == [start, end]
    assert datetime.fromisoformat(by_hours["ends_at"]) == start + timedelta(hours=4, seconds=-1)
    page = (await console.get("/silences")).text
    assert page.count(">planned</span>") == 2
    ended = await console.client.post(f"/silences/{by_date['id']}/end", data={"page": "silences"})
    assert ended.status_code == 303
    assert (await console.get("/silences")).text.count(">planned</span>") == 1


async def test_it_offers_subjects_and_says_what_matches(serve, ticked):
    """The form offers the subjects that there are, escaped; each silence says how many firing alerts it matches."""
    await ticked(0)
    async with serve() as console:
        for subject in ("<b>gateway", "playback_success"):
            await new_alert(console.hound.conn, "api_5xx_spike", subject=subject)
        await send(console, WHOLE | {"subject": "", "environment": "prod"})
        page = (await console.get("/silences")).text
    assert '<option value="&lt;b&gt;gateway">&lt;b&gt;gateway: 1 firing now</option>' in page
    assert '<option value="playback_success">Playback success: 1 firing now</option>' in page
    assert "matches 2 now" in page


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"starts_at": "tomorrow"}, {"starts_at"}),
        ({"ends_at": "2026-13-01T00:00"}, {"ends_at"}),
        ({"starts_at": "2020-01-01T00:00"}, {"starts_at"}),
        ({"ends_at": "2020-01-01T00:00", "hours": ""}, {"ends_at"}),
        ({"ends_at": "9999-12-31T23:59", "hours": "1"}, {"ends_at"}),
        ({"starts_at": "9999-12-31T23:59"}, {"starts_at"}),
        ({"starts_at": "2026-01-01T00:00Z", "reason": ""}, {"starts_at", "reason"}),
    ],
)
async def test_it_refuses_times_that_cannot_be(quiet, changes, fields):
    """Times that are none, past, or too far come back beside their fields, as they were typed."""
    answer = await send(quiet, WHOLE | changes)
    assert answer.status_code == 400
    for name in ("starts_at", "ends_at", "reason"):
        assert (f'id="error-{name}"' in answer.text) is (name in fields), name
    for name in ("starts_at", "ends_at"):
        if name in changes:
            assert f'value="{changes[name]}"' in answer.text


NIGHT = {"monday": "on", "friday": "on", "from_time": "22:00", "until_time": "06:00", "zone": "Europe/Berlin"}


async def test_it_takes_a_silence_that_recurs(console):
    """A form takes days of the week and times of a zone; the list says them, and when it begins next."""
    assert (await send(console, WHOLE | NIGHT | {"hours": "168"})).status_code == 303
    whole_day = {"sunday": "on", "from_time": "00:00", "until_time": "00:00"}
    assert (await send(console, WHOLE | whole_day | {"hours": "168"})).status_code == 303
    days, night = (one["recurrence"] for one in (await console.get("/api/silences")).json()["items"])
    assert night == {
        "weekdays": ["monday", "friday"], "from_time": "22:00", "lasts_minutes": 480, "zone": "Europe/Berlin"
    }  # fmt: skip
    assert days == {"weekdays": ["sunday"], "from_time": "00:00", "lasts_minutes": 1440, "zone": "UTC"}
    page = (await console.get("/silences")).text
    assert "Monday, Friday, 22:00 to 06:00 (Europe/Berlin)" in page
    assert "Sunday, 00:00 to 00:00 (UTC)" in page
    assert page.count(" <small>next at <time") == 2


async def test_it_takes_a_recurring_silence_by_the_api(console):
    """The API takes and shows a recurrence; what is wrong with one is named by its place."""
    recurrence = {"weekdays": ["monday"], "from_time": "22:00", "lasts_minutes": 60, "zone": "Europe/Berlin"}
    end = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    body = {"reason": REASON, "ends_at": end, "recurrence": recurrence}
    made = await console.client.post("/api/silences", json=body)
    assert (made.status_code, made.json()["recurrence"]) == (201, recurrence)
    assert made.json()["next_at"] or made.json()["in_force_until"]
    wrong: tuple[tuple[dict[str, object], str], ...] = (
        ({"zone": "Mars/Olympus"}, "recurrence.zone"),
        ({"from_time": "24:00"}, "recurrence.from_time"),
        ({"weekdays": []}, "recurrence.weekdays"),
        ({"lasts_minutes": 1441}, "recurrence.lasts_minutes"),
    )
    for changes, field in wrong:
        refused = await console.client.post("/api/silences", json=body | {"recurrence": recurrence | changes})
        assert refused.status_code == 400, changes
        assert [one["field"] for one in refused.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"zone": "Mars/<Olympus>"}, {"zone"}),
        ({"from_time": "25:00"}, {"from_time"}),
        ({"until_time": ""}, {"until_time"}),
        ({"monday": "", "friday": ""}, {"weekdays"}),
        ({"monday": "", "friday": "", "until_time": "noon", "reason": ""}, {"weekdays", "until_time", "reason"}),
    ],
)
async def test_it_refuses_a_recurrence_beside_its_fields(quiet, changes, fields):
    """What is wrong with a recurrence stands beside its fields, and all that was typed comes back."""
    typed = WHOLE | NIGHT | changes
    answer = await send(quiet, typed)
    assert answer.status_code == 400
    for name in ("weekdays", "from_time", "until_time", "zone", "reason"):
        assert (f'id="error-{name}"' in answer.text) is (name in fields), name
    for day in ("monday", "friday"):
        assert (f'name="{day}" value="on" checked' in answer.text) is (typed[day] == "on")
    assert f'name="from_time" type="time" value="{typed["from_time"]}"' in answer.text
    assert f'value="{escape(typed["zone"])}"' in answer.text
