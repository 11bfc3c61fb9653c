import msgspec
import pytest

from houndmon.config.defaults import RULES
from houndmon.config.words import condition, hold, owner


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("queue_age", "oldest queued job > 15 min"),
        ("queue_failure_ratio", "> 5 % of jobs fail in 1h (95 % sure)"),
        ("api_5xx_spike", "> 2 % 5xx in 5m (95 % sure), > 3 times the day before"),
        ("slo_burn_slow", "budget burns > 2 times over 6h and 30m"),
        ("source_unreadable", "a relation or the source cannot be read"),
        ("counts_differ", "a served figure is not that of the rows"),
    ],
)
def test_it_says_when_a_rule_is_true(rule, words: str) -> None:
    """In the units in which its threshold is written."""
    assert condition(RULES[rule]) == words


def test_it_says_the_configured_figures() -> None:
    """What the file changes is what the words say; every rule has some."""
    assert condition(msgspec.structs.replace(RULES["queue_age"], threshold=7.5)) == "oldest queued job > 7.5 min"
    spike = msgspec.structs.replace(RULES["api_4xx_spike"], baseline_factor=0)
    assert condition(spike) == "> 10 % 4xx in 5m"
    assert len({condition(rule) for rule in RULES.values()}) == len(RULES)


def test_it_says_how_long_and_whose() -> None:
    """No hold is at once; a burn rule without an owner is its level's."""
    assert [hold(RULES[rule]) for rule in ("queue_age", "slo_burn_fast")] == ["1m", "at once"]
    assert [owner(RULES[rule]) for rule in ("queue_age", "slo_burn_fast")] == ["transcode on-call", "the level's owner"]
