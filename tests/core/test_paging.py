import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.core.paging import PagePosition, decode_cursor
from houndmon.core.problems import BadInput

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


def cursor(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1))
@example(FIRST, 0)
@example(LAST, 2**63 - 1)
def test_it_finds_the_place_of_its_own_cursors(at, number):
    """A cursor leads back to its place, and holds nothing that a URL would change."""
    place = PagePosition(at, number)
    assert decode_cursor(place.cursor()) == place
    assert place.cursor().replace("-", "a").replace("_", "a").isalnum()


@pytest.mark.parametrize("none", [None, ""])
def test_it_starts_at_the_beginning_without_a_cursor(none):
    """No cursor is no place: the first page."""
    assert decode_cursor(none) is None


@given(st.one_of(st.text(min_size=1), st.text("AZaz09-_=", min_size=1), st.text(min_size=1).map(cursor)))
@example("WyIyMDI2")
@example("é")
@example("A" * 100_000)
def test_it_refuses_what_is_no_cursor(text):
    """Garbage is bad input, never an error of ours."""
    with pytest.raises(BadInput, match="cursor"):
        decode_cursor(text)


@pytest.mark.parametrize(
    "text",
    [
        '["2026-03-02T12:00:00",1]',  # no zone
        '["2026-03-02T12:00:00Z",-1]',
        '["2026-03-02T12:00:00Z",9223372036854775808]',
        '["2026-03-02T12:00:00Z",1.5]',
        '["2026-03-02T12:00:00Z","1"]',
        '["2026-03-02T12:00:00Z",1,2]',
        '["2026-03-02T12:00:00Z"]',
        '{"at":"2026-03-02T12:00:00Z","id":1}',
        '["0001-01-01T00:00:00+14:00",1]',  # before all time, in UTC
        '["9999-12-31T23:59:59-14:00",1]',
        "[" * 150,
        "null",
    ],
)
def test_it_refuses_places_that_cannot_be(text):
    """A well-formed cursor that no listing gave is refused, too."""
    with pytest.raises(BadInput, match="cursor"):
        decode_cursor(cursor(text))


def test_it_takes_a_place_in_another_zone():
    """A place is an instant, however its zone is written."""
    assert decode_cursor(cursor('["2026-03-02T13:00:00+01:00",1]')) == PagePosition(
        datetime(2026, 3, 2, 13, tzinfo=UTC) - timedelta(hours=1), 1
    )
