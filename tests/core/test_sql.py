import re
from datetime import UTC, datetime, timedelta

import pytest

from factories import Hound
from houndmon.core.paths import PACKAGE
from houndmon.core.sql import RELATIONS, load_statements

FILE = """
-- name: base
-- Says what it answers: the comment is no part of the statement.
select a, b from {tracks} where a = $1 {filters};

-- name: above
-- $2 more
select count(*) from {base} as known; -- as asked

-- name: third
select max(n) from {above} as counted

-- name: ours
select 1 from houndmon.incidents;
"""


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "query.sql").write_text(text, encoding="utf-8")
        return load_statements(tmp_path / "query.sql")

    return read


def test_it_finds_statements_by_name(read):
    """Each statement goes by its name, without comments before it and without its semicolon."""
    found = read(FILE)
    assert list(found) == ["base", "above", "third", "ours"]
    assert found["base"].text == "select a, b from {tracks} where a = $1 {filters}"
    assert (found["base"].relation, found["ours"].relation) == ("tracks", None)


def test_it_puts_an_earlier_statement_in_for_its_name(read):
    """A statement that names an earlier one holds its text, however deep, and reads the same relation."""
    found = read(FILE)
    assert found["third"].relation == "tracks"
    text = found["third"].render(lambda relation: f"hound.{relation}", " and c = $2")
    assert text.count("from hound.tracks where a = $1  and c = $2") == 1
    assert "{" not in text


def test_it_puts_nothing_in_for_filters_that_are_not_given(read):
    """Without a support filter its place is empty."""
    assert read(FILE)["base"].render(str.upper) == "select a, b from TRACKS where a = $1 "


def test_it_refuses_a_placeholder_that_it_does_not_know(read):
    """A misspelt relation, or a statement that comes later in the file, is refused when the file is read."""
    with pytest.raises(ValueError, match="one names the unknown trakcs"):
        read("-- name: one\nselect 1 from {trakcs}")
    with pytest.raises(ValueError, match="one names the unknown two"):
        read("-- name: one\nselect 1 from {two} as x\n-- name: two\nselect 1")


@pytest.mark.parametrize("word", ["bucket", "bucket:", "bucket: ", "buckets:a", "ripe_at", "ripe:a", "theirs:a", "a b"])
def test_it_refuses_a_word_that_it_does_not_know(read, word):
    """A misspelt word, one that lacks what it is of, or braces around anything else: refused when the file is read."""
    with pytest.raises(ValueError, match=f"one names the unknown {word}"):
        read(f"-- name: one\nselect {{{word}}} from {{tracks}}")


def test_it_puts_words_in_wherever_they_stand(read):
    """A word is the same expression in each statement, also in one that is named by another."""
    found = read(
        "-- name: one\nselect {ripe_at:a, b} as ripe_at, {bucket:c / 60} as d from {tracks}\n"
        "-- name: two\nselect {bucket:c / 60} as d from {one} as x"
    )
    first, second = re.findall(r"case when c / 60 > 0 .*? end as d", found["two"].text)
    assert first == second
    assert "{" not in found["two"].render(str)


async def test_it_says_when_a_row_ripens(read, conn):
    """`ripe_at` is the latest of a row's times where that is in the future; the year 9999 for what never comes."""
    text = read(
        "-- name: one\nselect {ripe_at:a, b} as ripe_at "
        "from unnest($1::timestamptz[], $3::text[]::timestamptz[]) as known (a, b)"
    )["one"].text
    soon, day = datetime(2026, 3, 2, 12, tzinfo=UTC), timedelta(days=1)
    first = [None, None, soon, soon - day, soon + day, soon + day, soon, None]
    other = [
        None,
        "2026-03-02 12:00Z",
        None,
        "2026-03-03 12:00Z",
        "-infinity",
        "2026-03-04 12:00Z",
        "infinity",
        "20000-01-01Z",
    ]
    found = [row["ripe_at"] for row in await conn.fetch(text, first, soon, other)]
    never = datetime(9999, 1, 1, tzinfo=UTC)
    assert found == [None, None, None, soon + day, soon + day, soon + 2 * day, never, never]


async def test_it_finds_rows_of_no_known_environment_by_an_index(read, conn):
    """Those of the environment asked for and those of no known one, null among them, are found by an index alone."""
    names = ["prod", "staging", None, "", " ", "Prod", "production", "q", "stagings", "zz", "\u00fc"]
    await conn.execute(
        "insert into hound.upload_attempts (occurred_at, environment, outcome)"
        " select '2026-03-02', e, 'accepted' from unnest($1::text[]) as e",
        names,
    )
    await Hound(conn).upload(environment="staging", occurred_at="2026-03-02", times=5000)
    await conn.execute("analyze hound.upload_attempts")
    text = read("-- name: one\nselect environment from {upload_attempts} where {theirs} and occurred_at >= $2")["one"]
    query, args = text.render(lambda relation: f"hound.{relation}"), ("prod", datetime(2026, 3, 1, tzinfo=UTC))
    assert sorted(str(row[0]) for row in await conn.fetch(query, *args)) == sorted(
        str(name) for name in names if name != "staging"
    )
    plan = "\n".join(row[0] for row in await conn.fetch(f"explain {query}", *args))
    # Each branch has both columns in its condition: what is sorted out later were read in vain.
    conditions = re.findall(r"Index Cond: (.*)", plan)
    assert len(conditions) == 5
    assert all("environment" in condition and "occurred_at" in condition for condition in conditions)


def test_it_refuses_an_alias_of_a_relation(read):
    """What stands for a relation may be a subquery with its own alias, so that a statement gives it none."""
    with pytest.raises(ValueError, match="one gives tracks an alias"):
        read("-- name: one\nselect t.state from {tracks} as t")
    assert read("-- name: one\nselect a from {tracks}\n-- name: two\nselect b from {one} as t")["two"]


def test_it_refuses_a_statement_on_two_relations(read):
    """A failure names the one relation that a statement reads, so that it may read only one."""
    with pytest.raises(ValueError, match="both reads 2 relations"):
        read("-- name: both\nselect 1 from {tracks}, {releases}")
    with pytest.raises(ValueError, match="both reads 2 relations"):
        read("-- name: one\nselect 1 from {tracks}\n-- name: both\nselect 1 from {one} as a, {releases}")


@pytest.mark.parametrize("file", sorted((PACKAGE).glob("**/query.sql")), ids=lambda file: file.parent.name)
def test_it_reads_every_file_of_the_house(file):
    """Every statement of every panel loads, and stands on one relation or on houndmon's own tables."""
    found = load_statements(file)
    assert found
    assert all(statement.relation in (*RELATIONS, None) for statement in found.values())
    assert not any(re.search(r"\{\w", statement.render(str)) for statement in found.values())
