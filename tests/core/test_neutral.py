import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.core.neutral import NAME_CHARACTERS, neutral, quoted, visible
from strangers import GRAMMARS, HOSTILE, PIECES, found_in

NAMES = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join) | st.text()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("MEDIA_ERR_DECODE", "`MEDIA_ERR_DECODE`"),
        ("unsupported_codec", "`unsupported_codec`"),
        ("job-20931", "`job-20931`"),
        ("ios/safari", "`ios/safari`"),
        ("host-3:8080", "`host-3:8080`"),
        ("player 1.2.3 (beta)", "`player 1.2.3 (beta)`"),
        ("Größe überschritten: 3 %", "`Größe überschritten: 3 %`"),
        ("celery@host-3", "`celery＠host-3`"),
        ("java.lang.Error", "`java(.)lang(.)Error`"),
        ("sidekiq:worker:3", "`sidekiq：worker:3`"),
        ("GET /v1/tracks", "`GET ／v1/tracks`"),
        ("a`b", "`a｀b`"),
        ("  two\n\tlines ", "`two lines`"),
        ("", "(no name)"),
        ("\n", "(no name)"),
        ("\u200b", "`�`"),
    ],
)
def test_it_shows_a_name_as_people_know_it(name: str, shown: str) -> None:
    """A usual name stays as it is; of others only the characters change that mean something somewhere."""
    assert quoted(name) == shown


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("grammar", GRAMMARS)
def test_it_takes_the_meaning_out_of(hostile: str, grammar: str) -> None:
    """Nothing that a stranger writes is a mention, a link or markup to any target, in backticks or without."""
    assert not found_in(neutral(hostile, 500), grammar)
    assert not found_in(quoted(hostile, 500)[1:-1], grammar)


@pytest.mark.parametrize("grammar", GRAMMARS)
def test_it_would_notice_each_grammar(grammar: str) -> None:
    """Each grammar of the table is met by a hostile name as it came: the tests above can fail."""
    assert any(found_in(hostile, grammar) for hostile in HOSTILE)


@given(NAMES, st.sampled_from([2, 9, NAME_CHARACTERS, 500]))
@example("_" * 5 + "/" * 5, 4)
@example("a_b", 3)
@example("a.b.c", 4)
@example("1.2.3.4.5", 80)
@example("`" * 500, 80)
@example("\u200b" * 700 + "@all", 80)
def test_it_is_neutral_whatever_comes(name: str, most: int) -> None:
    """One bounded line of visible characters that no grammar knows; what is neutral already stays as it is."""
    shown = neutral(name, most)
    assert len(shown) <= most
    assert not [grammar for grammar in GRAMMARS if found_in(shown, grammar)]
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    assert shown == " ".join(shown.split())
    assert neutral(shown, most) == shown


@given(NAMES)
def test_it_keeps_its_backticks_closed(name: str) -> None:
    """A quoted name is one code span: no backtick within it, and never an empty one, which would open another."""
    shown = quoted(name)
    assert shown == "(no name)" or re.fullmatch(r"`[^`]+`", shown)


@given(st.text(alphabet=st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40))
def test_it_changes_no_plain_word(word: str) -> None:
    """Letters and digits are only ever themselves."""
    assert neutral(word) == word


def test_it_says_where_it_cut() -> None:
    """A long name ends in `…`, and 10 MB of it are not all looked at."""
    assert neutral("x" * 100, 10) == "x" * 9 + "…"
    assert neutral("x" * 10, 10) == "x" * 10
    assert neutral("." * 10_000_000, 10) == "." * 9 + "…"
    assert neutral(" " * 10_000_000 + "late", 10) == "…"


def test_it_shows_what_cannot_be_seen() -> None:
    """Our own words keep their punctuation: only what is invisible or moves the cursor changes."""
    assert visible("transcode on-call <ops@example.com>", 80) == "transcode on-call <ops@example.com>"
    assert visible("red \x1b[31m\u202e\u2066 text\r\nnext", 80) == "red �[31m� text next"
