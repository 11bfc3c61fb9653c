"""What a notification says, whoever receives it."""

from datetime import datetime
from typing import Literal

import msgspec

NotificationKind = Literal["fired", "fired_again", "recovered", "overdue", "closed", "test"]


class ExplainedLine(msgspec.Struct, kw_only=True):
    """An alert that one of a notification explains: nobody is told of it by itself."""

    id: str
    rule: str
    subject: str | None
    title: str
    url: str


class AlertLine(msgspec.Struct, kw_only=True):
    """One alert of a notification. What strangers wrote in it is neutral: its `id` tells it apart, no name."""

    id: str
    subject: str | None
    value: float | None
    threshold: float | None
    sample_count: int | None
    fired_at: datetime
    response_due_at: datetime
    url: str
    reason: str = ""
    evidence: dict[str, object] = {}
    stage: str | None = None
    severity: str | None = None
    owner_role: str | None = None
    explained_by: str | None = None
    explains: list[ExplainedLine] = []


class Message(msgspec.Struct, kw_only=True):
    """A notification: one rule, one environment, and as many subjects as changed within one tick.

    `reason` and `stage` are those of its first alert. `text` is whole by itself: it begins with the title.
    """

    kind: NotificationKind
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
    reason: str = ""
    stage: str | None = None

    @property
    def body(self) -> str:
        """The text for a channel that shows the title above it."""
        return self.text.removeprefix(self.title).lstrip("\n")
