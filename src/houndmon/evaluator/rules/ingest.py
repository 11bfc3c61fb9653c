"""Judges the rejections of uploads."""

from datetime import datetime

from houndmon.alerts.step import FailureCode, Finding
from houndmon.core.text import clean_message
from houndmon.evaluator.figures import EnvironmentFigures, Unreadable, rejected
from houndmon.evaluator.findings import MOST_CAUSES, Judge, ratio_finding, unread, usual_share
from houndmon.rulebook.ingest import Name
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.spec import Rule


def upload_rejection_ratio(rule: Rule, levels: Levels, figures: EnvironmentFigures, now: datetime) -> list[Finding]:
    """The share of uploads in the last hour that were rejected."""
    if isinstance(uploading := figures.uploading, Unreadable):
        return unread(rule, figures, None, uploading, now)
    hour, usual = uploading.hour, usual_share(rule, figures, None, map(rejected, uploading.hours))
    causes: list[FailureCode] = [
        {"code": clean_message(reason.reason), "count": reason.count, "share": reason.share}
        for reason in hour.reasons[:MOST_CAUSES]
    ]
    return [
        ratio_finding(
            rule,
            figures,
            rejected(hour),
            uploading.now,
            span="hour",
            nouns="uploads",
            said="were rejected",
            causes=causes,
            usual=usual,
        )
    ]


JUDGES: dict[Name, Judge] = {"upload_rejection_ratio": upload_rejection_ratio}
