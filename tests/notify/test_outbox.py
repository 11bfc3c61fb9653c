import asyncio
from datetime import timedelta

import msgspec

from deadlines import HANG_SECONDS
from houndmon.notify import outbox
from houndmon.notify.delivery import Outcome
from houndmon.notify.outbox import (
    claim_deliveries,
    dead_letters,
    delivery_moments,
    read_deliveries,
    requeue_dead_letter,
)
from houndmon.notify.sender import Sender
from notify.conftest import Office, delivery, eventually, webhook
from notify.listener import answer, answers, listening


async def test_it_brings_a_message_to_its_receiver_and_says_so(office: Office) -> None:
    """A recorded message is sent, once, and the alert's timeline says when."""
    async with listening(answer(200)) as receiver:
        office.put(webhook(receiver.url))
        await office.record(17, 18)
        async with office.sending():
            await eventually(office.is_done)
        assert len(receiver.got) == 1
    for alert in (17, 18):
        [moment] = await delivery_moments(office.conn, alert)
        assert (moment.kind, moment.reason) == ("notified", "ops (fired) was told, at the first attempt")
    assert await delivery_moments(office.conn, 19) == []


async def test_it_is_written_with_what_it_tells_of_or_not_at_all(office: Office) -> None:
    """A transaction that is rolled back leaves no message; without a receiver there is none."""
    office.put(webhook("http://127.0.0.1:9/"))
    transaction = office.conn.transaction()
    await transaction.start()
    await office.record()
    await transaction.rollback()
    office.put()
    await office.record()
    assert await office.rows() == []


async def test_it_waits_as_long_as_the_receiver_asks(office: Office) -> None:
    """429 with Retry-After holds a message for so long, at most an hour, though the receiver takes another one."""
    async with listening(answers(answer(429, Retry_After="86400"), answer(200))) as receiver:
        office.put(webhook(receiver.url))
        await office.record(1)
        async with office.sending() as sender:
            await eventually(office.has_failed)
            [state] = await read_deliveries(office.conn, 1)
            wait = state.due_at - await office.conn.fetchval("select clock_timestamp()")
            assert timedelta(minutes=59) < wait <= timedelta(hours=1)
            await office.record(2)
            sender.wake()
            await eventually(lambda: office.was_sent(2))
            await asyncio.sleep(1.5)
            assert len(receiver.got) == 2, "the held one is not hastened"
            await office.pass_time(3601)
            await eventually(office.is_done)


async def test_it_hastens_what_waits_once_the_receiver_is_back(office: Office) -> None:
    """A message in its backoff goes out with the first one that succeeds."""
    async with listening(answers(answer(500), answer(200))) as receiver:
        office.put(webhook(receiver.url))
        await office.record(1)
        async with office.sending() as sender:
            await eventually(office.has_failed)
            await office.conn.execute("update houndmon.outbox set due_at = due_at + interval '9 minutes'")
            await office.record(2)
            sender.wake()
            await eventually(office.is_done, 5)
    assert len(receiver.got) == 3


async def test_it_gives_up_after_a_day_and_says_so(office: Office) -> None:
    """A message that nobody took for 24 h becomes a dead letter, which people see and may retry."""
    async with listening(answer(500)) as receiver:
        office.put(webhook(receiver.url))
        await office.record(17)
        async with office.sending():
            await eventually(office.has_failed)
            await office.pass_time(24 * 3600 - 60)
            await eventually(lambda: office.has_failed(2))
            assert not await dead_letters(office.conn), "there is a minute left"
            await office.pass_time(61)
            await eventually(lambda: dead_letters(office.conn))
            [letter] = await dead_letters(office.conn)
            assert (letter.receiver, letter.alert_ids, letter.attempts) == ("ops", ["17"], 3)
            assert letter.last_error == "it answered 500"
            assert (await delivery_moments(office.conn, 17))[0].kind == "notification_dead"
            receiver.answering = answer(200)
            assert await requeue_dead_letter(office.conn, int(letter.id))
            await eventually(lambda: office.was_sent(17))
    assert len(set(receiver.ids)) == 1
    assert not await dead_letters(office.conn)
    assert not await requeue_dead_letter(office.conn, int(letter.id))


async def test_it_tries_once_what_is_older_than_a_day(office: Office) -> None:
    """After two days without a sender the message is still sent: it was never tried."""
    async with listening(answer(200)) as receiver:
        office.put(webhook(receiver.url))
        await office.record()
        await office.pass_time(48 * 3600)
        async with office.sending():
            await eventually(lambda: office.was_sent(1))


async def test_it_keeps_the_order_of_one_alert(office: Office) -> None:
    """That an alert recovered is not told before that it fired; of other alerts it is."""
    async with listening(answers(answer(500), answer(200))) as receiver:
        office.put(webhook(receiver.url))
        await office.record(1)
        async with office.sending() as sender:
            await eventually(office.has_failed)
            receiver.answering = answer(500)
            await office.record(1, kind="recovered")
            sender.wake()
            await asyncio.sleep(1.2)
            assert len(receiver.got) == 1, "it waits for the one before"
            receiver.answering = answer(200)
            await office.record(2)
            sender.wake()
            await eventually(office.is_done)
    kinds = [(got.json["kind"], got.notification_id) for got in receiver.got]
    assert kinds[0][1] == kinds[2][1]
    assert [kind for kind, _ in kinds] == ["fired", "fired", "fired", "recovered"]


async def test_it_gives_a_claimed_row_to_nobody_else_until_the_lease_ends(office: Office) -> None:
    """A claim holds for 30 s on the database's clock; a stale holder cannot write over the next one's."""
    first, second = Sender(office.pool, lambda: office.config), Sender(office.pool, lambda: office.config)
    office.put(webhook("http://127.0.0.1:9/"))
    await office.record()
    [mine] = await claim_deliveries(office.conn, "ops", first.holder)
    assert await claim_deliveries(office.conn, "ops", second.holder) == []
    await office.pass_time(31)
    [yours] = await claim_deliveries(office.conn, "ops", second.holder)
    assert (mine.id, mine.notification_id, yours.attempts) == (yours.id, yours.notification_id, 2)
    late = Outcome(sent=False, error="late")
    assert not await outbox.mark_failed(office.conn, mine.id, first.holder, late, 60)
    assert (await office.rows())[0]["leased_by"] == second.holder
    assert await outbox.mark_sent(office.conn, mine.id), "what was received was received, whoever has the lease"
    assert not await outbox.mark_sent(office.conn, mine.id)


async def test_it_buries_what_waits_for_a_receiver_that_is_no_more(office: Office) -> None:
    """A receiver that left the configuration leaves dead letters that say so, after a minute's grace."""
    office.put(webhook("http://127.0.0.1:9/", "gone"))
    await office.record(17)
    office.put()
    async with office.sending() as sender:
        await asyncio.sleep(0.3)
        assert not await dead_letters(office.conn), "another process may know it already"
        await office.pass_time(61)
        sender.wake()
        await eventually(lambda: dead_letters(office.conn))
    [letter] = await dead_letters(office.conn)
    assert letter.receiver == "gone"
    assert "configured no longer" in (letter.last_error or "")


async def test_it_keeps_up_with_a_long_queue(office: Office) -> None:
    """Ten thousand messages that wait in their order do not make a claim look at each of them for each other one."""
    office.put(webhook("http://127.0.0.1:9/"))
    text = msgspec.json.encode(delivery().message).decode()
    await office.conn.execute(
        "insert into houndmon.outbox (receiver, kind, alert_ids, message)"
        " select 'ops', 'fired', array[n % 2000], $1::text::jsonb from generate_series(1, 10000) as n",
        text,
    )
    await office.conn.execute("analyze houndmon.outbox")
    sender = Sender(office.pool, lambda: office.config)
    async with asyncio.timeout(HANG_SECONDS):
        for _ in range(20):
            [claimed] = await claim_deliveries(office.conn, "ops", sender.holder)
            assert claimed.id <= 2000
