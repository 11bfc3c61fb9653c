"""Text made fit for display: what strangers wrote, and words as a list."""

import sys
import unicodedata
from collections.abc import Iterable

MESSAGE_CHARACTERS = 200
WHITESPACE = "".join(chr(code) for code in range(1, sys.maxunicode + 1) if chr(code).isspace())
"""Every character that is white space: PostgreSQL's own classes depend on the database's locale."""


def clean_message(message: str | None) -> str | None:
    """The first 200 characters of a message, control characters replaced; None where it says nothing."""
    if not message or message.isspace():
        return None
    return "".join("�" if unicodedata.category(c) == "Cc" else c for c in message[:MESSAGE_CHARACTERS])


def listing(words: Iterable[str]) -> str:
    """Words as a list: `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
