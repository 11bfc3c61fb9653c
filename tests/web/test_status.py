"""One struct says what is the matter: whatever is open, blind or absent, nothing in it contradicts the rest."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.alerts.explanation import root_causes
from houndmon.alerts.model import Alert
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.parts import STAGES
from houndmon.rulebook.spec import SEVERITIES
from houndmon.web.summary.answers import Answers
from houndmon.web.summary.blindness import Blindness
from houndmon.web.summary.status import assess
from houndmon.web.summary.text import summary_lines

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PLACES = ("api", *STAGES)


def alert(id: str, rule: str, **more) -> Alert:
    """An open alert of prod that fired five minutes ago."""
    fields: dict[str, Any] = {
        "id": id,
        "rule": rule,
        "environment": "prod",
        "subject": None,
        "state": "firing",
        "severity": "warning",
        "value": 1.0,
        "threshold": 1.0,
        "sample_count": None,
        "owner_role": "platform on-call",
        "response_target_minutes": 15.0,
        "runbook_url": f"/runbooks/{rule}",
        "fired_at": NOW - timedelta(minutes=5),
        "response_due_at": NOW + timedelta(minutes=10),
        "overdue": False,
        "closable": False,
        "flaps": 0,
        "finding": "found so",
    } | more
    none: dict[str, Any] = dict.fromkeys(Alert.__struct_fields__)
    return Alert(**none | fields)


@st.composite
def open_alerts(draw):
    """Some open alerts of one environment, one for each rule and subject, explained as the evaluator would have it."""
    keys = [(rule, subject) for rule, spec in BOOK.items() for subject in (None, *spec.subjects)]
    found = []
    for number, (rule, subject) in enumerate(draw(st.lists(st.sampled_from(keys), max_size=8, unique=True)), 1):
        state = draw(st.sampled_from(["firing", "recovered"]))
        fired_at = NOW - timedelta(minutes=draw(st.integers(0, 90)))
        clear = draw(st.booleans()) and state == "firing"
        found.append(
            alert(
                str(number),
                rule,
                subject=subject,
                state=state,
                severity=draw(st.sampled_from(SEVERITIES)),
                fired_at=fired_at,
                response_due_at=fired_at + timedelta(minutes=draw(st.integers(5, 60))),
                recovered_at=NOW if state == "recovered" else None,
                acknowledged_at=draw(st.sampled_from([None, NOW])),
                clear_since=NOW if clear else None,
                recovers_at=NOW + timedelta(minutes=2) if clear else None,
                latest_verdict=draw(st.sampled_from([None, "breach", "ok", "unknown", "no_data"])),
                latest_finding=draw(st.sampled_from([None, "no job is queued"])),
            )
        )
    for id, cause in root_causes(found).items():
        next(one for one in found if one.id == id).explained_by = cause.id
    return found


blindnesses = st.one_of(
    st.just(Blindness()),
    st.builds(
        Blindness,
        st.just("relation tracks cannot be read: it does not exist"),
        st.frozensets(st.sampled_from(PLACES)),
        st.booleans(),
    ),
)


@given(st.none() | open_alerts(), blindnesses, st.frozensets(st.sampled_from(["api_requests", "tracks"])))
def test_it_never_contradicts_itself(alerts, blindness, absent):
    """Indicator, sentence, stages, layers, tab and text are of one mind about what fires and what nobody can tell."""
    if alerts is None:
        blindness = Blindness("houndmon's own database cannot be read", everywhere=True)
    found = assess("prod", alerts, blindness, absent=absent)
    firing = [one for one in alerts or [] if one.state == "firing"]
    text = summary_lines("prod", found, Answers(), absent)
    is_well = found.status.indicator == "none"
    assert is_well == (not alerts and blindness.reason is None)
    assert is_well == (found.first.state == "ok") == (found.title == "")
    for said in (found.status.description, found.first.text, text):
        assert ("All is well" in said) == is_well
    assert found.first.text.startswith(found.status.description.partition(" houndmon cannot tell everything")[0])
    assert text.splitlines()[0].startswith(f"prod: {found.first.head}")
    assert len(text.splitlines()) <= 5
    assert (found.first.state == "broken") == bool(firing)
    assert (found.status.indicator == "critical") == any(one.severity == "critical" for one in firing)
    if blindness.reason:
        assert "houndmon cannot tell" in text
        assert found.title.startswith("?")
    states: dict[str | None, str] = {one.stage: one.state for one in found.stages} | {
        one.layer: one.state for one in found.layers
    }
    for place, state in states.items():
        of_it = [one for one in firing if place in (about(one).stage, about(one).layer)]
        assert (state in ("broken", "strained")) == bool(of_it), place
        if not of_it and blindness.hides(place):
            assert state in ("unknown", "absent"), place
    if found.first.state == "broken":
        assert states[found.first.stage or found.first.layer] in ("broken", "strained")


def about(one: Alert):
    """What an alert is about."""
    return BOOK[one.rule].of(one.subject)


@given(open_alerts())
def test_it_leads_with_a_cause(alerts):
    """What leads fires and is explained by nothing that does; its deadline is the earliest of what waits."""
    first = assess("prod", alerts, Blindness()).first
    if first.state != "broken":
        return
    lead = next(one for one in alerts if one.id == first.alert_id)
    firing = {one.id for one in alerts if one.state == "firing"}
    assert lead.id in firing
    assert lead.explained_by not in firing
    assert first.owner_role == lead.owner_role
    assert set(first.explains) == {one.id for one in alerts if one.explained_by == lead.id}
    if lead.acknowledged_at is None:
        waits = [one for one in alerts if one.id in firing and not one.explained_by and not one.acknowledged_at]
        assert first.response_due_at == min(one.response_due_at for one in [lead, *waits])


def test_it_sends_for_the_cause():
    """A queue that ages because no worker is alive is the worker's trouble, though the queue's stage comes first."""
    worker = alert("1", "worker_heartbeat_missing", severity="critical", owner_role="platform on-call")
    queue = alert("2", "queue_age", owner_role="transcode on-call", explained_by="1")
    found = assess("prod", [queue, worker], Blindness())
    assert (found.first.stage, found.first.owner_role, found.first.explains) == ("worker", "platform on-call", ["2"])
    assert [one.state for one in found.stages] == ["ok", "broken", "broken", "ok", "ok"]


def test_it_leads_with_the_worst_of_a_stage_and_the_first_deadline():
    """The most severe alert leads, and the deadline is the earliest of those that wait."""
    late = alert("1", "queue_failure_ratio", severity="warning", response_due_at=NOW + timedelta(minutes=30))
    soon = alert("2", "queue_stalled", severity="critical", response_due_at=NOW + timedelta(minutes=15))
    first = assess("prod", [late, soon], Blindness()).first
    assert (first.alert_id, first.severity) == ("2", "critical")
    assert first.response_due_at == NOW + timedelta(minutes=15)


def test_it_leads_with_what_does_not_recover():
    """What is broken now leads before what is on its way back, wherever in the chain the two are."""
    back = alert("1", "worker_heartbeat_missing", severity="critical", clear_since=NOW, recovers_at=NOW)
    found = assess("prod", [back, alert("2", "playback_abandoned", severity="warning")], Blindness())
    assert (found.first.alert_id, found.first.head) == ("2", "Play is broken")


def test_it_calls_the_api_what_it_is():
    """The API is a layer below the stages: while plays are well, nothing says that play is broken."""
    found = assess("prod", [alert("1", "api_5xx_spike", subject="gateway", severity="critical")], Blindness())
    assert (found.first.stage, found.first.layer, found.first.head) == (None, "api", "The API fails")
    assert found.first.evidence.endswith("; plays are not affected so far")
    assert {one.state for one in found.stages} == {"ok"}


def test_it_names_its_own_sight():
    """What no stage is broken by is houndmon's own trouble, and no all-clear."""
    found = assess("prod", [alert("1", "counts_differ", severity="warning")], Blindness())
    assert found.first.head == "houndmon's own sight is broken"
    assert {one.layer: one.state for one in found.layers} == {"api": "ok", "sight": "broken"}
    assert found.status.indicator == "major"


def test_it_says_that_it_recovers():
    """While its condition is false an alert recovers: what fired stays as evidence, with until when it must last."""
    at = NOW + timedelta(seconds=80)
    beat = alert(
        "1", "worker_heartbeat_missing", finding="no beat for 240 s", clear_since=NOW, recovers_at=at,
        latest_finding="the newest beat is 6 s old", latest_verdict="ok",
    )  # fmt: skip
    first = assess("prod", [beat], Blindness()).first
    assert first.head == "Worker is recovering"
    lasts = "recovers at 12:01 UTC if that lasts"
    assert f"no beat for 240 s; now the newest beat is 6 s old, {lasts}" in first.evidence


@pytest.mark.parametrize(
    ("verdict", "said"),
    [
        ("breach", "found worse"),
        ("unknown", "found so; now found worse"),
        ("no_data", "found so; now found worse"),
        (None, "found so; now found worse"),
    ],
)
def test_it_says_what_is_now_and_what_fired(verdict, said):
    """While its condition is true the finding of now speaks; else what fired does, with what is known now."""
    one = alert("1", "queue_age", latest_finding="found worse", latest_verdict=verdict)
    assert assess("prod", [one], Blindness()).first.evidence.endswith(f" – {said}")
