"""Judges what the last sample of served figures found."""

from datetime import datetime

from houndmon.alerts.step import Finding
from houndmon.evaluator.figures import EnvironmentFigures
from houndmon.evaluator.findings import Judge, make_finding
from houndmon.rulebook.counts import Name
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule


def counts_differ(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """Whether the last hour's sample found a figure that is not that of the rows; nothing before the first one."""
    if (sampled := figures.sampled) is None:
        return []
    differing = f"{sampled.differing:,}" if sampled.differing else "none"
    return [
        make_finding(
            rule,
            figures,
            None,
            "breach" if sampled.differing else "ok",
            sampled.now,
            value=sampled.differing,
            sample_count=sampled.figures,
            reason=f"{differing} of {sampled.figures:,} figures differ from the source's rows",
            evidence={"figures": sampled.shown},
        )
    ]


JUDGES: dict[Name, Judge] = {"counts_differ": counts_differ}
