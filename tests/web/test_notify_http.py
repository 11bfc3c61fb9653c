import re

import pytest

from houndmon.config.live import LiveConfig
from houndmon.notify.channels import CHANNELS
from houndmon.notify.outbox import record_messages
from notify.conftest import message, webhook


async def dead(conn, alert_id=17):
    """A message that was given up; its id."""
    await record_messages(conn, message(), [alert_id], [webhook("http://127.0.0.1:9/")])
    return await conn.fetchval(
        "update houndmon.outbox set dead_at = clock_timestamp(), attempts = 3, last_error = 'it answered 500'"
        " where alert_ids = $1 returning id",
        [alert_id],
    )


async def test_it_lists_dead_letters_and_tries_them_again(console):
    """What was given up is listed with its reason; tried again it waits as if new, and only once."""
    assert (await console.get("/api/dead-letters")).json() == {"items": []}
    id, other = await dead(console.hound.conn), await dead(console.hound.conn, 18)
    items = (await console.get("/api/dead-letters")).json()["items"]
    assert [item["id"] for item in items] == [str(other), str(id)]
    assert (items[1]["receiver"], items[1]["alert_ids"], items[1]["last_error"]) == ("ops", ["17"], "it answered 500")
    answer = await console.client.post(f"/api/dead-letters/{id}/retry")
    assert answer.status_code == 202
    assert [item["id"] for item in answer.json()["items"]] == [str(other)]
    row = await console.hound.conn.fetchrow("select * from houndmon.outbox where id = $1", id)
    assert row["dead_at"] is None
    assert (await console.client.post(f"/api/dead-letters/{id}/retry")).status_code == 404


@pytest.mark.parametrize("id", ["0", "-1", "x", "9" * 20, "1.0", "²"])
async def test_it_knows_no_such_letter(console, id):
    """What is no id of a dead letter is not found, and never an error of ours."""
    answer = await console.client.post(f"/api/dead-letters/{id}/retry")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


async def test_it_refuses_a_letter_whose_id_no_path_can_hold(console):
    """A NUL is in no path here."""
    assert (await console.client.post("/api/dead-letters/%00/retry")).status_code == 400


async def test_it_says_why_the_configuration_was_refused(serve, tmp_path):
    """A bad file at a reload keeps the old rules, and the API says why; a good one clears it. No address is shown."""
    file = tmp_path / "houndmon.toml"
    file.write_text('[receivers.ops]\nkind = "webhook"\nurl = "https://secret.example/canary"\n')
    live = LiveConfig(file, CHANNELS)
    async with serve(live) as console:
        told = (await console.get("/api/configuration")).json()
        assert (told["problem"], told["receivers"]) == (None, [{"name": "ops", "kind": "webhook"}])
        assert "canary" not in str(told)
        file.write_text("[rules.queue_age]\nthresold = 3\n")
        live.reload()
        told = (await console.get("/api/configuration")).json()
        assert "rules.queue_age.thresold" in told["problem"]
        assert told["receivers"] == [{"name": "ops", "kind": "webhook"}]
        file.write_text("")
        live.reload()
        told = (await console.get("/api/configuration")).json()
        assert (told["problem"], told["receivers"]) == (None, [])
        assert (await console.get("/api/configuration", colour="red")).status_code == 400


async def test_it_tries_dead_letters_again_from_the_page(console):
    """The page lists what was given up, the newest first and 20 at most, each with a form that tries it again."""
    conn = console.hound.conn
    assert "could not be delivered" not in (await console.get("/fragments/alerts")).text
    ids = [await dead(conn, number) for number in range(1, 23)]
    await conn.execute("update houndmon.outbox set last_error = '<b>500' where id = $1", ids[-1])
    drawn = (await console.get("/fragments/alerts")).text
    assert "22 notifications could not be delivered." in drawn
    assert re.findall(r'action="/dead-letters/(\d+)/retry"', drawn) == [str(id) for id in reversed(ids[2:])]
    first = drawn.partition(f'action="/dead-letters/{ids[-1]}/retry"')[2].partition("</form>")[0]
    for text in ("(fired)", "<bdi>ops</bdi>", "since <time", "3 attempts: <bdi>&lt;b&gt;500</bdi>", ">Try again<"):
        assert text in first
    answer = await console.client.post(f"/dead-letters/{ids[-1]}/retry")
    assert (answer.status_code, answer.headers["location"]) == (303, "/#panel-alerts")
    assert await conn.fetchval("select dead_at is null from houndmon.outbox where id = $1", ids[-1])
    assert "21 notifications could not be delivered." in (await console.get("/fragments/alerts")).text
    assert (await console.client.post(f"/dead-letters/{ids[-1]}/retry")).status_code == 404
