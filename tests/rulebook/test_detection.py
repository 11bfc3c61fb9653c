import math

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from houndmon.config.defaults import LEVELS, RULES
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.budget import BURN_RULES, BURN_SPANS_OF, burn_seconds, share_needed, unseen_levels
from houndmon.rulebook.detection import TICK_SECONDS
from houndmon.rulebook.levels import LevelName, ServiceLevel
from houndmon.rulebook.spec import Rule
from houndmon.rulebook.units import RATIO

WITH_THRESHOLD = [rule for rule in RULES.values() if rule.threshold is not None]
HOLDS = st.integers(0, 7 * 86400)


def thresholds(rule: Rule) -> st.SearchStrategy[float]:
    """Thresholds that the configuration accepts for a rule, at the default objectives."""
    if BOOK[rule.name].unit is RATIO:
        return st.floats(0, 1, exclude_min=True, exclude_max=True)
    most = 1e6
    if rule.name in BURN_RULES:
        most = 1 / (1 - min(level.objective for level in LEVELS.values()))
    return st.floats(0, most, exclude_min=True, exclude_max=True)


def seconds(rule: Rule) -> float:
    found = BOOK[rule.name].detection_seconds(rule, LEVELS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("queue_age", 15 * 60 + 60 + 5),
        ("queue_stalled", 16 * 60 + 60 + 5),
        ("queue_failure_ratio", 0.05 * 61 * 60 + 5),
        ("worker_heartbeat_missing", 125),
        ("playback_failure_ratio", 0.03 * 16 * 60 + 5),
        ("api_5xx_spike", 0.02 * 6 * 60 + 5),
        ("api_4xx_spike", 0.1 * 6 * 60 + 5),
        ("traffic_absent", 31 * 60 + 5),
        ("job_stuck", 10 * 60 + 5 * 60 + 5),
        ("queue_retrying", 61 * 60 + 5 * 60 + 5),
        ("playback_abandoned", 0.25 * 16 * 60 + 5),
        ("upload_rejection_ratio", 0.15 * 61 * 60 + 5),
        ("source_lagging", 60 + 60 + 5),
        ("slo_burn_fast", 0.06 * 61 * 60 + 5),  # of playback or transcodes; beats come sooner, tracks never
        ("slo_burn_slow", 10 * 60 + 0.1 * 351 * 60 + 5),  # of tracks, which are late only after 10 minutes
        ("slo_burn_day", 10 * 60 + 0.05 * 1431 * 60 + 5),
        ("source_unreadable", 65),
        ("counts_differ", 3605),
    ],
)
def test_it_tells_how_long_a_total_failure_goes_unseen(rule, expected: float) -> None:
    """By the defaults, each rule's arithmetic gives the time that its definition implies."""
    assert seconds(RULES[rule]) == pytest.approx(expected)


@given(st.data())
def test_it_takes_longer_for_a_higher_threshold(data: st.DataObject) -> None:
    """The time never falls as the threshold rises, and is never infinite."""
    rule = data.draw(st.sampled_from(WITH_THRESHOLD))
    low, high = sorted(data.draw(st.tuples(thresholds(rule), thresholds(rule))))
    sooner, later = (seconds(msgspec.structs.replace(rule, threshold=t)) for t in (low, high))
    assert TICK_SECONDS <= sooner <= later < math.inf


@given(st.sampled_from(sorted(RULES)), HOLDS, HOLDS)
def test_it_takes_longer_for_a_longer_hold(name, one: int, other: int) -> None:
    """Each second of `for` is a second more."""
    first, second = (seconds(msgspec.structs.replace(RULES[name], hold_seconds=hold)) for hold in (one, other))
    assert second - first == pytest.approx(other - one)


@given(
    st.sampled_from(BURN_RULES),
    st.sampled_from(sorted(LEVELS)),
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.floats(0, 1e6, exclude_min=True),
)
def test_it_sees_a_failure_before_its_window_is_full_of_it(rule, level, objective: float, threshold: float) -> None:
    """A burn threshold that is accepted is passed before the longer window holds nothing but failures."""
    assume(share_needed(threshold, objective) < 1)
    burn = msgspec.structs.replace(RULES[rule], threshold=threshold)
    found = burn_seconds(burn, msgspec.structs.replace(LEVELS[level], objective=objective))
    delay = 120 if level == "heartbeat_freshness" else 0
    hours = int(BURN_SPANS_OF[burn.name][0].removesuffix("h"))
    assert found is None or found <= delay + hours * 3600 + 60


def test_it_owns_to_the_levels_that_a_burn_rule_never_sees() -> None:
    """A window shorter than the limit of a level holds no late event: the fast rule cannot see late tracks."""
    assert {name: unseen_levels(RULES[name], LEVELS) for name in BURN_RULES} == {
        "slo_burn_fast": ["upload_to_live"],
        "slo_burn_slow": [],
        "slo_burn_day": [],
    }


def test_it_never_sees_a_rule_that_is_blind_to_every_level() -> None:
    """A burn rule with no level to see has no time."""
    tracks: dict[LevelName, ServiceLevel] = {"upload_to_live": LEVELS["upload_to_live"]}
    assert BOOK["slo_burn_fast"].detection_seconds(RULES["slo_burn_fast"], tracks) is None
