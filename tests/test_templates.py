"""What the templates are given."""

import pytest

from houndmon.app import midnight_text


@pytest.mark.parametrize(
    ("timezone", "text"),
    [
        ("UTC", "since midnight UTC"),
        ("Europe/Berlin", "since midnight in Berlin"),
        ("America/Argentina/Buenos_Aires", "since midnight in Buenos Aires"),
        ("EST5EDT", "since midnight EST5EDT"),
    ],
)
def test_it_says_whose_midnight_it_is(timezone, text):
    """Today begins at midnight somewhere, which is said in as few words as a tile has room for."""
    assert midnight_text(timezone) == text
