import pytest

from houndmon.core.log import trace_of


def fail(text: str) -> None:
    raise KeyError(text)


def test_it_tells_where_an_error_arose_and_nothing_of_what_it_says() -> None:
    """A trace holds places and types, of the cause too, and no text of an error."""

    def chained() -> None:
        try:
            fail("CANARY-1")
        except KeyError as error:
            raise RuntimeError("CANARY-2") from error

    with pytest.raises(RuntimeError) as caught:
        chained()
    lines = trace_of(caught.value).splitlines()
    assert [line.rpartition(" in ")[2] for line in lines] == [
        "chained",
        "fail",
        "KeyError",
        "from which arose",
        "test_it_tells_where_an_error_arose_and_nothing_of_what_it_says",
        "chained",
        "RuntimeError",
    ]
    assert all(line.startswith(f"{__file__}:") for line in lines if " in " in line)


def test_it_leaves_out_a_context_that_was_cut_off() -> None:
    """An error raised `from None` says nothing of what was handled meanwhile."""

    def cut_off() -> None:
        try:
            fail("CANARY")
        except KeyError:
            raise RuntimeError from None

    with pytest.raises(RuntimeError) as caught:
        cut_off()
    assert "KeyError" not in trace_of(caught.value)
