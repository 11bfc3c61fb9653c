"""What is typed finds what is meant, in PostgreSQL as here, in databases of any encoding."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator
from random import Random
from typing import Literal

import asyncpg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import administer
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.migrate import migrations_folder
from houndmon.core.source import Source
from houndmon.support.load import search
from houndmon.support.spelling import ALIKE, UNSEEN, asked, fold_text, spellings

LETTERS = (
    "aAbBzZ1\u00e5\u00c5\u212b\u00e9\u00c9\u00f1\u0141"
    "\u0142\u00d8\u00f8\u0110\u0131\u0130\u0416\u0439\u0401\u0451\u03a3\u03c3\u03c2\uff21"
    "\uff41\uff11\U0001d49c\u24b6\u30ac\u304c\uff76\ud55c\u3042\u591c\u05d0\u0627"
)
MARKS = "\u0301\u0308\u00ad\u200b\u200d\ufe0f\u05b4\u064e"
OTHERS = "-\u2010\u2011\u2013\u2212\uff0d'\u2018\u2019\u02bc\uff07\u00b4`\"\u201c\u201d.*+?()[]{}|^$\\/_%&!#~"
BLANKS = " \u00a0\u2009\u202f\u3000"


def finds(text: str, name: str) -> bool:
    """Whether every word of a text is found in a name."""
    patterns = asked(text)
    assert patterns
    return all(re.search(word, name) for word in patterns.words)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Caf\u00e9", "cafe"),
        ("Cafe\u0301", "cafe"),
        ("cafe", "CAF\u00c9"),
        ("Caf\u00e9", "cafe\u0301"),
        ("Don\u2019t", "Don't"),
        ("Don't", "don\u2019t"),
        ("Don\u00b4t", "don't"),
        ("Two\u2011Step", "Two-Step"),
        ("Two-Step", "two\u2013step"),
        ("N\u00e5tt lj\u00f3s", "natt ljos"),
        ("Na\u030att ljo\u0301s", "n\u00e5tt lj\u00f3s"),
        ("N\u00e5tt\u00a0lj\u00f3s", "natt ljos"),
        ("\uff22\uff41\uff4e\uff44\u3000\uff11", "band 1"),
        ("\u30ab\u3099\u30c3\u30c4", "\u30ac\u30c3\u30c4"),
        ("\uff76\uff9e\uff6f\uff82", "\u30ac\u30c3\u30c4"),
        ("\u1112\u1161\u11ab", "\ud55c"),
        ("\ud55c\uad6d", "\u1112\u1161\u11ab"),
        ("\u0422\u0418\u0428\u0418\u041d\u0410", "\u0442\u0438\u0448\u0438\u043d\u0430"),
        ("\u0401\u043b\u043a\u0430", "\u0435\u043b\u043a\u0430"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03cc\u03c2"),
        ("M\u00d8", "mo"),
        ("\u0141\u00f3d\u017a", "lodz"),
        ("\u0130stanbul", "istanbul"),
        ("DIYARBAKIR", "d\u0131yarbak\u0131r"),
        ("Stra\u00dfe", "STRASSE"),
        ("Strasse", "stra\u00dfe"),
        ("\u00c6on", "aeon"),
        ("\ufb01n", "fin"),
        ("Wait\u2026", "wait..."),
        ("Wait...", "wait\u2026"),
        ("\u201cHeroes\u201d", '"heroes"'),
        ("soft\u00adware", "software"),
        ("a\u200bb", "ab"),
        ("\U0001d4e2\U0001d4fe\U0001d4f7", "sun"),
    ],
)
def test_it_finds_a_name_as_it_is_typed(name: str, text: str) -> None:
    """Accents, case, width, blanks, dashes, quotes and apostrophes tell no names apart, on either side."""
    assert finds(text, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [("Cafe", "cafes"), ("Dont", "don't"), ("Two Step", "two-step"), ("a.b", "a*b"), ("aab", "a+b"), ("ab", "(a|b)")],
)
def test_it_finds_nothing_else(name: str, text: str) -> None:
    """A letter more, an apostrophe, and what means something in a pattern, must be there."""
    assert not finds(text, name)


words = st.text(st.sampled_from(LETTERS + MARKS + OTHERS), min_size=1, max_size=8)


@given(words, st.sampled_from(["NFC", "NFD"]), st.booleans())
@example("\u00e9\u0301", "NFC", False)
def test_it_finds_what_folds_alike(name: str, form: Literal["NFC", "NFD"], plainly: bool) -> None:
    """A name is found however its accents are composed, in either case, and as plainly as it can be typed."""
    other = unicodedata.normalize(form, name)
    text = fold_text(name) if plainly else "".join(c.swapcase() if len(c.swapcase()) == 1 else c for c in other)
    if text.strip():
        assert finds(text, name)
        assert finds(text, other)
        assert finds(name, text) or not fold_text(name).strip()


@given(st.text())
def test_it_folds_once(text: str) -> None:
    """What is folded is not folded further, and every text has patterns."""
    assert fold_text(fold_text(text)) == fold_text(text)
    assert asked(text) is not None


def test_it_knows_what_stands_for_what() -> None:
    """Each character of the tables folds to what it is listed under, and what nobody types to nothing."""
    assert all(fold_text(one) == plain for plain, others in ALIKE.items() for one in others)
    assert all(fold_text(one) == plain for plain, others in spellings().items() for one in others)
    assert {fold_text(chr(code)) for code in UNSEEN} == {""}


async def test_it_means_the_same_in_postgresql(conn: asyncpg.Connection) -> None:
    """PostgreSQL finds by a pattern what Python does: that a word occurs, begins a name, is one, begins a word."""
    random, alphabet = Random(7), LETTERS + MARKS + OTHERS + BLANKS
    names = ["".join(random.choices(alphabet, k=random.randint(1, 6))) for _ in range(1500)]
    cases = [
        (word, name)
        for name in names
        for word in (fold_text(name)[:2].strip(), random.choice(names)[:2].strip())
        if word
    ]
    expected, asking = [], []
    for text, name in cases:
        patterns = asked(text)
        assert patterns
        for one in (*patterns.words, patterns.start, patterns.whole, *patterns.begun):
            asking.append((name, one))
            expected.append(re.search(one, name) is not None)
    query = 'select name collate "C" ~ pattern from unnest($1::text[], $2::text[]) as asked (name, pattern)'
    found = [row[0] for row in await conn.fetch(query, *map(list, zip(*asking, strict=True)))]
    wrong = [pair for pair, ours, theirs in zip(asking, expected, found, strict=True) if ours != theirs]
    assert not wrong
    assert 500 < sum(found) < len(found)


ENCODINGS = ["UTF8", "LATIN1", "WIN1252", "LATIN2", "WIN1251", "KOI8R", "EUC_JP", "SQL_ASCII"]


@pytest.fixture(params=ENCODINGS)
async def old_source(request: pytest.FixtureRequest, cluster: object) -> AsyncIterator[Source]:
    """A source whose text has another encoding, and whose locale knows ASCII only."""
    name = f"old_{request.param}".lower()
    shape = f"encoding '{request.param}' locale_provider libc locale 'C' template template0"
    await administer(cluster, f"create database {name} {shape}")  # type: ignore[arg-type]
    pool = await open_pool(cluster.dsn(name), size=2)  # type: ignore[attr-defined]
    async with pool.acquire() as conn:
        await conn.execute((migrations_folder() / "source" / "hound.sql").read_text())
    yield Source(pool, "hound", "UTC")
    await asyncio.shield(close_pool(pool))
    await administer(cluster, f"drop database {name} with (force)")  # type: ignore[arg-type]


NAMES = {
    "caf\u00c9": "LATIN1 WIN1252 LATIN2",
    "\u0422\u0418\u0428\u042c": "WIN1251 KOI8R EUC_JP",
    "\u591c\u306b": "EUC_JP",
    "Don\u2019t": "WIN1252 WIN1251",
}


async def test_it_searches_in_any_encoding(old_source: Source) -> None:
    """Whatever the encoding, what is typed finds the names that can be there, and no character makes it fail."""
    async with old_source.snapshot() as snapshot:
        encoding = snapshot.conn.get_settings().server_encoding
    everything = encoding in ("UTF8", "SQL_ASCII")
    there = ["plain (cafe)", *(name for name, known in NAMES.items() if everything or encoding in known.split())]
    async with old_source.pool.acquire() as conn:
        await conn.executemany(
            "insert into hound.releases (release_id, title) values ($1, $1)", [(name,) for name in there]
        )
    for text in (
        "CAF\u00c9",
        "cafe",
        "cafe\u0301",
        "\u0442\u0438\u0448\u044c",
        "\u591c",
        "don't",
        "don\u2019t",
        "\u0e01",
        "\U0001f600",
    ):
        async with old_source.snapshot() as snapshot:
            found = await search(snapshot, text)
        alike = {fold_text(name): name for name in there}
        expected = {name for plain, name in alike.items() if fold_text(text) in plain}
        if encoding == "SQL_ASCII":  # Cyrillic is bytes there: case is not known
            expected -= {"\u0422\u0418\u0428\u042c"}
        assert {one.title for one in found.releases} == expected, text
