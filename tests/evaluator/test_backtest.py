from datetime import timedelta

import msgspec
import pytest

from factories import NOW
from houndmon.config.defaults import DEFAULTS
from houndmon.evaluator import backtest as past
from houndmon.evaluator.backtest import PARTS, PastSource, backtest, instants, source_now
from houndmon.evaluator.figures import RELATIONS, read_figures
from houndmon.evaluator.rules import JUDGES
from houndmon.kit.source import Source

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
        firings = await backtest(source, config, rule, "prod", instants(watch.hound.now, minutes(over), every))
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
    await hound.job("in_progress")
    await hound.upload(times=30, occurred_at="-10095m")
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
    assert {row["rule"] for row in live} >= {rule for rule in PARTS if not rule.startswith("api_")}
    back = PastSource(source)
    for row in live:
        back.at, rule = row["evaluated_at"], row["rule"]
        figures = await read_figures(back, environment, DEFAULTS, PARTS[rule])
        again = {one.subject: one for one in JUDGES[rule](DEFAULTS.rules[rule], DEFAULTS, figures, back.at)}
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
    moments = instants(watch.hound.now, minutes(20), minutes(5))
    fired = set()
    for rule in PARTS:
        judged = []
        firings = await backtest(source, DEFAULTS, rule, "prod", moments, told=lambda judged=judged: judged.append(1))
        assert len(judged) == len(moments) == 5
        assert all(one.reason and moments[0] <= one.fired_at <= moments[-1] for one in firings)
        fired |= {rule} if firings else set()
    assert fired == set(PARTS) - {"worker_heartbeat_missing", "api_4xx_spike"}


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
    assert (list(before.requests.recent), list(after.requests.recent)) == ([], ["gateway"])
    assert before.queue.panel.anomalies == before.publishing.anomalies == []


async def figures(watch, source, ago):
    """All figures of prod as they stood so many minutes ago."""
    back = PastSource(source)
    back.at = watch.hound.now - minutes(ago)
    found = await read_figures(back, "prod", DEFAULTS)
    assert {type(getattr(found, part)).__name__ for part in RELATIONS} >= {"Queue", "Publishing"}
    return found


def test_it_judges_at_even_instants():
    """The instants end with now, and lie a step apart."""
    assert instants(NOW, minutes(2), STEP) == [NOW - STEP * back for back in (4, 3, 2, 1, 0)]


async def test_it_reads_the_sources_clock(watch):
    """Now is the source's now."""
    before = await watch.conn.fetchval("select clock_timestamp()")
    assert before <= await source_now(watch.pool) <= await watch.conn.fetchval("select clock_timestamp()")


async def test_it_would_catch_a_past_that_knows_the_future(watch, found, monkeypatch):
    """A backtest that reads the rows as they are now finds no outage that has ended: the tests above can fail."""
    blind = dict.fromkeys(past.views(), "select * from {relation}")
    monkeypatch.setattr(past, "views", lambda: blind)
    with pytest.raises((AssertionError, ValueError)):
        await test_it_finds_an_outage_of_the_queue(watch, found)
