"""What explains what: by the rules' own table, causes at the roots, no circle."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.alerts.explanation import root_causes
from houndmon.rulebook.book import BOOK

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass(frozen=True)
class One:
    """An open alert, as far as its explanation goes."""

    id: str
    rule: str
    subject: str | None = None
    environment: Any = "prod"
    state: Any = "firing"
    severity: Any = "critical"
    fired_at: datetime = NOW
    recovered_at: datetime | None = None


def causes(*alerts: One) -> dict[str, str]:
    """The id of the cause of each alert that has one."""
    return {id: cause.id for id, cause in root_causes(alerts).items()}


def keys() -> Iterator[tuple[str, str | None]]:
    """Every rule with each of its subjects."""
    for rule, spec in BOOK.items():
        for subject in (None, "gateway", *spec.subjects):
            yield rule, subject


@st.composite
def alerts(draw: st.DrawFn) -> list[One]:
    """Open alerts of both environments."""
    found = []
    for number, (rule, subject) in enumerate(draw(st.lists(st.sampled_from(list(keys())), max_size=10, unique=True))):
        fired_at = NOW - timedelta(minutes=draw(st.integers(0, 60)))
        recovered_at = draw(st.sampled_from([None, fired_at + timedelta(minutes=3)]))
        one = One(str(number), rule, subject, draw(st.sampled_from(["prod", "staging"])), fired_at=fired_at)
        found.append(replace(one, state="recovered" if recovered_at else "firing", recovered_at=recovered_at))
    return found


@given(alerts(), st.randoms())
def test_it_leads_to_a_root(open_alerts, random):
    """A cause is itself explained by nothing, whatever the order in which the alerts are read."""
    found = causes(*open_alerts)
    assert not set(found.values()) & set(found)
    random.shuffle(open_alerts)
    assert causes(*open_alerts) == found


def test_it_runs_in_no_circle():
    """No rule explains, by whatever way, one that explains it: not even with every alert open at once."""
    for state in ("firing", "recovered"):
        everything = [
            One(f"{rule} {subject} {environment}", rule, subject, environment, state, recovered_at=None)
            for rule, subject in keys()
            for environment in ("prod", "staging")
        ]
        found = causes(*everything)
        assert not set(found.values()) & set(found)


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        (("worker_heartbeat_missing", None), ("queue_age", None)),
        (("worker_heartbeat_missing", None), ("queue_stalled", None)),
        (("worker_heartbeat_missing", None), ("slo_burn_fast", "heartbeat_freshness")),
        (("queue_stalled", None), ("queue_age", None)),
        (("queue_failure_ratio", None), ("slo_burn_slow", "transcode_success")),
        (("playback_failure_ratio", None), ("slo_burn_day", "playback_success")),
        (("slo_burn_fast", "playback_success"), ("slo_burn_slow", "playback_success")),
        (("slo_burn_slow", "playback_success"), ("slo_burn_day", "playback_success")),
        (("source_unreadable", None), ("source_unreadable", "tracks")),
    ],
)
def test_it_explains_a_symptom_by_its_cause(cause, effect):
    """The cause explains the symptom, never the other way round, and only within one environment."""
    one, other = One("1", *cause), One("2", *effect)
    assert causes(one, other) == {"2": "1"}
    if cause[0] != "source_unreadable":
        assert causes(one, replace(other, environment="staging")) == {}


@pytest.mark.parametrize(
    ("cause", "effect"),
    [
        (("slo_burn_fast", "playback_success"), ("slo_burn_slow", "transcode_success")),
        (("playback_failure_ratio", None), ("slo_burn_fast", "transcode_success")),
        (("api_5xx_spike", "gateway"), ("playback_failure_ratio", None)),
        (("source_unreadable", "tracks"), ("source_unreadable", "releases")),
    ],
)
def test_it_explains_nothing_else(cause, effect):
    """What stands beside an alert is no explanation of it."""
    assert causes(One("1", *cause), One("2", *effect)) == {}


def test_it_leads_through_a_chain_to_its_end():
    """Plays fail, the budget burns fast, slowly and by the day: the plays are the cause of all three."""
    burns = [One(name, name, "playback_success") for name in ("slo_burn_fast", "slo_burn_slow", "slo_burn_day")]
    found = causes(*burns, One("1", "playback_failure_ratio"))
    assert found == dict.fromkeys(("slo_burn_fast", "slo_burn_slow", "slo_burn_day"), "1")


def test_it_tells_an_unreadable_relation_once():
    """What cannot be read is the same in both environments: one alert explains the other."""
    here = One("1", "source_unreadable", "tracks", "prod")
    assert causes(here, replace(here, id="2", environment="staging")) == {"2": "1"}
    assert causes(here, replace(here, id="2", environment="staging", subject="releases")) == {}


def test_it_outlasts_its_cause_only_in_a_budget():
    """A queue that still ages once its cause has recovered stands for itself; a budget burns on for hours."""
    worker = One("1", "worker_heartbeat_missing", state="recovered", recovered_at=NOW + timedelta(minutes=9))
    assert causes(worker, One("2", "queue_age")) == {}
    assert causes(worker, One("2", "slo_burn_day", "heartbeat_freshness")) == {"2": "1"}


def test_it_explains_nothing_that_was_over_before():
    """An alert that recovered before another fired, and waits for its notes, is none of its symptoms."""
    over = One(
        "2", "queue_age", state="recovered", fired_at=NOW - timedelta(hours=1), recovered_at=NOW - timedelta(minutes=30)
    )
    assert causes(One("1", "worker_heartbeat_missing"), over) == {}
