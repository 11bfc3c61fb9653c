import msgspec
import pytest

from houndmon.config.defaults import RULES
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.spec import Rule, RuleSpec


def condition(rule: Rule) -> str:
    return BOOK[rule.name].condition(rule)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("queue_age", "oldest queued job > 15 min"),
        ("queue_failure_ratio", "> 5 % of jobs fail in 1h (95 % confidence)"),
        ("api_5xx_spike", "> 2 % 5xx in 5m (95 % confidence), and > 3 times the usual; or > 25 %"),
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


@pytest.mark.parametrize("field", RuleSpec.__struct_fields__)
def test_it_refuses_half_a_spec(field: str) -> None:
    """A spec that lacks any of its fields cannot be made, and so does not import."""
    whole = {name: getattr(BOOK["queue_age"], name) for name in RuleSpec.__struct_fields__}
    assert RuleSpec(**whole) == BOOK["queue_age"]
    with pytest.raises(TypeError, match=field):
        RuleSpec(**{name: value for name, value in whole.items() if name != field})


@pytest.mark.parametrize(
    ("rule", "subject", "panel", "area", "stage"),
    [
        ("queue_age", None, "transcode", "transcode", "transcode"),
        ("api_5xx_spike", "ingest", "api", "api", None),
        ("traffic_absent", "ingest", "ingest", "ingest", "upload"),
        ("traffic_absent", "playback", "playback", "playback", "play"),
        ("slo_burn_day", "upload_to_live", "publish", "publish", "publish"),
        ("slo_burn_day", "heartbeat_freshness", "workers", "workers", "worker"),
        ("slo_burn_day", "a level of old", "alerts", "houndmon", None),
        ("source_unreadable", "tracks", "alerts", "source", None),
        ("counts_differ", None, "alerts", "houndmon", None),
    ],
)
def test_it_knows_what_an_alert_is_about(
    rule: str, subject: str | None, panel: str, area: str, stage: str | None
) -> None:
    """Panel, area and stage are those of the subject where the rule has several, else those of the rule."""
    about = BOOK[rule].of(subject)
    assert (about.panel, about.area, about.stage) == (panel, area, stage)


def test_it_gives_a_rule_its_own_runbook() -> None:
    """The runbook is houndmon's own, unless another is given."""
    bare = Rule(name="queue_age", owner_role=None, response_target_minutes=5)
    assert bare.runbook_url == "/runbooks/queue_age"
    assert msgspec.structs.replace(bare, runbook_url="https://wiki.example/q").runbook_url == "https://wiki.example/q"
