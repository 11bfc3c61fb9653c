"""Text that strangers wrote, made fit for display."""

import sys
import unicodedata

MESSAGE_CHARACTERS = 200
WHITESPACE = "".join(chr(code) for code in range(1, sys.maxunicode + 1) if chr(code).isspace())
"""Every character that is white space: PostgreSQL's own classes depend on the database's locale."""


def clean_message(message: str | None) -> str | None:
    """The first 200 characters of a message, control characters replaced; None where it says nothing."""
    if not message or message.isspace():
        return None
    return "".join("�" if unicodedata.category(c) == "Cc" else c for c in message[:MESSAGE_CHARACTERS])
