"""What charts are told of their figures: thresholds, alerts, and what was reported."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from factories import NOW
from houndmon.alerts import chart_notes
from houndmon.alerts.chart_notes import ChartNotes
from houndmon.config.defaults import DEFAULTS
from houndmon.core.clock import Clock
from houndmon.core.connections import close_pool, open_pool
from houndmon.core.filters import Filters
from houndmon.core.panel_cache import build_trend
from houndmon.core.state_database import StateDatabase
from houndmon.core.trend import Chart, Trend

HOUR = Filters(range="1h")
QUEUE_AGE = DEFAULTS.rules["queue_age"]


@pytest.fixture
async def state(database: str) -> AsyncIterator[StateDatabase]:
    pool = await open_pool(database, size=2)
    yield StateDatabase(pool, "UTC")
    await close_pool(pool)


@pytest.fixture
def notes(state: StateDatabase) -> ChartNotes:
    return ChartNotes(state, lambda: DEFAULTS)


def trend(panel: str, *names: str) -> Trend:
    charts = [Chart(name=name, title=name, unit="count", series=[]) for name in names]
    return build_trend(panel, Clock(NOW), HOUR, charts)


async def report(conn: asyncpg.Connection, minutes: float, text: str, **values: Any) -> None:
    """Put an event into the feed, so many minutes ago."""
    row = {
        "occurred_at": NOW - timedelta(minutes=minutes),
        "environment": "prod",
        "service_area": "transcode",
        "severity": "warning",
        "impact": text,
        "kind": "manual",
    } | values
    if "rule" in row:
        row |= {"event": "fired", "reason": "so"}
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await conn.execute(f"insert into houndmon.incidents ({', '.join(row)}) values ({places})", *row.values())


async def test_it_names_the_threshold_that_watches_a_figure(notes: ChartNotes) -> None:
    """The chart of the oldest wait carries its rule and that rule's threshold; the others carry none."""
    found = await notes.annotate(trend("transcode", "depth", "wait"), HOUR)
    assert [(chart.rule, chart.threshold) for chart in found.charts] == [(None, None), ("queue_age", 15)]
    [played] = (await notes.annotate(trend("playback", "failure_ratio"), HOUR)).charts
    assert (played.rule, played.threshold) == ("playback_failure_ratio", 0.03)
    [foreign] = (await notes.annotate(trend("api", "wait"), HOUR)).charts
    assert foreign.rule is None


async def test_it_takes_the_threshold_of_the_environment(state: StateDatabase) -> None:
    """A threshold that staging has otherwise stands in its charts alone; a rule that is off has none."""
    slow, off = msgspec.structs.replace(QUEUE_AGE, threshold=240.0), msgspec.structs.replace(QUEUE_AGE, enabled=False)
    notes = ChartNotes(state, lambda: DEFAULTS.with_rule("staging", slow).with_rule("prod", off))
    staging = Filters(range="1h", environment="staging")
    [there], [here] = [(await notes.annotate(trend("transcode", "wait"), one)).charts for one in (staging, HOUR)]
    assert (there.threshold, here.rule, here.threshold) == (240, None, None)


async def test_it_knows_no_threshold_for_one_artist(notes: ChartNotes) -> None:
    """A rule judges all jobs: over those of one artist its threshold would say what nobody watches."""
    [chart] = (await notes.annotate(trend("transcode", "wait"), Filters(range="1h", artist_id="artist-1"))).charts
    assert (chart.rule, chart.threshold) == (None, None)


async def test_it_marks_what_happened_in_the_window(notes: ChartNotes, conn: asyncpg.Connection) -> None:
    """Its panel's alerts and all reports of its environment or of both are marked, oldest first, and nothing else."""
    await report(conn, 61, "before the window")
    await report(conn, 40, "of staging", environment="staging")
    await report(conn, 30, "of both", environment=None, kind="external", severity="info")
    await report(conn, 25, "queue_age fires", kind="alert_fired", rule="queue_age", alert_id=7)
    await report(conn, 24, "plays fail", kind="alert_fired", rule="playback_failure_ratio", alert_id=8)
    await report(conn, 20, "burns", kind="alert_recovered", rule="slo_burn_fast", subject="transcode_success")
    await report(conn, 20, "burns", kind="alert_recovered", rule="slo_burn_fast", subject="playback_success")
    await report(conn, 10, "queue_age closed", kind="alert_closed", rule="queue_age", alert_id=7)
    await report(conn, 5, "of the playback team", service_area="playback")
    await report(conn, -1, "still to come")
    marks = (await notes.annotate(trend("transcode", "wait"), HOUR)).marks or []
    assert [(mark.kind, mark.text, mark.rule, mark.subject) for mark in marks] == [
        ("external", "of both", None, None),
        ("alert_fired", "queue_age fires", "queue_age", None),
        ("alert_recovered", "burns", "slo_burn_fast", "transcode_success"),
        ("manual", "of the playback team", None, None),
    ]
    assert (marks[1].alert_id, marks[0].severity, marks[1].at) == ("7", "info", NOW - timedelta(minutes=25))


async def test_it_marks_no_alert_of_a_rule_that_is_gone(notes: ChartNotes, conn: asyncpg.Connection) -> None:
    """An alert whose rule this version does not know belongs to no panel."""
    await report(conn, 5, "of another version", kind="alert_fired", rule="queue_is_purple")
    assert (await notes.annotate(trend("transcode", "wait"), HOUR)).marks == []


async def test_it_keeps_the_newest_marks(
    notes: ChartNotes, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are more than the most, those of long ago are left out."""
    monkeypatch.setattr(chart_notes, "MOST_MARKS", 2)
    for minutes in (30, 20, 10):
        await report(conn, minutes, f"{minutes} min ago")
    marks = (await notes.annotate(trend("transcode", "wait"), HOUR)).marks or []
    assert [mark.text for mark in marks] == ["20 min ago", "10 min ago"]


async def test_it_says_that_marks_cannot_be_read(notes: ChartNotes, conn: asyncpg.Connection) -> None:
    """Without the feed the charts come with their thresholds; that nothing is marked is not said to be nothing."""
    await conn.execute("alter table houndmon.incidents rename to gone")
    found = await notes.annotate(trend("transcode", "wait"), HOUR)
    assert (found.marks, found.charts[0].threshold) == (None, 15)
