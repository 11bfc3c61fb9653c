"""A message on its way to one receiver: what is sent, what came of it, and when to try again. Pure."""

from datetime import datetime

import msgspec

from houndmon.notify.message import Message, NotificationKind

SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 600.0
RECONFIGURE_SECONDS = 120.0  # an answer that only a person can change: pointless each 5 s, not given up for a day
MOST_RETRY_AFTER_SECONDS = 3600.0


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A claimed row of the outbox. `attempts` counts this one; `claimed_at` is the database's clock."""

    id: int
    notification_id: str
    kind: NotificationKind
    message: Message
    attempts: int
    claimed_at: datetime


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an attempt. `error` is in our own words: an exception's text may hold the receiver's URL."""

    sent: bool
    error: str | None = None
    is_for_people: bool = False  # only somebody who mends the configuration or the receiver can change it
    retry_after_seconds: float | None = None


SENT = Outcome(sent=True)


def backoff_seconds(attempts: int, fraction: float, *, is_for_people: bool = False) -> float:
    """How long to wait after so many attempts; `fraction` in [0, 1) spreads it over the upper half."""
    assert attempts >= 1, "only an attempt can fail"
    first = RECONFIGURE_SECONDS if is_for_people else SHORTEST_SECONDS
    ceiling = min(LONGEST_SECONDS, first * 2.0 ** min(attempts - 1, 20))
    return ceiling * (0.5 + fraction / 2)


def wait_seconds(outcome: Outcome, attempts: int, fraction: float) -> float:
    """How long to wait after a failure: as the receiver asks (at most an hour), never less than we would."""
    ours = backoff_seconds(attempts, fraction, is_for_people=outcome.is_for_people)
    return max(ours, min(outcome.retry_after_seconds or 0.0, MOST_RETRY_AFTER_SECONDS))
