"""Judges what the last sample of served figures found."""

from datetime import datetime

from houndmon.alerts.step import Finding
from houndmon.core.text import listing
from houndmon.counts_check.sampling import SampleResult
from houndmon.evaluator.figures import EnvironmentFigures
from houndmon.evaluator.findings import Judge, make_finding
from houndmon.rulebook.counts import Name
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule


def counts_differ(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """Whether the last hour's sample found a figure that is not that of the rows; nothing before the first one."""
    if (sampled := figures.sampled) is None:
        return []
    return [
        make_finding(
            rule,
            figures,
            None,
            "breach" if sampled.differing else "ok",
            sampled.now,
            value=sampled.differing,
            sample_count=sampled.figures,
            reason=sample_sentence(sampled),
            evidence={"figures": sampled.shown},
        )
    ]


def sample_sentence(sampled: SampleResult) -> str:
    """What a sample found, in words: of which panels, all of them, and how much of it."""
    if not sampled.differing:
        return f"none of {sampled.figures:,} figures differ from the source's rows"
    panels = listing(sampled.panels)
    return f"counts of {panels} differ from the source's rows: {sampled.differing:,} of {sampled.figures:,} figures"


JUDGES: dict[Name, Judge] = {"counts_differ": counts_differ}
