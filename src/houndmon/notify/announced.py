"""An alert as notifications tell of it, and what is said of one: its subject, its finding, its evidence. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from houndmon.alerts.model import AlertRow
from houndmon.alerts.names import finding_text, subject_named
from houndmon.core.neutral import neutral, quoted, visible
from houndmon.rulebook.book import BOOK

SAID_ELSEWHERE = ("reason", "value", "threshold", "sample_count")  # of evidence: an alert has them by itself
MOST_CAUSES_TOLD = 3
MOST_NAMES_TOLD = 5
SENTENCE_CHARACTERS = 500


class ExplainedAlert(msgspec.Struct, kw_only=True):
    """An alert that another one explains."""

    id: str
    rule: str
    subject: str | None


class AnnouncedAlert(msgspec.Struct, kw_only=True):
    """An alert as a notification tells of it.

    `reason` is what its rule finds now, in words; `evidence` what it saw as it fired. `explained_by` is the id of the
    alert that explains it, `explains` are those that it explains.
    """

    id: str
    rule: str
    environment: str
    subject: str | None
    severity: str
    value: float | None
    threshold: float | None
    sample_count: int | None
    owner_role: str
    response_target_minutes: float
    runbook_url: str
    fired_at: datetime
    response_due_at: datetime
    recovered_at: datetime | None = None
    flaps: int = 0
    reason: str = ""
    evidence: Mapping[str, object] = {}
    explained_by: str | None = None
    explains: list[ExplainedAlert] = []


def announced_alert(alert: AlertRow, explains: list[ExplainedAlert]) -> AnnouncedAlert:
    """An alert as a notification tells of it, with those that it explains."""
    fired = msgspec.json.decode(alert.fired_evidence, type=dict[str, object])
    known = {name: getattr(alert, name) for name in AnnouncedAlert.__struct_fields__ if hasattr(alert, name)}
    known["reason"] = (alert.latest_finding or "") if alert.state == "recovered" else finding_text(alert)
    known["explains"] = explains
    known["evidence"] = {name: seen for name, seen in fired.items() if name not in SAID_ELSEWHERE}
    return AnnouncedAlert(**known)


class CauseTold(msgspec.Struct):
    """A code or a client as evidence holds it."""

    code: str | None
    count: int
    share: float


class Told(msgspec.Struct):
    """The evidence that a message tells."""

    causes: list[CauseTold] = []
    clients: list[CauseTold] = []
    silent_workers: list[str] = []
    job_id: str | int | None = None
    figures: list[str] = []


def alert_title(alert: AnnouncedAlert | ExplainedAlert) -> str:
    """What an alert is called, as on the page: its rule's title, and its subject."""
    subject = f", {subject_named(alert.rule, alert.subject)}" if alert.subject else ""
    return f"{BOOK[alert.rule].title}{subject}"


def finding_with_limit(alert: AnnouncedAlert) -> str:
    """What was found, in words, and the limit that it is held against."""
    found = visible(alert.reason, SENTENCE_CHARACTERS) or measured_text(alert)
    return found if alert.threshold is None else f"{found}; limit {written(alert, alert.threshold)}"


def measured_text(alert: AnnouncedAlert) -> str:
    """The value alone, in the rule's own unit, where nobody put it into words."""
    return BOOK[alert.rule].no_value if alert.value is None else written(alert, alert.value)


def written(alert: AnnouncedAlert, value: float) -> str:
    """A value in the unit of the rule."""
    return BOOK[alert.rule].of(alert.subject).unit.message(value)


def recovery_text(alert: AnnouncedAlert) -> str:
    """How an alert recovered: what is well again, and what its rule finds now."""
    again, now = BOOK[alert.rule].recovered, visible(alert.reason, SENTENCE_CHARACTERS)
    return again if not now or now in again else f"{again}; {now}"


def evidence_lines(alert: AnnouncedAlert) -> list[str]:
    """The commonest codes and clients, and the names of what is at fault, a line each."""
    try:
        told = msgspec.convert(dict(alert.evidence), Told)
    except msgspec.ValidationError:  # of an older release
        return []
    lines = {
        "Top causes": counted_names(told.causes),
        "Top clients": counted_names(told.clients),
        "Silent workers": names(told.silent_workers),
        "Oldest job": quoted(str(told.job_id)) if told.job_id is not None else "",
        "Figures": names(told.figures),
    }
    return [f"{head}: {line}" for head, line in lines.items() if line]


def counted_names(causes: Iterable[CauseTold]) -> str:
    """Codes with how often each came."""
    first = list(causes)[:MOST_CAUSES_TOLD]
    return ", ".join(f"{quoted(one.code or '')} {one.count:,} ({one.share:.0%})" for one in first)


def names(texts: list[str]) -> str:
    """Some names; of many the first ones."""
    shown = ", ".join(quoted(text) for text in texts[:MOST_NAMES_TOLD])
    more = len(texts) - MOST_NAMES_TOLD
    return f"{shown} and {more:,} more" if more > 0 else shown


def neutral_evidence(value: object) -> object:
    """Evidence for programs that pass it on: every text in it neutral."""
    if isinstance(value, str):
        return neutral(value, SENTENCE_CHARACTERS)
    if isinstance(value, Mapping):
        return {str(name): neutral_evidence(one) for name, one in value.items()}
    return [neutral_evidence(one) for one in value] if isinstance(value, list | tuple) else value
