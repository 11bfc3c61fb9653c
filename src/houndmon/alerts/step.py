"""The life of an alert as a pure step: a finding and what was known before in, the new state out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypedDict

import msgspec

from houndmon.core.filters import Environment

RuleVerdict = Literal["ok", "breach", "insufficient", "no_data", "unknown"]
State = Literal["ok", "pending", "firing", "recovered"]
OpenState = Literal["firing", "recovered"]
Change = Literal["fired", "fired_again", "recovered"]


class FailureCode(TypedDict):
    """One of the commonest codes of what failed."""

    code: str | None
    count: int
    share: float


Seen = str | int | float | list[str] | list[FailureCode] | None
Observations = Mapping[str, Seen]
"""What a rule saw, by name; a name that ends in `_ratio` is of a share."""


class Finding(msgspec.Struct, kw_only=True, frozen=True):
    """What a rule found for one environment and subject.

    `clears` says whether it is evidence of health: no data is not, nor is a small sample that still fails.
    `baseline` is the usual share that the value was held against, if there is one.
    """

    rule: str
    environment: Environment
    subject: str | None
    verdict: RuleVerdict
    value: float | None = None
    threshold: float | None = None
    sample_count: int | None = None
    evaluated_at: datetime
    reason: str = ""
    clears: bool = False
    baseline: float | None = None
    evidence: Observations = {}


class Memory(msgspec.Struct, frozen=True):
    """What is remembered of a rule, environment and subject between two ticks."""

    pending_since: datetime | None = None
    clear_since: datetime | None = None
    alert: OpenState | None = None


class Step(msgspec.Struct, frozen=True):
    """The new state, what to remember, and what changed, if anything."""

    state: State
    memory: Memory
    change: Change | None = None


def step(
    verdict: RuleVerdict,
    clears: bool,
    before: Memory,
    now: datetime,
    *,
    hold_seconds: float,
    recover_after_seconds: float,
) -> Step:
    """One tick in the life of an alert. `now` is the state database's clock."""
    if verdict == "breach":
        return _breach(before, now, hold_seconds)
    if verdict == "unknown":
        # What cannot be read changes nothing: neither a step towards recovery, nor away from firing.
        return _rest(Memory(before.pending_since, None, before.alert))
    if before.alert == "firing":
        return _clearing(clears, before, now, recover_after_seconds)
    return _rest(Memory(None, None, before.alert))


def nothing_since(verdict: RuleVerdict, before: datetime | None, now: datetime) -> datetime | None:
    """Since when there has been nothing to judge, without a break; None where there is."""
    return min(before or now, now) if verdict == "no_data" else None


def _breach(before: Memory, now: datetime, hold_seconds: float) -> Step:
    if before.alert == "firing":
        return _rest(Memory(None, None, "firing"))
    since = min(before.pending_since or now, now)
    if (now - since).total_seconds() < hold_seconds:
        return _rest(Memory(since, None, before.alert))
    change: Change = "fired_again" if before.alert == "recovered" else "fired"
    return Step("firing", Memory(None, None, "firing"), change)


def _clearing(clears: bool, before: Memory, now: datetime, recover_after_seconds: float) -> Step:
    if not clears:
        return _rest(Memory(None, None, "firing"))
    since = min(before.clear_since or now, now)
    if (now - since).total_seconds() < recover_after_seconds:
        return _rest(Memory(None, since, "firing"))
    return Step("recovered", Memory(None, None, "recovered"), "recovered")


def _rest(memory: Memory) -> Step:
    state: State = "ok"
    if memory.alert == "firing":
        state = "firing"
    elif memory.pending_since:
        state = "pending"
    elif memory.alert == "recovered":
        state = "recovered"
    return Step(state, memory)
