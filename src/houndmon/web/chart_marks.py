"""What happened, as the charts mark it: shapes on the axis of time, and what they stand for."""

from datetime import timedelta
from typing import NamedTuple

from houndmon.core.trend import Mark, Trend
from houndmon.web.titles import TITLES, alert_titled


class MarkShape(NamedTuple):
    """How some marks are drawn and called. Shapes are told apart without colour; an alert's has a line above it."""

    name: str
    words: str
    shape: str
    has_line: bool


CHANGE = MarkShape("change", "change", "M0-11l4.5 5-4.5 5-4.5-5z", has_line=False)
INCIDENT = MarkShape("incident", "incident", "M0-9.5a3.7 3.7 0 1 1-.01 0z", has_line=False)
RECOVERED = MarkShape("recovered", "recovered", "M0-9a3 3 0 1 1-.01 0z", has_line=True)
FIRED = MarkShape("fired", "alert", "M0-11l5 9h-10z", has_line=True)
LOOKS = (CHANGE, INCIDENT, RECOVERED, FIRED)
"""What matters most last: it is drawn over the others."""
PLACES = 100  # marks of one look within one hundredth of the width are one


def look_of(mark: Mark) -> MarkShape:
    """How a mark is drawn: what was reported is an incident where it is bad, and else a change."""
    if mark.kind in ("alert_fired", "alert_recovered"):
        return FIRED if mark.kind == "alert_fired" else RECOVERED
    return CHANGE if mark.severity == "info" else INCIDENT


def mark_shapes(trend: Trend) -> str:
    """The marks of a chart."""
    places = {
        look: {mark_position(mark, trend) for mark in trend.marks or [] if look_of(mark) == look} for look in LOOKS
    }
    return "".join(mark_shape(look, place) for look in LOOKS for place in sorted(places[look]))


def mark_shape(look: MarkShape, place: int) -> str:
    """One mark, at so many hundredths of the width."""
    line = f'<line class="{look.name}" x1="{place}%" x2="{place}%" y2="100%"/>' if look.has_line else ""
    return f'{line}<svg class="{look.name}" x="{place}%" y="100%"><path d="{look.shape}"/></svg>'


def mark_position(mark: Mark, trend: Trend) -> int:
    """Where a mark stands, in hundredths of the width."""
    width = timedelta(seconds=trend.step_seconds) * len(trend.starts)
    return round(min(1.0, max(0.0, (mark.at - trend.starts[0]) / width)) * PLACES)


def mark_keys(trend: Trend) -> list[MarkShape]:
    """What the marks of some charts stand for, the most telling first."""
    seen = {look_of(mark) for mark in trend.marks or []}
    return [look for look in reversed(LOOKS) if look in seen]


def mark_text(mark: Mark) -> str:
    """What happened, in words: an alert by the title of its rule; what others wrote stays as it is."""
    if mark.rule not in TITLES:
        return mark.text
    return alert_titled(mark.rule, mark.subject)
