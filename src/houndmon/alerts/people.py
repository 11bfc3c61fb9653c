"""What people do to alerts: take them, close them, silence them. Every act leaves a row in the timeline."""

import unicodedata
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from houndmon.alerts.model import (
    NOTE_LEAST,
    NOTE_MOST,
    AlertPage,
    AlertRow,
    Closing,
    Evidence,
    Moment,
    NewSilence,
    Notes,
    Silence,
    SilenceList,
    SingleAlert,
    notes_of,
    shown,
)
from houndmon.kit.paging import Place
from houndmon.kit.problems import BadInput, FieldError, HoundmonError, SourceUnreadable
from houndmon.kit.source import plain
from houndmon.kit.sql import statements

SQL = {name: one.text for name, one in statements(Path(__file__).with_name("query.sql")).items()}
LONGEST_SILENCE = timedelta(days=7)


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

    def extra(self) -> dict[str, Any]:
        return {"notes": self.notes}


class BadNotes(BadInput):
    """Notes are missing or too short; what was typed comes back."""

    status = 422
    title = "Unprocessable Content"

    def __init__(self, notes: Closing, *errors: FieldError) -> None:
        super().__init__(*errors)
        self.notes = notes

    def extra(self) -> dict[str, Any]:
        return super().extra() | {"notes": self.notes}


class NotKept(SourceUnreadable):
    """houndmon's own database did not take a closing; what was typed comes back."""

    def __init__(self, error: SourceUnreadable, notes: Closing) -> None:
        super().__init__(error.source, error.relation, error.reason)
        self.notes = notes

    def extra(self) -> dict[str, Any]:
        return super().extra() | {"notes": self.notes}


def alert_id(text: str) -> int:
    """The id of an alert as a client sends it. Raises NoSuchAlert."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NoSuchAlert("There is no such alert.")
    return int(text)


async def open_alerts(conn: asyncpg.Connection) -> list[AlertRow]:
    """Every open alert, the worst first."""
    return plain(await conn.fetch(SQL["open"]), AlertRow)


async def alerts_page(
    conn: asyncpg.Connection, state: str, environment: str | None, rule: str | None, place: Place | None, limit: int
) -> AlertPage:
    """Some alerts, the newest first."""
    before = (place.at, place.id) if place else (None, None)
    rows = plain(await conn.fetch(SQL["page"], state, environment, rule, *before, limit + 1), AlertRow)
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = Place(last.fired_at, int(last.id)).cursor() if last else None
    return AlertPage([shown(row) for row in rows[:limit]], cursor)


async def one_alert(conn: asyncpg.Connection, id: int, deliveries: list[Moment]) -> SingleAlert:
    """All that is known of an alert; `deliveries` go into its timeline. Raises NoSuchAlert."""
    row = await alert_row(conn, id)
    before = await alert_row(conn, int(row.previous_alert_id)) if row.previous_alert_id else None
    moments = plain(await conn.fetch(SQL["timeline"], id), Moment) + deliveries
    return SingleAlert(
        **msgspec.structs.asdict(shown(row)),
        acknowledgement=row.acknowledgement,
        previous_notes=notes_of(before) if before else None,
        timeline=sorted(moments, key=lambda moment: moment.at),
        evidence=Evidence(
            msgspec.json.decode(row.fired_evidence),
            msgspec.json.decode(row.recovered_evidence) if row.recovered_evidence else None,
        ),
    )


async def alert_row(conn: asyncpg.Connection, id: int) -> AlertRow:
    """One alert. Raises NoSuchAlert."""
    rows = plain(await conn.fetch(SQL["one"], id), AlertRow)
    if not rows:
        raise NoSuchAlert("There is no such alert.")
    return rows[0]


async def acknowledge(conn: asyncpg.Connection, id: int, note: str | None, actor: str | None) -> None:
    """Take an alert; taken twice is taken once. Raises NoSuchAlert, NotClosable where it is closed."""
    async with conn.transaction():
        row = await alert_row(conn, id)
        if row.state == "closed":
            raise NotClosable("This alert is closed: there is nothing left to acknowledge.", Closing())
        note = trimmed(note) or None if note else None
        if await conn.fetchval(SQL["acknowledge"], id, actor, note):
            said = note or "no note"
            await add_transition(conn, id, "acknowledged", row.state, row.state, said, actor=actor)


async def close(conn: asyncpg.Connection, id: int, closing: Closing, actor: str | None) -> None:
    """Close a recovered alert with three notes. Raises BadNotes, NoSuchAlert, NotClosable.

    Of two who close at the same moment one changes the row; the other finds none to change.
    """
    notes = checked_notes(closing)
    async with conn.transaction():
        row = await alert_row(conn, id)
        closed = await conn.fetchrow(SQL["close"], id)
        if closed is None:
            raise NotClosable(await why_not(conn, id), closing)
        await conn.execute(SQL["keep_notes"], id, actor, notes.root_cause, notes.mitigation, notes.prevention)
        await add_transition(conn, id, "closed", "recovered", "closed", f"root cause: {notes.root_cause}", actor=actor)
        impact = f"{row.rule} closed: {notes.root_cause}"
        await add_incident(conn, row, "alert_closed", "info", impact)


async def why_not(conn: asyncpg.Connection, id: int) -> str:
    """Why an alert cannot be closed."""
    if (await alert_row(conn, id)).state == "closed":
        return "This alert is closed already, perhaps a moment ago in another window. Your notes are below."
    return "This alert still fires: only a recovered alert can be closed. Your notes are below."


def checked_notes(closing: Closing) -> Notes:
    """The three notes, trimmed. Raises BadNotes."""
    texts = {name: trimmed(getattr(closing, name) or "") for name in closing.__struct_fields__}
    errors = [
        FieldError(name, f"needs {NOTE_LEAST} to {NOTE_MOST} characters, and has {len(text)}")
        for name, text in texts.items()
        if not NOTE_LEAST <= len(text) <= NOTE_MOST
    ]
    if errors:
        raise BadNotes(closing, *errors)
    return Notes(**texts)


def trimmed(text: str) -> str:
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
    at: Any = None,
    value: float | None = None,
    threshold: float | None = None,
    sample_count: int | None = None,
    actor: str | None = None,
) -> None:
    """Write down what happened to an alert."""
    figures = (value, threshold, sample_count)
    await conn.execute(SQL["add_transition"], id, at, kind, from_state, to_state, reason, *figures, actor)


async def add_incident(
    conn: asyncpg.Connection, row: AlertRow, kind: str, severity: str, impact: str, at: Any = None
) -> None:
    """Put what happened to an alert into the feed."""
    line = " ".join(impact.split())[:200]
    area = area_of(row.rule, row.subject)
    link = ("Runbook", row.runbook_url)
    await conn.execute(SQL["add_incident"], at, row.environment, area, severity, line, *link, kind, int(row.id))


def area_of(rule: str, subject: str | None) -> str:
    """The part of the chain that a rule watches."""
    if rule.startswith("queue_"):
        return "transcode"
    if rule.startswith("api_"):
        return "api"
    areas = {
        "worker_heartbeat_missing": "workers",
        "playback_failure_ratio": "playback",
        "source_unreadable": "source",
        "counts_differ": "houndmon",
    }
    levels = {
        "upload_to_live": "publish",
        "transcode_success": "transcode",
        "playback_success": "playback",
        "heartbeat_freshness": "workers",
    }
    return areas.get(rule) or levels.get(subject or "") or subject or "houndmon"


async def list_silences(conn: asyncpg.Connection) -> SilenceList:
    """The silences in force, and those of the last week."""
    found = plain(await conn.fetch(SQL["silences"]), Silence)
    return SilenceList(found, sum(one.in_force for one in found))


async def add_silence(conn: asyncpg.Connection, wanted: NewSilence, actor: str | None) -> Silence:
    """Silence what matches. Raises BadInput for a reason too short, an end that is past or too far."""
    now, said = await conn.fetchval("select clock_timestamp()"), trimmed(wanted.reason)
    errors = []
    if len(said) < NOTE_LEAST:
        errors.append(FieldError("reason", f"needs at least {NOTE_LEAST} characters"))
    if not now < wanted.ends_at <= now + LONGEST_SILENCE:
        errors.append(FieldError("ends_at", "must lie ahead, and at most 7 days"))
    if errors:
        raise BadInput(*errors)
    values = (wanted.rule, wanted.environment, wanted.subject, said, actor, wanted.ends_at)
    return plain([await conn.fetchrow(SQL["add_silence"], *values)], Silence)[0]


async def end_silence(conn: asyncpg.Connection, id: int) -> None:
    """End a silence now. Raises NoSuchAlert where none of that id holds."""
    if await conn.fetchval(SQL["end_silence"], id) is None:
        raise NoSuchAlert("No silence of that id is in force.")
