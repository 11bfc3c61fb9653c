from datetime import timedelta

import pytest

from factories import NOW
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.source import Source
from houndmon.evaluator.figures import Lag
from houndmon.evaluator.reading import read_lag


async def stuck(watch, environment="prod"):
    """How many jobs nobody works at, and the verdict."""
    await watch.tick()
    query = "select value, verdict from houndmon.rule_states where rule = 'job_stuck' and environment = $1"
    (row,) = await watch.rows(query, environment)
    return int(row["value"]), row["verdict"]


@pytest.mark.parametrize(
    ("job", "count"),
    [
        ({"started_at": "-359m"}, 0),
        ({"started_at": "-361m"}, 1),
        ({"started_at": None, "claimed_at": "-361m"}, 1),
        ({"started_at": "-1m", "claimed_at": "-9d"}, 0),
        ({"started_at": None, "claimed_at": "-1m", "queued_at": "-9d"}, 0),
        ({"started_at": None, "claimed_at": None, "queued_at": "-361m"}, 1),
        ({"started_at": "-infinity"}, 1),
        ({"started_at": "-20m", "worker_id": "dead"}, 1),
        ({"started_at": "-20m", "worker_id": "dead", "environment": "staging"}, 0),
        ({"started_at": "-20m", "worker_id": "slow"}, 0),
        ({"started_at": "-20m", "worker_id": "long gone"}, 0),
        ({"started_at": "-20m", "worker_id": "there"}, 0),
        ({"started_at": "-20m", "worker_id": "unknown"}, 0),
        ({"started_at": "-20m", "worker_id": "ahead"}, 0),
        ({"started_at": "-9h", "worker_id": None}, 1),
        ({"started_at": "+1m", "worker_id": "dead"}, 0),
    ],
)
async def test_it_finds_jobs_that_nobody_works_at(watch, job, count):
    """A job in progress is stuck by its worker's newest beat there within 7 days, or by its own age; no other is."""
    await watch.hound.beat(worker_id="dead", beat_at="-11m")
    await watch.hound.beat(worker_id="slow", beat_at="-590s")
    await watch.hound.beat(worker_id="long gone", beat_at="-8d")
    await watch.hound.beat(worker_id="there", beat_at="-11m", environment="staging")
    await watch.hound.beat(worker_id="ahead", beat_at="-11m")
    await watch.hound.beat(worker_id="ahead", beat_at="-1m", process_started_at="+2h")
    await watch.hound.job("in_progress", **({"queued_at": "-10d"} | job))
    assert await stuck(watch) == (count, "breach" if count else "ok")


@pytest.mark.parametrize("status", ["queued", "retrying", "failed", "completed"])
async def test_it_finds_no_other_job_stuck(watch, status):
    """Only jobs in progress can be stuck."""
    await watch.hound.beat(worker_id="dead", beat_at="-11m")
    await watch.hound.job(status, started_at="-9h", worker_id="dead")
    assert await stuck(watch) == (0, "ok")


async def test_it_fires_for_the_orphans_of_a_dead_worker(watch):
    """Jobs that a dead worker left behind fire after five minutes, while another beats and nothing else is wrong."""
    await watch.hound.beat(worker_id="dead", beat_at="-30m")
    await watch.hound.job("in_progress", times=3, worker_id="dead", started_at="-31m")
    assert await stuck(watch) == (3, "breach")
    await watch.later(minutes=5)
    await watch.tick()
    assert [(alert["rule"], alert["value"]) for alert in await watch.alerts()] == [("job_stuck", 3)]


async def test_it_reads_no_lag_of_a_source_that_is_no_replica(watch):
    """A source that is no replica has no lag, and the rule no state."""
    assert await read_lag(Source(watch.pool, "hound", "UTC")) is None
    await watch.tick()
    assert await watch.states("source_lagging") == {}


async def test_it_keeps_the_lag_of_a_source_that_does_not_answer():
    """A replica that cannot be asked is as far behind as it was; of a source that was none nothing is known."""
    pool = await open_pool("postgresql://127.0.0.1:1/nowhere", size=1)
    behind = Lag(NOW, 300.0)
    why = "the database does not answer"
    assert await read_lag(Source(pool, "hound", "UTC"), behind) == Lag(NOW, 300.0, why)
    assert await read_lag(Source(pool, "hound", "UTC")) is None
    await close_pool(pool)


async def test_it_fires_where_listeners_leave_and_uploads_are_rejected(watch):
    """What no other rule sees: nine of ten leave before the first sound, and a whole delivery is rejected."""
    for hour in range(1, 25):
        await watch.hound.play(times=100, occurred_at=f"-{hour * 60 + 40}m")
        await watch.hound.upload(times=40, occurred_at=f"-{hour * 60 + 90}m")
    await watch.hound.play(times=90, outcome="aborted", occurred_at="-3m")
    await watch.hound.play(times=10, occurred_at="-3m")
    await watch.hound.upload(times=40, outcome="rejected", occurred_at="-3m", rejection_reason="mono")
    await watch.tick()
    fired = {alert["rule"]: (alert["value"], alert["baseline"]) for alert in await watch.alerts()}
    assert fired == {"playback_abandoned": (0.9, 0), "upload_rejection_ratio": (1, 0)}


async def test_it_stalls_by_its_configuration(watch):
    """`stalled_after` is how long a job must have waited, and how long nothing must have finished."""
    await watch.hound.job("completed", finished_at="-20m", started_at="-21m", claimed_at="-22m", queued_at="-23m")
    await watch.hound.job("queued", queued_at="-40m")
    rule = watch.config.rules["queue_stalled"]
    for minutes, verdict in ((15, "breach"), (30, "ok"), (45, "ok"), (18, "breach")):
        watch.set_rule("queue_stalled", stalled_after_seconds=minutes * 60)
        await watch.tick()
        assert (await watch.state("queue_stalled"))[0] == verdict, minutes
    assert timedelta(seconds=rule.stalled_after_seconds) == timedelta(minutes=15)
