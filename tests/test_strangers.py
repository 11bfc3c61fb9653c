"""Every exit of plain text: what strangers wrote leaves by the one door, and nowhere beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest

from factories import NOW
from houndmon.alerts.names import subject_named
from houndmon.commands import backtest, verify
from houndmon.config.defaults import DEFAULTS
from houndmon.core.neutral import NAME_CHARACTERS, neutral
from houndmon.core.source import failure_reason
from houndmon.counts_check.compare import Comparison, Difference
from houndmon.evaluator.backtest import Firing
from houndmon.notify.test_message import build_test_message
from houndmon.web.display import FILTERS
from houndmon.web.summary.answers import Answers, Cause, OldestJob
from houndmon.web.summary.blindness import Blindness
from houndmon.web.summary.status import assess
from houndmon.web.summary.text import summary_lines
from strangers import HOSTILE

PLAIN = "plain"  # a name that is neutral already


def summary_text(name: str) -> str:
    answers = Answers(oldest_queued_job=OldestJob(2.5, name, 1), top_failure_cause=Cause("playback", name, 61, 0.3))
    return summary_lines("prod", assess("prod", [], Blindness()), answers)


def backtest_report(name: str) -> str:
    return backtest.report(
        "api_5xx_spike", "1h", timedelta(seconds=5), [Firing(subject=name, fired_at=NOW, reason="x")]
    )


def verify_report(name: str) -> str:
    found = Comparison("playback", "1h", "prod", 1, [Difference("top_errors", name, name)])
    return verify.report([found])


class Exit(NamedTuple):
    """How a name leaves, and how it may look then."""

    write: Callable[[str], str]
    most: int = NAME_CHARACTERS
    of: Callable[[str], str] = str


EXITS = {
    "text summary": Exit(summary_text),
    "subject in a sentence": Exit(lambda name: subject_named("api_5xx_spike", name)),
    "reason of a row that does not fit": Exit(lambda name: failure_reason(ValueError(name)), 160),
    "test message": Exit(lambda name: build_test_message(DEFAULTS, name).text),
    "houndmon backtest": Exit(backtest_report),
    "houndmon verify": Exit(verify_report, 120, repr),
    "data- attribute": Exit(lambda name: f'data-value="{FILTERS["neutral"](name)}"'),
}
"""What is printed, sent or written of a name, by where it leaves."""


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("name", EXITS)
def test_it_lets_no_name_out_as_it_came(name: str, hostile: str) -> None:
    """Each exit shows of a hostile name what it shows of a plain one, made neutral: nothing more."""
    write, most, of = EXITS[name]
    plain, shown = neutral(of(PLAIN), most), neutral(of(hostile), most)
    assert plain in write(PLAIN)
    assert write(hostile) == write(PLAIN).replace(plain, shown)
