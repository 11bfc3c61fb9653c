"""The chart on an alert's page: its rule's own value, the threshold it was held against, and its firings."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from houndmon.alerts.model import Alert, Moment, SingleAlert
from houndmon.core.clock import SPANS, Range
from houndmon.core.trend import Mark, MarkKind, Trend
from houndmon.evaluator.value_cache import ValueCache, ValueQuestion
from houndmon.evaluator.value_series import load_of
from houndmon.rulebook.book import BOOK
from houndmon.web.titles import ended_at

AFTER, BEFORE = timedelta(hours=1), timedelta(hours=1)  # what is shown beside the alert itself
MARKED: dict[str, MarkKind] = {
    "fired": "alert_fired",
    "fired_again": "alert_fired",
    "recovered": "alert_recovered",
}
"""What of an alert's timeline is marked, and as what."""


async def draw_value(values: ValueCache, alert: SingleAlert, now: datetime) -> Trend | None:
    """The chart of an alert; None where it does not come soon, or the source cannot be read."""
    trend = await values.chart_if_quick(question_about(alert, now))
    return trend and marked(trend, alert)


def has_value_chart(alert: Alert) -> bool:
    """Whether the rows tell what the alert's value was over time."""
    return load_of(alert.rule, alert.subject) is not None


def question_about(alert: Alert, now: datetime) -> ValueQuestion:
    """The stretch to show: to an hour after its end, and so far back that the firing is in it; a day at most."""
    end = ended_at(alert, now) + AFTER
    until = end.replace(second=0, microsecond=0) if end < now else None
    return ValueQuestion(alert.rule, alert.environment, alert.subject, shown_range(alert.fired_at, until or now), until)


def shown_range(fired_at: datetime, end: datetime) -> Range:
    """The range that shows what was before the firing too; of a long alert, its last day."""
    return "6h" if end - fired_at + BEFORE <= SPANS["6h"] else "24h"


def marked(trend: Trend, alert: SingleAlert) -> Trend:
    """The chart with the alert's threshold, and its own firings and recoveries that lie in it."""
    drawn = BOOK[alert.rule].value_chart
    assert drawn
    level = None if alert.threshold is None else alert.threshold / drawn.divisor
    charts = [replace(chart, rule=alert.rule, threshold=level) for chart in trend.charts]
    moments = [moment for moment in alert.timeline if moment.kind in MARKED and is_within(trend, moment.at)]
    return replace(trend, charts=charts, marks=[mark_of(moment, alert) for moment in moments])


def is_within(trend: Trend, at: datetime) -> bool:
    """Whether a moment lies in what is drawn: one just after the last reading does."""
    return trend.starts[0] <= at and (trend.window.end == trend.as_of or at <= trend.window.end)


def mark_of(moment: Moment, alert: Alert) -> Mark:
    """A firing or a recovery, as charts mark it."""
    return Mark(
        at=moment.at,
        kind=MARKED[moment.kind],
        severity=alert.severity,
        text=moment.reason,
        alert_id=alert.id,
        rule=alert.rule,
        subject=alert.subject,
    )
