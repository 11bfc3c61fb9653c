"""What hypothesis may try: times about window edges, zones, text that strangers write, rows of counts."""

import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st

from factories import BLANK, NOW
from houndmon.core.clock import SPANS, Clock, Window
from houndmon.core.source_contract import ACTIVE_STATUSES, OVER
from houndmon.panels.api.model import RequestRow
from houndmon.panels.ingest.model import UploadRow
from houndmon.panels.playback.model import PlayRow
from houndmon.panels.transcode.model import JobRow, LiveRow

SLICES = range(5)
STATUSES = (*ACTIVE_STATUSES, *OVER)  # of jobs
US = timedelta(microseconds=1)
RIPE = NOW + timedelta(minutes=5)  # a time that is still to come
instants = st.timedeltas(timedelta(0), timedelta(days=73_000)).map(datetime(1900, 1, 2, tzinfo=UTC).__add__)
counts = st.integers(1, 1000)


@cache
def zone_names() -> list[str]:
    return sorted(available_timezones())


zones = st.sampled_from(zone_names()).map(ZoneInfo)
hostile_text = st.one_of(
    st.sampled_from([text for text in BLANK if text is not None]),
    st.sampled_from(["unspecified", "other", "null", "<script>", "'; drop table x; --", "\u202eabc", "İ", "ß", "\x00"]),
    st.text(max_size=30),
)
names = st.one_of(st.none(), hostile_text)
few_names = st.sampled_from([None, "", "\u3000", "a", "B", "b", "other", "unspecified", *"cdefghijklmn"])
marked_messages = st.one_of(
    st.none(),
    st.lists(st.sampled_from(["Error: a", "error b", "  at c", "d", "Conversion failed!", "e" * 300]), min_size=1)
    .map("\n".join)
    .map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:16] + text),
)
ids = st.one_of(
    st.integers(-(2**64), 2**64).map(str),
    st.sampled_from(["", "-", "+1", "1e3", "0x10", " 1", "1_0", "１２", "٣", "9" * 20, "9" * 5000, "-0", "007"]),
    st.uuids().map(str),
    hostile_text,
)


@st.composite
def near_edges(draw: st.DrawFn) -> datetime:
    """An instant on the edge of a window at NOW, or beside it, or anywhere in ten days."""
    clock = Clock(NOW)
    edge = draw(st.sampled_from([*(clock.since(span) for span in SPANS), clock.today, clock.now, clock.soon]))
    beside = st.sampled_from([-US, timedelta(0), US])
    return edge + draw(st.one_of(beside, st.timedeltas(timedelta(days=-10), timedelta(days=2))))


@st.composite
def windows(draw: st.DrawFn) -> list[Window]:
    """Some windows, open and closed, that may overlap, touch or repeat."""
    found = []
    for _ in range(draw(st.integers(1, 6))):
        start, end = draw(near_edges()), draw(st.one_of(st.none(), near_edges()))
        found.append(Window(start, end) if end is None or start <= end else Window(end, start))
    return found


def upload_rows() -> st.SearchStrategy[list[UploadRow]]:
    return st.lists(
        st.builds(
            UploadRow,
            slice=st.sampled_from(SLICES),
            flaw=st.sampled_from([None, None, "future_time", "unknown_value"]),
            outcome=st.sampled_from(["accepted", "rejected"]),
            reason=few_names,
            uploads=counts,
        ),
        max_size=40,
    )


def play_rows() -> st.SearchStrategy[list[PlayRow]]:
    return st.lists(
        st.builds(
            PlayRow,
            slice=st.sampled_from(SLICES),
            flaw=st.sampled_from([None, None, "future_time"]),
            outcome=st.sampled_from(["started", "failed", "blocked", "aborted"]),
            platform=st.sampled_from([None, " ", "ios", "iOS", "android"]),
            browser=st.sampled_from([None, "", "safari", "SAFARI", "chrome"]),
            error_code=few_names,
            plays=counts,
            message=st.none(),
        ),
        max_size=40,
    )


def job_rows() -> st.SearchStrategy[list[JobRow]]:
    return st.lists(
        st.builds(
            JobRow,
            slice=st.sampled_from(SLICES),
            ripe_at=st.sampled_from([None, None, None, RIPE]),
            flaw=st.sampled_from([None, None, "negative_duration", "unknown_environment"]),
            status=st.sampled_from(["failed", "completed", "cancelled"]),
            attempt=st.integers(-1, 20),
            error_code=few_names,
            jobs=counts,
            message=st.none(),
        ),
        max_size=40,
    )


def live_rows() -> st.SearchStrategy[list[LiveRow]]:
    return st.lists(
        st.builds(
            LiveRow,
            slice=st.sampled_from(SLICES),
            unfinished=st.booleans(),
            flaw=st.sampled_from([None, None, "unknown_value", "missing_time", "future_time"]),
            status=st.sampled_from([None, "queued", "scheduled", "in_progress", "retrying"]),
            attempt=st.integers(-1, 20),
            jobs=counts,
        ),
        max_size=40,
    )


def jobs() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Jobs as a Hound may have them, with times about NOW that need not make sense."""
    near = st.sampled_from([-5, -1, 0, 1, 5, 6, 59, 60, 61]) | st.integers(-7200, 60)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    times = st.none() | st.just(epoch) | near.map(lambda seconds: NOW + timedelta(seconds=seconds))
    columns = ("queued_at", "available_at", "claimed_at", "started_at", "finished_at")
    environments, words = st.sampled_from(["prod", "prod", "prod", "staging", None]), [*STATUSES, *STATUSES, "done"]
    row = {"environment": environments, "status": st.sampled_from(words), **dict.fromkeys(columns, times)}
    return st.lists(st.fixed_dictionaries(row), max_size=12)


def request_rows() -> st.SearchStrategy[list[RequestRow]]:
    return st.lists(
        st.builds(
            RequestRow,
            slice=st.sampled_from(SLICES),
            flaw=st.sampled_from([None, None, "unknown_value"]),
            service=st.sampled_from(["gateway", "functions", "", " ", *(f"host-{n}" for n in range(70))]),
            route=st.sampled_from([None, "", *"abcdefghijkl"]),
            hundred=st.sampled_from([0, 4, 5, 499]),
            requests=st.integers(0, 9 * 10**18),
            rows=counts,
        ),
        max_size=40,
    )


@st.composite
def split(draw: st.DrawFn, rows: list[Any], count: str) -> list[Any]:
    """The same rows in another order, some of them in two halves that add up."""
    halves = []
    for row in rows:
        first = draw(st.integers(0, getattr(row, count)))
        for part in (first, getattr(row, count) - first):
            half = type(row)(**{field: getattr(row, field) for field in row.__struct_fields__} | {count: part})
            halves.append(half)
    return draw(st.permutations(halves))
