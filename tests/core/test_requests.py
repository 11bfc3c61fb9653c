import re

from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.core.requests import row_id

DIGITS = st.text("0123456789", min_size=1, max_size=25)


@given(st.one_of(st.text(max_size=25), DIGITS, st.integers().map(str)))
@example("²")
@example("٣")
@example("+1")
@example("1_000")
@example(" 1")
@example("")
@example("9" * 18)
@example("9" * 19)
def test_it_takes_plain_digits_for_an_id(text):
    """The id of a row is plain digits that fit into a bigint, and nothing else that Python takes for a number."""
    id = row_id(text)
    if re.fullmatch("[0-9]{1,18}", text):
        assert id == int(text)
        assert 0 <= id < 2**63
    else:
        assert id is None
