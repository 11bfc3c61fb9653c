import pytest

RULE = "worker_heartbeat_missing"


async def arrivals(watch, environment="prod"):
    """The arrivals noted: how old each beat was when it was seen, in seconds, the oldest first."""
    query = (
        "select extract(epoch from seen_at - beat_at)::float8 as seconds from houndmon.beat_arrivals"
        " where environment = $1 order by beat_at"
    )
    return [round(row["seconds"]) for row in await watch.rows(query, environment)]


async def late_beat(watch, environment="staging"):
    """A worker beats whose clock is 130 seconds behind."""
    await watch.conn.execute(
        "insert into hound.worker_heartbeats (worker_id, environment, beat_at, process_started_at)"
        " values ('slow clock', $1, clock_timestamp() - interval '130 seconds', now() - interval '1 day')",
        environment,
    )


async def test_it_tells_late_clocks_from_silence(watch):
    """A beat that is old when first seen is a breach; newer ones that arrive are life; without them it is silence."""
    await late_beat(watch)
    await watch.tick()
    assert await watch.state(RULE, "staging") == ("breach", "firing")
    await late_beat(watch)
    await watch.tick()
    assert await watch.state(RULE, "staging") == ("ok", "firing")
    assert await arrivals(watch, "staging") == [0, 130]
    await watch.later(seconds=110)
    await watch.tick()
    assert await watch.state(RULE, "staging") == ("ok", "firing")
    await watch.later(seconds=11)
    await watch.tick()
    assert await watch.state(RULE, "staging") == ("breach", "firing")


async def test_it_notes_each_newer_beat_once(watch):
    """Only the newest beat is noted, and once; one that is older than it, or was noted, is none that arrived."""
    await watch.tick(3)
    assert await arrivals(watch) == [0]
    await watch.hound.beat(beat_at="-50s", worker_id="other")
    await watch.tick(2)
    assert await arrivals(watch) == [0]
    await late_beat(watch, "prod")
    await watch.tick()
    assert await arrivals(watch) == [0]


async def test_it_sees_nothing_arrive_while_it_does_not_look(watch):
    """A beat that came while nobody looked is as old as it says; a process that takes over at once goes on looking."""
    await late_beat(watch)
    await watch.tick()
    await late_beat(watch)
    await watch.restart()
    await watch.tick()
    assert await watch.state(RULE, "staging") == ("breach", "firing")  # the one before was first seen 130 s in its past
    await late_beat(watch)
    await watch.tick()
    await late_beat(watch)
    await watch.restart()
    await watch.tick()
    assert await arrivals(watch, "staging") == [0, 0, 130, 130]
    assert (await watch.state(RULE, "staging"))[0] == "ok"


async def test_it_takes_no_beat_of_another_source_for_life(watch):
    """Pointed at another source, houndmon has seen none of its beats arrive; back at the first, it goes on there."""
    await late_beat(watch)
    await watch.tick()
    await late_beat(watch)
    await watch.tick()
    assert (await watch.state(RULE, "staging"))[0] == "ok"
    await watch.expire()
    first, watch.evaluator = watch.evaluator, watch.another("elsewhere")
    await watch.tick()
    assert (await watch.state(RULE, "staging"))[0] == "breach"
    await watch.expire()
    watch.evaluator = first
    await watch.tick()
    assert (await watch.state(RULE, "staging"))[0] == "ok"


@pytest.mark.parametrize("ahead", ["beat_at", "seen_at"])
async def test_it_is_not_fooled_by_a_clock_that_ran_ahead(watch, ahead):
    """What was noted while the source's clock stood decades ahead keeps no dead worker alive, and goes."""
    when = dict.fromkeys(("beat_at", "seen_at"), "now() - interval '180 s'") | {ahead: "'2080-01-01Z'"}
    await watch.conn.execute(
        "insert into houndmon.beat_arrivals (source, environment, beat_at, seen_at)"
        f" values ('here', 'staging', {when['beat_at']}, {when['seen_at']})"
    )
    await watch.hound.beat(beat_at="-190s", environment="staging")
    await watch.tick()
    assert (await watch.state(RULE, "staging"))[0] == "breach"
    await late_beat(watch)
    await watch.tick()
    assert (await watch.state(RULE, "staging"))[0] == "ok"
    ages = "select max(greatest(beat_at, seen_at)) from houndmon.beat_arrivals"
    assert await watch.conn.fetchval(ages) < watch.ago_at(minutes=-60)


async def test_it_notes_nothing_of_what_it_cannot_read(watch):
    """Without sight of the beats nothing is noted, and nothing is forgotten."""
    await late_beat(watch)
    await watch.tick()
    await late_beat(watch)
    await watch.tick()
    await watch.conn.execute("alter table hound.worker_heartbeats rename to lost")
    await watch.tick()
    assert (await watch.state(RULE, "staging"))[0] == "unknown"
    assert await arrivals(watch, "staging") == [0, 130]


async def test_it_lets_idle_workers_rest(watch):
    """With `idle_is_ok` silence is ok until a job waits."""
    await watch.dead(300)
    watch.set_rule(RULE, idle_is_ok=True)
    await watch.tick()
    assert await watch.state(RULE) == ("ok", "ok")
    await watch.stuck()
    await watch.tick()
    assert await watch.state(RULE) == ("breach", "firing")


async def test_it_forgets_old_arrivals(watch):
    """Arrivals of more than eight days ago go, once in a while."""
    await watch.tick()
    await watch.later(hours=8 * 24 + 1)
    await watch.restart()
    await watch.tick()
    assert await watch.conn.fetchval("select count(*) from houndmon.beat_arrivals") == 0
