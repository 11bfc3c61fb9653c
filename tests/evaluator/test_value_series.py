"""A rule's value over the past is the one that its judge finds: by the same figures, at the same moments."""

from datetime import timedelta

import msgspec
import pytest

from factories import NOW, Hound, present
from houndmon.config.defaults import DEFAULTS
from houndmon.core.clock import Clock
from houndmon.core.filters import ENVIRONMENTS
from houndmon.core.source import Snapshot, Source
from houndmon.evaluator.figures import EnvironmentFigures
from houndmon.evaluator.judge import RaisedLog, judge
from houndmon.evaluator.reading import (
    Ask,
    BaselineHours,
    read_beats,
    read_playing,
    read_publishing,
    read_queue,
    read_requests,
    read_uploading,
)
from houndmon.evaluator.value_series import LOADS, ValueOf, load_of
from houndmon.evaluator.value_windows import Stretches
from houndmon.rulebook.api import Name as ApiRule


@pytest.fixture
def hound(conn):
    """An empty Hound at NOW."""
    return Hound(conn, NOW)


@pytest.fixture
def snapshot(conn):
    """A view of Hound at NOW, or some minutes before."""

    def snapshot(minutes_ago=0):
        return Snapshot(Source(None, "hound", "UTC"), conn, Clock(NOW - timedelta(minutes=minutes_ago)))

    return snapshot


async def findings(view, config=DEFAULTS, environment="prod"):
    """What every rule finds, by rule and subject."""
    ask = Ask(environment, config, BaselineHours(), {})
    figures = EnvironmentFigures(
        environment=environment,
        queue=await read_queue(view, ask),
        playing=await read_playing(view, ask),
        uploading=await read_uploading(view, ask),
        requests=await read_requests(view, ask),
        beats=await read_beats(view, ask),
        publishing=await read_publishing(view, ask),
    )
    return {(one.rule, one.subject): one for one in judge(config, figures, view.clock.now, RaisedLog())}


async def series_of(view, rule, subject=None, *, config=DEFAULTS, environment="prod", span="6h", end=None):
    """The value of a rule over a range."""
    of = ValueOf(config.rules_in(environment)[rule], environment, subject, config)
    return await present(load_of(rule, subject))(view, of, Stretches.until(view.clock, span, end))


async def busy(hound):
    """Hours of all kinds of events, some of them bad, in both environments."""
    for environment in ENVIRONMENTS:
        for minutes in range(1, 400, 3):
            at = f"-{minutes}m"
            bad = minutes % 4 == 0 or minutes < 12
            await hound.play(outcome="failed" if bad else "started", occurred_at=at, environment=environment)
            await hound.play(outcome="aborted", occurred_at=at, environment=environment)
            await hound.upload(outcome="rejected" if bad else "accepted", occurred_at=at, environment=environment)
            status = 404 if minutes % 5 == 4 else 503 if bad else 200
            await hound.requests(status_code=status, requests=minutes, occurred_at=at, environment=environment)
            await hound.requests(service="catalogue", occurred_at=at, environment=environment)
            state = "failed" if bad else "completed"
            times = {
                "queued_at": f"-{minutes + 9}m",
                "claimed_at": f"-{minutes + 5}m",
                "started_at": f"-{minutes + 4}m",
            }
            await hound.job(state, finished_at=at, environment=environment, **times)
        await hound.job("queued", queued_at="-21m", environment=environment)
        await hound.beat(beat_at="-7m", environment=environment)


@pytest.mark.parametrize("span", ["6h", "24h"])
@pytest.mark.parametrize("environment", ENVIRONMENTS)
async def test_it_ends_with_what_the_judge_finds(hound, snapshot, span, environment):
    """The last value of each rule is the one that its judge finds at the same moment, of each subject."""
    await busy(hound)
    found = await findings(snapshot(), environment=environment)
    drawn = {key: one for key, one in found.items() if load_of(*key)}
    assert {rule for rule, _ in drawn} == {rule for rule, _ in LOADS}
    for (rule, subject), finding in drawn.items():
        series = await series_of(snapshot(), rule, subject, environment=environment, span=span)
        expected = None if finding.value is None else pytest.approx(finding.value)
        assert series.values[-1] == expected, (rule, subject)
    assert {rule for (rule, _), one in drawn.items() if one.value} == {rule for rule, _ in LOADS}  # none is 0 of each


async def test_it_is_what_the_judge_found_then(hound, snapshot):
    """A value of an hour ago is the one that the judge found then: the rows since do not change it."""
    await busy(hound)
    for minutes in (400, 170, 90, 63):
        await hound.beat(beat_at=f"-{minutes}m")
    found = await findings(snapshot(60))
    # Jobs that waited then wait no more: the judge of now cannot find what it found of them.
    drawn = [key for key in found if load_of(*key) and key[0] != "queue_age"]
    assert {rule for rule, _ in drawn} == {rule for rule, _ in LOADS} - {"queue_age"}
    for rule, subject in drawn:
        series = await series_of(snapshot(), rule, subject, end=NOW.replace(second=0) - timedelta(minutes=60))
        then = await series_of(snapshot(60), rule, subject)
        value = found[rule, subject].value
        assert then.values[-1] == (value and pytest.approx(value)), (rule, subject)
        assert series.values[:-1] == approximate(then.values[:-1]), (rule, subject)


def approximate(values):
    """The same values, but for rounding."""
    return [value and pytest.approx(value) for value in values]


@pytest.mark.parametrize("rule", ["api_5xx_spike", "api_4xx_spike"])
async def test_it_looks_back_as_far_as_its_rule(hound, snapshot, rule: ApiRule):
    """A rule whose window is moved back has its values from there."""
    await hound.requests(status_code=503, requests=30, occurred_at="-12m")
    await hound.requests(status_code=404, requests=20, occurred_at="-12m")
    await hound.requests(requests=50, occurred_at="-12m")
    late = DEFAULTS.with_rule("prod", msgspec.structs.replace(DEFAULTS.rules[rule], delay_minutes=10))
    series = await series_of(snapshot(), rule, "gateway", config=late)
    assert series.values[-1] == (0.3 if rule == "api_5xx_spike" else 0.2)
    assert (await series_of(snapshot(), rule, "gateway")).values[-1] is None
    assert (await series_of(snapshot(), rule, "nobody", config=late)).values[-1] is None


async def test_it_keeps_the_worst_of_each_stretch(hound, snapshot):
    """What came and went between two ends of stretches is in sight: a spike, a wait, a silence."""
    await hound.requests(status_code=503, requests=100, occurred_at="-12m")
    for minutes in (1, 6):
        await hound.requests(requests=100, occurred_at=f"-{minutes}m")
    spike = await series_of(snapshot(), "api_5xx_spike", "gateway", span="24h")
    assert (spike.values[-1], present(spike.worst)[-1]) == (0, 1)
    assert 0.9 < present(spike.low)[-1] < 1
    await hound.job("completed", queued_at="-40m", claimed_at="-18m")
    wait = await series_of(snapshot(), "queue_age", span="24h")
    assert present(wait.worst)[-2] == pytest.approx(21, abs=1)
    assert wait.values[-1] == 0
    for minutes in (30, 9, 3):
        await hound.beat(beat_at=f"-{minutes}m")
    silence = await series_of(snapshot(), "worker_heartbeat_missing", span="24h")
    assert present(silence.worst)[-1] == 21 * 60
    assert silence.values[-1] == 180


async def test_it_knows_no_value_without_rows(snapshot):
    """Without rows there is no share and no age; nobody waits, and nothing came."""
    for rule, subject in LOADS:
        series = await series_of(snapshot(), rule, subject or ("gateway" if rule.startswith("api") else None))
        assert set(series.values) == ({0.0} if rule in ("queue_age", "traffic_absent") else {None}), rule


def test_it_draws_no_value_that_rows_do_not_tell():
    """Where rows do not tell what a value was there is no chart: not of a subject that has none either."""
    assert load_of("job_stuck", None) is None
    assert load_of("source_unreadable", "tracks") is None
    assert load_of("slo_burn_fast", "upload_to_live") is None
    assert load_of("traffic_absent", "nobody") is None
