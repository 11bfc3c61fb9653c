import asyncio
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerting import new_alert
from factories import NOW
from houndmon.config.defaults import DEFAULTS
from houndmon.core.source import Source
from houndmon.core.stats import MOST
from houndmon.evaluator.api_subjects import known_before
from houndmon.evaluator.backtest import backtest, instants_to_judge
from houndmon.evaluator.baseline import HoursBefore, Share, baseline, hours_before
from houndmon.evaluator.figures import Answered, RequestFigures
from houndmon.evaluator.reading import BaselineHours, read_figures

HOUR = timedelta(hours=1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=24))
@example([(0, 1)] * 12 + [(1, 1)] * 12)
def test_it_takes_the_nearest_rank_median(pairs):
    """The baseline is the smallest share with at least half of all at or below it; thin hours are not among them."""
    hours = [Share(min(pair), max(pair)) for pair in pairs]
    found = baseline(hours, 10)
    shares = [hour.bad / hour.whole for hour in hours if hour.whole >= 10]
    if not shares:
        assert found == 0
        return
    at_or_below = [one for one in sorted(set(shares)) if 2 * sum(share <= one for share in shares) >= len(shares)]
    assert found == at_or_below[0]


def test_it_looks_back_on_whole_hours():
    """The hours end where the window starts, each where the next begins."""
    hours = hours_before(NOW)
    assert (hours[0].end, hours[-1].start, len(hours)) == (NOW, NOW - 24 * HOUR, 24)
    assert [later.start for later in hours[:-1]] == [earlier.end for earlier in hours[1:]]


def test_it_reads_the_hours_once_a_minute():
    """While a window starts at the same minute its hours are those that were read; environments do not share them."""
    reads = []

    async def load(windows):
        reads.append(windows[0].end)
        return len(reads)

    async def asked(hours):
        minute = timedelta(minutes=1)
        whose = [("prod", NOW), ("prod", NOW), ("staging", NOW), ("prod", NOW + minute), ("prod", NOW + minute)]
        return [await hours.counted("requests", environment, start, load) for environment, start in whose]

    assert asyncio.run(asked(HoursBefore[int]())) == [1, 1, 2, 3, 3]


def test_it_reads_the_hours_anew_where_they_lack_what_is_asked():
    """Hours that were kept without a service are read again for it, and serve both from then on."""
    reads = []

    async def asked(usual, name):
        async def load(windows):
            reads.append(name)
            return set(reads)

        return await usual.counted("requests", "prod", NOW, load, lambda kept: name in kept)

    async def in_turn(usual):
        return [await asked(usual, name) for name in ("a", "a", "b", "a")]

    assert asyncio.run(in_turn(HoursBefore())) == [{"a"}, {"a"}, {"a", "b"}, {"a", "b"}]


async def hourly(hound, shares, service="gateway", whole=1000, code=500):
    """A service's share of a code in each hour before, the latest first; its rows lie 35 minutes into its past."""
    for hour, share in enumerate(shares):
        at = f"-{hour * 60 + 35}m"
        await hound.requests(service=service, status_code=code, requests=int(share * whole), occurred_at=at)
        await hound.requests(service=service, requests=whole - int(share * whole), occurred_at=at)


async def test_it_recovers_from_no_total_outage(watch):
    """A service that fails all its requests fires, and fires still when nothing but failures is usual."""
    await watch.hound.requests(status_code=500, requests=5338, occurred_at="-1m")
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="gateway") == ("breach", "firing")
    await hourly(watch.hound, [1] * 24)
    await watch.later(seconds=130)
    await watch.tick(2)
    await watch.later(seconds=130)
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="gateway") == ("breach", "firing")
    assert (await watch.alert("api_5xx_spike"))["flaps"] == 0


async def test_it_holds_an_outage_against_the_hours_before_it(watch):
    """A share of 8 % fires where 1 % was usual, and fires on when counts that come late make it the usual one."""
    await hourly(watch.hound, [0.01] * 24)
    await watch.hound.requests(status_code=500, requests=80, occurred_at="-1m")
    await watch.hound.requests(requests=920, occurred_at="-1m")
    await watch.tick()
    alert = await watch.alert("api_5xx_spike")
    assert alert["baseline"] == 0.01
    await hourly(watch.hound, [0.08] * 24, whole=100_000)
    await watch.restart()  # nobody remembers the hours that were read
    await watch.tick()
    await watch.later(seconds=130)
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="gateway") == ("breach", "firing")
    await watch.conn.execute("update hound.api_requests set status_code = 200 where occurred_at > $1", watch.ago_at(10))
    await watch.tick()
    await watch.later(seconds=130)
    await watch.tick()
    await watch.close(alert["id"])
    await watch.conn.execute("update hound.api_requests set status_code = 500 where requests = 80")
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="gateway") == ("ok", "ok")  # by now 8 % are usual


@pytest.mark.parametrize("usual", ["0.01", "null"])
@pytest.mark.parametrize("rule", ["api_5xx_spike", "api_4xx_spike"])
async def test_it_holds_an_older_alert_against_what_its_evidence_says(watch, rule, usual):
    """An alert from before baselines were kept is held against the share that it fired against, not its own outage."""
    code, bad = (500, 0.08) if rule == "api_5xx_spike" else (404, 0.2)
    evidence = f'{{"span": "5 min", "bad": 80, "baseline_ratio": {usual}}}'
    id = await new_alert(watch.conn, rule, subject="gateway", minutes=20 * 60, fired_evidence=evidence)
    await hourly(watch.hound, [bad] * 20 + [0.01] * 4, code=code)
    await watch.hound.requests(status_code=code, requests=int(1000 * bad), occurred_at="-1m")
    await watch.hound.requests(requests=1000 - int(1000 * bad), occurred_at="-1m")
    for _ in range(3):
        await watch.tick()
        await watch.later(seconds=130)
    assert await watch.state(rule, subject="gateway") == ("breach", "firing")
    assert await watch.timeline(id) == []
    await watch.conn.execute("update hound.api_requests set status_code = 200 where occurred_at > $1", watch.ago_at(10))
    for _ in range(2):
        await watch.tick()
        await watch.later(seconds=130)
    assert await watch.state(rule, subject="gateway") == ("ok", "recovered")


async def test_it_goes_on_judging_an_older_alert_of_a_small_service(watch):
    """A service with an open alert from before stays judged where fifty others have more requests."""
    evidence = '{"span": "5 min", "bad": 80, "baseline_ratio": 0.01}'
    await new_alert(watch.conn, "api_5xx_spike", subject="small", fired_evidence=evidence)
    for number in range(50):
        await watch.hound.requests(service=f"s{number}", requests=900, occurred_at="-1m")
    await watch.hound.requests(service="small", status_code=500, requests=200, occurred_at="-1m")
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="small") == ("breach", "firing")


async def test_it_fires_on_the_day_after_an_outage(watch):
    """The day after 8 h of total outage a share of 10 % is an outage again: a mean would call it usual."""
    await hourly(watch.hound, [0.01] * 8 + [1] * 8 + [0.01] * 8)
    await watch.hound.requests(status_code=500, requests=100, occurred_at="-1m")
    await watch.hound.requests(requests=900, occurred_at="-1m")
    await watch.tick()
    alert = await watch.alert("api_5xx_spike")
    assert (alert["state"], alert["value"], alert["baseline"]) == ("firing", 0.1, 0.01)


async def test_it_replays_an_outage_that_lasts(watch):
    """In the back-test, too, an outage of 20 h fires once and does not recover while it lasts."""
    await watch.conn.execute(
        "insert into hound.api_requests (occurred_at, environment, service, status_code, requests)"
        " select at, 'prod', 'gateway', code, case when (code = 500) = (at > $1::timestamptz - interval '20 hours')"
        " then 90 else 1010 end from generate_series($1::timestamptz - interval '46 hours', $1, interval '1 minute')"
        " as at, unnest(array[200, 500]) as code where (code = 200) or at > $1::timestamptz - interval '20 hours'",
        watch.hound.now,
    )
    moments = instants_to_judge(watch.hound.now, timedelta(hours=22), timedelta(minutes=20))
    source = Source(watch.pool, "hound", "UTC")
    (firing,) = await backtest(source, DEFAULTS, "api_5xx_spike", "prod", moments)
    assert 19 * 60 < watch.ago(firing.fired_at) <= 20 * 60
    assert firing.recovered_at is None


async def test_it_waits_for_counts_that_come_late(watch):
    """With a delay of ten minutes the five minutes before them are judged, and what came since is not."""
    watch.set_rule("api_5xx_spike", delay_minutes=10)
    await watch.hound.requests(status_code=500, requests=300, occurred_at="-12m")
    await watch.hound.requests(service="later", status_code=500, requests=300, occurred_at="-8m")
    await watch.tick()
    assert await watch.states("api_5xx_spike") == {("prod", "gateway"): ("breach", "firing")}


async def test_it_knows_nothing_where_no_counts_come(watch):
    """Where five minutes hold no request the services of the day before have no verdict; nulls have a name."""
    await watch.conn.execute("alter table hound.api_requests alter service drop not null")
    await watch.hound.requests(service=None, requests=500, occurred_at="-9m")
    await watch.hound.requests(service="gateway", requests=400, occurred_at="-20h")
    await watch.hound.requests(service="yesterday", requests=400, occurred_at="-25h")
    await watch.hound.requests(service="nothing", requests=0, occurred_at="-1m")
    await watch.tick()
    assert await watch.states("api_5xx_spike") == {
        ("prod", "unspecified"): ("no_data", "ok"),
        ("prod", "gateway"): ("no_data", "ok"),
    }


STRANGERS = """
insert into hound.api_requests (occurred_at, environment, service, status_code, requests)
select $1::timestamptz - make_interval(mins => 60 * hour + 30), 'prod', 'host-' || n, 200, 1 + n % 7
from generate_series(0, 3) as hour, generate_series(1, 4000) as n
"""


async def test_it_keeps_no_hours_of_thousands_of_services(watch):
    """Of 4,000 names that strangers chose it keeps the hours of the 50 with the most requests and of those judged."""
    await watch.conn.execute(STRANGERS, watch.hound.now)
    usual, source = BaselineHours(), Source(watch.pool, "hound", "UTC")

    async def answered() -> Answered:
        figures = await read_figures(source, "prod", DEFAULTS, frozenset({"requests"}), usual=usual)
        assert isinstance(figures.requests, RequestFigures)
        return figures.requests.by_delay[0]

    assert len(known_before((await answered()).hours)) == MOST
    await watch.hound.requests(service="failing", status_code=500, requests=300, occurred_at="-1m")
    for number in range(1000):
        await watch.hound.requests(service=f"host-{number}", requests=1, occurred_at="-1m")
    assert len((await answered()).recent) > 1000
    for _, kept in usual.requests._kept.values():
        assert "failing" in kept.names
        assert len(kept.names) <= 2 * MOST
        assert [hour.keys() - kept.names for hour in kept.hours if hour.keys() - kept.names] == []


async def test_it_reads_the_hours_of_a_service_that_begins_to_stand_out(watch):
    """What is usual of a service that no look at the hours has kept is read once it is needed, in the same minute."""
    await watch.conn.execute(STRANGERS, watch.hound.now)
    await hourly(watch.hound, [0.08] * 3, service="small", whole=150)
    await watch.conn.execute("update hound.api_requests set requests = requests * 1000 where service like 'host%'")
    await watch.tick()
    assert ("prod", "small") not in await watch.states("api_5xx_spike")  # nothing came, and fifty others are larger
    await watch.hound.requests(service="small", status_code=500, requests=80, occurred_at="-1m")
    await watch.hound.requests(service="small", requests=920, occurred_at="-1m")
    await watch.tick()
    assert await watch.state("api_5xx_spike", subject="small") == ("ok", "ok")


@pytest.mark.parametrize(("code", "verdict"), [(499, "insufficient"), (460, "insufficient"), (498, "breach")])
async def test_it_blames_nobody_for_hang_ups(watch, code, verdict):
    """Clients that hang up are no 4xx: 499 and 460 are in no share and in no sample."""
    await watch.hound.requests(status_code=code, requests=500, occurred_at="-1m")
    await watch.hound.requests(requests=50, occurred_at="-1m")
    await watch.tick()
    assert (await watch.state("api_4xx_spike", subject="gateway"))[0] == verdict
