from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.filters import Filters, checked_environment, checked_id, checked_range
from houndmon.core.problems import BadInput
from strategies import hostile_text


def test_it_asks_for_prod_and_a_day_by_default():
    """A question that says nothing is of prod, the last 24 h, and everybody."""
    assert Filters() == Filters("24h", "prod", None, None)
    assert not Filters().has_ids
    assert Filters(artist_id="a", release_id="b").ids == {"artist_id": "a", "release_id": "b"}
    assert Filters(release_id="b").ids == {"release_id": "b"}


def test_it_leaves_defaults_out_of_its_query():
    """A link says only what differs from the default, and what is to be changed."""
    assert Filters().query() == ""
    assert Filters("1h", "staging", "a b&c").query() == "range=1h&environment=staging&artist_id=a+b%26c"
    assert Filters("1h").query(range="24h", environment="staging") == "environment=staging"
    assert Filters(artist_id="7").query(artist_id=None, wall="1") == "wall=1"


@given(
    st.builds(
        Filters,
        range=st.sampled_from(["1h", "6h", "24h", "7d"]),
        environment=st.sampled_from(["prod", "staging"]),
        artist_id=st.one_of(st.none(), hostile_text.filter(bool)),
        release_id=st.one_of(st.none(), hostile_text.filter(bool)),
    )
)
def test_it_writes_queries_that_read_back(filters):
    """Whatever an id holds, the query string says it and nothing else."""
    assert Filters(**dict(parse_qsl(filters.query(), keep_blank_values=True))) == filters


@pytest.mark.parametrize("text", ["2h", "", "24H", " 24h", "1h,6h", "24h\0", "null"])
def test_it_refuses_other_ranges(text):
    """A range is one of four, to the letter."""
    with pytest.raises(BadInput) as refused:
        checked_range(text)
    assert [error.field for error in refused.value.errors] == ["range"]


@pytest.mark.parametrize("text", ["production", "", "PROD", "prod ", "*"])
def test_it_refuses_other_environments(text):
    """An environment is one of two, to the letter."""
    with pytest.raises(BadInput) as refused:
        checked_environment(text)
    assert [error.field for error in refused.value.errors] == ["environment"]


def test_it_takes_ids_as_they_are():
    """An id is text of at most 200 characters without NUL; an empty one is none."""
    assert checked_id("artist_id", "ä'; drop table --") == "ä'; drop table --"
    assert checked_id("artist_id", "") is None
    assert checked_id("artist_id", None) is None
    assert checked_id("artist_id", "x" * 200) == "x" * 200
    for wrong in ("x" * 201, "a\0b"):
        with pytest.raises(BadInput) as refused:
            checked_id("artist_id", wrong)
        assert [error.field for error in refused.value.errors] == ["artist_id"]
