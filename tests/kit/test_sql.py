import re

import pytest

from houndmon.kit.paths import PACKAGE
from houndmon.kit.sql import RELATIONS, statements

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
        return statements(tmp_path / "query.sql")

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


def test_it_refuses_a_statement_on_two_relations(read):
    """A failure names the one relation that a statement reads, so that it may read only one."""
    with pytest.raises(ValueError, match="both reads 2 relations"):
        read("-- name: both\nselect 1 from {tracks}, {releases}")
    with pytest.raises(ValueError, match="both reads 2 relations"):
        read("-- name: one\nselect 1 from {tracks}\n-- name: both\nselect 1 from {one} as a, {releases}")


@pytest.mark.parametrize("file", sorted((PACKAGE).glob("**/query.sql")), ids=lambda file: file.parent.name)
def test_it_reads_every_file_of_the_house(file):
    """Every statement of every room loads, and stands on one relation or on houndmon's own tables."""
    found = statements(file)
    assert found
    assert all(statement.relation in (*RELATIONS, None) for statement in found.values())
    assert not any(re.search(r"\{\w", statement.render(str)) for statement in found.values())
