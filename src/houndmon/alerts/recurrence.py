"""Silences that recur: on days of the week, from a local time on, for so long. Pure arithmetic."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, get_args
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from houndmon.core.clock import Window
from houndmon.core.problems import FieldError

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
MOST_MINUTES = 24 * 60
DAYS_SEEN = 10  # from two days ago on: a week, and what a window and a zone may add on either side
ZONE_MOST = 100


class Recurrence(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """When a silence holds between its start and its end."""

    weekdays: Annotated[
        list[Weekday],
        Meta(min_length=1, max_length=7, description="The days on which it begins.", examples=[["saturday", "sunday"]]),
    ]
    from_time: Annotated[
        str,
        Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="The local time then.", examples=["22:00"]),
    ]
    lasts_minutes: Annotated[
        int, Meta(ge=1, le=MOST_MINUTES, description="For how long it holds each time.", examples=[480])
    ]
    zone: Annotated[
        str, Meta(max_length=ZONE_MOST, description="The IANA time zone of that time.", examples=["Europe/Berlin"])
    ]


class Holding(msgspec.Struct, frozen=True):
    """Until when a silence holds, None where it does not now; and when it begins next, None where it never does."""

    until: datetime | None
    next_at: datetime | None


NEVER = Holding(None, None)


def zone_errors(recurrence: Recurrence | None) -> list[FieldError]:
    """What is wrong with the zone of a recurrence."""
    if recurrence is None or recurrence.zone in available_timezones():
        return []
    return [FieldError("recurrence.zone", "must be an IANA time zone such as Europe/Berlin")]


def holding_at(now: datetime, whole: Window, recurrence: Recurrence | None) -> Holding:
    """Whether a silence holds at a time, and when it begins next, of one that ends."""
    spells = list(spells_after(now, whole, recurrence)) if recurrence else [whole]
    held = [spell.end for spell in spells if spell.end and spell.start <= now < spell.end]
    ahead = [spell.start for spell in spells if spell.start > now]
    return Holding(max(held, default=None), min(ahead, default=None))


def spells_after(now: datetime, whole: Window, recurrence: Recurrence) -> Iterator[Window]:
    """The next stretches in which a recurring silence holds, and those that hold at a time, within its start and end.

    Where one is to come at all the first is among them.
    """
    assert whole.end
    first = max(now, whole.start).astimezone(ZoneInfo(recurrence.zone)).date() - timedelta(days=2)
    for number in range(DAYS_SEEN):
        day = first + timedelta(days=number)
        if WEEKDAYS[day.weekday()] in recurrence.weekdays:
            begun = start_on(day, recurrence)
            start = max(begun, whole.start)
            end = min(begun + timedelta(minutes=recurrence.lasts_minutes), whole.end)
            if start < end and now < end:
                yield Window(start, end)


def start_on(day: date, recurrence: Recurrence) -> datetime:
    """When a recurring silence begins on a local day, in UTC.

    A time that local clocks said twice is its first occurrence; one that they skipped is read by the offset that held
    until then, as everywhere here.
    """
    return datetime.combine(day, time.fromisoformat(recurrence.from_time), ZoneInfo(recurrence.zone)).astimezone(UTC)
