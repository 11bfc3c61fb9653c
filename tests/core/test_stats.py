from collections import Counter
from math import isclose, sqrt

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import present
from houndmon.core.stats import (
    OTHER,
    UNSPECIFIED,
    Z_95,
    WilsonInterval,
    name_or_unspecified,
    ratio,
    top_entries,
    wilson,
)
from strategies import few_names, hostile_text

numbers = st.one_of(st.integers(1, 50), st.integers(1, 10**12))


def width(interval: WilsonInterval) -> float:
    return present(interval.high) - present(interval.low)


@st.composite
def samples(draw):
    whole = draw(numbers)
    return draw(st.one_of(st.sampled_from([0, whole]), st.integers(0, whole))), whole


@given(samples())
def test_it_keeps_ratios_between_0_and_1(sample):
    """A part of a whole is a ratio in [0, 1]."""
    part, whole = sample
    found = present(ratio(part, whole))
    assert 0 <= found <= 1
    assert isclose(found * whole, part)


def test_it_writes_none_and_all_without_a_fraction():
    """In JSON a ratio of none is `0` and one of all is `1`, in intervals and top lists too."""
    assert [msgspec.json.encode(ratio(part, 5)) for part in (0, 1, 5)] == [b"0", b"0.2", b"1"]
    assert msgspec.json.encode(tuple(wilson(0, 5))[:2]) == b"[0,0]"
    assert msgspec.json.encode(tuple(wilson(5, 5))[::2]) == b"[1,1]"
    assert msgspec.json.encode([line.share for line in top_entries(Counter(a=3))]) == b"[1]"


def test_it_gives_no_ratio_of_nothing():
    """No traffic is not 0 % failure."""
    assert ratio(0, 0) is None
    assert wilson(0, 0) == (None, None, None)


@given(samples())
@example((2999, 2999))
@example((0, 7))
def test_it_puts_the_ratio_within_its_interval(sample):
    """0 <= low <= ratio <= high <= 1, to the last bit."""
    found = wilson(*sample)
    assert found.ratio == ratio(*sample)
    assert 0 <= present(found.low) <= present(found.ratio) <= present(found.high) <= 1


@given(samples())
def test_it_solves_wilsons_equation(sample):
    """At both ends the ratio is z standard errors away, by the error at that end."""
    part, whole = sample
    found = wilson(part, whole)
    for end in map(present, (found.low, found.high)):
        distance, error = abs(present(found.ratio) - end), sqrt(end * (1 - end) / whole)
        assert isclose(distance, Z_95 * error, rel_tol=1e-4, abs_tol=1e-7)


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (0, 1, 0.0, 0.7934506856),
        (1, 1, 0.2065493144, 1.0),
        (0, 10, 0.0, 0.2775327999),
        (1, 10, 0.0178762131, 0.4041500268),
        (5, 10, 0.2365930905, 0.7634069095),
        (900, 10_000, 0.0845472474, 0.0957676313),
    ],
)
def test_it_agrees_with_published_intervals(part, whole, low, high):
    """The interval is the 95 % score interval without continuity correction, as statistics packages give it."""
    found = wilson(part, whole)
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)


@given(samples(), st.integers(2, 1000))
def test_it_narrows_as_samples_grow(sample, times):
    """The same ratio of more attempts is surer."""
    few, many = wilson(*sample), wilson(sample[0] * times, sample[1] * times)
    assert width(many) < width(few)


@given(st.lists(st.tuples(st.one_of(few_names, st.text(max_size=3)), st.integers(1, 10**9)), max_size=60))
def test_it_keeps_top_lists_short_and_whole(rows):
    """At most 10 groups and one rest; their counts sum to the whole, their shares to 1; the largest come first."""
    counts: Counter[str] = Counter()
    for name, number in rows:
        counts[name_or_unspecified(name)] += number
    lines = top_entries(counts)
    groups = [line for line in lines if not line.is_rest]
    assert len(groups) == min(10, len(counts))
    assert [line.is_rest for line in lines] == [False] * len(groups) + [True] * (len(counts) > 10)
    assert sum(line.count for line in lines) == counts.total()
    assert not lines or isclose(sum(line.share for line in lines), 1)
    assert [(-line.count, line.name) for line in groups] == sorted((-line.count, line.name) for line in groups)
    assert all(counts[name] <= groups[-1].count for name in counts if name not in {line.name for line in groups})


@given(st.lists(st.tuples(few_names, st.integers(1, 100)), max_size=60), st.data())
def test_it_ranks_the_same_in_any_order(rows, data):
    """The order and the portions in which counts arrive change nothing."""
    once, again = Counter[str](), Counter[str]()
    for name, number in rows:
        once[name_or_unspecified(name)] += number
    for name, number in data.draw(st.permutations(rows)):
        again[name_or_unspecified(name)] += number - 1
        again[name_or_unspecified(name)] += 1
    assert top_entries(once) == top_entries(again)


def test_it_breaks_ties_by_code_point():
    """Equal counts are listed in the order of their code points, upper case before lower."""
    assert [line.name for line in top_entries(Counter({"b": 2, "a": 2, "B": 2, "é": 2, "Z": 3}))] == [
        "Z",
        "B",
        "a",
        "b",
        "é",
    ]


def test_it_keeps_a_group_named_other_apart_from_the_rest():
    """A group really named `other` is one of the groups, with its own count, beside the rest."""
    counts = Counter({"other": 50} | {f"code-{n:02}": 40 - n for n in range(12)})
    found = [(line.name, line.count, line.is_rest) for line in top_entries(counts)]
    assert found[0] == ("other", 50, False)
    assert found[-1] == (OTHER, 31 + 30 + 29, True)
    assert len(found) == 11


def test_it_leaves_out_groups_that_count_nothing():
    """A group with no count is no line."""
    assert top_entries(Counter({"a": 0, "b": 2})) == top_entries(Counter({"b": 2}))
    assert top_entries(Counter()) == []


@given(hostile_text)
def test_it_groups_blank_names_as_unspecified(text):
    """Null and blank names are `unspecified`; all others stay exactly as written."""
    assert name_or_unspecified(text) == (text if text.strip() else UNSPECIFIED)
    assert name_or_unspecified(None) == UNSPECIFIED
