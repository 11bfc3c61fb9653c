"""What is the matter with an environment, said once: page, tab, text, chat and JSON are drawn from one struct. Pure."""

from collections.abc import Container, Iterable
from typing import Literal, get_args

import msgspec

from houndmon.alerts.model import Alert
from houndmon.alerts.names import clock_time
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.parts import RELATIONS_OF_STAGE, STAGES, Stage
from houndmon.rulebook.spec import SEVERITIES, Directness, Layer
from houndmon.web.display import plural
from houndmon.web.summary.blindness import Blindness, Place
from houndmon.web.summary.model import BrokenStage, LayerState, StageState, Status
from houndmon.web.summary.sentences import finding_sentence, lead_head

DIRECTNESS: tuple[Directness, ...] = get_args(Directness)
LAYERS: tuple[Layer, ...] = get_args(Layer)
PlaceState = Literal["ok", "strained", "broken", "unknown", "absent"]


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is the matter: how bad, where first and why, each stage and each layer below the stages."""

    status: Status
    first: BrokenStage
    stages: list[StageState]
    layers: list[LayerState]
    title: str  # what a tab shows before the page's name; "" where all is well


def assess(
    environment: str,
    alerts: list[Alert] | None,
    blindness: Blindness,
    *,
    absent: Container[str] = (),
    worst_client: str | None = None,
) -> Situation:
    """Fold what is known into one answer; `alerts` are the open ones, None where nobody can tell.

    `environment` is what the team calls it. Never `none` while houndmon is blind somewhere.
    """
    known = alerts or []
    firing = [alert for alert in known if alert.state == "firing"]
    lead = min(unexplained(firing), key=precedence, default=None)
    stages = [stage_state(stage, firing, blindness, absent) for stage in STAGES]
    first = first_place(environment, lead, known, blindness, absent, worst_client)
    if first.layer == "api" and stages[-1].state == "ok":
        first.evidence += "; plays are not affected so far"
    first.text = whole_sentence(first)
    indicator = indicator_of(known, blindness)
    also = f" houndmon cannot tell everything: {blindness.reason}." if lead and blindness.reason else ""
    return Situation(
        status=Status(indicator, f"{first_sentence(first)}{also}"),
        first=first,
        stages=stages,
        layers=[layer_state(layer, firing, blindness, absent) for layer in LAYERS if layer != "chain"],
        title=tab_title(known, firing, blindness),
    )


def unexplained(firing: Iterable[Alert]) -> list[Alert]:
    """The alerts that no other one of them is the cause of."""
    known = list(firing)
    ids = {alert.id for alert in known}
    return [alert for alert in known if alert.explained_by not in ids]


def precedence(alert: Alert) -> tuple[object, ...]:
    """What leads: what is broken now, before what recovers, before a budget that burns on.

    Of these the chain from its first stage on comes before what lies below it. Of one stage the most severe alert
    leads, then the one that speaks of the thing itself, then the oldest.
    """
    about = BOOK[alert.rule].of(alert.subject)
    place = STAGES.index(about.stage) if about.stage else len(STAGES)
    severity = SEVERITIES.index(alert.severity)
    urgency = 2 if is_strain(alert) else 1 if alert.clear_since else 0
    return urgency, LAYERS.index(about.layer), place, severity, directness(alert), alert.fired_at, alert.id


def is_strain(alert: Alert) -> bool:
    """Whether an alert tells of a budget alone. Of publishing nothing else tells: there it is the thing itself."""
    return BOOK[alert.rule].directness == "budget" and BOOK[alert.rule].of(alert.subject).stage != "publish"


def directness(alert: Alert) -> int:
    """How directly an alert speaks of its stage: the thing itself, what lies beside it, what it does to a budget."""
    return DIRECTNESS.index(BOOK[alert.rule].directness)


def indicator_of(alerts: list[Alert], blindness: Blindness) -> Literal["none", "minor", "major", "critical", "unknown"]:
    """How bad it is in one word."""
    firing = {alert.severity for alert in alerts if alert.state == "firing"}
    if "critical" in firing:
        return "critical"
    if blindness.reason:
        return "unknown"
    if "warning" in firing:
        return "major"
    return "minor" if alerts else "none"


def first_place(
    environment: str,
    lead: Alert | None,
    alerts: list[Alert],
    blindness: Blindness,
    absent: Container[str],
    worst_client: str | None,
) -> BrokenStage:
    """Where it breaks first; that nobody can tell; that all works again; or that all is well."""
    if lead:
        return broken_place(lead, alerts, worst_client)
    if blindness.reason:
        return BrokenStage(state="unknown", head="houndmon cannot tell", evidence=blindness.reason)
    if alerts:
        number = plural(len(alerts), "alert", "alerts")
        said = f"{number} recovered and {'waits' if len(alerts) == 1 else 'wait'} to be closed with notes"
        return BrokenStage(state="recovered", head="Everything works again", evidence=said)
    return BrokenStage(state="ok", head="All is well", evidence=all_work(environment, without(absent)))


def broken_place(lead: Alert, alerts: Iterable[Alert], worst_client: str | None) -> BrokenStage:
    """What leads, in a sentence: what, since when, whose, and by when the first of its group must be taken."""
    about = BOOK[lead.rule].of(lead.subject)
    explained = [alert for alert in alerts if alert.explained_by == lead.id]
    first_due = earliest_due(lead, alerts)
    return BrokenStage(
        state="broken",
        stage=about.stage,
        layer=about.layer,
        head=lead_head(lead, about.stage, about.layer, is_strain(lead)),
        evidence=finding_sentence(lead, worst_client),
        severity=lead.severity,
        since=lead.fired_at,
        clear_since=lead.clear_since,
        recovers_at=lead.recovers_at,
        alert_id=lead.id,
        explains=[alert.id for alert in explained],
        owner_role=lead.owner_role,
        response_due_at=first_due.response_due_at,
        overdue=first_due.overdue,
        acknowledged_at=lead.acknowledged_at,
        runbook_url=lead.runbook_url,
    )


def earliest_due(lead: Alert, alerts: Iterable[Alert]) -> Alert:
    """Which alert must be answered first: of what fires and is neither taken nor explained, the first deadline's."""
    if lead.acknowledged_at is not None:
        return lead
    waiting = [
        alert
        for alert in alerts
        if alert.state == "firing" and alert.acknowledged_at is None and alert.explained_by is None
    ]
    # Of one deadline the alert that is overdue: one that is silenced is not.
    return min([lead, *waiting], key=lambda alert: (alert.response_due_at, not alert.overdue))


def first_sentence(first: BrokenStage) -> str:
    """The sentence that the page, the text and the chat begin with."""
    if first.state == "ok":
        return f"{first.head}."
    return f"{first.head}{'.' if first.state == 'recovered' else ':'} {first.evidence}."


def whole_sentence(first: BrokenStage) -> str:
    """The same with whose it is, since when, and by when it must be taken."""
    said = f"{first.head}. {first.evidence}." if first.state == "ok" else first_sentence(first)
    return " ".join(filter(None, [said, duty_sentence(first)]))


def duty_sentence(first: BrokenStage) -> str:
    """Whose it is, since when, and by when it must be taken; nothing where nothing is broken."""
    if first.since is None or first.owner_role is None or first.response_due_at is None:
        return ""
    by = "overdue since" if first.overdue else "respond by"
    taken = "acknowledged" if first.acknowledged_at else f"{by} {clock_time(first.response_due_at)}"
    return f"Owner: {first.owner_role}, since {clock_time(first.since)}, {taken}."


def without(absent: Container[str]) -> set[Stage]:
    """The stages of which a source has nothing, where it does not have some relations."""
    return {stage for stage, relations in RELATIONS_OF_STAGE.items() if all(one in absent for one in relations)}


def all_work(environment: str, missing: set[Stage]) -> str:
    """That every stage works of which the source has something."""
    there = [stage for stage in STAGES if stage not in missing]
    number = "five stages" if not missing else plural(len(there), "stage", "stages")
    return f"All {number} of {environment} work: {', '.join(there)}"


def stage_state(stage: Stage, firing: list[Alert], blindness: Blindness, absent: Container[str]) -> StageState:
    """One stage of the chain."""
    of_it = [alert for alert in firing if BOOK[alert.rule].of(alert.subject).stage == stage]
    state, alert_id = place_state(of_it, stage, blindness, is_absent=stage in without(absent))
    return StageState(stage=stage, state=state, alert_id=alert_id)


def layer_state(layer: Layer, firing: list[Alert], blindness: Blindness, absent: Container[str]) -> LayerState:
    """A layer below the stages: the API, or houndmon's own sight."""
    of_it = [alert for alert in firing if BOOK[alert.rule].of(alert.subject).layer == layer]
    is_absent = layer == "api" and "api_requests" in absent
    if layer == "sight" and blindness.reason and not of_it:
        return LayerState(layer=layer, state="unknown")
    state, alert_id = place_state(of_it, layer, blindness, is_absent=is_absent)
    return LayerState(layer=layer, state=state, alert_id=alert_id)


def place_state(
    firing: list[Alert], place: Place, blindness: Blindness, *, is_absent: bool
) -> tuple[PlaceState, str | None]:
    """The state of a stage or layer, and the alert that says so: its most direct one, the cause before its symptoms."""
    worst = min(unexplained(firing), key=precedence, default=None)
    if worst:
        return "strained" if is_strain(worst) else "broken", worst.id
    if is_absent:
        return "absent", None
    return "unknown" if blindness.hides(place) else "ok", None


def tab_title(alerts: list[Alert], firing: list[Alert], blindness: Blindness) -> str:
    """The worst of what is open, in the few words that a tab has room for; a question mark where nobody can tell."""
    doubt = "? " if blindness.reason else ""
    if firing:
        worst = min((alert.severity for alert in firing), key=SEVERITIES.index)
        return f"{doubt}{worst}, {len(firing)} firing"
    return f"{doubt}{len(alerts)} to close" if alerts else doubt.strip()
