"""Figures of the code that a document repeats are those of the code, and a document's other figures are few."""

import inspect
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from houndmon.app import MAX_BODY_BYTES
from houndmon.commands import serve
from houndmon.core import connections, flawed_rows, lease, panel_cache, single_flight, source
from houndmon.core.problems import SourceUnreadable
from houndmon.core.series import GRAINS
from houndmon.core.source_contract import SOURCE_COLUMNS
from houndmon.counts import block_cache, fill
from houndmon.counts import loop as counts
from houndmon.counts import read as counts_read
from houndmon.counts.blocks import split_interval
from houndmon.evaluator import loop, ticks, value_cache
from houndmon.lifespan import LOOPS_SECONDS, POOL_SIZES
from houndmon.notify import outbox
from houndmon.rulebook.detection import TICK_SECONDS
from houndmon.rulebook.parts import RELATION_OF_PART
from houndmon.web import page, response_cache

ROOT = Path(__file__).resolve().parent.parent
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def default(function: Callable[..., Any], name: str) -> Any:
    """What an argument is where nobody gives it."""
    return inspect.signature(function).parameters[name].default


def blocks_of_a_week() -> float:
    """How many blocks a week is read from, at any minute of the day alike."""
    ends = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minute) for minute in range(24 * 60)]
    runs = [run for end in ends for run in split_interval(end - timedelta(days=7), end, GRAINS)]
    return sum((run.end - run.start) / timedelta(seconds=run.grain) for run in runs) / len(ends)


POOLS = {
    "source": "source",
    "counts": "counts",
    "state": "state",
    "watch source, watch counts": "watch_source watch_counts",
    "watch state": "watch_state",
    "fill source, fill state": "fill_source fill_state",
    "sender": "sender",
}
LIMITS = {
    "to connect": connections.CONNECT_SECONDS,
    "to get a place in a pool; each statement of a snapshot": source.PLACE_SECONDS,
    "to wait for a lock in a snapshot": source.PLACE_SECONDS * source.LOCK_SHARE,
    "a call to the database, as seen from this side": connections.CALL_SECONDS,
    "a panel's answer, before the last good one is served": panel_cache.DEADLINE_SECONDS,
    "the summary and the service levels": panel_cache.LONG_DEADLINE_SECONDS,
    "what the page draws at once; the rest fetches itself": page.PAGE_WAIT_SECONDS,
    "a panel's charts, before the last ones are drawn": panel_cache.TREND_WAIT_SECONDS,
    "the chart of an alert, before its page is drawn without it": value_cache.VALUE_WAIT_SECONDS,
    "a look at a panel's flawed rows, and a shorter one in its place": flawed_rows.LOOK_SECONDS,
    "what stands in them, before a panel is drawn without it": panel_cache.LOOK_WAIT_SECONDS,
    "a tick": loop.LONGEST_TICK_SECONDS,
    "the lease": lease.LEASE_SECONDS,
    "the evaluator is late after": ticks.LATE_SECONDS,
    "what is counted, before the rows are read instead": counts_read.READ_WAIT_SECONDS,
    "a statement that counts": fill.STATEMENT_SECONDS,
    "requests under way after SIGTERM": serve.DRAIN_SECONDS,
    "then the loops of evaluator, counts and sender": LOOPS_SECONDS,
}
CACHE = single_flight.SingleFlightCache.__init__
SENTENCES = [
    f"shared for {panel_cache.LIFE_SECONDS:g} s, last good one kept",
    f"for all who ask within {panel_cache.LIFE_SECONDS:g} s",
    f"a tick each {TICK_SECONDS:g} s, under a lease",
    f"claim ({outbox.CLAIM_SECONDS:g} s), send, mark",
    f"again from kept bytes, for {response_cache.CACHE_SECONDS:g} s",
    f"ticks each {counts.TICK_SECONDS:g} s over the series that the panels declare",
    f"counts the last {fill.LATE_ROWS / timedelta(minutes=1):g} minutes again",
    f"the source takes more than {fill.STATEMENT_SECONDS:g} s",
    f"some {blocks_of_a_week():.0f} for a week",
    f"at most {block_cache.MOST_BYTES / 2**20:g} MB of blocks",
    f"Read {WORDS[len(RELATION_OF_PART)]} parts of both environments",
    f"drop idle ones after {connections.IDLE_SECONDS:g} s",
    f"at most {default(CACHE, 'concurrency')} loads at a time, and {panel_cache.TRENDS_AT_ONCE} of its charts",
    f"charts are shared for {panel_cache.TREND_LIFE_SECONDS:g} s,",
    f"what stands in its flawed rows for {panel_cache.LOOK_LIFE_SECONDS:g} s",
    f"at most {MAX_BODY_BYTES / 1024:g} KB",
    f"no place within {source.PLACE_SECONDS:g} s",
    f"{SourceUnreadable.status} and `Retry-After: {SourceUnreadable.headers['Retry-After']}`",
    (
        f"{default(CACHE, 'capacity')} questions are remembered, of the response cache "
        f"{response_cache.MOST_CACHED} answers"
    ),
]
NO_FIGURES = r"\bthe last 24 h\b|\badr/\d+|^\d+\. "
"""What holds digits and repeats nothing: a range's name, a decision's number, a step's."""


def table(head: str) -> dict[str, str]:
    """The rows of a table, the first column against the second."""
    body = ARCHITECTURE.partition(f"\n| {head} |")[2].partition("\n\n")[0]
    rows = [line.strip("|").split(" | ") for line in body.splitlines()[2:]]
    return {row[0].strip(): row[1].strip(" |") for row in rows}


def test_it_gives_every_pool_its_places() -> None:
    """The table of pools holds each pool with as many connections as it may have."""
    named = {name for names in POOLS.values() for name in names.split()}
    assert named == set(POOL_SIZES)
    expected = {row: ", ".join(str(POOL_SIZES[name]) for name in names.split()) for row, names in POOLS.items()}
    assert table("pool | places") == expected


def test_it_gives_every_limit_its_seconds() -> None:
    """The table of limits holds the limits of the code, and no other."""
    assert table("limit") == {what: f"{seconds:.4g}" for what, seconds in LIMITS.items()}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_it_repeats_the_figures_of_the_code(sentence: str) -> None:
    """Each figure in a sentence is that of the code."""
    assert sentence in " ".join(ARCHITECTURE.split())


def test_it_gives_no_other_figure() -> None:
    """There is no figure in the document that nothing above takes from the code."""
    prose = "\n".join(line for line in ARCHITECTURE.splitlines() if not re.match(r"\|.*\|$", line))
    rest = " ".join(re.sub(NO_FIGURES, "", prose, flags=re.MULTILINE).split())
    for sentence in SENTENCES:
        rest = rest.replace(sentence, "")
    assert re.findall(r"\S*\d\S*", rest) == []


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("README.md", f"houndmon reads {WORDS[len(SOURCE_COLUMNS)]} relations in one schema"),
        ("README.md", f"one view for each of {WORDS[len(SOURCE_COLUMNS)]} relations"),
        ("docs/operations.md", f"It uses at most {sum(POOL_SIZES.values())} connections"),
        ("docs/operations.md", f"valid for {lease.LEASE_SECONDS:g} s on the database's clock"),
        ("docs/operations.md", f"the last tick ended at most {ticks.LATE_SECONDS:g} s ago"),
        ("docs/operations.md", f"After SIGTERM requests under way get {serve.DRAIN_SECONDS} s"),
    ],
)
def test_it_counts_as_the_code_does(document: str, sentence: str) -> None:
    """Figures that other documents repeat are those of the code."""
    assert sentence in " ".join((ROOT / document).read_text(encoding="utf-8").split())
