import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.rules.healthy import found, requests, with_rule
from houndmon.core.stats import wilson


def day(bad_4xx=0, bad_5xx=0, whole=1000, name="gateway"):
    """24 hours that are alike."""
    return [[(name, whole, bad_4xx, bad_5xx)]] * 24


@pytest.mark.parametrize(
    ("whole", "bad", "before", "verdict", "clears"),
    [
        (99, 99, 0, "insufficient", False),
        (99, 0, 0, "insufficient", True),
        (100, 4, 0, "ok", True),  # low end 1.6 %
        (100, 5, 0, "breach", False),  # low end 2.2 %
        (200, 7, 0, "ok", True),  # low end 1.7 %
        (200, 8, 0, "breach", False),  # low end 2.04 %
        (1000, 150, 50, "ok", True),  # just 3 times its baseline
        (1000, 151, 50, "breach", False),
        (1000, 276, 100, "ok", True),
        (1000, 277, 100, "breach", False),  # low end 25.02 %: above the ceiling, whatever is usual
        (0, 0, 0, "no_data", False),
    ],
)
def test_it_judges_5xx(whole, bad, before, verdict, clears):
    """`api_5xx_spike` needs 100 requests, and the low end above 2 % with 3 times the usual share, or above 25 %."""
    now = [("gateway", whole, 0, bad), ("other", 1, 0, 0)]
    one = found("api_5xx_spike", requests=requests(now, *day(bad_5xx=before)))["gateway"]
    assert (one.verdict, one.clears, one.sample_count) == (verdict, clears, whole)
    assert one.value == (bad / whole if whole else None)


@pytest.mark.parametrize(
    ("whole", "bad", "before", "verdict"),
    [
        (99, 99, 0, "insufficient"),
        (100, 10, 0, "ok"),  # just 10 %
        (100, 11, 0, "breach"),
        (1000, 300, 100, "ok"),  # just 3 times its baseline
        (1000, 301, 100, "breach"),
        (1000, 110, 40, "ok"),
        (1000, 500, 400, "ok"),  # just the ceiling
        (1000, 501, 400, "breach"),
    ],
)
def test_it_judges_4xx(whole, bad, before, verdict):
    """`api_4xx_spike` needs 100 requests, and a share above 10 % and 3 times the usual one, or above 50 %."""
    one = found("api_4xx_spike", requests=requests([("gateway", whole, bad, 0)], *day(before)))["gateway"]
    assert (one.verdict, one.sample_count) == (verdict, whole)


ANSWERS = st.tuples(st.integers(0, 300), st.integers(0, 300), st.integers(0, 3000), st.integers(0, 200))
MEDIANS = {"api_5xx_spike": (0.02, 0.25), "api_4xx_spike": (0.1, 0.5)}


@given(st.sampled_from(sorted(MEDIANS)), ANSWERS, st.lists(ANSWERS, min_size=24, max_size=24))
def test_it_judges_by_the_numbers_book(rule, now, hours):
    """Any counts are judged as the book says, word by word: sample, bad ones, threshold, median of hours, ceiling."""

    def counted(counts):
        bad_4xx, bad_5xx, good, _ = counts
        return (bad_5xx if rule == "api_5xx_spike" else bad_4xx), bad_4xx + bad_5xx + good

    def row(counts):
        bad_4xx, bad_5xx, good, closed = counts
        return "gateway", bad_4xx + bad_5xx + good + closed, bad_4xx, bad_5xx, closed

    threshold, ceiling = MEDIANS[rule]
    bad, whole = counted(now)
    shares = sorted(part / all_ for part, all_ in map(counted, hours) if all_ >= 100)
    usual = shares[-(-len(shares) // 2) - 1] if shares else 0
    share = bad / whole if whole else 0
    measured = share if rule == "api_4xx_spike" else wilson(bad, whole).low or 0
    is_high = measured > ceiling or (measured > threshold and share > 3 * usual)
    expected = "breach" if is_high and bad >= 3 else "ok"
    if whole < 100:
        expected = "insufficient" if whole else "no_data"
    figures = requests([row(now)], *([row(hour)] for hour in hours))
    verdicts = {one.verdict for one in found(rule, requests=figures).values()}
    assert verdicts == {expected}


def test_it_bears_eleven_bad_hours():
    """The usual share is a median: 11 hours of outage move it by nothing, and 12 by all of a nearest rank."""
    bad, good = [("gateway", 1000, 0, 400)], [("gateway", 1000, 0, 10)]
    for count, usual in ((0, 0.01), (11, 0.01), (12, 0.01), (13, 0.4)):
        figures = requests([("gateway", 1000, 0, 80)], *[bad] * count, *[good] * (24 - count))
        assert found("api_5xx_spike", requests=figures)["gateway"].baseline == usual


def test_it_leaves_thin_hours_out():
    """An hour with less than the smallest sample says nothing of what is usual; where all are thin that is nothing."""
    thin, thick = [("gateway", 99, 0, 99)], [("gateway", 100, 0, 1)]
    spike = [("gateway", 1000, 0, 80)]
    one = found("api_5xx_spike", requests=requests(spike, *[thin] * 23, thick))["gateway"]
    assert (one.verdict, one.baseline) == ("breach", 0.01)
    assert found("api_5xx_spike", requests=requests(spike, *[thin] * 24))["gateway"].baseline == 0


def test_it_holds_an_open_alert_against_what_was_usual_when_it_fired():
    """However usual an outage has become, an open alert is held against the share of the moment when it fired."""
    spike = requests([("gateway", 1000, 0, 100)], *day(bad_5xx=100))
    assert found("api_5xx_spike", requests=spike)["gateway"].verdict == "ok"
    held = {("api_5xx_spike", "gateway"): 0.01}
    one = found("api_5xx_spike", requests=spike, held=held)["gateway"]
    assert (one.verdict, one.clears, one.baseline, one.evidence["baseline_ratio"]) == ("breach", False, 0.01, 0.01)


def test_it_counts_hang_ups_nowhere():
    """Requests whose client hung up are neither bad nor good: 60 of 60 that were answered are too few to judge."""
    one = found("api_5xx_spike", requests=requests([("gateway", 900, 0, 60, 840)]))["gateway"]
    assert (one.verdict, one.value, one.sample_count) == ("insufficient", 1, 60)
    one = found("api_5xx_spike", requests=requests([("gateway", 1000, 0, 60, 900)]))["gateway"]
    assert (one.verdict, one.value, one.sample_count) == ("breach", 0.6, 100)
    one = found("api_5xx_spike", requests=requests([("gateway", 900, 0, 0, 900)]))["gateway"]
    assert (one.verdict, one.value, one.sample_count) == ("no_data", None, 0)


def test_it_judges_each_service_by_itself():
    """Each service of the last five minutes has its own verdict; one that is silent now has none."""
    then = [("gateway", 9000, 0, 900), ("gone", 9000, 0, 9000), ("functions", 0, 0, 0)]
    now = requests([("gateway", 1000, 0, 200), ("functions", 1000, 0, 200), ("calm", 900, 0, 0)], *[then] * 24)
    spikes = found("api_5xx_spike", requests=now)
    verdicts = {"gateway": "ok", "functions": "breach", "calm": "ok"}
    assert {name: one.verdict for name, one in spikes.items()} == verdicts
    usual = {name: one.evidence["baseline_ratio"] for name, one in spikes.items()}
    assert usual == {"gateway": 0.1, "functions": 0, "calm": 0}


def test_it_says_nothing_of_hours_that_were_not_kept():
    """Of a service whose hours were not kept, for it is calm, nobody says that 0 % were usual."""
    now = requests([("gateway", 1000, 0, 200), ("calm", 900, 0, 0)], *day(bad_5xx=100))
    (answered,) = now.by_delay.values()
    answered.kept = frozenset({"gateway"})
    calm = found("api_5xx_spike", requests=now)["calm"]
    assert (calm.verdict, calm.baseline, calm.reason) == (
        "ok",
        None,
        "none of 900 requests answered 5xx in the last 5 min",
    )


def test_it_judges_the_fifty_busiest():
    """Of many services the 50 with the most requests are judged, ties by name; and those with an open alert."""
    many = [(f"host-{number:02}", 500 if number < 10 else 100, 0, 0) for number in range(60)]
    quiet = requests([*many, ("down", 1, 0, 1)])
    judged = found("api_5xx_spike", requests=quiet)
    assert list(judged) == [f"host-{number:02}" for number in range(50)]
    held = {("api_5xx_spike", "down"): 0.0, ("api_4xx_spike", "host-59"): 0.0}
    assert list(found("api_5xx_spike", requests=quiet, held=held)) == [*judged, "down"]


@pytest.mark.parametrize("now", [[], [("gateway", 0, 0, 0)]])
def test_it_tells_late_telemetry_from_health(now):
    """Five minutes without any request: nothing is known of the 50 services with the most in the 24 h before."""
    hour = [(f"host-{number:02}", 60 - number, 0, 0) for number in range(60)]
    found_now = found("api_5xx_spike", requests=requests(now, hour, [("host-59", 500, 0, 500)]))
    assert list(found_now) == ["host-59", *(f"host-{number:02}" for number in range(49))]
    assert {(one.verdict, one.value, one.clears) for one in found_now.values()} == {("no_data", None, False)}
    assert found("api_5xx_spike", requests=requests(now)) == {}


def test_it_obeys_its_configuration():
    """Factor and ceiling are a matter of the configuration; a factor of 0 asks for no baseline."""
    spike = requests([("gateway", 100, 0, 20)], *day(bad_5xx=100))
    assert found("api_5xx_spike", requests=spike)["gateway"].verdict == "ok"
    for changes in ({"baseline_factor": 1.5}, {"baseline_factor": 0}, {"ceiling": 0.1}):
        config = with_rule("api_5xx_spike", **changes)
        assert found("api_5xx_spike", config=config, requests=spike)["gateway"].verdict == "breach"


def test_it_moves_its_window_back():
    """A rule whose counts come late is judged on the five minutes before its delay, and says so."""
    now, before = requests([("gateway", 100, 0, 0)]), requests([("gateway", 100, 0, 50)], delay=10)
    figures = msgspec.structs.replace(now, by_delay=now.by_delay | before.by_delay)
    config = with_rule("api_5xx_spike", delay_minutes=10)
    one = found("api_5xx_spike", config=config, requests=figures)["gateway"]
    said = "50 of 100 requests answered 5xx in the 5 min until 10 min ago (50%)"
    assert (one.verdict, one.reason) == ("breach", said)
    assert found("api_5xx_spike", requests=figures)["gateway"].verdict == "ok"
