import pytest

from alerting import new_alert
from houndmon.alerts.listing import (
    STATES,
    AlertFilter,
    checked_filter,
    count_closed_with,
    list_owners,
    read_alerts_page,
)
from houndmon.core.paging import decode_cursor
from houndmon.core.problems import BadInput

OLD = {"minutes": 60}


async def test_it_pages_through_all_alerts_once(conn):
    """Page after page gives every alert once, the newest first, also where many fired in one moment."""
    ids = [await new_alert(conn, state="closed", minutes=number // 5) for number in range(23)]
    at = await conn.fetchval("select clock_timestamp()")
    await conn.execute("update houndmon.alerts set fired_at = $1 where id % 3 = 0", at)
    whole = await read_alerts_page(conn, AlertFilter(state="all"), None, 200)
    assert sorted(int(one.id) for one in whole.items) == ids
    assert [(one.fired_at, int(one.id)) for one in whole.items] == sorted(
        ((one.fired_at, int(one.id)) for one in whole.items), reverse=True
    )
    for limit in (1, 4, 23):
        seen, cursor = [], None
        while True:
            page = await read_alerts_page(conn, AlertFilter(state="all"), decode_cursor(cursor), limit)
            assert len(page.items) <= limit
            seen += [one.id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            if len(seen) == 4:
                await new_alert(conn, "queue_stalled", state="closed", minutes=-1)  # it fires meanwhile
        assert seen == [one.id for one in whole.items]
        await conn.execute("delete from houndmon.alerts where rule = 'queue_stalled'")


async def found(conn, **wanted):
    page = await read_alerts_page(conn, checked_filter(wanted), None, 50)
    return {int(one.id) for one in page.items}


async def test_it_finds_by_state(conn):
    """Firing and recovered alerts are the open ones; closed ones are the rest of all."""
    firing = await new_alert(conn)
    recovered = await new_alert(conn, "queue_stalled", state="recovered")
    closed = await new_alert(conn, state="closed")
    by_state = {state: await found(conn, state=state) for state in STATES}
    assert by_state == {
        "open": {firing, recovered},
        "firing": {firing},
        "recovered": {recovered},
        "closed": {closed},
        "all": {firing, recovered, closed},
    }


async def test_it_finds_by_what_it_is_about(conn):
    """Environment, rule, severity and owner each narrow the listing, and all of them together."""
    one = await new_alert(conn, severity="critical")
    two = await new_alert(conn, "api_5xx_spike", subject="gateway", owner_role="platform on-call")
    three = await new_alert(conn, environment="staging")
    assert await found(conn, environment="staging") == {three}
    assert await found(conn, rule="queue_age") == {one, three}
    assert await found(conn, severity="critical") == {one}
    assert await found(conn, owner="platform on-call") == {two}
    assert await found(conn, rule="queue_age", severity="critical", environment="staging") == set()
    assert await found(conn, owner=None, rule=None, text=None) == {one, two, three}
    assert await list_owners(conn) == ["platform on-call", "transcode on-call"]


@pytest.mark.parametrize(
    "text", ["GATEWAY", "api answers 5xx", "api_5xx", "50%_", "Ann", "disk was full", "\\", "platform on"]
)
async def test_it_finds_by_text(conn, text):
    """A text is found in title, rule, subject, owner, finding, root cause and name of who took it, in any case."""
    id = await new_alert(
        conn,
        "api_5xx_spike",
        state="closed",
        subject="gateway",
        owner_role="platform on-call",
        finding=r"50%_ of \ fail",
    )
    await new_alert(conn, state="closed", finding="3 queued")
    await conn.execute("insert into houndmon.acknowledgements (alert_id, actor) values ($1, 'ann')", id)
    closed = "insert into houndmon.closings values ($1, now(), null, 'The disk was full.', $2, $2)"
    await conn.execute(closed, id, "Freed some space.")
    assert await found(conn, state="all", text=text) == {id}


async def test_it_finds_a_service_level_by_its_title(conn):
    """The subject of a budget's alert is found by what the page calls the service level."""
    id = await new_alert(conn, "slo_burn_fast", subject="playback_success")
    await new_alert(conn, "slo_burn_fast", subject="transcode_success")
    assert await found(conn, text="playback suc") == {id}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("state", "pending"),
        ("environment", "dev"),
        ("rule", "x"),
        ("severity", "bad"),
        ("owner", "x" * 201),
        ("text", "x" * 201),
        ("text", "a\0b"),
    ],
)
def test_it_refuses_what_cannot_be(name, text):
    """A filter that no alert can match, or that is no text, is bad input, and named."""
    with pytest.raises(BadInput) as refused:
        checked_filter({name: text})
    assert [error.field for error in refused.value.errors] == [name]


async def test_it_counts_what_a_closing_closes_too(conn):
    """Only recovered alerts are closed with the one that explains them."""
    cause = await new_alert(conn, "worker_heartbeat_missing", state="recovered")
    alone = await new_alert(conn, "source_lagging")
    await new_alert(conn, explained_by=cause)
    await new_alert(conn, "queue_stalled", explained_by=cause, state="recovered")
    await new_alert(conn, "job_stuck", explained_by=cause, state="recovered")
    await new_alert(conn, "job_stuck", explained_by=cause, state="closed")
    assert await count_closed_with(conn, [cause, alone]) == {str(cause): 2}
