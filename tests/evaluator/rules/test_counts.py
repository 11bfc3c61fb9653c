from evaluator.rules.healthy import found, only
from factories import NOW
from houndmon.counts_check.sampling import SampleResult

SHOWN = "ingest 24h uploads: served 3, the rows say 4"


def sample(differing, *panels, figures=600):
    """What a sample found in some panels."""
    return SampleResult(NOW, figures, differing, [SHOWN], list(panels))


def test_it_finds_served_figures_that_are_not_those_of_the_rows():
    """`counts_differ` is a breach where the last sample found a difference; before the first sample it says nothing."""
    assert found("counts_differ", sampled=None) == {}
    one = only("counts_differ", sampled=sample(2, "ingest"))
    assert (one.verdict, one.clears, one.value, one.sample_count) == ("breach", False, 2, 600)
    assert one.evidence == {"figures": [SHOWN]}


def test_it_names_the_panels_whose_counts_differ():
    """Its sentence says which panels not to believe: all of them, also where only some of the figures are evidence."""
    one = only("counts_differ", sampled=sample(2, "ingest"))
    assert one.reason == "counts of ingest differ from the source's rows: 2 of 600 figures"
    several = only("counts_differ", sampled=sample(1200, "ingest", "transcode", "playback", figures=1500))
    assert several.reason == (
        "counts of ingest, transcode and playback differ from the source's rows: 1,200 of 1,500 figures"
    )
    assert only("counts_differ").reason == "none of 600 figures differ from the source's rows"
