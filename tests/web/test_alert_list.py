import re
from datetime import UTC, datetime, timedelta

from alerting import NOTES, new_alert


async def rows_of(console, **params):
    """The rows of the listing by the id of their alert."""
    answer = await console.get("/alerts", **params)
    assert answer.status_code == 200, answer.text
    body = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return {int(re.findall(r"/alerts/(\d+)", row)[0]): row for row in body.split("<tr>")[1:]}


async def test_it_filters(calm):
    """The page takes the filters of the API, by a form that keeps what was chosen and where the links lead."""
    conn = calm.hound.conn
    firing = await new_alert(conn, severity="critical", owner_role="<b>owner")
    recovered = await new_alert(conn, "queue_stalled", state="recovered")
    staging = await new_alert(conn, environment="staging")
    assert set(await rows_of(calm)) == {firing, recovered, staging}
    assert set(await rows_of(calm, state="firing")) == {firing, staging}
    assert set(await rows_of(calm, of="staging", environment="prod")) == {staging}
    assert set(await rows_of(calm, severity="critical", rule="", of="")) == {firing}
    assert set(await rows_of(calm, text="stalled")) == {recovered}
    page = (await calm.get("/alerts", owner="<b>owner", environment="staging", text='"x')).text
    assert '<option value="&lt;b&gt;owner" selected>' in page
    assert '<input type="hidden" name="environment" value="staging">' in page
    assert 'value="&#34;x"' in page
    assert 'href="/alerts?state=firing&amp;owner=%3Cb%3Eowner&amp;text=%22x&amp;environment=staging"' in page
    assert "No alert matches." in page
    assert (await calm.get("/alerts", of="dev")).status_code == 400


async def test_it_says_how_long_and_who(calm):
    """A row says how long the alert lasted, who took it, and that nobody did in time."""
    conn = calm.hound.conn
    over = datetime.now(UTC) - timedelta(minutes=3)
    lasted = await new_alert(conn, "queue_stalled", state="recovered", minutes=93, recovered_at=over)
    await conn.execute("insert into houndmon.acknowledgements (alert_id, actor) values ($1, '<i>ann')", lasted)
    late = await new_alert(conn, minutes=20, announced_at=over)
    rows = await rows_of(calm)
    assert "<td>90 min</td>" in rows[lasted]
    assert "&lt;i&gt;ann" in rows[lasted]
    assert "<td>20 min</td>" in rows[late]
    assert "overdue" in rows[late]


async def test_it_closes_what_one_cause_explains(calm):
    """From the listing one closing with three notes closes a cause and the recovered alerts that it explains."""
    conn = calm.hound.conn
    cause = await new_alert(conn, "worker_heartbeat_missing", state="recovered")
    symptoms = [
        await new_alert(conn, "queue_stalled", state="recovered", explained_by=cause),
        await new_alert(conn, "job_stuck", state="recovered", explained_by=cause),
    ]
    firing = await new_alert(conn, explained_by=cause)
    rows = await rows_of(calm)
    assert f'name="alert_{cause}" value="on" form="close-listed"' in rows[cause]
    assert "with 2 more</label>" in rows[cause]
    assert "checkbox" not in rows[firing]
    answer = await calm.client.post("/alerts/close", data=NOTES | {f"alert_{cause}": "on"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/alerts?state=open")
    for id in (cause, *symptoms):
        alert = (await calm.get(f"/api/alerts/{id}")).json()
        assert (alert["state"], alert["notes"]) == ("closed", NOTES)
        assert [one["kind"] for one in alert["timeline"]] == ["closed"]
    assert set(await rows_of(calm)) == {firing}


async def test_it_pages_with_its_filters(calm):
    """The link to older alerts keeps the filters."""
    for number in range(51):
        await new_alert(calm.hound.conn, state="closed", minutes=number + 1)
    page = (await calm.get("/alerts", state="closed", rule="queue_age")).text
    older = re.findall(r'href="([^"]*cursor=[^"]*)">Older', page)[0].replace("&amp;", "&")
    assert "state=closed" in older
    assert "rule=queue_age" in older
    answer = await calm.get(older)
    assert answer.text.count('<th scope="row">') == 1


async def test_it_closes_several_at_once(calm):
    """The chosen alerts are closed by one set of notes; the way leads back to the same list of the same console."""
    conn = calm.hound.conn
    first, second = await new_alert(conn, state="recovered"), await new_alert(conn, "job_stuck", state="recovered")
    kept = await new_alert(conn, "queue_stalled", state="recovered")
    form = NOTES | {f"alert_{first}": "on", f"alert_{second}": "on"}
    there = {"state": "recovered", "of": "prod", "text": "<queue>", "back": "environment=staging"}
    answer = await calm.client.post("/alerts/close", data=form | there)
    address = "/alerts?state=recovered&of=prod&text=%3Cqueue%3E&environment=staging"
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    states = {id: (await calm.get(f"/api/alerts/{id}")).json()["state"] for id in (first, second, kept)}
    assert states == {first: "closed", second: "closed", kept: "recovered"}


async def test_it_keeps_choice_notes_and_list(calm):
    """A closing that is refused comes back with the list as it was, the chosen alerts and all that was typed."""
    conn = calm.hound.conn
    over, firing = await new_alert(conn, "job_stuck", state="recovered"), await new_alert(conn)
    typed = NOTES | {"root_cause": "<b>", "state": "open", "severity": "warning", f"alert_{over}": "on"}
    short = await calm.client.post("/alerts/close", data=typed)
    assert (short.status_code, short.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert 'id="error-root_cause"' in short.text
    assert "&lt;b&gt;</textarea>" in short.text
    assert NOTES["prevention"] in short.text
    assert f'name="alert_{over}" value="on" form="close-listed" checked' in short.text
    assert '<input type="hidden" name="severity" value="warning">' in short.text
    none = await calm.client.post("/alerts/close", data={name: typed[name] for name in NOTES})
    assert none.status_code == 400
    assert "Choose at least one alert" in none.text
    assert 'id="error-root_cause"' in none.text
    still = await calm.client.post("/alerts/close", data=NOTES | {f"alert_{over}": "on", f"alert_{firing}": "on"})
    assert still.status_code == 409
    assert f"No alert was closed, for alert {firing} cannot be." in still.text
    assert NOTES["root_cause"] in still.text
    assert (await calm.get(f"/api/alerts/{over}")).json()["state"] == "recovered"
    for id in ("999", "x", "1" * 30):
        assert (await calm.client.post("/alerts/close", data=NOTES | {f"alert_{id}": "on"})).status_code == 404
    assert (await calm.client.post("/alerts/close", data=NOTES | {"of": "dev"})).status_code == 400


async def test_it_offers_no_closing_where_none_can_be(calm):
    """Where no listed alert can be closed there is no form."""
    await new_alert(calm.hound.conn)
    assert "close-listed" not in (await calm.get("/alerts")).text
