"""Places in listings that are ordered by time and id, newest first."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.problems import BadInput, FieldError

MOST_CURSOR_CHARACTERS = 200


class PagePosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """The last entry that a page showed."""

    at: Annotated[datetime, Meta(tz=True)]
    id: Annotated[int, Meta(ge=0, le=2**63 - 1)]

    def cursor(self) -> str:
        """The place as a client carries it: opaque, safe in a URL."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> PagePosition | None:
    """The place of a cursor. Raises BadInput where it is none of ours."""
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor[:MOST_CURSOR_CHARACTERS] + "==")
        place = msgspec.json.decode(raw, type=PagePosition)
        return PagePosition(place.at.astimezone(UTC), place.id)
    except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError):
        wrong = FieldError("cursor", "is not one that a listing gave: leave it out to start anew")
        raise BadInput(wrong) from None
