import itertools
from datetime import timedelta
from functools import partial
from typing import get_args

import msgspec
import pytest

from factories import NOW
from houndmon.config.defaults import DEFAULTS
from houndmon.core.source import Source
from houndmon.evaluator import backtest as past
from houndmon.evaluator.backtest import PARTS_OF_RULES, PastSource, backtest, instants_to_judge, source_now
from houndmon.evaluator.reading import read_figures
from houndmon.evaluator.rules import JUDGES
from houndmon.rulebook.book import RuleName
from houndmon.rulebook.parts import RELATION_OF_PART

pytestmark = pytest.mark.long

STEP = timedelta(seconds=30)


def minutes(number):
    return timedelta(minutes=number)


@pytest.fixture
def source(watch):
    return Source(watch.pool, "hound", "UTC")


@pytest.fixture
def found(watch, source):
    """Give the firings of a rule over the last so many minutes: from when to when, in minutes ago."""

    async def found(rule, over=60, config=DEFAULTS, every=STEP):
        firings = await backtest(source, config, rule, "prod", instants_to_judge(watch.hound.now, minutes(over), every))
        return [(one.subject, watch.ago(one.fired_at), watch.ago(one.recovered_at)) for one in firings]

    return found


def near(*moments):
    """Minutes ago, give or take a step."""
    return [pytest.approx(one, abs=0.51) if one is not None else None for one in moments]


async def test_it_finds_an_outage_of_the_queue(watch, found):
    """A job that waited from 40 to 10 minutes ago fired 16 minutes after it was queued, and recovered at 8."""
    await watch.hound.job("completed", queued_at="-40m", claimed_at="-10m", started_at="-9m", finished_at="-5m")
    ((subject, *times),) = await found("queue_age", over=42)
    assert (subject, times) == (None, near(24, 8))


async def test_it_finds_an_outage_that_lasts(watch, found):
    """What still fires at the end has not recovered."""
    await watch.hound.job("queued", queued_at="-40m")
    ((_, *times),) = await found("queue_age")
    assert times == near(24, None)
    assert await found("queue_age", over=20) == [(None, near(19)[0], None)]  # a minute to hold, as ever


async def test_it_finds_retries_in_vain(watch, found):
    """A job that has retried since 100 minutes ago fires an hour and five minutes after it was queued."""
    await watch.hound.job("retrying", queued_at="-100m")
    ((_, *times),) = await found("queue_retrying", over=60)
    assert times == near(34.5, None)


async def test_it_finds_the_orphans_of_a_worker(watch, found):
    """A job whose worker beat last 50 minutes ago has been stuck since 40, and fired 5 minutes later."""
    await watch.hound.beat(worker_id="dead", beat_at="-50m")
    await watch.hound.job("in_progress", worker_id="dead", queued_at="-55m", claimed_at="-54m", started_at="-53m")
    ((_, *times),) = await found("job_stuck")
    assert times == near(34.5, None)


async def test_it_counts_each_outage(watch, found):
    """Two outages are two firings: past alerts are taken as closed."""
    for start in (100, 50):
        beside = {"claimed_at": f"-{start - 20}m", "started_at": f"-{start - 20}m", "finished_at": f"-{start - 21}m"}
        await watch.hound.job("completed", queued_at=f"-{start}m", **beside)
    firings = await found("queue_age", over=120)
    assert [times for _, *times in firings] == [near(84, 78), near(34, 28)]


async def test_it_finds_failing_plays(watch, found):
    """Plays that failed between 40 and 30 minutes ago fire at once, and recover once 15 good minutes lie behind."""
    for minute in range(90):
        outcome = "failed" if 30 < minute <= 40 else "started"
        await watch.hound.play(times=20, occurred_at=f"-{minute}m", outcome=outcome)
    ((_, fired, recovered),) = await found("playback_failure_ratio")
    assert 39 <= fired <= 40
    assert 10 < recovered < 16


async def test_it_finds_listeners_who_left(watch, found):
    """Ten minutes in which all leave fire once five of them are in fifteen, and recover once five are left of them."""
    for minute in range(90):
        outcome = "aborted" if 30 < minute <= 40 else "started"
        await watch.hound.play(times=20, occurred_at=f"-{minute}m", outcome=outcome)
    ((_, fired, recovered),) = await found("playback_abandoned")
    assert 34 < fired < 37
    assert 16 < recovered < 20


async def test_it_finds_a_delivery_that_was_rejected(watch, found):
    """Twenty minutes in which all uploads are rejected fire once 13 of them are in an hour, and recover likewise."""
    for minute in range(180):
        outcome = "rejected" if 80 < minute <= 100 else "accepted"
        await watch.hound.upload(times=2, occurred_at=f"-{minute}m", outcome=outcome)
    ((_, fired, recovered),) = await found("upload_rejection_ratio", over=115)
    assert 86 < fired < 89
    assert 29 < recovered < 34


async def test_it_holds_the_past_against_what_was_usual_then(watch, found):
    """Where half of all leave each hour of the day, an hour in which half leave fires nothing."""
    for minute in range(0, 26 * 60, 6):
        for outcome in ("aborted", "started"):
            await watch.hound.play(times=30, occurred_at=f"-{minute}m", outcome=outcome)
    assert await found("playback_abandoned", every=timedelta(minutes=5)) == []


async def test_it_finds_a_silent_worker(watch, found):
    """Between two beats 10 minutes apart the rule fires after 2, and recovers 2 after the second."""
    await watch.conn.execute(
        "delete from hound.worker_heartbeats where beat_at between $1 and $2",
        watch.hound.now - timedelta(minutes=29.9),
        watch.hound.now - timedelta(minutes=20.1),
    )
    await watch.hound.beat(beat_at="-30m")
    await watch.hound.beat(beat_at="-20m")
    ((_, *times),) = await found("worker_heartbeat_missing")
    assert times == near(28, 18)


async def test_it_tries_another_threshold(watch, found):
    """With a higher threshold the same past fires later, or not at all."""
    await watch.hound.job("completed", queued_at="-60m", claimed_at="-30m", started_at="-29m", finished_at="-25m")
    fired = {}
    for threshold in (5, 20, 30):
        rule = msgspec.structs.replace(DEFAULTS.rules["queue_age"], threshold=threshold)
        config = msgspec.structs.replace(DEFAULTS, rules=DEFAULTS.rules | {"queue_age": rule})
        firings = await found("queue_age", over=62, config=config, every=minutes(2))
        fired[threshold] = [round(when) for _, when, _ in firings]
    assert fired == {5: [52], 20: [36], 30: []}


async def trouble(hound):
    """A Hound in which every rule finds something."""
    await hound.play(times=60, outcome="failed", occurred_at="-3m", error_code="DECODE")
    await hound.play(times=140, occurred_at="-3m")
    await hound.job("failed", times=5, queued_at="-30m", finished_at="-25m")
    await hound.job("completed", times=20, queued_at="-30m", finished_at="-25m")
    await hound.job("queued", times=3, queued_at="-40m")
    await hound.job("in_progress", worker_id="worker-2")
    await hound.beat(worker_id="worker-2", beat_at="-40m")
    await hound.job("retrying", times=4, queued_at="-90m")
    await hound.play(times=300, outcome="aborted", occurred_at="-3m")
    await hound.upload(times=30, outcome="rejected", occurred_at="-40m", rejection_reason="clipping")
    for days in range(1, 8):
        await hound.upload(times=30, occurred_at=f"-{days * 1440 + 15}m")
    await hound.requests(service="gateway", status_code=500, requests=300, occurred_at="-2m")
    await hound.requests(service="gateway", requests=700, occurred_at="-2m")
    await hound.requests(service="functions", status_code=404, requests=300, occurred_at="-3h")
    await hound.track(times=40, state="live", live_at="-18m")
    await hound.track(times=5, uploaded_at="-15m", state="processing")


@pytest.mark.parametrize("environment", ["prod", "staging"])
async def test_it_judges_the_past_as_it_judged_the_present(watch, source, environment):
    """What each rule found live it finds again at the same instant: verdict, value, sample, words and evidence."""
    await trouble(watch.hound)
    await watch.dead(300)
    await watch.tick()
    live = await watch.rows(
        "select rule, subject, verdict, value, sample_count, reason, evaluated_at from houndmon.rule_states"
        " where environment = $1 and rule <> 'source_unreadable'",
        environment,
    )
    assert {row["rule"] for row in live} >= {rule for rule in PARTS_OF_RULES if not rule.startswith("api_")}
    back = PastSource(source)
    for row in live:
        back.at, rule = row["evaluated_at"], row["rule"]
        figures = await read_figures(back, environment, DEFAULTS, PARTS_OF_RULES[rule])
        again = {one.subject: one for one in JUDGES[rule](DEFAULTS.rules[rule], DEFAULTS.levels, figures, back.at)}
        one = again[row["subject"]]
        assert row == {name: getattr(one, name) for name in row}


async def test_it_fires_when_it_fired_live(watch, source):
    """A firing found live is found at the same instant by the backtest, with the same value."""
    await watch.dead(300)
    await watch.tick()
    alert = await watch.alert("worker_heartbeat_missing")
    at = await watch.conn.fetchval(
        "select evaluated_at from houndmon.rule_states where rule = 'worker_heartbeat_missing' and environment = 'prod'"
    )
    (firing,) = await backtest(source, DEFAULTS, "worker_heartbeat_missing", "prod", [at])
    assert (firing.fired_at, firing.worst, firing.recovered_at) == (at, alert["value"], None)


async def test_it_runs_every_rule(watch, source):
    """Every rule with a past can be judged in it, at each instant, and needs no part but its own."""
    await trouble(watch.hound)
    moments = instants_to_judge(watch.hound.now, minutes(20), minutes(5))
    fired = set()
    for rule in (name for name in get_args(RuleName) if name in PARTS_OF_RULES):
        judged = itertools.count()
        firings = await backtest(source, DEFAULTS, rule, "prod", moments, on_instant=partial(next, judged))
        assert next(judged) == len(moments) == 5
        assert all(one.reason and moments[0] <= one.fired_at <= moments[-1] for one in firings)
        fired |= {rule} if firings else set()
    assert fired == set(PARTS_OF_RULES) - {"worker_heartbeat_missing", "api_4xx_spike", "queue_retrying"}


async def test_it_sees_a_job_as_it_stood(watch, source):
    """A job is not there before it was queued, then queued, then claimed, then started, and failed at the end."""
    await watch.hound.job("failed", queued_at="-60m", claimed_at="-50m", started_at="-45m", finished_at="-40m")
    await watch.hound.job("queued", queued_at="-20m")
    await watch.hound.job("retrying", queued_at="-10m")
    stood = {}
    for ago in (61, 55, 47, 43, 39, 15, 5):
        panel = (await figures(watch, source, ago)).queue.panel
        jobs = msgspec.structs.asdict(panel.jobs_by_status)
        stood[ago] = ({name: count for name, count in jobs.items() if count}, panel.oldest_in_progress_age_minutes)
    assert stood == {
        61: ({}, None),
        55: ({"queued": 1}, None),
        47: ({"in_progress": 1}, pytest.approx(3, abs=0.01)),
        43: ({"in_progress": 1}, pytest.approx(2, abs=0.01)),
        39: ({"failed": 1}, None),
        15: ({"queued": 1, "failed": 1}, None),
        5: ({"queued": 1, "retrying": 1, "failed": 1}, None),
    }


async def test_it_sees_a_job_that_was_put_back_as_waiting(watch, source):
    """A job that waits now has waited all the time, from when it could be taken; one without `queued_at` always did."""
    await watch.hound.job("queued", queued_at="-60m", claimed_at="-50m", started_at="-45m")
    await watch.hound.job("scheduled", queued_at="-60m", claimed_at="-50m", available_at="-30m")
    await watch.hound.job("queued", queued_at=None)
    await watch.hound.job("cancelled", queued_at="-60m", finished_at="-20m")
    stood = {}
    for ago in (61, 40, 25, 5):
        panel = (await figures(watch, source, ago)).queue.panel
        jobs = {name: count for name, count in msgspec.structs.asdict(panel.jobs_by_status).items() if count}
        stood[ago] = (jobs, panel.oldest_queued_age_minutes)
    assert stood == {
        61: ({"queued": 1}, None),
        40: ({"queued": 3, "scheduled": 1}, pytest.approx(20, abs=0.01)),
        25: ({"queued": 4}, pytest.approx(35, abs=0.01)),
        5: ({"queued": 3, "cancelled": 1}, pytest.approx(55, abs=0.01)),
    }


async def test_it_sees_the_past_of_a_source_without_optional_columns(watch, source):
    """Where `available_at` and `publish_at` are missing, the past is read as if they were null."""
    await watch.conn.execute(
        "alter table hound.transcode_jobs drop available_at; alter table hound.tracks drop publish_at"
    )
    await watch.hound.job("queued", queued_at="-20m")
    await watch.hound.track(uploaded_at="-60m")
    found = await figures(watch, source, 10)
    assert found.queue.panel.oldest_queued_age_minutes == pytest.approx(10, abs=0.01)
    assert found.publishing.spans["24h"].overdue == 1


async def test_it_sees_a_track_as_it_stood(watch, source):
    """A track that went live late was waiting, then overdue, then late."""
    await watch.hound.track(uploaded_at="-60m", state="live", live_at="-30m")
    fates = {}
    for ago in (61, 55, 45, 29):
        tracks = (await figures(watch, source, ago)).publishing.spans["24h"]
        fates[ago] = (tracks.waiting, tracks.overdue, tracks.late)
    assert fates == {61: (0, 0, 0), 55: (1, 0, 0), 45: (0, 1, 0), 29: (0, 0, 1)}


async def test_it_sees_nothing_of_the_future(watch, source):
    """Events and beats after an instant are not known at it, not even as anomalies."""
    await watch.hound.play(times=9, occurred_at="-30m")
    await watch.hound.upload(times=9, occurred_at="-30m")
    await watch.hound.requests(requests=9, occurred_at="-30m")
    before, after = await figures(watch, source, 31), await figures(watch, source, 29)
    assert (before.playing.spans["1h"].attempts, after.playing.spans["1h"].attempts) == (0, 9)
    assert (before.uploading.uploads, after.uploading.uploads) == (0, 9)
    answered = [one.requests.by_delay[0] for one in (before, after)]
    assert [(list(one.recent), any(one.hours)) for one in answered] == [([], False), (["gateway"], False)]
    assert before.queue.panel.anomalies == before.publishing.anomalies == []


async def figures(watch, source, ago):
    """All figures of prod as they stood so many minutes ago."""
    back = PastSource(source)
    back.at = watch.hound.now - minutes(ago)
    found = await read_figures(back, "prod", DEFAULTS)
    assert {type(getattr(found, part)).__name__ for part in RELATION_OF_PART} >= {"QueueFigures", "PublishFigures"}
    return found


def test_it_judges_at_even_instants():
    """The instants end with now, and lie a step apart."""
    assert instants_to_judge(NOW, minutes(2), STEP) == [NOW - STEP * back for back in (4, 3, 2, 1, 0)]


async def test_it_reads_the_sources_clock(watch):
    """Now is the source's now."""
    before = await watch.conn.fetchval("select clock_timestamp()")
    assert before <= await source_now(watch.pool) <= await watch.conn.fetchval("select clock_timestamp()")


async def test_it_would_catch_a_past_that_knows_the_future(watch, found, monkeypatch):
    """A backtest that reads the rows as they are now finds no outage that has ended: the tests above can fail."""
    blind = dict.fromkeys(past.past_views(), "select * from {relation}")
    monkeypatch.setattr(past, "past_views", lambda: blind)
    with pytest.raises((AssertionError, ValueError)):
        await test_it_finds_an_outage_of_the_queue(watch, found)
