"""How bad it is, and where the chain breaks first: folded from open alerts and the panels' figures."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal

from houndmon.alerts.model import Alert, AlertRow, StateRow
from houndmon.config.model import BURN_RULES
from houndmon.evaluator.watch import Watched
from houndmon.kit.filters import Environment
from houndmon.panels.playback.model import Client
from houndmon.web.summary.model import BrokenStage, Figures, Stage, StageState, Status
from houndmon.web.titles import measured, titled

ORDER: tuple[Stage, ...] = ("upload", "transcode", "worker", "publish", "play")
BY_RULE: dict[str, Stage] = {
    "queue_age": "transcode",
    "queue_stalled": "transcode",
    "queue_failure_ratio": "transcode",
    "worker_heartbeat_missing": "worker",
    "playback_failure_ratio": "play",
    "api_5xx_spike": "play",
    "api_4xx_spike": "play",
}
BY_SUBJECT: dict[str, Stage] = {
    "ingest": "upload",
    "playback": "play",
    "transcode_success": "transcode",
    "heartbeat_freshness": "worker",
    "upload_to_live": "publish",
    "playback_success": "play",
}
BY_RELATION: dict[str, Stage] = {
    "upload_attempts": "upload",
    "transcode_jobs": "transcode",
    "worker_heartbeats": "worker",
    "tracks": "publish",
    "play_attempts": "play",
    "api_requests": "play",
}
LAST_TICK = timedelta(seconds=30)


def stage_of(alert: Alert | StateRow) -> Stage | None:
    """The stage that an alert or a finding speaks of; None where it speaks of houndmon's own sight."""
    return BY_RULE.get(alert.rule) or BY_SUBJECT.get(alert.subject or "")


def unjudged(states: Iterable[StateRow]) -> dict[Stage | None, str]:
    """Which stages the last tick could not judge, and why; None stands for the whole source.

    What was last judged long before is gone from the source, and hides nothing.
    """
    # What says which relation is at fault comes first: it is the better reason.
    known = sorted(states, key=lambda state: state.rule != "source_unreadable")
    newest = max((state.evaluated_at for state in known), default=None)
    found: dict[Stage | None, str] = {}
    for state in known:
        blind = state.verdict == "unknown" or (state.rule == "source_unreadable" and state.verdict == "breach")
        if blind and newest and newest - state.evaluated_at < LAST_TICK:
            found.setdefault(BY_RELATION.get(state.subject or "") or stage_of(state), why_unjudged(state))
    return found


def why_unjudged(state: StateRow) -> str:
    """Why a finding says nothing of its stage."""
    reason = state.reason or "nobody knows why"
    if state.rule == "source_unreadable":
        return f"{f'relation {state.subject}' if state.subject else 'the source'} cannot be read: {reason}"
    return f"the rule {state.rule} could not be judged: {reason}"


def is_strain(alert: Alert) -> bool:
    """Whether an alert tells of a budget alone. Of publishing nothing else tells: there it is the thing itself."""
    return alert.rule in BURN_RULES and stage_of(alert) != "publish"


def directness(alert: Alert) -> int:
    """How directly an alert speaks of its stage: the thing itself, what lies beside it, what it does to a budget."""
    return 2 if alert.rule in BURN_RULES else 1 if alert.rule.startswith("api_") else 0


def blindness(unreadable: list[str], watch: Watched, unknown: dict[Stage | None, str] | None = None) -> str | None:
    """Why houndmon cannot tell, if so: its figures or its verdicts are old."""
    if watch.last_evaluated_at is None:
        return "no rule has been evaluated yet"
    if watch.is_late:
        return f"the rules were last evaluated {watch.lag_seconds or 0:.0f} s ago"
    return next(iter([*unreadable, *(unknown or {}).values()]), None)


def stages(alerts: list[Alert], dark: set[Stage]) -> list[StageState]:
    """Each stage with its most direct firing alert, or whether houndmon sees it; `dark` are those it does not see."""
    found = []
    for stage in ORDER:
        firing = [alert for alert in alerts if alert.state == "firing" and stage_of(alert) == stage]
        worst = min(firing, key=directness, default=None)
        if worst is None:
            found.append(StageState(stage=stage, state="unknown" if stage in dark else "ok"))
        else:
            state: Literal["strained", "broken"] = "strained" if is_strain(worst) else "broken"
            found.append(StageState(stage=stage, state=state, alert_id=worst.id))
    return found


def unseen(figures: Figures | None, watch: Watched, unknown: dict[Stage | None, str]) -> set[Stage]:
    """The stages of which houndmon cannot tell."""
    if figures is None or watch.is_late or None in unknown:
        return set(ORDER)
    parts: dict[Stage, object] = {
        "upload": figures.ingest,
        "transcode": figures.transcode,
        "worker": figures.liveness,
        "play": figures.playback,
    }
    return {stage for stage, part in parts.items() if part is None} | {stage for stage in unknown if stage}


def status(alerts: list[Alert], blind: str | None) -> Status:
    """The state of an environment; never `none` while houndmon is blind somewhere."""
    firing = [alert for alert in alerts if alert.state == "firing"]
    known = f"{count(len(firing), 'alert')} firing: {', '.join(dict.fromkeys(alert.rule for alert in firing))}"
    also = f"; and houndmon cannot tell all: {blind}" if blind else ""
    if any(alert.severity == "critical" for alert in firing):
        return Status("critical", f"{known}{also}.")
    if firing and not blind:
        return Status("major" if any(alert.severity == "warning" for alert in firing) else "minor", f"{known}.")
    if blind:
        return Status("unknown", f"houndmon cannot tell: {blind}." + (f" {known}." if firing else ""))
    if alerts:
        return Status("minor", f"{count(len(alerts), 'alert')} recovered, to be closed with notes.")
    return Status("none", "All is well.")


def count(number: int, thing: str) -> str:
    """A number of things."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def first_broken_stage(
    environment: Environment, alerts: list[Alert], reasons: dict[str, str], figures: Figures | None, blind: str | None
) -> BrokenStage:
    """The first stage with a firing alert, the most direct and oldest of that stage; `reasons` are by alert id.

    A stage that is broken now comes before one whose error budget burns, for that goes on long after the trouble.
    """
    found = [(stage_of(alert), alert) for alert in alerts if alert.state == "firing"]
    staged = [(stage, alert) for stage, alert in found if stage]
    if staged:
        stage, alert = min(staged, key=lambda pair: (is_strain(pair[1]), ORDER.index(pair[0]), directness(pair[1])))
        return broken(stage, alert, reasons.get(alert.id, ""), figures)
    if blind:
        return BrokenStage(state="unknown", text=f"houndmon cannot tell: {blind}.")
    return BrokenStage(state="ok", text=f"All five stages of {environment} work: {', '.join(ORDER)}.")


def broken(stage: Stage, alert: Alert, reason: str, figures: Figures | None) -> BrokenStage:
    """A broken stage in a sentence: what, since when, whose, by when."""
    subject = f", {alert.subject}" if alert.subject else ""
    what = play_evidence(figures) if alert.rule == "playback_failure_ratio" else None
    title = f"{lowered(titled(alert.rule))}{subject}"
    evidence = what or f"{title}: {reason or 'see the alert'}"
    taken = "acknowledged" if alert.acknowledged_at else f"respond by {alert.response_due_at:%H:%M} UTC"
    return BrokenStage(
        state="broken",
        stage=stage,
        text=f"{stage.capitalize()}: {evidence}, since {alert.fired_at:%H:%M} UTC; {alert.owner_role}, {taken}.",
        evidence=evidence,
        since=alert.fired_at,
        alert_id=alert.id,
        owner_role=alert.owner_role,
        response_due_at=alert.response_due_at,
        acknowledged_at=alert.acknowledged_at,
        runbook_url=alert.runbook_url,
    )


def finding(alert: AlertRow, state: StateRow | None) -> str:
    """What an alert's rule found last; where it finds nothing now, what the alert had found."""
    if state is None or not state.reason:
        return lowered(measured(alert))
    if state.verdict == "unknown":
        return f"{lowered(measured(alert))}; now {state.reason}"
    return state.reason


def lowered(title: str) -> str:
    """A title within a sentence."""
    return title[:1].lower() + title[1:]


def play_evidence(figures: Figures | None) -> str | None:
    """Who cannot play, and with which error: the worst client of the last hour."""
    if not figures or not figures.playback or not figures.playback.failed:
        return None
    client, error = figures.playback.by_client[0], figures.playback.top_errors[0]
    if client.failure_ratio is None:
        return None
    return f"{client.failure_ratio:.1%} of {client_name(client)} plays fail, most often overall with {error.error_code}"


def client_name(client: Client) -> str:
    """A client as operators call it."""
    if (client.platform.lower(), client.browser.lower()) == ("ios", "safari"):
        return "iOS Safari"
    return f"{client.platform}/{client.browser}"
