import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from factories import present
from houndmon.slo.level import BURN_SPANS, Events, budget_remaining, burn_rate, highest_burn_rate, is_met
from strategies import counts

objectives = st.floats(0.01, 0.9999)
counted = counts.flatmap(lambda total: st.builds(Events, st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("good", "total", "objective", "burn", "remaining", "met"),
    [
        (1000, 1000, 0.99, 0.0, 1.0, True),
        (995, 1000, 0.99, 0.5, 0.5, True),
        (99, 100, 0.99, 1.0, 0.0, True),
        (989, 1000, 0.99, 1.1, -0.1, False),
        (94, 100, 0.99, 6.0, -5.0, False),
        (0, 1, 0.99, 100.0, -99.0, False),
        (0, 7, 0.95, 20.0, -19.0, False),
        (86_340.0, 86_400.0, 0.999, 0.694444, 0.305556, True),
        (86_280.0, 86_400.0, 0.999, 1.388889, -0.388889, False),
    ],
)
def test_it_spends_the_budget(good, total, objective, burn, remaining, met):
    """Burn rate is the share of bad events over the share allowed; what is left of the budget is 1 less that."""
    events = Events(good, total)
    assert burn_rate(events, objective) == pytest.approx(burn, abs=1e-6)
    assert budget_remaining(events, objective) == pytest.approx(remaining, abs=1e-6)
    assert is_met(events, objective) is met


def test_it_says_nothing_without_events():
    """Without events there is no SLI, no burn, no budget and no verdict: no traffic is not 100 % success."""
    nothing = Events(0, 0)
    assert [nothing.sli, burn_rate(nothing, 0.99), budget_remaining(nothing, 0.99), is_met(nothing, 0.99)] == [None] * 4


@given(counted, objectives)
@example(Events(0, 1), 0.9999)
@example(Events(10**9 - 1, 10**9), 0.9999)
def test_it_stays_within_its_bounds(events, objective):
    """SLI lies in [0, 1], the budget left is at most 1, and no burn exceeds that of a total failure."""
    sli, burn = present(events.sli), present(burn_rate(events, objective))
    assert 0 <= sli <= 1
    assert 0 <= burn <= highest_burn_rate(objective)
    assert present(budget_remaining(events, objective)) <= 1
    assert (burn == 0) == (events.bad == 0)


@given(st.integers(1, 10**9), objectives)
@example(1, 0.999)
def test_it_burns_fastest_when_all_fails(total, objective):
    """A total failure burns at the highest rate there is: a threshold at or above it could never be reached."""
    burn = present(burn_rate(Events(0, total), objective))
    assert burn == highest_burn_rate(objective)
    assert not burn > highest_burn_rate(objective)


@given(counted, objectives, st.integers(0, 10**6))
def test_it_never_mends_by_failing(events, objective, more):
    """Further bad events never lower a burn rate, and further good ones never raise it."""
    worse, better = Events(events.good, events.total + more), Events(events.good + more, events.total + more)
    burns = [present(burn_rate(one, objective)) for one in (better, events, worse)]
    assert burns == sorted(burns)


@given(st.lists(counted, min_size=1, max_size=8), objectives)
def test_it_merges_windows(parts, objective):
    """The burn of a whole window is that of its parts weighed by their events, so it lies between theirs."""
    whole = Events(sum(part.good for part in parts), sum(part.total for part in parts))
    burns = [present(burn_rate(part, objective)) for part in parts]
    weighed = sum(burn * part.total for burn, part in zip(burns, parts, strict=True)) / whole.total
    burn = present(burn_rate(whole, objective))
    assert burn == pytest.approx(weighed, rel=1e-6, abs=1e-6)
    assert min(burns) - 1e-6 <= burn <= max(burns) + 1e-6


def test_it_burns_over_the_spans_of_the_contract():
    """Burn rates are known over these six spans, the shortest first."""
    assert BURN_SPANS == ("5m", "30m", "1h", "2h", "6h", "24h")
