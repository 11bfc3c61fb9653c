import asyncio
import json
import re
from contextlib import suppress

import asyncpg
import msgspec
import pytest

from deadlines import HANG_SECONDS
from factories import present
from houndmon.alerts import step as steps
from houndmon.alerts.store import NotClosable, acknowledge_alert, read_alert
from houndmon.core.problems import StateUnreadable
from houndmon.evaluator import store
from houndmon.evaluator.ticks import read_last_tick
from houndmon.notify.message import Message

NEW_SILENCE = "insert into houndmon.silences (rule, environment, reason, ends_at) values ($1, $2, $3, $4)"


async def silence(watch, rule=None, environment=None, minutes=30):
    """Silence a rule, or all."""
    until = await watch.conn.fetchval("select clock_timestamp() + make_interval(mins => $1)", minutes)
    await watch.conn.execute(NEW_SILENCE, rule, environment, "Planned maintenance.", until)


async def test_it_finds_nothing_in_an_empty_hound(watch):
    """Without any traffic nothing fires, over many ticks and hours: zero is not failure."""
    await watch.tick()
    for _ in range(12):
        await watch.later(hours=2)
        await watch.tick()
    assert await watch.alerts() == []
    verdicts = await watch.rows("select distinct verdict, state from houndmon.rule_states")
    assert {(row["verdict"], row["state"]) for row in verdicts} == {("ok", "ok"), ("no_data", "ok")}


async def test_it_fires_recovers_and_fires_anew(watch):
    """A stuck queue fires after a minute, recovers after two, is closed, and its next alert links to the first."""
    await watch.stuck()
    await watch.tick()
    assert await watch.state("queue_age") == ("breach", "pending")
    await watch.later(seconds=58)
    await watch.tick()
    assert (await watch.state("queue_age"), await watch.alerts()) == (("breach", "pending"), [])
    await watch.later(seconds=2)
    await watch.tick()
    first = await watch.alert("queue_age")
    assert (first["state"], first["severity"], first["owner_role"]) == ("firing", "warning", "transcode on-call")
    assert (first["response_due_at"] - first["fired_at"]).total_seconds() == 15 * 60
    assert first["value"] == pytest.approx(20, abs=0.5)
    assert await watch.state("queue_age") == ("breach", "firing")

    await watch.unstuck()
    await watch.tick()
    assert await watch.state("queue_age") == ("ok", "firing")
    await watch.later(seconds=118)
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "firing"
    await watch.later(seconds=2)
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "recovered"
    assert await watch.state("queue_age") == ("ok", "recovered")

    await watch.close(first["id"])
    await watch.tick()
    assert await watch.state("queue_age") == ("ok", "ok")
    assert await watch.timeline(first["id"]) == ["fired", "recovered", "closed"]

    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=60)
    await watch.tick()
    _, second = await watch.alerts("queue_age")
    assert (second["state"], second["previous_alert_id"], second["flaps"]) == ("firing", first["id"], 0)
    single = await read_alert(watch.conn, second["id"], [])
    assert present(single.previous_notes).root_cause == "The disk was full."
    assert single.notes is None
    assert [kind for kind, _ in await watch.told("queue_age")] == ["fired", "recovered", "fired"]


async def test_it_fires_again_as_the_same_alert(watch):
    """An alert that fires again while recovered is the same one, with one flap more; untold, it keeps its due time."""
    id = await watch.fire()
    first = await watch.alert("queue_age")
    for flaps in (1, 2):
        await watch.recover()
        await watch.stuck()
        await watch.tick()
        assert (await watch.alert("queue_age"))["state"] == "recovered"
        assert await watch.state("queue_age") == ("breach", "pending")
        await watch.later(seconds=60)
        await watch.tick()
        again = await watch.alert("queue_age")
        assert (again["id"], again["state"], again["flaps"], again["recovered_at"]) == (id, "firing", flaps, None)
        assert again["response_due_at"] - again["fired_at"] == first["response_due_at"] - first["fired_at"]
    assert (await watch.timeline(id))[:5] == ["fired", "recovered", "fired_again", "recovered", "fired_again"]


async def test_it_bounds_what_people_are_told_of_flapping(watch):
    """An alert that flaps each few minutes for an hour is one alert, told of at most every ten minutes."""
    id = await watch.fire()
    for _ in range(12):
        await watch.recover()
        await watch.stuck()
        await watch.tick()
        await watch.later(seconds=120)
        await watch.tick()
    assert (await watch.alert("queue_age"))["flaps"] == 12
    told = [kind for kind, _ in await watch.told("queue_age") if kind != "overdue"]
    assert 3 <= len(told) <= 2 * 12 * 4 / 10 + 2
    again = told.count("fired") + told.count("fired_again")
    overdue = [kind for kind, _ in await watch.told("queue_age")].count("overdue")
    assert 1 <= overdue <= again  # it flaps for longer than its time to respond: somebody is late
    assert (await watch.timeline(id)).count("overdue") == overdue


async def test_it_survives_a_restart_in_every_state(watch):
    """A new process goes on where the old one died: pending, firing, clearing, recovered, and flapping."""
    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=30)
    await watch.restart()
    await watch.tick()
    assert await watch.state("queue_age") == ("breach", "pending")
    await watch.later(seconds=30)
    await watch.restart()
    await watch.tick()
    id = (await watch.alert("queue_age"))["id"]
    await watch.restart()
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "firing"
    await watch.unstuck()
    await watch.tick()
    await watch.later(seconds=60)
    await watch.restart()
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "firing"
    await watch.later(seconds=60)
    await watch.restart()
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "recovered"
    await watch.restart()
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "recovered"
    assert await watch.timeline(id) == ["fired", "recovered"]
    assert await watch.told() == [("fired", [id]), ("recovered", [id])]
    assert await watch.conn.fetchval("select term from houndmon.leases") == 7


async def test_it_keeps_evidence(watch):
    """What was seen as it fired and as it recovered stays with the alert: value, threshold, sample, causes."""
    await watch.hound.play(times=60, outcome="failed", error_code="MEDIA_ERR_DECODE")
    await watch.hound.play(times=40)
    await watch.tick()
    fired = await watch.alert("playback_failure_ratio")
    seen = json.loads(fired["fired_evidence"])
    assert (seen["value"], seen["threshold"], seen["sample_count"], seen["span"]) == (0.6, 0.03, 100, "15 min")
    assert seen["causes"] == [{"code": "MEDIA_ERR_DECODE", "count": 60, "share": 1.0}]
    assert seen["reason"] == "60 of 100 plays failed in the last 15 min (60%)"
    await watch.conn.execute("update hound.play_attempts set outcome = 'started'")
    await watch.tick()
    await watch.later(seconds=120)
    await watch.tick()
    recovered = await watch.alert("playback_failure_ratio")
    assert json.loads(recovered["fired_evidence"]) == seen
    assert json.loads(recovered["recovered_evidence"])["value"] == 0


async def test_it_keeps_the_figures_of_a_firing_alert_fresh(watch):
    """While an alert fires its value is that of the last tick, and its evidence that of the first."""
    await watch.hound.play(times=60, outcome="failed")
    await watch.tick()
    await watch.hound.play(times=60)
    await watch.tick()
    alert = await watch.alert("playback_failure_ratio")
    assert (alert["value"], alert["sample_count"]) == (0.5, 120)
    assert json.loads(alert["fired_evidence"])["value"] == 1


async def test_it_tells_the_incident_feed(watch):
    """Firing, recovering and closing appear in the feed, with the alert and its runbook."""
    id = await watch.fire()
    await watch.recover()
    await watch.close(id)
    rows = await watch.rows("select * from houndmon.incidents order by id")
    assert [row["kind"] for row in rows] == ["alert_fired", "alert_recovered", "alert_closed"]
    assert {(row["alert_id"], row["service_area"], row["environment"]) for row in rows} == {(id, "transcode", "prod")}
    assert [row["severity"] for row in rows] == ["warning", "info", "info"]
    assert {row["link_url"] for row in rows} == {"/runbooks/queue_age"}
    assert rows[0]["impact"].startswith("queue_age fires: 1 job is queued, the oldest for 20")
    assert [(row["rule"], row["subject"], row["event"]) for row in rows] == [
        ("queue_age", None, event) for event in ("fired", "recovered", "closed")
    ]
    assert [row["impact"].partition(": ")[2] for row in rows] == [row["reason"] for row in rows]


async def test_it_says_once_that_an_alert_is_overdue(watch):
    """An alert that nobody takes within its time is told of once more, and once only."""
    id = await watch.fire()
    await watch.later(minutes=16)
    await watch.tick(3)
    assert await watch.told("queue_age") == [("fired", [id]), ("overdue", [id])]
    assert await watch.timeline(id) == ["fired", "overdue"]


async def test_it_gives_a_second_firing_its_own_time(watch):
    """What fires again an hour later is told with its whole time to respond, and once more when that has run out."""
    id = await watch.fire()
    await watch.recover()
    await watch.later(minutes=60)
    await watch.tick()
    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=60)
    await watch.tick(2)
    assert [kind for kind, _ in await watch.told("queue_age")] == ["fired", "recovered", "overdue", "fired_again"]
    alert = await watch.alert("queue_age")
    left = alert["response_due_at"] - await watch.conn.fetchval("select clock_timestamp()")
    assert 14.5 < left.total_seconds() / 60 <= 15
    again = await last_message(watch, "queue_age")
    assert again.alerts[0].response_due_at == alert["response_due_at"]
    await watch.later(minutes=16)
    await watch.tick(2)
    assert (await watch.told("queue_age"))[4:] == [("overdue", [id])]


async def test_it_is_not_overdue_once_taken(watch):
    """An alert that somebody acknowledged in time never becomes overdue."""
    id = await watch.fire()
    await acknowledge_alert(watch.conn, id, None, "operator")
    await watch.later(hours=1)
    await watch.tick()
    assert await watch.told("queue_age") == [("fired", [id])]


async def test_it_says_what_a_receiver_needs(watch):
    """A notification holds rule, value against threshold, owner, response target, runbook, and a link."""
    id = await watch.fire()
    text = await watch.conn.fetchval("select message from houndmon.outbox")
    message = msgspec.json.decode(text, type=Message)
    assert (message.kind, message.rule, message.environment, message.severity) == (
        "fired",
        "queue_age",
        "prod",
        "warning",
    )
    assert (message.owner_role, message.response_target_minutes) == ("transcode on-call", 15)
    assert [(line.id, line.threshold) for line in message.alerts] == [(str(id), 15)]
    assert message.alerts[0].url.endswith(f"/alerts/{id}")
    assert "/runbooks/queue_age" in message.runbook_url
    assert re.fullmatch(r"1 job is queued, the oldest for 2\d min; limit 15 min", message.reason)
    assert message.alerts[0].evidence["queued"] == 1


async def last_message(watch, rule):
    """The last message of a rule that was put into the outbox."""
    last = "select message from houndmon.outbox where message ->> 'rule' = $1 order by id desc limit 1"
    text = await watch.conn.fetchval(last, rule)
    return msgspec.json.decode(text, type=Message)


async def test_it_says_what_is_now(watch):
    """Each message says what its rule finds as it is told: what fails with its causes, or how it is well again."""
    await watch.hound.play(times=60, outcome="failed", error_code="DECODE", platform="ios", browser="safari")
    await watch.hound.play(times=40)
    await watch.tick()
    fired = await last_message(watch, "playback_failure_ratio")
    assert "\n60 of 100 plays failed in the last 15 min (60%); limit 3%.\n" in fired.text
    assert "\nTop causes: `DECODE` 60 (100%)\nTop clients: `ios safari` 60 (100%)\n" in fired.text
    await watch.conn.execute("update hound.play_attempts set outcome = 'started'")
    await watch.tick()
    await watch.later(seconds=121)
    await watch.tick()
    recovered = await last_message(watch, "playback_failure_ratio")
    assert (recovered.kind, recovered.reason) == (
        "recovered",
        "plays succeed again; none of 100 plays failed in the last 15 min",
    )
    await watch.later(minutes=16)
    await watch.hound.play(times=100, outcome="failed", error_code="NETWORK", platform="ios", browser="app")
    await watch.tick()
    again = await last_message(watch, "playback_failure_ratio")
    assert (again.kind, again.reason) == (
        "fired_again",
        "100 of 200 plays failed in the last 15 min (50%); limit 3%",
    )
    assert "\nTop causes: `NETWORK` 100 (100%)\nTop clients: `ios app` 100 (100%)\n" in again.text


async def test_it_says_what_was_wrong_while_it_clears(watch):
    """An alert that becomes overdue while it clears says what was found as it fired, and what is now."""
    await watch.fire()
    await watch.later(minutes=16)
    await watch.unstuck()
    await watch.tick()
    told = await last_message(watch, "queue_age")
    assert told.kind == "overdue"
    lasts = r"recovers at \d\d:\d\d UTC if that lasts"
    fired = r"1 job is queued, the oldest for 2\d min"
    assert re.fullmatch(rf"{fired}; now no job is queued, {lasts}; limit 15 min", told.reason)


async def overdue(watch, id):
    """Whether an alert is shown as overdue."""
    return (await read_alert(watch.conn, id, [])).overdue


async def test_it_shows_as_overdue_what_it_tells_as_overdue(watch):
    """In a silence an alert does not become overdue, told before it or not; one that was overdue before it stays so."""
    told = await watch.fire()
    await silence(watch, "queue_age")
    await watch.tick()
    await watch.later(minutes=16)
    await watch.tick()
    assert await overdue(watch, told) is False
    await watch.later(minutes=15)
    await watch.tick()
    assert await overdue(watch, told) is False  # the silence ended: its time to respond begins now
    await watch.later(minutes=16)
    await watch.tick()
    assert await overdue(watch, told) is True
    await silence(watch, "queue_age")
    await watch.tick(2)
    assert await overdue(watch, told) is True
    assert await watch.told() == [("fired", [told]), ("fired", [told]), ("overdue", [told])]
    await silence(watch, "playback_failure_ratio")
    await watch.hound.play(60, outcome="failed")
    await watch.tick()
    untold = int((await watch.alert("playback_failure_ratio"))["id"])
    await watch.later(minutes=11)
    await watch.tick()
    assert await overdue(watch, untold) is False


async def test_it_tells_nobody_of_what_is_silenced(watch):
    """A silence keeps people from being told, never from seeing; when it ends they are told what still fires."""
    await silence(watch, "queue_age")
    id = await watch.fire()
    await watch.tick(2)
    alert = await watch.alert("queue_age")
    assert (alert["state"], alert["suppressed_by"]) == ("firing", "silence 1: Planned maintenance.")
    assert await watch.timeline(id) == ["fired", "suppressed"]
    assert await watch.told() == []
    assert await watch.conn.fetchval("select count(*) from houndmon.incidents") == 1
    await watch.later(minutes=28)
    await watch.tick()
    assert await watch.told() == []
    await watch.later(minutes=1)
    await watch.tick(2)
    assert await watch.told() == [("fired", [id])]
    assert (await watch.alert("queue_age"))["suppressed_by"] is None


async def test_it_tells_between_the_times_of_a_silence_that_recurs(watch):
    """A recurring silence keeps people from being told at its times alone: between them they are told what fires."""
    days = "weekdays = $1, from_time = '00:00', lasts_minutes = 1440, zone = 'UTC'"
    await silence(watch, "queue_age", minutes=7 * 24 * 60)
    await watch.conn.execute(f"update houndmon.silences set {days}", [1, 2, 3, 4, 5, 6, 7])
    id = await watch.fire()
    await watch.tick()
    assert await watch.told() == []
    assert (await watch.alert("queue_age"))["suppressed_by"] == "silence 1: Planned maintenance."
    await watch.conn.execute(f"update houndmon.silences set {days}", [(watch.hound.now.isoweekday() + 2) % 7 + 1])
    await watch.tick()
    assert await watch.told() == [("fired", [id])]


async def test_it_tells_again_what_outlasts_a_silence(watch):
    """An alert that was told before a silence is told again after it, and the time to respond begins then."""
    id = await watch.fire()
    await silence(watch, "queue_age")
    await watch.tick(2)
    assert await watch.timeline(id) == ["fired", "suppressed"]
    await watch.later(minutes=25)  # the time to respond is 15 minutes
    await watch.tick()
    assert await watch.told() == [("fired", [id])]
    await watch.later(minutes=6)
    await watch.tick(2)
    assert await watch.told() == [("fired", [id]), ("fired", [id])]
    alert = await watch.alert("queue_age")
    left = alert["response_due_at"] - await watch.conn.fetchval("select clock_timestamp()")
    assert 14.5 < left.total_seconds() / 60 <= 15
    message = msgspec.json.decode(
        await watch.conn.fetchval("select message from houndmon.outbox order by id desc limit 1"), type=Message
    )
    assert message.alerts[0].response_due_at == alert["response_due_at"]
    await watch.later(minutes=16)
    await watch.tick()
    assert [kind for kind, _ in await watch.told()] == ["fired", "fired", "overdue"]


async def test_it_tells_again_what_outlasts_its_cause(watch):
    """A queue that was told of, then explained by dead workers, is told again once they are back."""
    id = await watch.fire()
    await watch.dead(300)
    await watch.tick()
    await watch.later(hours=1)
    await watch.tick()
    assert [kind for kind, _ in await watch.told("queue_age")] == ["fired"]
    await watch.alive()
    await watch.tick()
    await watch.later(seconds=120)
    await watch.tick(2)
    assert await watch.told("queue_age") == [("fired", [id]), ("fired", [id])]


async def test_it_gives_a_firing_that_is_told_first_its_whole_time(watch):
    """What recovered untold in a silence and fires again is told as new, and its time to respond begins then."""
    await silence(watch, minutes=5)
    id = await watch.fire()
    await watch.recover()
    await watch.later(minutes=20)  # past the time to respond of the firing that nobody heard of
    await watch.tick()
    assert ((await watch.alert("queue_age"))["suppressed_by"], await watch.told()) == (None, [])
    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=60)
    await watch.tick(2)
    assert await watch.told() == [("fired", [id])]
    alert = await watch.alert("queue_age")
    left = alert["response_due_at"] - await watch.conn.fetchval("select clock_timestamp()")
    assert 14.5 < left.total_seconds() / 60 <= 15
    await watch.later(minutes=16)
    await watch.tick()
    assert await watch.told() == [("fired", [id]), ("overdue", [id])]


async def test_it_is_not_overdue_for_a_silence_in_which_it_recovers(watch):
    """An alert that was told, and recovers in a silence, is told as recovered after it, and not as overdue."""
    id = await watch.fire()
    await silence(watch, minutes=20)
    await watch.tick()
    await watch.recover()
    await watch.later(minutes=19)  # past the time to respond, and the silence
    await watch.tick(2)
    assert await watch.told() == [("fired", [id]), ("recovered", [id])]
    await watch.later(minutes=16)
    await watch.tick(2)
    assert await watch.told() == [("fired", [id]), ("recovered", [id]), ("overdue", [id])]


async def test_it_never_tells_of_what_came_and_went_in_silence(watch):
    """An alert that fired and recovered within a silence needs no telling afterwards."""
    await silence(watch, minutes=5)
    await watch.fire()
    await watch.recover()
    await watch.later(minutes=4)
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "recovered"
    assert await watch.told() == []
    await watch.later(minutes=16)  # past the time to respond
    await watch.tick()
    assert await watch.told() == []


async def test_it_silences_only_what_matches(watch):
    """A silence of another rule or environment keeps nobody from being told."""
    await silence(watch, "queue_stalled")
    await silence(watch, "queue_age", "staging")
    id = await watch.fire()
    assert await watch.told() == [("fired", [id])]


async def test_it_tells_the_cause_and_not_its_effect(watch):
    """With no worker alive the queue ages, of course: that is shown, and told only once a worker beats again."""
    await watch.dead(300)
    id = await watch.fire()
    cause = await watch.alert("worker_heartbeat_missing")
    assert (await watch.alert("queue_age"))["suppressed_by"].startswith(f"alert {cause['id']} explains it")
    assert await watch.told("queue_age") == []
    assert await watch.told("worker_heartbeat_missing") == [("fired", [cause["id"]])]
    await watch.alive()
    await watch.tick()
    await watch.later(seconds=120)
    await watch.tick(2)
    assert (await watch.alert("worker_heartbeat_missing"))["state"] == "recovered"
    assert await watch.told("queue_age") == [("fired", [id])]


async def test_it_keeps_what_explains_an_alert(watch):
    """The alert of a symptom names its cause, and no longer once that has recovered."""
    await watch.dead(300)
    await watch.fire()
    cause = await watch.alert("worker_heartbeat_missing")
    assert (await watch.alert("queue_age"))["explained_by"] == cause["id"]
    await watch.alive()
    await watch.tick()
    await watch.later(seconds=120)
    await watch.tick(2)
    assert (await watch.alert("queue_age"))["explained_by"] is None


async def test_it_tells_of_one_dead_worker_once(watch):
    """What a dead worker does to the queue and to its own budget is told with it, and closed with it."""
    await watch.dead(300)
    await watch.fire()
    await watch.later(hours=1)
    await watch.tick(2)
    assert {alert["rule"] for alert in await watch.alerts()} >= {"queue_age", "slo_burn_fast"}
    assert [kind for kind, _ in await watch.told()] == ["fired", "overdue"]


async def test_it_closes_with_a_cause_what_it_explains(watch):
    """The notes of a cause close the recovered alerts that it explains too, and stand on each of them."""
    await watch.dead(300)
    await watch.fire()
    await watch.later(hours=1)
    await watch.tick(2)
    burns = [one for one in await watch.alerts() if one["rule"].startswith("slo_burn")]
    assert burns
    recovered = (
        "update houndmon.alerts set state = 'recovered', recovered_at = clock_timestamp() where rule <> 'queue_age'"
    )
    await watch.conn.execute(recovered)
    cause = await watch.alert("worker_heartbeat_missing")
    await watch.close(cause["id"])
    states = {one["rule"]: one["state"] for one in await watch.alerts() if one["environment"] == "prod"}
    assert states == dict.fromkeys(states, "closed") | {"queue_age": "firing"}
    noted = {one["alert_id"] for one in await watch.rows("select alert_id from houndmon.closings")}
    assert noted == {cause["id"], *(one["id"] for one in burns)}
    for one in burns:
        assert (await watch.timeline(one["id"]))[-1] == "closed"


async def test_it_says_until_when_it_must_last(watch):
    """While its condition is false an alert that fires says since when, and when it will have recovered."""
    await watch.fire()
    before = await watch.alert("queue_age")
    assert (before["clear_since"], before["recovers_at"]) == (None, None)
    assert before["finding"] == before["latest_finding"]
    await watch.conn.execute("delete from hound.transcode_jobs")
    await watch.tick()
    clearing = await watch.alert("queue_age")
    assert (clearing["state"], clearing["latest_verdict"]) == ("firing", "ok")
    assert (clearing["recovers_at"] - clearing["clear_since"]).total_seconds() == 120
    assert clearing["finding"] == before["finding"] != clearing["latest_finding"]
    await watch.later(seconds=120)
    await watch.tick()
    after = await watch.alert("queue_age")
    assert (after["state"], after["clear_since"], after["recovers_at"]) == ("recovered", None, None)


async def test_it_is_not_excused_by_another_environment(watch):
    """That nobody works in staging does not explain a queue that ages in prod."""
    await watch.hound.beat(environment="staging", beat_at="-300s")
    id = await watch.fire()
    assert ("staging", "firing") in {(a["environment"], a["state"]) for a in await watch.alerts()}
    assert await watch.told("queue_age") == [("fired", [id])]


async def test_it_changes_nothing_where_it_cannot_read(watch):
    """A relation that is renamed away: its rules are unknown, open alerts stay, and after a minute people are told."""
    id = await watch.fire()
    await watch.conn.execute("alter table hound.transcode_jobs rename to lost")
    done = await watch.tick()
    # In both environments five rules of the queue and three of its level; and nobody ever beat in staging.
    assert done.unknown == 8 * 2 + 1
    for _ in range(3):
        await watch.later(seconds=19)
        await watch.tick()
    assert await watch.alerts("source_unreadable") == []
    assert await watch.state("source_unreadable", subject="transcode_jobs") == ("breach", "pending")
    await watch.later(seconds=5)
    await watch.tick()
    fired = await watch.alerts("source_unreadable")
    assert {(a["environment"], a["subject"]) for a in fired} == {(e, "transcode_jobs") for e in ("prod", "staging")}
    assert await watch.state("queue_age") == ("unknown", "firing")
    await watch.later(hours=1)
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "firing"
    await watch.conn.execute("alter table hound.lost rename to transcode_jobs")
    await watch.tick()
    await watch.later(seconds=120)
    await watch.tick()
    assert {a["state"] for a in await watch.alerts("source_unreadable")} == {"recovered"}
    assert (await watch.alert("queue_age"))["state"] == "firing"
    assert await watch.timeline(id) == ["fired", "overdue"]


async def test_it_goes_on_pending_through_a_gap(watch):
    """What was pending before a moment without sight is pending after it, since then."""
    await watch.stuck()
    await watch.tick()
    await watch.conn.execute("alter table hound.transcode_jobs rename to lost")
    await watch.later(seconds=61)
    await watch.tick()
    assert await watch.alerts("queue_age") == []
    assert await watch.state("queue_age") == ("unknown", "pending")
    await watch.conn.execute("alter table hound.lost rename to transcode_jobs")
    await watch.tick()
    assert (await watch.alert("queue_age"))["state"] == "firing"


async def test_it_survives_its_own_database_and_its_source_going_away(watch):
    """Sessions that are all cut at once change no alert, and ticks go on without a restart."""
    await watch.fire()
    await watch.conn.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    )
    done = None
    async with asyncio.timeout(HANG_SECONDS):
        while done is None:
            with suppress(Exception):  # one tick may find what was cut
                done = await watch.evaluator.tick()
    assert (await watch.alert("queue_age"))["state"] == "firing"


async def test_it_resolves_nothing_by_deleted_rows(watch):
    """The rows of a dead worker are deleted: its alert fires on, for nobody has beaten."""
    await watch.dead(300)
    await watch.tick()
    assert (await watch.alert("worker_heartbeat_missing"))["state"] == "firing"
    await watch.conn.execute("truncate hound.worker_heartbeats")
    for _ in range(3):
        await watch.later(minutes=5)
        await watch.tick()
    assert await watch.state("worker_heartbeat_missing") == ("no_data", "firing")
    assert (await watch.alert("worker_heartbeat_missing"))["state"] == "firing"


async def test_it_resolves_nothing_by_a_service_that_disappears(watch):
    """A service that failed and then answers nothing at all fires on; one without an alert is forgotten."""
    await watch.hound.requests(service="gateway", status_code=500, requests=500, occurred_at="-1m")
    await watch.hound.requests(service="functions", requests=500, occurred_at="-1m")
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="gateway") == ("breach", "firing")
    assert await watch.state("api_5xx_spike", subject="functions") == ("ok", "ok")
    await watch.conn.execute("delete from hound.api_requests")  # moved ones may fall into an hour of the baseline
    for _ in range(3):
        await watch.later(minutes=5)
        await watch.tick()
    assert await watch.states("api_5xx_spike") == {("prod", "gateway"): ("no_data", "firing")}
    assert (await watch.alert("api_5xx_spike"))["state"] == "firing"


async def test_it_lets_people_close_what_is_gone(watch):
    """The alert of a service that is gone can be closed after an hour without anything to judge, no earlier."""
    await watch.hound.requests(service="gateway", status_code=500, requests=500, occurred_at="-1m")
    await watch.tick()
    alert = await watch.alert("api_5xx_spike")
    await watch.conn.execute("delete from hound.api_requests")
    await watch.tick()
    for minutes, closable in ((59, False), (2, True)):
        await watch.later(minutes=minutes)
        await watch.tick()
        assert (await read_alert(watch.conn, alert["id"], [])).closable == closable
        if not closable:
            with pytest.raises(NotClosable, match="still fires"):
                await watch.close(alert["id"])
    await watch.close(alert["id"])
    await watch.tick()
    assert (await watch.alert("api_5xx_spike"))["state"] == "closed"
    assert await watch.states("api_5xx_spike") == {}
    moments = await watch.rows("select from_state, to_state from houndmon.transitions where kind = 'closed'")
    assert moments == [{"from_state": "firing", "to_state": "closed"}]


async def test_it_closes_nothing_gone_without_a_break(watch):
    """A breach within the hour, figures that cannot be read, or an evaluator that stands still: then it is not gone."""
    await watch.hound.requests(service="gateway", status_code=500, requests=500, occurred_at="-1m")
    await watch.tick()
    id = (await watch.alert("api_5xx_spike"))["id"]

    async def gone(minutes):
        await watch.later(minutes=minutes)
        await watch.tick()
        return (await read_alert(watch.conn, id, [])).closable

    await watch.conn.execute("update hound.api_requests set occurred_at = occurred_at - interval '10 minutes'")
    assert not await gone(0)
    await watch.conn.execute("alter table hound.api_requests rename to lost")
    assert not await gone(40)
    await watch.conn.execute("alter table hound.lost rename to api_requests")
    assert not await gone(40)
    assert not await gone(40)
    assert await gone(21)
    await watch.later(minutes=2)
    assert not (await read_alert(watch.conn, id, [])).closable


async def test_it_tells_of_many_subjects_at_once(watch):
    """The fifty busiest of each environment that fail in one tick are an alert each, and one message."""
    rows = [
        {"environment": where, "service": f"service-{number:03}", "status_code": 500, "requests": 500}
        for number in range(250)
        for where in ("prod", "staging")
    ]
    await watch.hound.insert("api_requests", [row | {"route": "/", "occurred_at": "-1m"} for row in rows])
    await watch.tick()
    alerts = await watch.alerts("api_5xx_spike")
    assert len(alerts) == 100
    told = await watch.told()
    assert [(kind, len(ids)) for kind, ids in told] == [("fired", 50), ("fired", 50)]
    assert sorted(id for _, ids in told for id in ids) == [alert["id"] for alert in alerts]


async def test_it_tells_at_once_of_many_that_recover(watch):
    """Five services that recover in one tick are one message."""
    for number in range(5):
        await watch.hound.requests(service=f"service-{number}", status_code=500, requests=500, occurred_at="-1m")
    await watch.tick()
    await watch.conn.execute("update hound.api_requests set status_code = 200")
    await watch.tick()
    await watch.later(seconds=120)
    await watch.tick(2)
    assert [(kind, len(ids)) for kind, ids in await watch.told()] == [("fired", 5), ("recovered", 5)]


async def test_it_ends_in_time_however_much_changes(watch, monkeypatch):
    """More changes than one tick can write are written by the next ones; none is lost, none said twice."""
    monkeypatch.setattr(store, "MOST_CHANGES", 2)
    for number in range(5):
        await watch.hound.requests(service=f"service-{number}", status_code=500, requests=500, occurred_at="-1m")
    for fired in (2, 4, 5, 5):
        await watch.tick()
        assert len(await watch.alerts("api_5xx_spike")) == fired
    assert sorted(id for _, ids in await watch.told() for id in ids) == [a["id"] for a in await watch.alerts()]


async def test_it_writes_nothing_twice(watch):
    """However often it ticks, one firing is one alert, one transition, one entry in the feed and one message."""
    id = await watch.fire()
    await watch.tick(5)
    await watch.restart()
    await watch.tick(2)
    assert await watch.timeline(id) == ["fired"]
    assert await watch.told() == [("fired", [id])]
    for table in ("alerts", "transitions", "incidents", "outbox"):
        assert await watch.conn.fetchval(f"select count(*) from houndmon.{table}") == 1, table


@pytest.mark.usefixtures("production_deadlines")
async def test_it_records_its_ticks(watch):
    """Each tick leaves a row: its term, how long it took, what it judged and what it could not read."""
    assert (await read_last_tick(watch.conn)).is_late
    done = await watch.tick()
    rows = await watch.rows("select * from houndmon.ticks")
    assert [(row["term"], row["judged"], row["unknown"]) for row in rows] == [(1, done.judged, 0)]
    assert rows[0]["started_at"] < rows[0]["finished_at"]
    assert done.judged == await watch.conn.fetchval("select count(*) from houndmon.rule_states")
    assert not (await read_last_tick(watch.conn)).is_late
    await watch.later(seconds=14)
    assert (await read_last_tick(watch.conn)).is_late


async def test_it_writes_all_or_nothing(watch):
    """Where one statement of a tick fails nothing of it is written: no alert without its message."""
    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=60)
    await watch.conn.execute("alter table houndmon.outbox rename to elsewhere")
    with pytest.raises(StateUnreadable, match=r"^houndmon's own database cannot be read: "):
        await watch.evaluator.tick()
    assert await watch.alerts() == []
    await watch.conn.execute("alter table houndmon.elsewhere rename to outbox")
    await watch.tick()
    id = (await watch.alert("queue_age"))["id"]
    assert await watch.told() == [("fired", [id])]


async def test_it_lets_a_person_win_who_closes_meanwhile(watch):
    """An alert that is closed just as it would fire again stays closed, notes and all; the next one is new."""
    id = await watch.fire()
    await watch.recover()
    await watch.stuck()
    await watch.tick()
    await watch.later(seconds=60)
    async with watch.conn.transaction():  # closing has begun, and the tick meets it half way
        await watch.close(id)
        ticking = asyncio.create_task(watch.evaluator.tick())
        await until_one_waits(watch.pool)
    await ticking
    first = (await watch.alerts("queue_age"))[0]
    assert (first["state"], first["flaps"]) == ("closed", 0)
    await watch.tick()
    await watch.later(seconds=60)
    await watch.tick()
    assert [(a["state"], a["previous_alert_id"]) for a in await watch.alerts("queue_age")] == [
        ("closed", None),
        ("firing", id),
    ]


async def until_one_waits(pool):
    """Return once a session of this database waits for a lock."""
    async with asyncio.timeout(HANG_SECONDS), pool.acquire() as conn:
        while not await conn.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        ):
            await asyncio.sleep(0.005)


HOSTILE = ["", " ", "\u3000", "gateway" * 1000, "unspecified", "<script>alert(1)</script>", "ß\u202e😀"]


async def test_it_copes_with_hostile_services(watch):
    """Services without a name, with endless ones and with absurd counts stop no tick, readable or not."""
    for name in HOSTILE:
        await watch.hound.requests(service=name, status_code=500, requests=9 * 10**18, occurred_at="-1m", times=3)
        await watch.hound.requests(service=name, status_code=404, requests=9 * 10**18, occurred_at="-1m", times=3)
    await watch.tick(2)
    alerts = await watch.alerts("api_5xx_spike")
    assert {alert["state"] for alert in alerts} == {"firing"}
    assert len(alerts) == len(HOSTILE) - 3  # those that are blank are one, `unspecified`
    assert {len(subject) <= 200 for subject in (alert["subject"] for alert in alerts)} == {True}
    await watch.conn.execute("alter table hound.api_requests rename to lost")
    await watch.tick(2)
    assert {state for _, state in (await watch.states("api_5xx_spike")).values()} <= {"firing", "ok"}
    assert {a["state"] for a in await watch.alerts("api_5xx_spike")} == {"firing"}


async def test_it_copes_with_hostile_codes(watch):
    """Endless error codes leave evidence fit to be shown."""
    await watch.hound.play(times=60, outcome="failed", error_code="\x07<b>" + "x" * 100_000)
    await watch.hound.job("failed", times=30, error_code="y" * 100_000)
    await watch.tick()
    for rule in ("playback_failure_ratio", "queue_failure_ratio"):
        assert len((await watch.alert(rule))["fired_evidence"]) < 2000


def unlatched(verdict, clears, before, now, **limits):
    """A step that takes every tick of a breach for the first."""
    taken = steps.step(verdict, clears, before, now, **limits)
    fires = verdict == "breach" and taken.state == "firing"
    return msgspec.structs.replace(taken, change="fired") if fires else taken


async def test_it_is_held_by_the_database_too(watch, monkeypatch):
    """A step that fires at each tick still opens one alert: the database refuses a second open one of a key."""
    monkeypatch.setattr(store, "step", unlatched)
    await test_it_writes_nothing_twice(watch)
    second = "insert into houndmon.alerts select (jsonb_populate_record(a, jsonb_build_object('id', 99))).*"
    with pytest.raises((asyncpg.UniqueViolationError, asyncpg.GeneratedAlwaysError)):
        await watch.conn.execute(f"{second} from houndmon.alerts a")


def resolving(findings, known, now):
    """A store that takes what disappeared for health."""
    kept, forgotten = steps_of(findings, known, now)
    gone = {store.alert_key(one) for one in kept} - {store.alert_key(one) for one in findings}
    return [
        msgspec.structs.replace(one, verdict="ok", clears=True) if store.alert_key(one) in gone else one for one in kept
    ], forgotten


steps_of = store.add_vanished_subjects


async def test_it_would_catch_a_store_that_resolves_what_is_gone(watch, monkeypatch):
    """A store that closes the alert of a subject that disappears fails the test above: that can fail."""
    monkeypatch.setattr(store, "add_vanished_subjects", resolving)
    with pytest.raises(AssertionError):
        await test_it_resolves_nothing_by_a_service_that_disappears(watch)
