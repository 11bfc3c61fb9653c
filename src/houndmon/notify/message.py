"""What a notification says, whoever receives it."""

from datetime import datetime
from typing import Literal

import msgspec

Kind = Literal["fired", "fired_again", "recovered", "overdue", "closed", "test"]


class AlertLine(msgspec.Struct, kw_only=True):
    """One alert of a notification."""

    id: str
    subject: str | None
    value: float | None
    threshold: float | None
    sample_count: int | None
    fired_at: datetime
    response_due_at: datetime
    url: str


class Message(msgspec.Struct, kw_only=True):
    """A notification: one rule, one environment, and as many subjects as changed within one tick."""

    kind: Kind
    rule: str
    environment: str
    severity: str
    title: str
    text: str
    owner_role: str
    response_target_minutes: float
    runbook_url: str
    url: str
    alerts: list[AlertLine]
