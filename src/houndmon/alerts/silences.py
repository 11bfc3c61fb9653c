"""Silences: who need not be told of what, until when. They keep people from being told, never from seeing."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import asyncpg
import msgspec
from msgspec import Meta

from houndmon.alerts.model import NOTE_LEAST, NOTE_MOST
from houndmon.alerts.recurrence import NEVER, WEEKDAYS, Holding, Recurrence, holding_at, zone_errors
from houndmon.alerts.store import SQL, NoSuchAlert, trim_note
from houndmon.core.clock import Window
from houndmon.core.filters import Environment
from houndmon.core.problems import BadInput, FieldError
from houndmon.core.source import as_structs
from houndmon.rulebook.book import RuleName

MOST_SILENCE = timedelta(days=7)
MOST_RECURRING = timedelta(days=366)
MOST_AHEAD = timedelta(days=30)
CLOCKS_DIFFER = timedelta(minutes=1)  # a start of this minute is meant as now


class NewSilence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Whom not to tell of what, until when, and why. What is left out matches all."""

    rule: Annotated[RuleName | None, Meta(description="Only this rule.", examples=["queue_age"])] = None
    environment: Annotated[Environment | None, Meta(description="Only this environment.", examples=["prod"])] = None
    subject: Annotated[
        Annotated[str, Meta(max_length=500)] | None, Meta(description="Only this subject.", examples=["gateway"])
    ] = None
    reason: Annotated[
        str, Meta(max_length=NOTE_MOST, description="Why; at least 10 characters.", examples=["Planned maintenance."])
    ]
    starts_at: Annotated[
        Annotated[datetime, Meta(tz=True)] | None,
        Meta(description="From when, at most 30 days ahead; null for now.", examples=["2026-03-02T12:00:00Z"]),
    ] = None
    ends_at: Annotated[
        datetime,
        Meta(
            tz=True,
            description="Until when, at most 7 days after it starts; of one that recurs, 366.",
            examples=["2026-03-02T14:00:00Z"],
        ),
    ]
    recurrence: Annotated[
        Recurrence | None, Meta(description="When it holds between the two; null for the whole time.")
    ] = None


class Silence(msgspec.Struct, kw_only=True):
    """A silence: it keeps people from being told, never from seeing."""

    id: Annotated[str, Meta(description="Its id.", examples=["3"])]
    rule: Annotated[str | None, Meta(description="Only this rule; null for all.", examples=["queue_age"])]
    environment: Annotated[str | None, Meta(description="Only this environment; null for both.", examples=["prod"])]
    subject: Annotated[str | None, Meta(description="Only this subject; null for all.", examples=["gateway"])]
    reason: Annotated[str, Meta(description="Why.", examples=["Planned maintenance."])]
    actor: Annotated[str | None, Meta(description="Who silenced it.", examples=["operator"])]
    created_at: Annotated[datetime, Meta(description="When it was made.", examples=["2026-03-02T11:50:00Z"])]
    starts_at: Annotated[datetime, Meta(description="From when.", examples=["2026-03-02T12:00:00Z"])]
    ends_at: Annotated[datetime, Meta(description="Until when.", examples=["2026-03-02T14:00:00Z"])]
    recurrence: Annotated[Recurrence | None, Meta(description="When it holds between the two; null for always.")] = None
    in_force: Annotated[bool, Meta(description="Whether it holds now.", examples=[True])]
    in_force_until: Annotated[
        datetime | None, Meta(description="Until when it holds; null where it does not now.", examples=[None])
    ] = None
    next_at: Annotated[
        datetime | None,
        Meta(description="When it begins to hold next; null where it never does.", examples=["2026-03-02T22:00:00Z"]),
    ] = None
    matching_count: Annotated[
        int, Meta(description="How many alerts fire now that it names, whether it holds or not.", examples=[2])
    ]


class SilenceTimes(msgspec.Struct, kw_only=True):
    """When a silence holds, as it is read at a time."""

    id: str
    starts_at: datetime
    ends_at: datetime
    weekdays: list[int] | None
    from_time: str | None
    lasts_minutes: int | None
    zone: str | None
    now: datetime

    @property
    def recurrence(self) -> Recurrence | None:
        """When it recurs; None where it does not."""
        if self.weekdays is None or self.from_time is None or self.lasts_minutes is None or self.zone is None:
            return None
        days = [WEEKDAYS[number - 1] for number in sorted(self.weekdays)]
        return Recurrence(weekdays=days, from_time=self.from_time, lasts_minutes=self.lasts_minutes, zone=self.zone)

    @property
    def holding(self) -> Holding:
        """Until when it holds at the time of the reading, and when next."""
        return holding_at(self.now, Window(self.starts_at, self.ends_at), self.recurrence)


class SilenceRow(SilenceTimes, kw_only=True):
    """A silence as it is read, at a time."""

    rule: str | None
    environment: str | None
    subject: str | None
    reason: str
    actor: str | None
    created_at: datetime
    matching_count: int


class KnownSubject(msgspec.Struct):
    """A subject that a silence can be of, and how many alerts of it fire."""

    subject: str
    firing_count: int


class SilenceList(msgspec.Struct):
    """The silences in force, those to come, and those of the last week."""

    items: Annotated[list[Silence], Meta(description="Silences, the last to end first.")]
    in_force: Annotated[int, Meta(description="How many hold now.", examples=[1])]


def matches(silence: Silence, rule: str, environment: str, subject: str | None) -> bool:
    """Whether a silence in force keeps an alert quiet."""
    return (
        silence.in_force
        and silence.rule in (None, rule)
        and silence.environment in (None, environment)
        and silence.subject in (None, subject)
    )


async def list_silences(conn: asyncpg.Connection) -> SilenceList:
    """The silences in force, those to come, and those of the last week."""
    found = known_silences(await conn.fetch(SQL["silences"]))
    return SilenceList(found, sum(one.in_force for one in found))


def known_silences(records: Sequence[asyncpg.Record]) -> list[Silence]:
    """Silences as they stand at the time of the reading."""
    return [known_silence(row) for row in as_structs(records, SilenceRow)]


def known_silence(row: SilenceRow) -> Silence:
    """A silence as it stands at the time of the reading."""
    holding = row.holding
    fields = {name: getattr(row, name) for name in Silence.__struct_fields__ if name in SilenceRow.__struct_fields__}
    return Silence(
        **fields,
        recurrence=row.recurrence,
        in_force=holding.until is not None,
        in_force_until=holding.until,
        next_at=holding.next_at,
    )


async def read_version(conn: asyncpg.Connection) -> str:
    """What changes whenever something is said otherwise of an open alert, or a silence begins or ends."""
    rows = await conn.fetch(SQL["version"])
    begun = as_structs([row for row in rows if row["id"] is not None], SilenceTimes)
    held = sorted(one.id for one in begun if one.holding.until is not None)
    return f"{rows[0]['version']} / {' '.join(held)}"


async def list_subjects(conn: asyncpg.Connection) -> list[KnownSubject]:
    """The subjects that rules and open alerts are about, those that fire first; at most 200."""
    return as_structs(await conn.fetch(SQL["subjects"]), KnownSubject)


async def add_silence(conn: asyncpg.Connection, wanted: NewSilence, actor: str | None) -> Silence:
    """Silence what matches. Raises BadInput for a reason too short, or for times that are past or too far."""
    now, said = await conn.fetchval("select clock_timestamp()"), trim_note(wanted.reason)
    starts_at = max(now, wanted.starts_at or now)
    errors = check_times(wanted, starts_at, now) + zone_errors(wanted.recurrence)
    if len(said) < NOTE_LEAST:
        errors.insert(0, FieldError("reason", f"needs at least {NOTE_LEAST} characters"))
    if not errors and holding_at(starts_at, Window(starts_at, wanted.ends_at), wanted.recurrence) == NEVER:
        errors.append(FieldError("recurrence.weekdays", "none of these days comes before it ends"))
    if errors:
        raise BadInput(*errors)
    values = (wanted.rule, wanted.environment, wanted.subject, said, actor, starts_at, wanted.ends_at)
    id = await conn.fetchval(SQL["add_silence"], *values, *recurrence_columns(wanted.recurrence))
    return known_silences([await conn.fetchrow(SQL["silence"], id)])[0]


def recurrence_columns(recurrence: Recurrence | None) -> tuple[list[int] | None, str | None, int | None, str | None]:
    """A recurrence as it is written."""
    if recurrence is None:
        return None, None, None, None
    days = sorted({WEEKDAYS.index(day) + 1 for day in recurrence.weekdays})
    return days, recurrence.from_time, recurrence.lasts_minutes, recurrence.zone


def check_times(wanted: NewSilence, starts_at: datetime, now: datetime) -> list[FieldError]:
    """What is wrong with the times of a silence."""
    errors, most = [], MOST_RECURRING if wanted.recurrence else MOST_SILENCE
    if wanted.starts_at is not None and not -CLOCKS_DIFFER <= wanted.starts_at - now <= MOST_AHEAD:
        errors.append(FieldError("starts_at", f"must lie ahead, and at most {MOST_AHEAD.days} days"))
    elif not timedelta(0) < wanted.ends_at - starts_at <= most:
        errors.append(FieldError("ends_at", f"must lie after the start, and at most {most.days} days"))
    return errors


async def end_silence(conn: asyncpg.Connection, id: int) -> None:
    """End a silence now. Raises NoSuchAlert where none of that id holds."""
    if await conn.fetchval(SQL["end_silence"], id) is None:
        raise NoSuchAlert("No silence of that id is in force.")
