"""Finds a name however it is spelled: a pattern in which each letter stands for all that people type alike.

Accents, case, width, kinds of blanks, dashes, quotes and apostrophes tell no names apart, nor does how an accent is
composed. The pattern says so character by character. So the source needs no extension, no Unicode functions and no
locale for it, no row is rewritten to be compared, and the server's encoding may be any.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

import msgspec

from houndmon.core.text import WHITESPACE

ALIKE = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212",
    "'": "\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02bd\u2032\u00b4`",
    '"': "\u201c\u201d\u201e\u201f\u2033",
    "/": "\u2044\u2215",
    "o": "\u00f8\u01ff",
    "l": "\u0142",
    "d": "\u0111\u00f0",
    "h": "\u0127",
    "i": "\u0131",
    "t": "\u0167",
    "\u03c3": "\u03c2",  # the sigma that ends a word
    "x": "\u00d7",
    "ae": "\u00e6",
    "oe": "\u0153",
    "th": "\u00fe",
    "ss": "\u00df",
}
"""What people type, and what names have for it beside what Unicode itself calls compatible."""
SPELLED = {ord(one): plain for plain, others in ALIKE.items() for one in others}
IGNORED = (
    *(
        "\u00ad",
        "\u0300-\u036f",
        "\u0483-\u0487",
        "\u0591-\u05bd",
        "\u05bf",
        "\u05c1-\u05c2",
        "\u05c4-\u05c5",
        "\u05c7",
    ),
    *("\u0610-\u061a", "\u0640", "\u064b-\u065f", "\u0670", "\u1ab0-\u1aff", "\u1dc0-\u1dff", "\u200b-\u200f"),
    *("\u202a-\u202e", "\u2060-\u2064", "\u2066-\u2069", "\u20d0-\u20ff", "\ufe00-\ufe0f", "\ufe20-\ufe2f", "\ufeff"),
)
"""Characters that people do not type: accents, points of Semitic scripts, and what nobody sees."""
UNSEEN = dict.fromkeys(code for part in IGNORED for code in range(ord(part[0]), ord(part[-1]) + 1))
SCANNED = (
    *((0x80, 0x700), (0x900, 0x1400), (0x1C00, 0x2500), (0x2A00, 0x3400), (0xA600, 0xA800), (0xAB00, 0xAC00)),
    *((0xF900, 0x10000), (0x10400, 0x10600), (0x1D400, 0x1D800), (0x1F100, 0x1F200)),
)
"""Where the characters are that stand for others. Syllables of Hangul are composed by rule."""
MOST_WORDS = 8
LONGEST = 4  # characters that one stands for, as the ellipsis for three dots
COMMON = re.compile("[\u0370-\u045f\uff10-\uff5a]")
SINGLE_BYTE = ("LATIN", "ISO_8859", "WIN", "KOI8")
BEFORE_WORDS = (
    WHITESPACE + "-/.,:;!?&+_()[]{}<>\"'\u2010\u2011\u2012\u2013\u2014\u2018\u2019\u201c\u201d\u00ab\u00bb\u00bf\u00a1"
)


class SearchPatterns(msgspec.Struct, frozen=True):
    """A text as patterns."""

    words: list[str]  # each word anywhere, the longest first: it is in the fewest names
    start: str  # a name that begins with the text
    whole: str  # a name that is the text
    begun: list[str]  # each word where it begins one


def fold_text(text: str) -> str:
    """A text as it is typed most plainly: small letters without accents, one kind of dash, quote and apostrophe."""
    apart = unicodedata.normalize("NFKD", text.translate(SPELLED))
    small = "".join(letter.lower() for letter in apart).translate(SPELLED)
    return unicodedata.normalize("NFC", small.translate(UNSEEN))


def asked(text: str, encoding: str = "UTF8") -> SearchPatterns | None:
    """The patterns of a text for a server of that encoding; None where it holds what no name there can."""
    words = (fold_text(text).split() or text.split())[
        :MOST_WORDS
    ]  # of what nobody sees nothing is left: then it is meant
    try:
        anywhere = [pattern(word, encoding) for word in words]
        blanks = f"{among((*WHITESPACE, *spellings().get(' ', ())), encoding)}+"
        before = f"(?:^|{among(BEFORE_WORDS, encoding)})"
    except UnicodeError:
        return None
    start = f"^{blanks[:-1]}*{blanks.join(anywhere)}"
    rarest = sorted(anywhere, key=len, reverse=True)
    return SearchPatterns(rarest, start, f"{start}{blanks[:-1]}*$", [before + word for word in rarest])


def pattern(word: str, encoding: str, longest: int = LONGEST) -> str:
    """A regular expression of PostgreSQL's that finds a folded word. Raises UnicodeError where nothing can be it."""
    found, at = "", 0
    while at < len(word):
        lengths = range(min(longest, len(word) - at), 1, -1)
        key = next((word[at : at + n] for n in lengths if word[at : at + n] in spellings()), word[at])
        found += several(key, encoding) if len(key) > 1 else letter(key, encoding)
        at += len(key)
    return found


def several(key: str, encoding: str) -> str:
    """Some characters, or one that stands for them all."""
    apart = pattern(key, encoding, len(key) - 1)
    try:
        return f"(?:{apart}|{among(spellings()[key], encoding)}{untyped_characters(encoding)})"
    except UnicodeError:
        return apart


@lru_cache(4096)
def letter(one: str, encoding: str) -> str:
    """A character, or any that stands for it, and what nobody types after it."""
    together = f"{among((one, *spellings().get(one, ())), encoding)}{untyped_characters(encoding)}"
    parts = unicodedata.normalize("NFD", one)
    if len(parts) == 1:
        return together
    try:
        return f"(?:{together}|{''.join(letter(part, encoding) for part in parts)})"
    except UnicodeError:
        return together


def among(characters: Iterable[str], encoding: str) -> str:
    """One of some characters, of those that the encoding has. Raises UnicodeError where it has none of them."""
    known = [escaped(one) for one in characters if fits(one, encoding)]
    if not known:
        raise UnicodeError(f"{encoding} has none of them")
    # A server that knows bytes only knows sequences of them.
    return f"(?:{'|'.join(known)})" if encoding == "SQL_ASCII" else f"[{''.join(known)}]"


@cache
def untyped_characters(encoding: str) -> str:
    """However many characters that people do not type."""
    if encoding == "UTF8":
        return f"[{''.join(IGNORED)}]*"
    try:
        return f"{among(map(chr, UNSEEN), encoding)}*"
    except UnicodeError:
        return ""


def escaped(one: str) -> str:
    """A character that stands for itself in a pattern."""
    return f"\\{one}" if one.isascii() and not one.isalnum() and not one.isspace() else one


@lru_cache(65536)
def fits(one: str, encoding: str) -> bool:
    """Whether a server of that encoding has a character that is worth looking for.

    One that knows bytes only has all, but they make long patterns: those of Western names are, and what may be typed.
    Of the encodings of East Asia PostgreSQL and Python have tables that differ: what may be typed, Greek, Cyrillic, and
    letters of full width.
    """
    may_be_typed = one.isascii() or fold_text(one) == one
    if encoding == "UTF8":
        return True
    if encoding == "SQL_ASCII":
        return may_be_typed or ord(one) < 0x30D or 0x2010 <= ord(one) < 0x2040
    if not encoding.startswith(SINGLE_BYTE) and not may_be_typed and not COMMON.match(one):
        return False
    try:
        return bool(codecs.encode(one, encoding.lower().replace("win", "cp").replace("koi8", "koi8_")))
    except LookupError:
        return may_be_typed
    except UnicodeError:
        return False


@cache
def spellings() -> dict[str, tuple[str, ...]]:
    """By folded text the characters that stand for it."""
    found: dict[str, list[str]] = {}
    for one in scanned():
        plain = fold_text(one)
        if plain != one and 0 < len(plain) <= LONGEST and (plain == " " or " " not in plain):
            found.setdefault(plain, []).append(one)
    return {plain: tuple(ones) for plain, ones in found.items()}


def scanned() -> Iterator[str]:
    """The characters that may stand for others."""
    yield from map(chr, range(0x21, 0x7F))
    for first, end in SCANNED:
        yield from map(chr, range(first, end))
