"""What people are told of an alert, and when, as a pure step: they shall know its state, but not each flap of it."""

from datetime import datetime, timedelta
from typing import Literal

import msgspec
from msgspec.structs import replace

from houndmon.alerts.step import OpenState

REPEAT_AFTER = timedelta(minutes=10)  # an alert that flaps tells of itself at most this often
FLAPPING = 3  # how often an alert fires again before it counts as one that flaps
MessageKind = Literal["fired", "fired_again", "recovered", "overdue"]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What people know of an alert: the state they were told, when they last heard that it fires, and why not."""

    announced_state: str | None
    announced_at: datetime | None
    suppressed_by: str | None
    response_due_at: datetime


def tell(
    state: OpenState,
    before: Heard,
    quiet: str | None,
    now: datetime,
    *,
    response_minutes: float,
    flaps: int = 0,
) -> tuple[MessageKind | None, Heard]:
    """What to tell now of an alert, if anything, and what people know then; `quiet` is why nobody may be told.

    What has been kept from them is told once that ends, told before or not, and the time to respond begins then: it may
    have run out in the silence. So it does for an alert that recovered before anybody heard of it, and fires again. It
    begins anew, too, when an alert fires again; but one that flaps does not put off a time that runs, or nobody would
    ever be late to answer it.
    """
    if quiet:
        is_news = state == "firing" or before.announced_state == "firing"
        return None, replace(before, suppressed_by=quiet) if is_news else before
    heard, anew = replace(before, suppressed_by=None), now + timedelta(minutes=response_minutes)
    if state == "recovered":
        kind, known = recovered(heard)
        return kind, replace(known, response_due_at=anew) if kind and before.suppressed_by is not None else known
    fires = replace(heard, announced_state="firing", announced_at=now)
    if before.suppressed_by is not None or before.announced_at is None:
        return "fired", replace(fires, response_due_at=anew)
    if before.announced_state == "firing" or now - before.announced_at < REPEAT_AFTER:
        return None, heard
    if flaps >= FLAPPING and now < before.response_due_at:
        return "fired_again", fires
    return "fired_again", replace(fires, response_due_at=anew)


def recovered(heard: Heard) -> tuple[MessageKind | None, Heard]:
    """That an alert recovered is told those who were told that it fires."""
    if heard.announced_state != "firing":
        return None, heard
    return "recovered", replace(heard, announced_state="recovered")
