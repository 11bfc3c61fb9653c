from datetime import UTC, datetime
from typing import Any

import pytest

from houndmon.core.clock import SlicedRow
from houndmon.core.series import CountSeries
from houndmon.core.sql import Statement


class Row(SlicedRow):
    flaw: str | None
    minute: datetime
    rows: int
    latest: datetime


class BucketRecord(SlicedRow):
    bucket: int
    samples: int


class HistogramRow(SlicedRow):
    histogram: dict[int, int]


class Rounded(SlicedRow):
    rows: float


GOOD: dict[str, Any] = {
    "name": "toys",
    "statement": Statement("toys", "select 1", "tracks"),
    "row": Row,
    "keys": ("flaw", "minute"),
    "measures": {"rows": "sum", "latest": "max"},
}
BUCKETS: dict[str, Any] = GOOD | {
    "row": HistogramRow,
    "record": BucketRecord,
    "keys": (),
    "measures": {"histogram": "histogram"},
}


def test_it_makes_rows_of_cells():
    """The keys of a cell, then its measures, are the fields of the row after its slice."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    assert CountSeries(**GOOD).rows(4, {("late", at): [3, at]}) == [Row(4, "late", at, 3, at)]


def test_it_says_which_columns_a_statement_gives():
    """A histogram comes as a bucket and its samples; every other measure under its own name."""
    assert (CountSeries(**GOOD).columns, CountSeries(**GOOD).read_as) == (["rows", "latest"], Row)
    assert (CountSeries(**BUCKETS).columns, CountSeries(**BUCKETS).read_as) == (["bucket", "samples"], BucketRecord)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"keys": ("flow", "minute")}, "Row has the fields slice, flaw, minute, rows, latest, not slice, flow, minute"),
        ({"keys": ("minute", "flaw")}, "Row has the fields"),
        ({"keys": ("flaw",)}, "Row has the fields"),
        ({"measures": {"rows": "sum"}}, "Row has the fields"),
        ({"measures": {"latest": "max", "rows": "sum"}}, "Row has the fields"),
        ({"record": BucketRecord}, "BucketRecord has the fields slice, bucket, samples, not slice, flaw, minute, rows"),
        (
            {"row": Rounded, "keys": (), "measures": {"rows": "sum"}},
            "rows is <class 'float'>, not <class 'int'>",
        ),
        ({"open_key": "flow"}, "toys: flow is none of its keys"),
        ({"open_key": "rows"}, "rows is none of its keys"),
        ({"within_key": "hour"}, "hour is none of its keys"),
        ({"worst": ("status", (5,))}, "status is none of its keys"),
        ({"unsettled": ("fate", "waiting")}, "fate is none of its keys"),
        ({"measures": {"rows": "max", "latest": "max"}, "open_key": "flaw"}, "the first measure, which must be a sum"),
    ],
)
def test_it_refuses_a_name_that_is_no_field(change, why):
    """A series whose words do not fit its rows is refused when its module is imported, and says which one it is."""
    CountSeries(**GOOD)
    with pytest.raises(ValueError, match=f"series toys: .*{why}|{why}"):
        CountSeries(**GOOD | change)


def test_it_refuses_a_histogram_of_the_wrong_shape():
    """A histogram is a dict of whole numbers, and its statement gives a bucket and samples."""
    CountSeries(**BUCKETS)
    with pytest.raises(ValueError, match="HistogramRow has the fields slice, histogram, not slice, bucket, samples"):
        CountSeries(**BUCKETS | {"record": None})
    with pytest.raises(ValueError, match="Row has the fields"):
        CountSeries(**BUCKETS | {"row": Row})
