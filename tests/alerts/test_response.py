import pytest
from hypothesis import given

from alerting import NOTES, new_alert
from alerts.test_store import odd_text
from factories import present
from houndmon.alerts.model import Closing
from houndmon.alerts.response import (
    Handover,
    NewComment,
    ResponseRefused,
    checked_text,
    comment_on_alert,
    hand_over_alert,
    unacknowledge_alert,
)
from houndmon.alerts.store import NoSuchAlert, acknowledge_alert, close_alert, read_alert
from houndmon.core.problems import BadInput


async def moments(conn, id):
    return [(one.kind, one.reason, one.actor) for one in (await read_alert(conn, id, [])).timeline]


async def test_it_is_taken_back(conn):
    """A withdrawn acknowledgement is gone, the time to respond begins anew, and somebody else can take the alert."""
    id = await new_alert(conn, minutes=60)
    told = "announced_state = 'firing', announced_at = fired_at, overdue_at = fired_at + interval '15 minutes'"
    await conn.execute(f"update houndmon.alerts set {told}")
    await acknowledge_alert(conn, id, "Looking at it.", "ann")
    before = await read_alert(conn, id, [])
    await unacknowledge_alert(conn, id, " No time. ", "ann")
    after = await read_alert(conn, id, [])
    assert (after.acknowledged_at, after.acknowledged_by, after.acknowledgement) == (None, None, None)
    assert (after.overdue, after.response_due_at > before.response_due_at) == (False, True)
    left = "extract(epoch from response_due_at - clock_timestamp()) / 60"
    assert 14 < await conn.fetchval(f"select {left} from houndmon.alerts where overdue_at is null") <= 15
    await acknowledge_alert(conn, id, None, "bob")
    assert (await read_alert(conn, id, [])).acknowledged_by == "bob"
    assert await moments(conn, id) == [
        ("acknowledged", "Looking at it.", "ann"),
        ("unacknowledged", "No time.", "ann"),
        ("acknowledged", "no note", "bob"),
    ]


async def test_it_is_handed_over(conn):
    """Handed over, an alert is somebody else's; when it was acknowledged stays, and the note is the new one."""
    id = await new_alert(conn)
    await acknowledge_alert(conn, id, "Looking at it.", "ann")
    before = await read_alert(conn, id, [])
    await hand_over_alert(conn, id, Handover("  Robin ", "Rolled back."), "ann")
    after = await read_alert(conn, id, [])
    assert (after.acknowledged_by, after.acknowledgement) == ("Robin", "Rolled back.")
    assert after.acknowledged_at == before.acknowledged_at is not None
    await hand_over_alert(conn, id, Handover("Kim"), "Robin")
    assert (await read_alert(conn, id, [])).acknowledgement is None
    assert (await moments(conn, id))[1:] == [
        ("handed_over", "to Robin: Rolled back.", "ann"),
        ("handed_over", "to Kim", "Robin"),
    ]


@pytest.mark.parametrize("state", ["firing", "recovered"])
async def test_it_is_commented_on(conn, state):
    """A comment on an open alert is an entry of its timeline, and changes nothing else."""
    id = await new_alert(conn, state=state)
    before = await read_alert(conn, id, [])
    await comment_on_alert(conn, id, NewComment("\nRolled\nback. "), "ann")
    after = await read_alert(conn, id, [])
    (moment,) = after.timeline
    assert (moment.kind, moment.reason, moment.actor) == ("comment", "Rolled\nback.", "ann")
    assert (moment.from_state, moment.to_state) == (state, state)
    assert (after.acknowledged_at, after.response_due_at) == (before.acknowledged_at, before.response_due_at)


async def test_it_hands_over_only_what_somebody_has(conn):
    """What nobody has acknowledged can be neither withdrawn nor handed over: the response clock would lie."""
    id = await new_alert(conn)
    with pytest.raises(ResponseRefused, match="acknowledge it first"):
        await unacknowledge_alert(conn, id, None, None)
    with pytest.raises(ResponseRefused, match="acknowledge it first"):
        await hand_over_alert(conn, id, Handover("Robin"), None)
    assert await moments(conn, id) == []


async def test_it_leaves_closed_alerts_alone(conn):
    """Of a closed alert nothing is taken back, handed over or said; who had taken it stays on record."""
    id = await new_alert(conn, state="recovered")
    await acknowledge_alert(conn, id, None, "ann")
    await close_alert(conn, id, Closing(**NOTES), "ann")
    before = await read_alert(conn, id, [])
    for act in (
        unacknowledge_alert(conn, id, None, None),
        hand_over_alert(conn, id, Handover("Robin"), None),
        comment_on_alert(conn, id, NewComment("Too late."), None),
    ):
        with pytest.raises(ResponseRefused, match="closed"):
            await act
    assert await read_alert(conn, id, []) == before
    with pytest.raises(NoSuchAlert):
        await comment_on_alert(conn, 999, NewComment("Nowhere."), None)


async def test_it_refuses_names_and_comments_that_say_nothing(conn):
    """A name or a comment of blanks, or of too many characters, is bad input, and nothing is written."""
    id = await new_alert(conn)
    await acknowledge_alert(conn, id, None, "ann")
    for field, act in (
        ("to", hand_over_alert(conn, id, Handover(" \u200b"), None)),
        ("to", hand_over_alert(conn, id, Handover("x" * 101), None)),
        ("note", hand_over_alert(conn, id, Handover("Robin", "x" * 4001), None)),
        ("text", comment_on_alert(conn, id, NewComment("\n"), None)),
        ("text", comment_on_alert(conn, id, NewComment("x" * 4001), None)),
    ):
        with pytest.raises(BadInput) as refused:
            await act
        assert [error.field for error in refused.value.errors] == [field]
    assert [kind for kind, *_ in await moments(conn, id)] == ["acknowledged"]


@given(odd_text)
def test_it_keeps_what_can_be_seen(text):
    """A text is kept from its first to its last character that can be seen, or refused."""
    try:
        kept = checked_text("text", text, 20)
    except BadInput:
        return
    assert kept == checked_text("text", f" {kept}\n", 20)
    assert not kept[0].isspace()
    assert not kept[-1].isspace()


async def test_it_names_cause_and_symptoms(conn):
    """An alert names what explains it, and all that it explains."""
    cause = await new_alert(conn, "worker_heartbeat_missing", minutes=9)
    first = await new_alert(conn, "queue_age", minutes=8, explained_by=cause)
    second = await new_alert(conn, "queue_stalled", minutes=7, state="recovered", explained_by=cause)
    found = await read_alert(conn, cause, [])
    assert found.cause is None
    assert [(one.id, one.rule, one.state) for one in found.explains] == [
        (str(first), "queue_age", "firing"),
        (str(second), "queue_stalled", "recovered"),
    ]
    symptom = await read_alert(conn, first, [])
    assert (present(symptom.cause).id, symptom.explains) == (str(cause), [])


async def test_it_counts_how_often_it_fired(conn):
    """Firings of the same rule, environment and subject within 7 days count, those again too; no others do."""
    ids = [
        await new_alert(conn, state="closed"),
        await new_alert(conn),
        await new_alert(conn, environment="staging"),
        await new_alert(conn, subject="x"),
        await new_alert(conn, "queue_stalled"),
    ]
    added = (
        "insert into houndmon.transitions (alert_id, kind, reason, at)"
        " values ($1, $2, '', now() - make_interval(hours => $3))"
    )
    for id in ids:
        for kind, hours in (("fired", 100), ("fired_again", 99), ("recovered", 98), ("fired", 169)):
            await conn.execute(added, id, kind, hours)
    assert (await read_alert(conn, ids[1], [])).fired_last_7_days == 4
    assert (await read_alert(conn, ids[2], [])).fired_last_7_days == 2
