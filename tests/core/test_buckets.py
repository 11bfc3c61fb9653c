import re
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houndmon.core.buckets import LOG_GAMMA, NEGATIVE, RELATIVE_ERROR, ZERO, bucket, bucket_value
from houndmon.core.paths import PACKAGE
from houndmon.core.sql import load_statements

LEAST, MOST = 5e-324, 1.7976931348623157e308  # of the numbers above 0 that a float8 holds


@pytest.fixture
def buckets_of(conn, tmp_path):
    """Sort samples into buckets as a statement does that says `{bucket:…}`."""
    file = tmp_path / "query.sql"
    file.write_text("-- name: sorted\nselect {bucket:value} as bucket from unnest($1::float8[]) as value")
    text = load_statements(file)["sorted"].text

    async def buckets_of(values):
        return [row["bucket"] for row in await conn.fetch(text, values)]

    return buckets_of


@given(st.floats(1e-9, 1e12))
def test_it_puts_each_sample_near_its_buckets_value(value):
    """A bucket's value is within the stated error of whatever lies in it."""
    assert bucket_value(bucket(value)) == pytest.approx(value, rel=RELATIVE_ERROR)


async def test_it_takes_the_same_bucket_as_postgresql(buckets_of):
    """SQL and Python put a sample into the same bucket: from the smallest to the largest, 0, and what is below it."""
    places = range(bucket(1e-307), bucket(1e308), 7)
    values = [exp((place - 0.5) * LOG_GAMMA) for place in places]
    assert await buckets_of(values) == [bucket(value) for value in values] == list(places)
    edges = [0.0, -0.0, -LEAST, -1.0, -1e300, -MOST, LEAST, 1e-6, 0.5, 1.0, 59.999999, 60.0, 3.5e5, MOST]
    found = await buckets_of(edges)
    assert found == [bucket(value) for value in edges]
    assert found[:6] == [ZERO, ZERO, NEGATIVE, NEGATIVE, NEGATIVE, NEGATIVE]


async def test_it_is_one_bucket_off_at_most_where_two_meet(buckets_of):
    """At the edge between two buckets the two libraries may differ in a logarithm's last bit, and in no more."""
    values = [1.0037**n / 1000 for n in range(4000)]
    pairs = zip(await buckets_of(values), map(bucket, values), strict=True)
    differing = [(theirs, mine) for theirs, mine in pairs if theirs != mine]
    assert len(differing) <= 2
    assert all(abs(theirs - mine) == 1 for theirs, mine in differing)


def test_it_is_written_once():
    """No statement sorts samples into buckets, or says when a row's time comes, but by the loader's word."""
    texts = {file: file.read_text(encoding="utf-8") for file in PACKAGE.glob("**/*.sql")}
    assert sum("{bucket:" in text for text in texts.values()) >= 3
    assert sum("{ripe_at:" in text for text in texts.values()) >= 3
    texts = {file: re.sub(r"then \{ripe_at:[^}]*\} end as ripe_at", "", text) for file, text in texts.items()}
    own = [str(file) for file, text in texts.items() if "ln(" in text or "end as ripe_at" in text]
    assert own == []
