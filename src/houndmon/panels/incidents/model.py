"""An incident as it is stored, reported and shown."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.core.answer import PanelAnswer
from houndmon.core.filters import Environment
from houndmon.rulebook.spec import Severity

FeedKind = Literal["alert_fired", "alert_recovered", "alert_closed", "manual", "external"]
Event = Literal["fired", "fired_again", "recovered", "closed"]


class IncidentRow(msgspec.Struct):
    """A row of the feed."""

    id: str
    occurred_at: datetime
    environment: Environment | None
    service_area: str
    severity: Severity
    impact: str
    link_label: str | None
    link_url: str | None
    alert_id: str | None
    kind: FeedKind
    rule: str | None
    subject: str | None
    event: Event | None
    reason: str | None


class KeyedRow(IncidentRow):
    """A row of the feed with the request that added it."""

    request_digest: str | None = None


class Link(msgspec.Struct, forbid_unknown_fields=True):
    """A runbook or a ticket."""

    label: Annotated[
        str, Meta(min_length=1, max_length=80, pattern=r"\S", description="Its name.", examples=["Runbook"])
    ]
    url: Annotated[
        str,
        Meta(
            max_length=2000,
            pattern=r"^https?://[^\s\x00-\x1f]+$",
            description="Its address, http or https.",
            examples=["https://wiki.example.com/runbooks/queue-age"],
        ),
    ]


class Incident(msgspec.Struct):
    """One event of the feed."""

    id: Annotated[str, Meta(description="Its id.", examples=["42"])]
    occurred_at: Annotated[datetime, Meta(description="When it happened.", examples=["2026-03-02T11:58:00Z"])]
    environment: Annotated[
        Environment | None, Meta(description="Where; null where it concerns both.", examples=["prod"])
    ]
    service_area: Annotated[str, Meta(description="The part of the chain it concerns.", examples=["transcode"])]
    severity: Annotated[Severity, Meta(description="How bad it is.", examples=["warning"])]
    impact: Annotated[
        str, Meta(description="What it means, in one line.", examples=["New uploads go live 20 min late"])
    ]
    link: Annotated[Link | None, Meta(description="A runbook or ticket.")]
    alert_id: Annotated[str | None, Meta(description="The alert it belongs to.", examples=["17"])]
    kind: Annotated[FeedKind, Meta(description="What kind of event it is.", examples=["manual"])]
    rule: Annotated[str | None, Meta(description="Of an alert: its rule.", examples=["slo_burn_fast"])]
    subject: Annotated[str | None, Meta(description="Of an alert: what it is about.", examples=["playback_success"])]
    event: Annotated[Event | None, Meta(description="Of an alert: what it did.", examples=["fired"])]
    reason: Annotated[
        str | None, Meta(description="Of an alert: why, in one line.", examples=["20.0× over 1h, 20.0× over 5m"])
    ]


class NewIncident(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An event that a person or another tool reports."""

    service_area: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=80,
            pattern=r"\S",
            description="The part of the chain it concerns.",
            examples=["transcode"],
        ),
    ]
    severity: Annotated[Severity, Meta(description="How bad it is.", examples=["warning"])]
    impact: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=r"\S",
            description="What it means, in one line.",
            examples=["New uploads go live 20 min late"],
        ),
    ]
    environment: Annotated[
        Environment | None, Meta(description="Where; null where it concerns both.", examples=["prod"])
    ] = None
    occurred_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="When it happened; now, if left out.", examples=["2026-03-02T11:58:00Z"]),
    ] = None
    link: Annotated[Link | None, Meta(description="A runbook or ticket.")] = None
    kind: Annotated[
        Literal["manual", "external"],
        Meta(description="`manual` for a person, `external` for another tool.", examples=["manual"]),
    ] = "manual"


class Incidents(PanelAnswer, kw_only=True):
    """What the incidents panel answers."""

    items: Annotated[list[Incident], Meta(description="The newest 20 events, whatever the range.")]


class IncidentPage(msgspec.Struct):
    """A page of the feed."""

    items: Annotated[list[Incident], Meta(description="Events, newest first.")]
    next_cursor: Annotated[
        str | None, Meta(description="Pass it as `cursor` for the next page; null on the last.", examples=[None])
    ]


def listed_incident(row: IncidentRow) -> Incident:
    """A row as the feed shows it."""
    link = Link(row.link_label or row.link_url, row.link_url) if row.link_url else None
    return Incident(
        row.id,
        row.occurred_at,
        row.environment,
        row.service_area,
        row.severity,
        row.impact,
        link,
        row.alert_id,
        row.kind,
        row.rule,
        row.subject,
        row.event,
        row.reason,
    )
