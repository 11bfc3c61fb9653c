from datetime import UTC, datetime, timedelta

import pytest

from alerting import NOTES, new_alert
from houndmon.config.live import LiveConfig
from houndmon.notify.channels import CHANNELS


def headline(page):
    return page.partition("<h1>")[2].partition("</h1>")[0]


async def test_it_is_headed_by_the_finding(calm):
    """The headline is the finding in words, the live one while it fires; an alert without one has its rule's title."""
    conn = calm.hound.conn
    old = await new_alert(conn, "queue_stalled", finding="")
    live = await new_alert(conn, latest_finding="5 queued, the oldest for <22> min", latest_verdict="breach")
    assert headline(await calm.alert_page(live)) == "<bdi>5 queued, the oldest for &lt;22&gt; min</bdi>"
    assert headline(await calm.alert_page(old)) == "The transcode queue is stalled"


async def test_it_says_when_it_will_have_recovered(calm):
    """While it recovers the headline says when it will have recovered."""
    clear = datetime(2026, 3, 2, 12, 3, tzinfo=UTC)
    id = await new_alert(calm.hound.conn, clear_since=clear, recovers_at=clear + timedelta(minutes=2))
    page = await calm.alert_page(id)
    assert "recovers at 12:05 UTC if that lasts" in headline(page)
    assert ">recovering</span>" in page


async def test_it_says_since_when_it_is_overdue(calm):
    """Past its deadline an alert is overdue since then; before it, or acknowledged, it has a time to respond by."""
    late = await new_alert(calm.hound.conn, minutes=20, announced_at=datetime.now(UTC))
    early = await new_alert(calm.hound.conn, "queue_stalled")
    page = await calm.alert_page(late)
    assert "<dt>Overdue since</dt>" in page
    assert "Respond by" not in page
    assert "<dt>Respond by</dt>" in await calm.alert_page(early)
    await calm.client.post(f"/alerts/{late}/acknowledge")
    assert "Overdue" not in await calm.alert_page(late)


async def test_it_links_cause_and_symptoms(calm):
    """The page links what explains the alert and what it explains; the closing form names what it closes too."""
    conn = calm.hound.conn
    cause = await new_alert(conn, "worker_heartbeat_missing", state="recovered")
    firing = await new_alert(conn, explained_by=cause, subject="<b>")
    over = await new_alert(conn, "queue_stalled", explained_by=cause, state="recovered")
    page = await calm.alert_page(cause)
    explains = page.partition("<dt>Explains</dt>")[2].partition("</div>")[0]
    assert f'href="/alerts/{firing}"' in explains
    assert f'href="/alerts/{over}"' in explains
    assert "&lt;b&gt;" in explains
    closing = page.partition("The same notes also close 1 recovered alert ")[2].partition("</p>")[0]
    assert f'href="/alerts/{over}"' in closing
    assert f'href="/alerts/{firing}"' not in closing
    explained = (await calm.alert_page(firing)).partition("<dt>Explained by</dt>")[2].partition("</div>")[0]
    assert f'href="/alerts/{cause}"' in explained


async def test_it_says_how_often_it_fired(calm):
    """An alert that fired more than once in 7 days says so, beside the notes of the last closing."""
    conn = calm.hound.conn
    before = await new_alert(conn, state="recovered")
    await calm.client.post(f"/alerts/{before}/close", data=NOTES)
    id = await new_alert(conn, previous_alert_id=before)
    for one in (before, id):
        await conn.execute("insert into houndmon.transitions (alert_id, kind, reason) values ($1, 'fired', '')", one)
    page = await calm.alert_page(id)
    assert "fired 2 times" in page
    assert NOTES["mitigation"] in page


async def test_it_responds_by_forms(calm):
    """Without JavaScript an alert is handed over, commented on and given back; each leads to the alert's page."""
    id = await new_alert(calm.hound.conn)
    assert "/hand-over" not in await calm.alert_page(id)
    for path, data in (
        ("acknowledge", {}),
        ("hand-over", {"to": "<i>Robin", "note": ""}),
        ("comments", {"text": "<script>alert(1)</script>"}),
        ("unacknowledge", {}),
    ):
        answer = await calm.client.post(f"/alerts/{id}/{path}", data=data)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/alerts/{id}")
    alert = (await calm.get(f"/api/alerts/{id}")).json()
    assert [one["kind"] for one in alert["timeline"]] == ["acknowledged", "handed_over", "comment", "unacknowledged"]
    page = await calm.alert_page(id)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "to &lt;i&gt;Robin" in page
    assert "<script>alert" not in page


async def test_it_gives_back_what_a_form_said(calm):
    """A comment or a handover that is refused comes back as it was typed, with what is wrong beside its field."""
    id = await new_alert(calm.hound.conn)
    early = await calm.client.post(f"/alerts/{id}/hand-over", data={"to": "Robin"})
    assert early.status_code == 409
    assert "acknowledge it first" in early.text
    blank = await calm.client.post(f"/alerts/{id}/comments", data={"text": " "})
    assert blank.status_code == 400
    assert 'id="error-text"' in blank.text
    await calm.hound.conn.execute("update houndmon.alerts set state = 'closed', closed_at = now()")
    late = await calm.client.post(f"/alerts/{id}/comments", data={"text": "<b>Too late."})
    assert late.status_code == 409
    assert "&lt;b&gt;Too late.</textarea>" in late.text


async def test_it_responds_by_the_api(calm):
    """The API hands over, comments and takes back as the forms do, and answers with the alert as it is then."""
    id = await new_alert(calm.hound.conn)
    path = f"/api/alerts/{id}"
    refused = await calm.client.post(f"{path}/hand-over", json={"to": "Robin"})
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    await calm.client.post(f"{path}/acknowledge")
    handed = await calm.client.post(f"{path}/hand-over", json={"to": "Robin", "note": "Rolled back."})
    assert (handed.json()["acknowledged_by"], handed.json()["acknowledgement"]) == ("Robin", "Rolled back.")
    said = await calm.client.post(f"{path}/comments", json={"text": "It is the image."})
    assert said.json()["timeline"][-1]["reason"] == "It is the image."
    back = await calm.client.post(f"{path}/unacknowledge")
    assert (back.status_code, back.json()["acknowledged_at"]) == (200, None)
    wrong: tuple[tuple[str, dict[str, object]], ...] = (
        ("hand-over", {}),
        ("comments", {"text": 7}),
        ("comments", {"text": "a\0"}),
        ("hand-over", {"to": ""}),
    )
    for word, body in wrong:
        assert (await calm.client.post(f"{path}/{word}", json=body)).status_code == 400, (word, body)
    assert (await calm.client.post("/api/alerts/999/comments", json={"text": "x"})).status_code == 404


async def test_it_leads_to_logs_and_traces(serve, ticked, tmp_path):
    """The page leads to logs and traces by template, until the alert recovered; what strangers wrote is encoded."""
    file = tmp_path / "houndmon.toml"
    file.write_text("""
        [links]
        logs = "https://logs.example/?s={service}&from={from}&to={to}"
        traces = "https://traces.example/{subject}"
    """)
    await ticked(0)
    async with serve(LiveConfig(file, CHANNELS)) as console:
        fired, over = datetime(2026, 3, 2, 11, 43, tzinfo=UTC), datetime(2026, 3, 2, 12, 5, tzinfo=UTC)
        subject = 'a b&"><script>'
        id = await new_alert(
            console.hound.conn, "api_5xx_spike", subject=subject, state="recovered", fired_at=fired, recovered_at=over
        )
        page = await console.alert_page(id)
        firing = await console.alert_page(await new_alert(console.hound.conn))
    encoded = "a%20b%26%22%3E%3Cscript%3E"
    span = "from=2026-03-02T11%3A28%3A00Z&amp;to=2026-03-02T12%3A05%3A00Z"
    assert (
        f'<a href="https://logs.example/?s={encoded}&amp;{span}" rel="noopener noreferrer" target="_blank">Logs' in page
    )
    assert f'href="https://traces.example/{encoded}"' in page
    assert 'href="https://logs.example/?s=transcode&amp;from=' in firing


async def test_it_leads_nowhere_unless_told(calm):
    """Without templates there is no line of links."""
    assert "Look further" not in await calm.alert_page(await new_alert(calm.hound.conn))


@pytest.mark.parametrize(
    ("rule", "subject", "minutes", "address"),
    [
        ("queue_age", None, 5, "/?range=1h&amp;environment=staging&amp;panel=transcode#panel-transcode"),
        ("upload_rejection_ratio", None, 5, "/?range=6h&amp;environment=staging&amp;panel=ingest#panel-ingest"),
        ("api_5xx_spike", "gateway", 61, "/?range=6h&amp;environment=staging&amp;panel=api#panel-api"),
        ("slo_burn_fast", "playback_success", 7 * 60, "/?environment=staging&amp;panel=playback#panel-playback"),
    ],
)
async def test_it_leads_to_the_panel(calm, rule, subject, minutes, address):
    """The page leads to the panel that shows the cause, in its environment, over a range with the firing in it."""
    id = await new_alert(calm.hound.conn, rule, subject=subject, environment="staging", minutes=minutes)
    page = (await calm.get(f"/alerts/{id}", artist_id="artist-7")).text
    assert f'href="{address}"' in page
    assert "no longer reaches back" not in page
    assert 'id="evidence"' in page
    shown = await calm.client.get(address.replace("&amp;", "&").partition("#")[0])
    assert shown.status_code == 200


async def test_it_says_where_the_panel_no_longer_reaches(calm):
    """The panel of an alert of longer ago than its ranges no longer shows it, and the page says so."""
    id = await new_alert(calm.hound.conn, state="recovered", minutes=8 * 24 * 60)
    assert "which no longer reaches back to the alert" in await calm.alert_page(id)


async def test_it_leads_to_no_panel_where_there_is_none(calm):
    """An alert of houndmon's own sight has no panel."""
    assert "<dt>Panel</dt>" not in await calm.alert_page(await new_alert(calm.hound.conn, "source_unreadable"))
