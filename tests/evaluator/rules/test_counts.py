from evaluator.rules.healthy import found, only
from factories import NOW
from houndmon.counts_check.sampling import SampleResult


def test_it_finds_served_figures_that_are_not_those_of_the_rows():
    """`counts_differ` is a breach where the last sample found a difference; before the first sample it says nothing."""
    assert found("counts_differ", sampled=None) == {}
    one = only("counts_differ", sampled=SampleResult(NOW, 600, 2, ["ingest 24h uploads: served 3, the rows say 4"]))
    assert (one.verdict, one.clears, one.value, one.sample_count) == ("breach", False, 2, 600)
    assert one.evidence == {"figures": ["ingest 24h uploads: served 3, the rows say 4"]}
