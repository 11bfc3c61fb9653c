import pytest

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
    assert "<strong>Silences cannot be read.</strong> source houndmon cannot be read: " in page.text
    assert "<strong>Not done.</strong> source houndmon cannot be read: " in sent.text
    assert f'value="{REASON}"' in sent.text
    assert '<option value="24" selected>' in sent.text


async def test_it_refuses_what_is_no_question(quiet):
    """The page of silences has no parameters."""
    assert (await quiet.get("/silences?state=all")).status_code == 400


async def test_it_leads_to_the_silences(quiet):
    """The alerts panel and the list of alerts lead to the silences."""
    for path in ("/fragments/alerts", "/alerts"):
        assert 'href="/silences"' in (await quiet.get(path)).text
