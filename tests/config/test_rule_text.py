from houndmon.config.defaults import RULES
from houndmon.config.rule_text import hold_text, owner_text


def test_it_says_how_long_and_whose() -> None:
    """No hold is at once; a burn rule without an owner is its level's."""
    assert [hold_text(RULES[rule]) for rule in ("queue_age", "slo_burn_fast")] == ["1m", "at once"]
    assert [owner_text(RULES[rule]) for rule in ("queue_age", "slo_burn_fast")] == [
        "transcode on-call",
        "the level's owner",
    ]
