from houndmon.commands.demo import epilog
from houndmon.demo.incidents import INCIDENTS, OPENING
from houndmon.rulebook.book import NAMES


def test_its_help_tells_where_each_rule_is_at_work() -> None:
    """The help of `houndmon demo` names every incident and every rule, and the one that it cannot show."""
    told = epilog()
    assert [name for name in (*INCIDENTS, *NAMES) if name not in told] == []
    assert "source_lagging cannot be shown" in told


def test_its_incidents_are_about_rules_that_there_are() -> None:
    """Each incident names the rule that should fire."""
    assert {one.rule for one in (*INCIDENTS.values(), OPENING)} <= set(NAMES)


def test_its_incidents_fit_into_the_feed() -> None:
    """What is told of an incident's beginning is not cut off."""
    assert all(len(f"{one.title}. {one.expect}") <= 200 for one in (*INCIDENTS.values(), OPENING))
