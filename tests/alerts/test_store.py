import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import NOTES, new_alert
from factories import present
from houndmon.alerts import store
from houndmon.alerts.model import Closing
from houndmon.alerts.store import (
    BadNotes,
    NoSuchAlert,
    NotClosable,
    acknowledge_alert,
    alert_id,
    checked_notes,
    close_alert,
    close_alerts,
    read_alert,
    read_open_alerts,
    trim_note,
)

GOOD = Closing(**NOTES)
ANY = [
    *map(chr, range(32)),
    " ",
    "\u00a0",
    "\u3000",
    "\u2028",
    "\u200b",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u202e",
    "a",
    "é",
]
odd_text = st.text(st.sampled_from(ANY), max_size=20)


async def moments(conn, id):
    found = await read_alert(conn, id, [])
    return [(moment.kind, moment.reason, moment.actor) for moment in found.timeline]


async def test_it_is_taken_once(conn):
    """Acknowledging says who took it and why; said again, by anyone, it changes nothing."""
    id = await new_alert(conn)
    await acknowledge_alert(conn, id, "  Looking at it.\n", "ann")
    await acknowledge_alert(conn, id, "Me too.", "bob")
    found = await read_alert(conn, id, [])
    assert (found.acknowledged_by, found.acknowledgement) == ("ann", "Looking at it.")
    assert await moments(conn, id) == [("acknowledged", "Looking at it.", "ann")]
    assert found.state == "firing"


@pytest.mark.parametrize("note", [None, "", " \n"])
async def test_it_is_taken_without_a_word(conn, note):
    """A note is not needed to take an alert."""
    id = await new_alert(conn)
    await acknowledge_alert(conn, id, note, None)
    assert (await read_alert(conn, id, [])).acknowledgement is None
    assert await moments(conn, id) == [("acknowledged", "no note", None)]


async def test_it_is_not_taken_once_closed(conn):
    """There is nothing left to acknowledge of a closed alert, and one that never was cannot be taken."""
    id = await new_alert(conn, state="closed")
    with pytest.raises(NotClosable, match="closed"):
        await acknowledge_alert(conn, id, None, None)
    with pytest.raises(NoSuchAlert):
        await acknowledge_alert(conn, 999, None, None)
    assert await moments(conn, id) == []


@pytest.mark.parametrize(("minutes", "taken", "overdue"), [(14, False, False), (16, False, True), (16, True, False)])
async def test_it_is_overdue(conn, minutes, taken, overdue):
    """An alert that people were told of is overdue once its response is due and nobody took it."""
    id = await new_alert(conn, minutes=minutes, announced_state="firing", announced_at=datetime.now(UTC))
    if taken:
        await acknowledge_alert(conn, id, None, None)
    assert (await read_alert(conn, id, [])).overdue is overdue


async def test_it_is_closed_by_a_person(conn):
    """Closing a recovered alert keeps three trimmed notes, who closed it, its timeline and an entry in the feed."""
    id = await new_alert(conn, state="recovered")
    await close_alert(conn, id, Closing("  The disk was full.\n", GOOD.mitigation, GOOD.prevention), "ann")
    found = await read_alert(conn, id, [])
    assert (found.state, found.closed_by, present(found.notes).root_cause) == ("closed", "ann", "The disk was full.")
    assert present(found.closed_at) >= present(found.recovered_at)
    assert await moments(conn, id) == [("closed", "root cause: The disk was full.", "ann")]
    feed = await conn.fetchrow("select kind, impact, alert_id, rule, subject, event, reason from houndmon.incidents")
    parts = ("queue_age", None, "closed", "The disk was full.")
    assert tuple(feed) == ("alert_closed", "queue_age closed: The disk was full.", id, *parts)
    assert await read_open_alerts(conn) == []


@pytest.mark.parametrize(
    ("event", "kind", "head"),
    [
        ("fired", "alert_fired", "slo_burn_fast of `a b` fires: "),
        ("fired_again", "alert_fired", "slo_burn_fast of `a b` fires again: "),
        ("recovered", "alert_recovered", "slo_burn_fast of `a b` recovered: "),
        ("closed", "alert_closed", "slo_burn_fast closed: "),
    ],
)
async def test_it_tells_the_feed_in_columns_and_in_a_line(conn, event, kind, head):
    """The feed gets rule, subject, event and reason; and all of it as one line of 200 characters at most."""
    row = await store.read_alert_row(conn, await new_alert(conn, "slo_burn_fast", subject="a  b"))
    await store.record_alert_incident(conn, row, event, "info", "x\n" * 300)
    feed = await conn.fetchrow("select kind, impact, rule, subject, event, reason from houndmon.incidents")
    line = " ".join((head + "x " * 300).split())[:200]
    assert tuple(feed) == (kind, line, "slo_burn_fast", "a  b", event, ("x " * 100)[:200])


@pytest.mark.parametrize(("state", "said"), [("firing", "still fires"), ("closed", "closed already")])
async def test_it_is_closed_only_once_recovered(conn, state, said):
    """A firing alert and a closed one cannot be closed; what was typed comes back, and nothing is written."""
    id = await new_alert(conn, state=state)
    with pytest.raises(NotClosable, match=said) as refused:
        await close_alert(conn, id, GOOD, "ann")
    assert refused.value.extra() == {"notes": GOOD}
    assert await conn.fetchval("select count(*) from houndmon.closings") == 0
    with pytest.raises(NoSuchAlert):
        await close_alert(conn, 999, GOOD, "ann")


SHORT = [
    "",
    " " * 4000,
    "nine char",
    "  nine char  ",
    "\n\t\r" * 10,
    "\u3000" * 10,
    "\u200b" * 10,
    "\u2060\ufeff\u00ad" * 9,
    "x\x00" * 4,
]


@pytest.mark.parametrize("text", [*SHORT, "x" * 4001], ids=range(len(SHORT) + 1))
@pytest.mark.parametrize("field", NOTES)
def test_it_needs_three_notes(field, text):
    """Each note needs 10 to 4000 characters that can be seen at its ends; the field is named, all text comes back."""
    typed = Closing(**NOTES | {field: text})
    with pytest.raises(BadNotes) as refused:
        checked_notes(typed)
    assert [error.field for error in refused.value.errors] == [field]
    assert refused.value.notes == typed


def test_it_names_every_note_that_is_wrong():
    """All that is wrong is said at once."""
    with pytest.raises(BadNotes) as refused:
        checked_notes(Closing())
    assert [error.field for error in refused.value.errors] == list(NOTES)
    assert {error.message for error in refused.value.errors} == {"needs 10 to 4000 characters, and has 0"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  a disk \n", "a disk"),
        ("one\r\ntwo\rthree\n\tfour", "one\ntwo three\n\tfour"),
        ("\u200b\ufeffa disk\u00ad\u2060 \u3000", "a disk"),
        ("a\x07b\x1b[0m", "a b [0m"),
        ("👩\u200d🔧 mended it", "👩\u200d🔧 mended it"),
    ],
)
def test_it_trims_what_cannot_be_seen(typed, kept):
    """Blanks, invisible characters at the ends and control characters go; lines and emoji stay."""
    assert trim_note(typed) == kept


@given(odd_text)
def test_it_trims_once(text):
    """What is trimmed ends in something that can be seen, holds no control character, and stays as it is."""
    kept = trim_note(text)
    assert trim_note(kept) == kept
    assert not set(kept) & set(map(chr, range(32))) - {"\n", "\t"}
    assert not kept or (kept[0] in "aé" and kept[-1] in "aé")


async def test_it_is_closed_by_one_of_many(database, conn):
    """Of twenty who close an alert in the same moment one wins; each other has its own notes back."""
    id = await new_alert(conn, state="recovered")
    crew = [await asyncpg.connect(database) for _ in range(20)]
    notes = [Closing(f"Root cause number {number}.", GOOD.mitigation, GOOD.prevention) for number in range(20)]
    closings = (close_alert(one, id, text, None) for one, text in zip(crew, notes, strict=True))
    results = await asyncio.gather(*closings, return_exceptions=True)
    for one in crew:
        await one.close()
    assert sum(result == {id} for result in results) == 1
    for result, text in zip(results, notes, strict=True):
        assert result == {id} or (isinstance(result, NotClosable) and result.notes == text)
    winner = notes[results.index({id})]
    assert present((await read_alert(conn, id, [])).notes).root_cause == winner.root_cause
    assert len(await moments(conn, id)) == 1


async def test_it_closes_many_by_one_set_of_notes(conn):
    """Some alerts are closed by one set of notes, with what they explain; one chosen too is closed once."""
    cause = await new_alert(conn, "worker_heartbeat_missing", state="recovered")
    symptom = await new_alert(conn, state="recovered", explained_by=cause)
    other = await new_alert(conn, "queue_stalled", state="recovered")
    await close_alerts(conn, [cause, symptom, other], GOOD, "ann")
    for id in (cause, symptom, other):
        alert = await read_alert(conn, id, [])
        assert (alert.state, alert.closed_by, present(alert.notes).root_cause) == ("closed", "ann", GOOD.root_cause)
        assert [moment.kind for moment in alert.timeline] == ["closed"]


async def test_it_closes_all_or_none(conn):
    """Where one of the chosen alerts cannot be closed none is, and the refusal names it."""
    over = await new_alert(conn, "queue_stalled", state="recovered")
    firing = await new_alert(conn)
    for ids, refused, said in (
        ([over, firing], NotClosable, f"alert {firing} cannot be"),
        ([over, 999], NoSuchAlert, "no such alert"),
    ):
        with pytest.raises(refused, match=said):
            await close_alerts(conn, ids, GOOD, None)
    with pytest.raises(BadNotes):
        await close_alerts(conn, [over], Closing("short", "", ""), None)
    assert (await read_alert(conn, over, [])).state == "recovered"


async def test_it_is_closed_by_one_of_many_lists(database, conn):
    """Of many who close the same alerts in other orders one wins, and none waits for another for ever."""
    cause = await new_alert(conn, "worker_heartbeat_missing", state="recovered")
    ids = [
        cause,
        await new_alert(conn, state="recovered", explained_by=cause),
        await new_alert(conn, "queue_stalled", state="recovered", explained_by=cause),
        await new_alert(conn, "job_stuck", state="recovered"),
    ]
    crew = [await asyncpg.connect(database) for _ in range(16)]
    orders = [ids[number % 4 :] + ids[: number % 4] for number in range(16)]
    closings = (close_alerts(one, order, GOOD, None) for one, order in zip(crew, orders, strict=True))
    results = await asyncio.gather(*closings, return_exceptions=True)
    for one in crew:
        await one.close()
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, NotClosable) for result in results) == 15, results
    assert [len(await moments(conn, id)) for id in ids] == [1, 1, 1, 1]


async def test_it_would_catch_a_careless_closing(conn, monkeypatch):
    """A closing that does not look at the state of its alert fails the test above: that can fail."""
    careless = store.SQL["close"].partition(" and (state")[0] + " returning rule, environment, subject, runbook_url"
    monkeypatch.setitem(store.SQL, "close", careless)
    with pytest.raises(pytest.fail.Exception):
        await test_it_is_closed_only_once_recovered(conn, "firing", "still fires")


async def test_it_is_held_by_the_database_too(conn):
    """The database itself keeps an alert's life in order, whatever a program tries."""
    id = await new_alert(conn, state="recovered")
    wrong = {
        "a second open alert of a key": lambda: new_alert(conn, subject=""),
        "a state that there is none of": lambda: new_alert(conn, "queue_stalled", state="pending"),
        "an environment that there is none of": lambda: new_alert(conn, environment="dev"),
        "an alert closed without its time": lambda: conn.execute("update houndmon.alerts set state = 'closed'"),
        "a time without its closing": lambda: conn.execute("update houndmon.alerts set closed_at = now()"),
        "a note that is too short": lambda: closed(conn, id, root_cause="nine char"),
        "a note of blanks": lambda: closed(conn, id, mitigation=" " * 20),
        "no note": lambda: closed(conn, id, prevention=None),
        "notes of no alert": lambda: closed(conn, 999),
        "an event of an unknown kind": lambda: conn.execute(
            "insert into houndmon.transitions (alert_id, kind, reason) values ($1, 'vanished', 'x')", id
        ),
        "a silence without a reason": lambda: silenced(conn, "          ", "1 hour"),
        "a silence of eight days": lambda: silenced(conn, "Planned maintenance.", "8 days"),
    }
    taken = [what for what, attempt in wrong.items() if not await refused(attempt)]
    assert taken == []
    await closed(conn, id)
    with pytest.raises(asyncpg.UniqueViolationError):
        await closed(conn, id)


async def refused(attempt):
    """Whether a constraint stands against an attempt."""
    try:
        await attempt()
    except asyncpg.IntegrityConstraintViolationError:
        return True
    return False


async def closed(conn, id, **changes):
    notes = (NOTES | changes).values()
    query = "insert into houndmon.closings (alert_id, root_cause, mitigation, prevention) values ($1, $2, $3, $4)"
    await conn.execute(query, id, *notes)


async def silenced(conn, reason, span):
    query = "insert into houndmon.silences (reason, ends_at) values ($1, clock_timestamp() + $2::text::interval)"
    await conn.execute(query, reason, span)


async def test_it_lists_the_worst_first(conn):
    """Open alerts: firing before recovered, critical before warning before info, then the oldest."""
    old = await new_alert(conn, "queue_age", minutes=50)
    info = await new_alert(conn, "queue_stalled", severity="info", minutes=90)
    young = await new_alert(conn, "api_4xx_spike", minutes=5)
    critical = await new_alert(conn, "api_5xx_spike", severity="critical", minutes=1)
    recovered = await new_alert(conn, "traffic_absent", severity="critical", state="recovered", minutes=99)
    await new_alert(conn, "slo_burn_day", state="closed")
    assert [int(one.id) for one in await read_open_alerts(conn)] == [critical, old, young, info, recovered]


async def test_it_links_to_the_alert_before(conn):
    """An alert shows the notes of the one before it, for what helped once may help again."""
    first = await new_alert(conn, state="recovered")
    await close_alert(conn, first, GOOD, None)
    second = await new_alert(conn, previous_alert_id=first)
    found = await read_alert(conn, second, [])
    assert (found.previous_alert_id, present(found.previous_notes).mitigation) == (str(first), "Freed some space.")
    assert found.notes is None


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1_0", "٣", "1" * 19, "1\n", "0x1", " 1", "a", "null"])
def test_it_knows_no_such_alert(text):
    """What is no number is no alert: 404, never an error of ours."""
    with pytest.raises(NoSuchAlert):
        alert_id(text)
