from msgspec.structs import replace

from houndmon.core.source import Source
from houndmon.evaluator.figures import Unreadable
from houndmon.evaluator.reading import read_figures
from houndmon.rulebook.book import BOOK

MISSING = ("upload_attempts", "play_attempts", "api_requests", "tracks")
OF_JOBS_AND_BEATS = {
    "queue_age", "queue_stalled", "queue_failure_ratio", "job_stuck", "queue_retrying", "worker_heartbeat_missing",
    "slo_burn_fast", "slo_burn_slow", "slo_burn_day", "source_unreadable",
}  # fmt: skip


async def test_it_is_calm_without_what_the_source_does_not_have(watch):
    """With jobs and beats alone nothing is unknown, nothing fires, and the other rules and levels have no verdict."""
    for relation in MISSING:
        await watch.conn.execute(f"drop table hound.{relation}")
    watch.config = replace(watch.config, absent=frozenset(MISSING))
    for _ in range(3):
        assert (await watch.tick()).unknown == 0
        await watch.later(minutes=2)
    assert await watch.alerts() == []
    states = await watch.rows("select rule, subject from houndmon.rule_states")
    assert {row["rule"] for row in states} == OF_JOBS_AND_BEATS
    relations = {row["subject"] for row in states if row["rule"] == "source_unreadable"}
    assert relations == {None, "transcode_jobs", "worker_heartbeats"}
    levels = {row["subject"] for row in states if row["rule"] == "slo_burn_day"}
    assert levels == {"transcode_success", "heartbeat_freshness"}


async def test_it_reads_nothing_of_what_the_source_does_not_have(watch):
    """A relation that the source does not have is not asked for, though it is there."""
    await watch.hound.play(times=60, outcome="failed")
    watch.config = replace(watch.config, absent=frozenset({"play_attempts"}))
    figures = await read_figures(Source(watch.pool, "hound", "UTC"), "prod", watch.config)
    assert isinstance(figures.playing, Unreadable)
    assert figures.playing.is_absent
    await watch.tick()
    assert await watch.alerts() == []


async def test_it_judges_jobs_where_no_worker_beats_by_configuration(watch):
    """Without beats by configuration a job is stuck by its own age; without jobs no worker is waited for."""
    await watch.hound.job("in_progress", started_at="-7h", worker_id="worker-1")
    watch.config = replace(watch.config, absent=frozenset({"worker_heartbeats"}))
    await watch.tick()
    assert (await watch.state("job_stuck"))[0] == "breach"
    assert await watch.states("worker_heartbeat_missing") == {}
    watch.config = replace(watch.config, absent=frozenset({"transcode_jobs"}))
    await watch.tick()
    assert await watch.state("worker_heartbeat_missing", "staging") == ("no_data", "ok")


async def test_it_judges_no_rule_that_is_switched_off(watch):
    """A rule that is off in an environment has no state there; its open alert stays, and can be closed in an hour."""
    await watch.dead(300)
    await watch.stuck()
    await watch.tick()
    (alert,) = await watch.alerts("worker_heartbeat_missing")
    for name in ("worker_heartbeat_missing", "queue_age"):
        off = replace(watch.config.rules[name], enabled=False)
        watch.config = watch.config.with_rule("prod", off)
    await watch.tick()
    assert await watch.states("queue_age") == {("staging", None): ("ok", "ok")}
    assert await watch.state("worker_heartbeat_missing") == ("no_data", "firing")
    await watch.later(minutes=61)
    await watch.tick()
    await watch.close(alert["id"])
    await watch.tick()
    assert ("prod", None) not in await watch.states("worker_heartbeat_missing")
    assert await watch.alerts("queue_age") == []


async def test_it_judges_each_environment_by_its_own_rules(watch):
    """A threshold of one environment holds there alone, and its state shows it."""
    for environment in ("prod", "staging"):
        await watch.hound.job("queued", queued_at="-20m", environment=environment)
    await watch.alive("staging")
    watch.config = watch.config.with_rule("staging", replace(watch.config.rules["queue_age"], threshold=60))
    await watch.tick()
    query = "select environment, verdict, threshold from houndmon.rule_states where rule = 'queue_age' order by 1"
    found = [tuple(row.values()) for row in await watch.rows(query)]
    assert found == [("prod", "breach", 15), ("staging", "ok", 60)]


def test_it_has_every_rule_in_one_of_both():
    """The rules that live by jobs and beats are those whose figures are of them."""
    own = {name for name, spec in BOOK.items() if spec.parts and spec.parts <= {"queue", "beats"}}
    assert own == OF_JOBS_AND_BEATS - {"slo_burn_fast", "slo_burn_slow", "slo_burn_day", "source_unreadable"}
