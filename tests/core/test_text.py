import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import BLANK, WORST
from houndmon.core.text import WHITESPACE, clean_message, listing


@given(st.one_of(st.text(), st.text(st.characters(categories=["Cc", "Zs"])), st.text(min_size=150, max_size=300)))
def test_it_shows_at_most_200_characters_and_no_control_character(message):
    """What is shown is the start of the message, of the same length up to 200, control characters replaced."""
    found = clean_message(message)
    if found is None:
        assert not message.strip()
        return
    assert len(found) == min(200, len(message))
    assert not [c for c in found if unicodedata.category(c) == "Cc"]
    assert all(a == b or (unicodedata.category(b) == "Cc" and a == "�") for a, b in zip(found, message, strict=False))


@pytest.mark.parametrize("message", BLANK)
def test_it_shows_nothing_where_nothing_is_said(message):
    """A null or blank message is none."""
    assert clean_message(message) is None


def test_it_cuts_and_cleans_the_worst_message():
    """A megabyte with markup, a bell, a right-to-left mark and an emoji becomes 200 characters, markup kept as text."""
    assert clean_message(WORST) == ("<script>alert(1)</script>��\u202e😀" + "x" * 1000)[:200]


async def test_it_knows_every_white_space_character(conn):
    """BLANKS is all that Python calls white space, and PostgreSQL trims every one of it."""
    assert set(WHITESPACE) == {chr(code) for code in range(sys.maxunicode + 1) if chr(code).isspace()}
    assert len(WHITESPACE) == len(set(WHITESPACE))
    assert await conn.fetchval("select btrim($1, $2)", f"{WHITESPACE}a{WHITESPACE}", WHITESPACE) == "a"


def test_it_lists_words() -> None:
    """With `and` before the last."""
    assert listing(["artist"]) == "artist"
    assert listing(["artist", "release"]) == "artist and release"
    assert listing(["a", "b", "c"]) == "a, b and c"
