import pytest

from evaluator.rules.healthy import beats, found, playing, publishing, queue
from houndmon.config.defaults import DEFAULTS
from houndmon.rulebook.budget import BURN_RULES, BURN_SPANS_OF


def spans_of(rule, long, short):
    """Two figures by the long and the short span of a burn rule."""
    return {f"in_{span}": figures for span, figures in zip(BURN_SPANS_OF[rule], (long, short), strict=True)}


@pytest.mark.parametrize(
    ("rule", "long", "short", "value", "verdict"),
    [
        # playback_success: 99 %, so 1 % of failures burns at 1
        ("slo_burn_fast", (70, 1000), (70, 1000), 7, "breach"),
        ("slo_burn_fast", (70, 1000), (50, 1000), 5, "ok"),  # the trouble is over
        ("slo_burn_fast", (50, 1000), (1000, 1000), 5, "ok"),  # the trouble is young
        ("slo_burn_fast", (1000, 1000), (1000, 1000), 100, "breach"),
        ("slo_burn_slow", (19, 1000), (30, 1000), 1.9, "ok"),
        ("slo_burn_slow", (21, 1000), (30, 1000), 2.1, "breach"),
        ("slo_burn_day", (9, 1000), (30, 1000), 0.9, "ok"),
        ("slo_burn_day", (11, 1000), (30, 1000), 1.1, "breach"),
    ],
)
def test_it_judges_burn_rates(rule, long, short, value, verdict):
    """A burn rule compares the lower burn of its two spans with its threshold."""
    one = found(rule, playing=playing(0, 1000, **spans_of(rule, long, short)))["playback_success"]
    assert (one.verdict, one.clears, one.sample_count) == (verdict, verdict == "ok", short[1])
    assert one.value == pytest.approx(value)
    assert list(one.evidence) == list(BURN_SPANS_OF[rule])


def test_it_reads_the_spans_of_each_burn_rule():
    """Fast burns are of an hour and 5 minutes, slow ones of 6 hours and 30 minutes, a day's of 24 and 2 hours."""
    spans = {"slo_burn_fast": ("1h", "5m"), "slo_burn_slow": ("6h", "30m"), "slo_burn_day": ("24h", "2h")}
    for rule, pair in spans.items():
        bad = playing(0, 1000, **{f"in_{span}": (500, 1000) for span in pair})
        breaches = {name for name in BURN_RULES if found(name, playing=bad)["playback_success"].verdict == "breach"}
        assert breaches == {rule}


@pytest.mark.parametrize(("bad", "verdict"), [(1, "ok"), (2, "ok"), (3, "breach")])
def test_it_needs_three_bad_events_in_the_short_span(bad, verdict):
    """Fewer than three bad events in the shorter span burn no budget worth waking for; nor are they health."""
    plays = playing(0, 1000, **spans_of("slo_burn_fast", (500, 1000), (bad, bad)))
    one = found("slo_burn_fast", playing=plays)["playback_success"]
    assert (one.verdict, one.clears) == (verdict, False)


@pytest.mark.parametrize("spans", [((500, 1000), (0, 0)), ((0, 0), (0, 0))])
def test_it_finds_no_data_without_events_in_either_span(spans):
    """Without events in one of its spans a burn rule has nothing to judge, and that is no health."""
    one = found("slo_burn_fast", playing=playing(0, 1000, **spans_of("slo_burn_fast", *spans)))["playback_success"]
    assert (one.verdict, one.value, one.clears) == ("no_data", None, False)


def test_it_says_how_many_times_the_budget_burns():
    """A reason reads as a person would say it: how many times the budget, over which spans."""
    plays = playing(0, 1000, **spans_of("slo_burn_fast", (70, 1000), (90, 1000)))
    burning = found("slo_burn_fast", playing=plays)["playback_success"]
    assert burning.reason == "burn rate 7× over 1 h, and 9× over 5 min"


def test_it_burns_the_budget_of_every_level():
    """Each level burns by its own events: tracks not live in time, failed jobs, failed plays, silent seconds."""
    parts = {
        "upload_to_live": {"publishing": publishing(in_time=0, late=30, overdue=70)},
        "transcode_success": {"queue": queue(failed=50, completed=50)},
        "playback_success": {"playing": playing(500, 1000)},
        "heartbeat_freshness": {"beats": beats(500, [(86_520, 86_510), (500, None)])},
    }
    for level, part in parts.items():
        verdicts = {subject: one.verdict for subject, one in found("slo_burn_fast", **part).items()}
        assert verdicts == dict.fromkeys(DEFAULTS.levels, "ok") | {level: "breach"}


@pytest.mark.parametrize(
    ("silent", "verdict"),
    [(0, "ok"), (20, "ok"), (21, "ok"), (22, "breach")],  # of 3,630 s, at 0.1 % allowed: 6 is spent at 21.8 s
)
def test_it_burns_the_budget_of_heartbeats_by_the_second(silent, verdict):
    """Freshness is a matter of time: it needs no three bad events, and burns by seconds without a fresh beat."""
    age = 120 + silent
    one = found("slo_burn_fast", beats=beats(age, [(86_520, 86_510), (age, None)]))["heartbeat_freshness"]
    assert one.verdict == verdict
    assert one.value == pytest.approx(silent / 3630 / 0.001)


def test_it_has_no_heartbeat_level_where_none_ever_beat():
    """With no beat ever there is no freshness to burn."""
    one = found("slo_burn_day", beats=beats(), queue=queue())["heartbeat_freshness"]
    assert (one.verdict, one.value) == ("no_data", None)
