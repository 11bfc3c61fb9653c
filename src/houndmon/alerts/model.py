"""An alert as the API and the page show it, and what people may say of it."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.alerts.step import RuleVerdict, State
from houndmon.core.filters import Environment
from houndmon.rulebook.book import RuleName
from houndmon.rulebook.spec import Severity

NOTE_LEAST, NOTE_MOST = 10, 4000


class Notes(msgspec.Struct):
    """The three notes of a closing."""

    root_cause: Annotated[str, Meta(description="Why it happened.", examples=["The image lacked a codec."])]
    mitigation: Annotated[str, Meta(description="What ended it.", examples=["Rolled the image back."])]
    prevention: Annotated[
        str, Meta(description="What keeps it from coming back.", examples=["A test plays each codec."])
    ]


class Alert(msgspec.Struct, kw_only=True):
    """One alert."""

    id: Annotated[str, Meta(description="Its id.", examples=["17"])]
    rule: Annotated[RuleName, Meta(description="The rule that fired.", examples=["queue_age"])]
    environment: Annotated[Environment, Meta(description="The environment.", examples=["prod"])]
    subject: Annotated[
        str | None, Meta(description="What of it: a service, a service level, a relation.", examples=["gateway"])
    ]
    state: Annotated[
        Literal["firing", "recovered", "closed"],
        Meta(description="Firing and recovered are open.", examples=["firing"]),
    ]
    severity: Annotated[Severity, Meta(description="How bad it is.", examples=["critical"])]
    value: Annotated[float | None, Meta(description="The rule's value when last judged.", examples=[17.2])]
    threshold: Annotated[float | None, Meta(description="What it was held against.", examples=[15])]
    sample_count: Annotated[int | None, Meta(description="The rule's denominator, if any.", examples=[31])]
    owner_role: Annotated[str, Meta(description="Who answers for it.", examples=["transcode on-call"])]
    response_target_minutes: Annotated[float, Meta(description="Minutes within which to acknowledge.", examples=[15])]
    runbook_url: Annotated[str, Meta(description="What to do.", examples=["/runbooks/queue_age"])]
    fired_at: Annotated[datetime, Meta(description="When it fired first.", examples=["2026-03-02T11:43:00Z"])]
    acknowledged_at: Annotated[
        datetime | None, Meta(description="When somebody took it.", examples=["2026-03-02T11:47:00Z"])
    ]
    acknowledged_by: Annotated[str | None, Meta(description="Who took it.", examples=["operator"])]
    response_due_at: Annotated[
        datetime, Meta(description="By when to acknowledge it.", examples=["2026-03-02T11:58:00Z"])
    ]
    overdue: Annotated[bool, Meta(description="Open, not acknowledged, and past its time.", examples=[False])]
    closable: Annotated[
        bool,
        Meta(
            description="Whether a person may close it: it has recovered, or its subject is gone for an hour.",
            examples=[False],
        ),
    ]
    recovered_at: Annotated[datetime | None, Meta(description="When it recovered.", examples=["2026-03-02T12:05:00Z"])]
    closed_at: Annotated[
        datetime | None, Meta(description="When a person closed it.", examples=["2026-03-02T12:20:00Z"])
    ]
    closed_by: Annotated[str | None, Meta(description="Who closed it.", examples=["operator"])]
    flaps: Annotated[int, Meta(description="How often it fired again before it was closed.", examples=[0])]
    notes: Annotated[Notes | None, Meta(description="The notes of its closing.")]
    previous_alert_id: Annotated[str | None, Meta(description="The last closed one of the same key.", examples=["12"])]
    suppressed_by: Annotated[
        str | None, Meta(description="Why no notifications are sent, if so.", examples=["silence 3"])
    ]
    finding: Annotated[
        str, Meta(description="What was found as it fired, in words.", examples=["14 queued, the oldest for 15.2 min"])
    ]
    latest_finding: Annotated[
        str | None,
        Meta(description="What was found last; null of old ones.", examples=["3 queued, the oldest for 2 min"]),
    ]
    latest_verdict: Annotated[
        RuleVerdict | None, Meta(description="The verdict of that; null of old ones.", examples=["breach"])
    ]
    clear_since: Annotated[
        datetime | None,
        Meta(
            description="Since when its condition has been false without a break while it still fires: it recovers.",
            examples=["2026-03-02T12:03:00Z"],
        ),
    ]
    recovers_at: Annotated[
        datetime | None,
        Meta(description="When it will have recovered if that lasts.", examples=["2026-03-02T12:05:00Z"]),
    ]
    explained_by: Annotated[str | None, Meta(description="The alert that explains it: its cause.", examples=["16"])]


class Moment(msgspec.Struct):
    """One entry of an alert's timeline."""

    at: Annotated[datetime, Meta(description="When.", examples=["2026-03-02T11:43:00Z"])]
    kind: Annotated[str, Meta(description="What.", examples=["fired"])]
    reason: Annotated[str, Meta(description="In words.", examples=["14 queued, the oldest for 15.2 min"])]
    from_state: Annotated[str | None, Meta(description="The state before.", examples=["pending"])] = None
    to_state: Annotated[str | None, Meta(description="The state after.", examples=["firing"])] = None
    value: Annotated[float | None, Meta(description="The value then.", examples=[15.2])] = None
    threshold: Annotated[float | None, Meta(description="The threshold then.", examples=[15])] = None
    sample_count: Annotated[int | None, Meta(description="The sample then.", examples=[14])] = None
    actor: Annotated[str | None, Meta(description="Who, where it was a person.", examples=["operator"])] = None


class Evidence(msgspec.Struct):
    """What was seen as it fired, and as it recovered."""

    fired: Annotated[
        dict[str, object], Meta(description="At the last firing: value, threshold, sample, window, top causes.")
    ]
    recovered: Annotated[dict[str, object] | None, Meta(description="The same at recovery; null before.")]


class RelatedAlert(msgspec.Struct):
    """An alert that explains another, or is explained by it."""

    id: Annotated[str, Meta(description="Its id.", examples=["16"])]
    rule: Annotated[RuleName, Meta(description="The rule that fired.", examples=["worker_heartbeat_missing"])]
    subject: Annotated[str | None, Meta(description="What of it.", examples=["gateway"])]
    state: Annotated[Literal["firing", "recovered", "closed"], Meta(description="Its state.", examples=["recovered"])]


class SingleAlert(Alert, kw_only=True):
    """One alert with all that is known of it."""

    cause: Annotated[RelatedAlert | None, Meta(description="The alert that explains it.")]
    explains: Annotated[
        list[RelatedAlert], Meta(description="What it explains; those that have recovered are closed with it.")
    ]
    fired_last_7_days: Annotated[
        int, Meta(description="How often its rule fired for the same environment and subject.", examples=[6])
    ]

    acknowledgement: Annotated[str | None, Meta(description="The note of who took it.", examples=["Looking at it."])]
    previous_notes: Annotated[Notes | None, Meta(description="The notes of the previous alert's closing.")]
    timeline: Annotated[list[Moment], Meta(description="What happened to it, deliveries included, in order.")]
    evidence: Annotated[Evidence, Meta(description="What was seen.")]


class AlertRow(msgspec.Struct, kw_only=True):
    """An alert as it is read."""

    id: str
    rule: RuleName
    environment: Environment
    subject: str | None
    state: Literal["firing", "recovered", "closed"]
    severity: Severity
    value: float | None
    threshold: float | None
    sample_count: int | None
    owner_role: str
    response_target_minutes: float
    runbook_url: str
    fired_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    acknowledgement: str | None
    response_due_at: datetime
    overdue: bool
    closable: bool
    recovered_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    flaps: int
    previous_alert_id: str | None
    suppressed_by: str | None
    finding: str
    latest_finding: str | None
    latest_verdict: RuleVerdict | None
    clear_since: datetime | None
    recovers_at: datetime | None
    explained_by: str | None
    root_cause: str | None
    mitigation: str | None
    prevention: str | None
    fired_evidence: str
    recovered_evidence: str | None
    announced_at: datetime | None
    announced_state: str | None
    overdue_at: datetime | None


class StateRow(msgspec.Struct, kw_only=True):
    """What a rule found last for one environment and subject."""

    rule: RuleName
    environment: Environment
    subject: str | None
    verdict: RuleVerdict
    state: State
    value: float | None
    threshold: float | None
    sample_count: int | None
    reason: str | None
    evaluated_at: datetime
    pending_since: datetime | None
    clear_since: datetime | None
    no_data_since: datetime | None


class AlertPage(msgspec.Struct):
    """A page of alerts."""

    items: Annotated[list[Alert], Meta(description="Alerts, the newest first.")]
    next_cursor: Annotated[
        str | None, Meta(description="Pass it as `cursor` for the next page; null on the last.", examples=[None])
    ]


class Acknowledgement(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What somebody says who takes an alert."""

    note: Annotated[
        Annotated[str, Meta(max_length=NOTE_MOST)] | None,
        Meta(description="What for, if you like.", examples=["Looking at it."]),
    ] = None


class Closing(msgspec.Struct, forbid_unknown_fields=True):
    """What a closing must say; each note at least 10 characters once trimmed. One that is null is missing."""

    root_cause: Annotated[
        str | None, Meta(description="Why it happened; 10 to 4000 characters.", examples=["The image lacked a codec."])
    ] = ""
    mitigation: Annotated[
        str | None, Meta(description="What ended it; 10 to 4000 characters.", examples=["Rolled the image back."])
    ] = ""
    prevention: Annotated[
        str | None,
        Meta(description="What keeps it from coming back; 10 to 4000 characters.", examples=["A test for each codec."]),
    ] = ""


def listed_alert(row: AlertRow) -> Alert:
    """A row as a listing shows it."""
    fields = {name: getattr(row, name) for name in Alert.__struct_fields__ if name != "notes"}
    return Alert(**fields, notes=notes_of(row))


def notes_of(row: AlertRow) -> Notes | None:
    """The notes of its closing."""
    if row.root_cause is None or row.mitigation is None or row.prevention is None:
        return None
    return Notes(row.root_cause, row.mitigation, row.prevention)
