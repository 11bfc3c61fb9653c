"""What people do to alerts: take them, close them. Every act leaves a row in the timeline."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import asyncpg
import msgspec

from houndmon.alerts.model import (
    NOTE_LEAST,
    NOTE_MOST,
    AlertRow,
    Closing,
    Evidence,
    Moment,
    Notes,
    RelatedAlert,
    SingleAlert,
    listed_alert,
    notes_of,
)
from houndmon.alerts.names import subject_named
from houndmon.core.problems import BadInput, FieldError, HoundmonError, StateUnreadable
from houndmon.core.requests import row_id
from houndmon.core.source import as_structs
from houndmon.core.sql import load_statements
from houndmon.rulebook.book import BOOK

SQL = {name: one.text for name, one in load_statements(Path(__file__).with_name("query.sql")).items()}
GONE_SECONDS = 0.5
Event = Literal["fired", "fired_again", "recovered", "closed"]
EVENTS: dict[Event, tuple[str, str]] = {
    "fired": ("alert_fired", "fires"),
    "fired_again": ("alert_fired", "fires again"),
    "recovered": ("alert_recovered", "recovered"),
    "closed": ("alert_closed", "closed"),
}
"""What an alert does: of which kind the feed calls it, and in which words."""


class NoSuchAlert(HoundmonError):
    """There is no such alert."""

    status = 404
    title = "Not Found"


class NotClosable(HoundmonError):
    """The alert still fires, or is closed already; what was typed comes back."""

    status = 409
    title = "Conflict"

    def __init__(self, text: str, notes: Closing) -> None:
        super().__init__(text)
        self.notes = notes

    def extra(self) -> dict[str, object]:
        return {"notes": self.notes}


class BadNotes(BadInput):
    """Notes are missing or too short; what was typed comes back."""

    status = 422
    title = "Unprocessable Content"

    def __init__(self, notes: Closing, *errors: FieldError) -> None:
        super().__init__(*errors)
        self.notes = notes

    def extra(self) -> dict[str, object]:
        return super().extra() | {"notes": self.notes}


class ClosingNotSaved(StateUnreadable):
    """houndmon's own database did not take a closing; what was typed comes back."""

    def __init__(self, error: StateUnreadable, notes: Closing) -> None:
        super().__init__(error.relation, error.reason)
        self.notes = notes

    def extra(self) -> dict[str, object]:
        return super().extra() | {"notes": self.notes}


def alert_id(text: str) -> int:
    """The id of an alert as a client sends it. Raises NoSuchAlert."""
    id = row_id(text)
    if id is None:
        raise NoSuchAlert("There is no such alert.")
    return id


async def read_open_alerts(conn: asyncpg.Connection) -> list[AlertRow]:
    """Every open alert, the worst first."""
    return as_structs(await conn.fetch(SQL["open"]), AlertRow)


async def read_closable_alerts(conn: asyncpg.Connection) -> list[AlertRow]:
    """Every open alert, the worst first; those whose subject is gone are closable too."""
    return await mark_gone(conn, await read_open_alerts(conn))


async def mark_gone(conn: asyncpg.Connection, rows: list[AlertRow]) -> list[AlertRow]:
    """The same alerts, closable where the subject is gone.

    What judges that may be locked: the alerts show all the same.
    """
    if any(row.state == "firing" for row in rows):
        try:
            gone = {str(row["id"]) for row in await conn.fetch(SQL["gone"], timeout=GONE_SECONDS)}
        except TimeoutError:
            return rows
        for row in rows:
            row.closable |= row.id in gone
    return rows


async def read_alert(conn: asyncpg.Connection, id: int, deliveries: list[Moment]) -> SingleAlert:
    """All that is known of an alert; `deliveries` go into its timeline. Raises NoSuchAlert."""
    (row,) = await mark_gone(conn, [await read_alert_row(conn, id)])
    before = await read_alert_row(conn, int(row.previous_alert_id)) if row.previous_alert_id else None
    moments = as_structs(await conn.fetch(SQL["timeline"], id), Moment) + deliveries
    related = await conn.fetch(SQL["related"], id)
    return SingleAlert(
        **msgspec.structs.asdict(listed_alert(row)),
        cause=next(iter(as_structs([one for one in related if not one["is_symptom"]], RelatedAlert)), None),
        explains=as_structs([one for one in related if one["is_symptom"]], RelatedAlert),
        fired_last_7_days=await conn.fetchval(SQL["firings"], id),
        acknowledgement=row.acknowledgement,
        previous_notes=notes_of(before) if before else None,
        timeline=sorted(moments, key=lambda moment: moment.at),
        evidence=Evidence(
            msgspec.json.decode(row.fired_evidence),
            msgspec.json.decode(row.recovered_evidence) if row.recovered_evidence else None,
        ),
    )


async def read_alert_row(conn: asyncpg.Connection, id: int) -> AlertRow:
    """One alert. Raises NoSuchAlert."""
    rows = as_structs(await conn.fetch(SQL["one"], id), AlertRow)
    if not rows:
        raise NoSuchAlert("There is no such alert.")
    return rows[0]


async def acknowledge_alert(conn: asyncpg.Connection, id: int, note: str | None, actor: str | None) -> None:
    """Take an alert; taken twice is taken once. Raises NoSuchAlert, NotClosable where it is closed."""
    async with conn.transaction():
        row = await read_alert_row(conn, id)
        if row.state == "closed":
            raise NotClosable("This alert is closed: there is nothing left to acknowledge.", Closing())
        note = trim_note(note) or None if note else None
        if await conn.fetchval(SQL["acknowledge"], id, actor, note):
            said = note or "no note"
            await add_transition(conn, id, "acknowledged", row.state, row.state, said, actor=actor)


async def close_alerts(conn: asyncpg.Connection, ids: Sequence[int], closing: Closing, actor: str | None) -> None:
    """Close some alerts by one set of notes: all of them, or none. Raises what `close_alert` does.

    One that another of them explains is closed with that one.
    """
    closed: set[int] = set()
    async with conn.transaction():
        await conn.execute(SQL["lock_to_close"], ids)
        for id in ids:
            if id in closed:
                continue
            try:
                closed |= await close_alert(conn, id, closing, actor)
            except NotClosable as error:
                raise NotClosable(f"No alert was closed, for alert {id} cannot be. {error}", closing) from error


async def close_alert(conn: asyncpg.Connection, id: int, closing: Closing, actor: str | None) -> set[int]:
    """Close an alert that has recovered or is gone, with three notes; it and what is closed with it.

    Raises BadNotes, NoSuchAlert, NotClosable. Of two who close at the same moment one changes the row; the other finds
    none to change. The recovered alerts that it explains are closed with it: the notes stand on each.
    """
    notes = checked_notes(closing)
    async with conn.transaction():
        await conn.execute(SQL["lock_to_close"], [id])
        row = await read_alert_row(conn, id)
        closed = await conn.fetchrow(SQL["close"], id)
        if closed is None:
            raise NotClosable(await refusal_to_close(conn, id), closing)
        said = f"root cause: {notes.root_cause}"
        await keep_notes(conn, id, row.state, notes, actor, said)
        explained = [one["id"] for one in await conn.fetch(SQL["close_explained"], id)]
        for other in explained:
            await keep_notes(conn, other, "recovered", notes, actor, f"with alert {id}, {said}")
        await record_alert_incident(conn, row, "closed", "info", notes.root_cause)
    return {id, *explained}


async def keep_notes(
    conn: asyncpg.Connection, id: int, before: str, notes: Notes, actor: str | None, reason: str
) -> None:
    """Write down the notes of a closing, and that it happened."""
    await conn.execute(SQL["keep_notes"], id, actor, notes.root_cause, notes.mitigation, notes.prevention)
    await add_transition(conn, id, "closed", before, "closed", reason, actor=actor)


async def refusal_to_close(conn: asyncpg.Connection, id: int) -> str:
    """Why an alert cannot be closed."""
    if (await read_alert_row(conn, id)).state == "closed":
        return "This alert is closed already, perhaps a moment ago in another window. Your notes are below."
    return (
        "This alert still fires: only one that has recovered can be closed, or one whose subject is gone for an hour."
        " Your notes are below."
    )


def checked_notes(closing: Closing) -> Notes:
    """The three notes, trimmed. Raises BadNotes."""
    if errors := note_errors(closing):
        raise BadNotes(closing, *errors)
    return Notes(**trimmed_notes(closing))


def note_errors(closing: Closing) -> list[FieldError]:
    """What is wrong with the three notes."""
    return [
        FieldError(name, f"needs {NOTE_LEAST} to {NOTE_MOST} characters, and has {len(text)}")
        for name, text in trimmed_notes(closing).items()
        if not NOTE_LEAST <= len(text) <= NOTE_MOST
    ]


def trimmed_notes(closing: Closing) -> dict[str, str]:
    """The three notes by their names, trimmed."""
    return {name: trim_note(getattr(closing, name) or "") for name in closing.__struct_fields__}


def trim_note(text: str) -> str:
    """A note without what cannot be seen at its ends, and without control characters inside."""
    lines = text.replace("\r\n", "\n")
    kept = "".join(c if unicodedata.category(c) not in ("Cc", "Cs") or c in "\n\t" else " " for c in lines)
    seen = [place for place, c in enumerate(kept) if not c.isspace() and unicodedata.category(c) != "Cf"]
    return kept[seen[0] : seen[-1] + 1] if seen else ""


async def add_transition(
    conn: asyncpg.Connection,
    id: int,
    kind: str,
    from_state: str,
    to_state: str,
    reason: str,
    *,
    at: datetime | None = None,
    value: float | None = None,
    threshold: float | None = None,
    sample_count: int | None = None,
    actor: str | None = None,
) -> None:
    """Write down what happened to an alert."""
    figures = (value, threshold, sample_count)
    await conn.execute(SQL["add_transition"], id, at, kind, from_state, to_state, reason, *figures, actor)


async def record_alert_incident(
    conn: asyncpg.Connection, row: AlertRow, event: Event, severity: str, reason: str, at: datetime | None = None
) -> None:
    """Put what an alert did into the feed: in columns, and as one line for those who read that."""
    kind, word = EVENTS[event]
    subject = f" of {subject_named(row.rule, row.subject)}" if row.subject and event != "closed" else ""
    impact, why = one_line(f"{row.rule}{subject} {word}: {reason}"), one_line(reason)
    place = (at, row.environment, BOOK[row.rule].of(row.subject).area, severity)
    alert = (kind, int(row.id), row.rule, row.subject, event, why)
    await conn.execute(SQL["add_incident"], *place, impact, "Runbook", row.runbook_url, *alert)


def one_line(text: str) -> str:
    """A text as the feed has it: on one line, of at most 200 characters."""
    return " ".join(text.split())[:200]
