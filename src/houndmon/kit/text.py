"""Text that strangers wrote, made fit for display."""

import sys
import unicodedata
from collections.abc import Iterable

MESSAGE_CHARACTERS = 200
BLANKS = "".join(chr(code) for code in range(1, sys.maxunicode + 1) if chr(code).isspace())
"""Every character that is white space: PostgreSQL's own classes depend on the database's locale."""


def one_each(messages: Iterable[tuple[str, str | None]]) -> dict[str, str]:
    """One message for each name, the first by code point: the same whatever order they come in."""
    found: dict[str, str] = {}
    for name, message in messages:
        if message:
            found[name] = min(message, found.get(name, message))
    return found


def shown(message: str | None) -> str | None:
    """The first 200 characters of a message, control characters replaced; None where it says nothing."""
    if not message or message.isspace():
        return None
    return "".join("�" if unicodedata.category(c) == "Cc" else c for c in message[:MESSAGE_CHARACTERS])
