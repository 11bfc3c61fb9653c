import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from deadlines import HANG_SECONDS
from houndmon.config.model import Receiver
from houndmon.core.connections import close_pool, open_pool
from houndmon.notify import sender as sender_module
from houndmon.notify.channels import CHANNELS, Channel
from houndmon.notify.client import send_request
from houndmon.notify.delivery import SENT, Delivery, Outcome
from houndmon.notify.outbox import CLAIM_SECONDS, dead_letters, delivery_moments, read_deliveries
from houndmon.notify.sender import Sender
from notify.conftest import Office, apprise, eventually, webhook
from notify.listener import Got, answer, answers, listening, silence


async def test_it_sends_at_once_when_poked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A poke does not wait for the next poll."""
    monkeypatch.setattr(sender_module, "POLL_SECONDS", 3600.0)
    async with listening(answer(200)) as receiver:
        office.put(webhook(receiver.url))
        async with office.sending() as sender:
            await asyncio.sleep(0.2)
            await office.record()
            sender.wake()
            await asyncio.wait_for(receiver.arrived.wait(), HANG_SECONDS)


async def test_it_repeats_with_the_same_id_after_an_error(office: Office) -> None:
    """500, then 200: two requests with one notification_id, and one message sent at its second attempt."""
    async with listening(answers(answer(500), answer(200))) as receiver:
        office.put(webhook(receiver.url))
        await office.record()
        async with office.sending():
            await eventually(office.has_failed)
            [state] = await read_deliveries(office.conn, 1)
            assert (state.attempts, state.last_error, state.sent_at) == (1, "it answered 500", None)
            wait = state.due_at - await office.conn.fetchval("select clock_timestamp()")
            assert timedelta(seconds=1) < wait <= timedelta(seconds=5)
            await office.pass_time(6)
            await eventually(office.is_done)
        assert len(receiver.ids) == 2
        assert len(set(receiver.ids)) == 1
    [state] = await read_deliveries(office.conn, 1)
    assert (state.attempts, state.last_error) == (2, None)


async def test_it_outlasts_an_hour_without_its_receiver(office: Office) -> None:
    """After an hour's outage the first success brings all that waited: nothing lost, nothing twice."""
    async with listening(answer(503)) as receiver:
        office.put(webhook(receiver.url))
        async with office.sending() as sender:
            for minute in range(60):
                await office.record(minute)
                sender.wake()
                await eventually(office.has_failed)
                await office.pass_time(60)
            receiver.answering = answer(200)
            receiver.got.clear()
            await office.pass_time(600)
            sender.wake()
            await eventually(office.is_done, 30)
    assert len(receiver.got) == 60
    assert len(set(receiver.ids)) == 60
    assert not await dead_letters(office.conn)


async def test_it_tries_at_once_what_a_new_configuration_may_have_mended(office: Office) -> None:
    """A receiver whose URL is corrected gets what waits for it without delay."""
    async with listening(answer(404)) as wrong, listening(answer(200)) as right:
        office.put(webhook(wrong.url))
        await office.record()
        async with office.sending():
            await eventually(office.has_failed)
            [state] = await read_deliveries(office.conn, 1)
            wait = state.due_at - await office.conn.fetchval("select clock_timestamp()")
            assert timedelta(seconds=55) < wait, "nobody mends a URL within 5 s"
            office.put(webhook(right.url))
            await eventually(office.is_done, 5)


async def test_it_lets_no_slow_receiver_delay_another(office: Office) -> None:
    """While one receiver never answers, thirty messages reach the other within two seconds."""
    async with listening(silence) as slow, listening(answer(200)) as quick:
        office.put(webhook(slow.url, "slow"), webhook(quick.url, "quick"))
        for alert in range(30):
            await office.record(alert)
        async with office.sending():
            await eventually(lambda: len(set(quick.ids)) == 30, 2)
        assert len(slow.got) == 1


async def test_it_sends_no_message_twice_from_two_processes(office: Office, database: str) -> None:
    """Two senders on one database share the work: 200 messages, each sent once."""
    under_way: dict[str, int] = {}
    most = 0

    async def slowly(got: Got, writer: asyncio.StreamWriter) -> None:
        nonlocal most
        under_way[got.notification_id] = under_way.get(got.notification_id, 0) + 1
        most = max(most, *under_way.values())
        await asyncio.sleep(0.01)
        under_way[got.notification_id] -= 1
        await answer(200)(got, writer)

    async with listening(slowly) as receiver:
        office.put(webhook(receiver.url))
        for alert in range(200):
            await office.record(alert)
        pools = [await open_pool(database, size=2) for _ in range(2)]
        senders = [Sender(pool, lambda: office.config) for pool in pools]
        tasks = [asyncio.create_task(sender.run()) for sender in senders]
        await eventually(office.is_done, 30)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for pool in pools:
            await close_pool(pool)
    assert most == 1
    assert len(receiver.ids) == len(set(receiver.ids)) == 200


async def test_it_survives_a_channel_that_raises(office: Office) -> None:
    """An exception of a channel is an attempt that failed; its text, which may hold a secret, is told nowhere."""

    async def broken(receiver: Any, delivery: Any) -> Outcome:
        raise RuntimeError("CANARY")

    office.put(webhook("http://127.0.0.1:9/"))
    await office.record()
    async with office.sending(channels={"webhook": Channel(CHANNELS["webhook"].read, broken)}):
        await eventually(office.has_failed)
    assert (await office.rows())[0]["last_error"] == "the channel failed: RuntimeError"


async def test_it_logs_where_a_channel_raised_once_a_minute(office: Office, capfd: Any, caplog: Any) -> None:
    """Each receiver's failures leave one trace a minute, and go on being tried; a mended channel then sends all."""
    caplog.set_level("DEBUG")
    is_mended, at_seconds = False, 1000.0

    async def broken(receiver: Receiver, delivery: Delivery) -> Outcome:
        try:
            if not is_mended:
                raise KeyError("CANARY-1")
        except KeyError as error:
            raise RuntimeError("CANARY-2") from error
        return SENT

    async def all_tried(attempts: int) -> bool:
        return all(row["attempts"] == attempts and not row["leased_until"] for row in await office.rows())

    def traces() -> int:
        out, err = capfd.readouterr()
        printed, logged = out + err, caplog.text
        caplog.clear()
        assert "CANARY" not in printed + logged
        count: int = max(printed.count("channel_raised"), logged.count("channel_raised"))
        assert max(printed.count("in broken"), logged.count("in broken")) == 2 * count, "the error and its cause"
        return count

    office.put(webhook("http://127.0.0.1:9/", "one"), webhook("http://127.0.0.1:9/", "two"))
    await office.record()
    channels = {"webhook": Channel(CHANNELS["webhook"].read, broken)}
    async with office.sending(channels=channels, monotonic=lambda: at_seconds) as sender:
        for attempts, seconds, count in ((1, 0, 2), (2, 59, 0), (3, 1, 2)):
            at_seconds += seconds
            await office.pass_time(600)
            sender.wake()
            await eventually(partial(all_tried, attempts))
            assert traces() == count
        is_mended = True
        await office.pass_time(600)
        sender.wake()
        await eventually(office.is_done)
    assert traces() == 0


async def test_it_survives_the_database(office: Office, database: str) -> None:
    """With every connection broken again and again, all messages arrive all the same, none left unmarked."""
    async with listening(answer(200)) as receiver:
        office.put(webhook(receiver.url))
        async with office.sending() as sender:
            for alert in range(20):
                await office.record(alert)
                sender.wake()
                await office.conn.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where datname = current_database() and pid <> pg_backend_pid()"
                )
            # A claim whose answer was lost is nobody's until its lease ends.
            await eventually(office.is_done, CLAIM_SECONDS + 300)
    assert len(set(receiver.ids)) == 20


async def test_it_marks_what_was_sent_while_the_database_was_away(
    office: Office, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message received as the database broke is marked once it is back, and not sent again."""
    monkeypatch.setattr(sender_module, "DATABASE_SECONDS", 1.0)
    locked = await asyncpg.connect(database)
    async with listening(answer(200)) as receiver:
        office.put(webhook(receiver.url))
        await office.record()

        async def lock_and_answer(got: Got, writer: asyncio.StreamWriter) -> None:
            await locked.execute("begin; lock table houndmon.outbox in access exclusive mode")
            await answer(200)(got, writer)

        receiver.answering = lock_and_answer
        async with office.sending():
            await asyncio.wait_for(receiver.arrived.wait(), HANG_SECONDS)
            with capture_logs() as logs:
                await eventually(lambda: any(line["event"] == "outbox_unwritable" for line in logs))
            await locked.execute("rollback")
            await eventually(office.is_done)
    await locked.close()
    assert len(receiver.got) == 1


async def test_it_lets_what_is_under_way_end_when_it_is_stopped(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled during a send of one second, it finishes, marks, and starts nothing more."""
    monkeypatch.setattr(sender_module, "DRAIN_SECONDS", 60.0)
    monkeypatch.setattr(sender_module, "LEAVE_SECONDS", 70.0)

    async def slowly(got: Got, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)
        await answer(200)(got, writer)

    async with listening(slowly) as receiver:
        office.put(webhook(receiver.url))
        await office.record(1)
        await office.record(2)
        async with office.sending():
            await asyncio.wait_for(receiver.arrived.wait(), HANG_SECONDS)
        assert [bool(row["sent_at"]) for row in await office.rows()] == [True, False]
    assert len(receiver.got) == 1


async def test_it_is_gone_soon_after_it_is_stopped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that never answers does not hold up the end; its message stays leased, and is tried again."""
    assert sender_module.DRAIN_SECONDS < 5
    monkeypatch.setattr(sender_module, "CHANNEL_SECONDS", 3600.0)
    monkeypatch.setattr("houndmon.notify.webhook.send.send_request", partial(send_request, deadline_seconds=3600.0))
    async with asyncio.timeout(HANG_SECONDS), listening(silence) as receiver:
        office.put(webhook(receiver.url))
        await office.record()
        async with office.sending():
            await asyncio.wait_for(receiver.arrived.wait(), HANG_SECONDS)
    [row] = await office.rows()
    assert row["sent_at"] is None
    assert row["leased_until"] is not None


async def test_it_tells_no_secret(office: Office, capfd: pytest.CaptureFixture[str], caplog: Any) -> None:
    """No part of a receiver's URL or secret is in a log, a row or the timeline, whatever goes wrong."""
    caplog.set_level("DEBUG")
    bad = [answer(500), answer(302, Location="http://CANARY-3/"), answer(404)]
    async with listening(answer(200)) as gone:
        pass
    async with listening(bad[0]) as a, listening(bad[1]) as b, listening(bad[2]) as c:
        urls = [f"{one.url}/CANARY-1?token=CANARY-2" for one in (a, b, c, gone)]
        urls += [
            "http://CANARY-1.invalid/",
            "http://CANARY-1:CANARY-2@[::ffff:127.0.0.1]/",
            "CANARY-1",
            "http://CANARY[1",
        ]
        urls += [a.url.replace("http", "https") + "/CANARY-1"]
        receivers = [webhook(url, f"r{n}", secret="CANARY-4", allow_private=n < 5) for n, url in enumerate(urls)]
        office.put(*receivers, apprise("json://CANARY-1:CANARY-2@127.0.0.1:9/CANARY"))
        await office.record()
        async with office.sending():
            await eventually(lambda: all_tried(office), 25)
    rows = [{**row} for row in await office.rows()]
    assert len(rows) == 10
    assert all(row["last_error"] for row in rows)
    out, err = capfd.readouterr()
    told = f"{rows}{out}{err}{caplog.text}{await delivery_moments(office.conn, 1)}"
    assert "notification_failed" in told
    assert "CANARY" not in told


async def all_tried(office: Office) -> bool:
    return all(row["last_error"] for row in await office.rows())
