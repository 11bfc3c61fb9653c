"""What people do about an alert until it is closed: take it back, hand it over, comment on it."""

from typing import Annotated

import asyncpg
import msgspec
from msgspec import Meta

from houndmon.alerts.model import NOTE_MOST
from houndmon.alerts.store import SQL, add_transition, read_alert_row, trim_note
from houndmon.core.problems import BadInput, FieldError, HoundmonError

NAME_MOST = 100


class Handover(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Who answers for an alert from now on."""

    to: Annotated[str, Meta(description="Who; 1 to 100 characters.", examples=["Robin, platform on-call"])]
    note: Annotated[
        Annotated[str, Meta(max_length=NOTE_MOST)] | None,
        Meta(description="What they need to know, if anything.", examples=["The image was rolled back."]),
    ] = None


class NewComment(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What somebody says about an alert."""

    text: Annotated[str, Meta(description="1 to 4000 characters.", examples=["The image was rolled back at 11:50."])]


class ResponseRefused(HoundmonError):
    """The alert is closed, or nobody has acknowledged it."""

    status = 409
    title = "Conflict"


async def unacknowledge_alert(conn: asyncpg.Connection, id: int, note: str | None, actor: str | None) -> None:
    """Take an acknowledgement back; the time to respond begins anew. Raises NoSuchAlert, ResponseRefused."""
    async with conn.transaction():
        row = await read_alert_row(conn, id)
        if not await conn.fetchval(SQL["unacknowledge"], id):
            raise await refusal(conn, id)
        await conn.execute(SQL["renew_response"], id)
        await add_transition(conn, id, "unacknowledged", row.state, row.state, note_or_none(note), actor=actor)


async def hand_over_alert(conn: asyncpg.Connection, id: int, handover: Handover, actor: str | None) -> None:
    """Let somebody else answer for an acknowledged alert. Raises BadInput, NoSuchAlert, ResponseRefused.

    When it was acknowledged stays: the response was in time or was not.
    """
    to = checked_text("to", handover.to, NAME_MOST)
    note = trim_note(handover.note or "") or None
    if note:
        checked_text("note", note, NOTE_MOST)
    async with conn.transaction():
        row = await read_alert_row(conn, id)
        if not await conn.fetchval(SQL["hand_over"], id, to, note):
            raise await refusal(conn, id)
        said = f"to {to}" + (f": {note}" if note else "")
        await add_transition(conn, id, "handed_over", row.state, row.state, said, actor=actor)


async def comment_on_alert(conn: asyncpg.Connection, id: int, comment: NewComment, actor: str | None) -> None:
    """Put a comment into the timeline of an open alert. Raises BadInput, NoSuchAlert, ResponseRefused."""
    text = checked_text("text", comment.text, NOTE_MOST)
    async with conn.transaction():
        row = await read_alert_row(conn, id)
        if row.state == "closed":
            raise await refusal(conn, id)
        await add_transition(conn, id, "comment", row.state, row.state, text, actor=actor)


async def refusal(conn: asyncpg.Connection, id: int) -> ResponseRefused:
    """Why nothing was done."""
    if (await read_alert_row(conn, id)).state == "closed":
        return ResponseRefused("This alert is closed: nothing more can be done about it.")
    return ResponseRefused("Nobody has acknowledged this alert: acknowledge it first.")


def checked_text(field: str, text: str, most: int) -> str:
    """A text without blanks at its ends. Raises BadInput where nothing is left, or too much."""
    kept = trim_note(text)
    if not 1 <= len(kept) <= most:
        raise BadInput(FieldError(field, f"needs 1 to {most} characters, and has {len(kept)}"))
    return kept


def note_or_none(note: str | None) -> str:
    """A note as the timeline has it."""
    return trim_note(note or "") or "no note"
