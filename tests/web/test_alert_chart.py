"""The chart on an alert's page: the rule's own value, its threshold, and the alert's own firings and recoveries."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerting import new_alert
from factories import NOW, present
from houndmon.alerts.model import Alert
from houndmon.core.clock import SPANS
from houndmon.web.alert_chart import AFTER, question_about, shown_range

AGO = st.timedeltas(timedelta(0), timedelta(days=9))


async def moment(console, id, kind, minutes):
    """Something that happened to an alert so many minutes ago."""
    await console.hound.conn.execute(
        "insert into houndmon.transitions (alert_id, at, kind, reason)"
        " values ($1, clock_timestamp() - make_interval(mins => $2), $3, 'found <then>')",
        id,
        minutes,
        kind,
    )


def marks(page):
    """The marks of the chart, by their look, in hundredths of its width."""
    return re.findall(r'<svg class="(\w+)" x="(\d+)%"', page)


async def test_it_draws_the_value_of_the_subject(calm):
    """The chart is of the alert's own service, with the alert's threshold; its table has the same values."""
    await calm.hound.requests(status_code=503, requests=12)
    await calm.hound.requests(requests=88)
    await calm.hound.requests(service="catalogue", requests=900)
    id = await new_alert(calm.hound.conn, "api_5xx_spike", subject="gateway", threshold=0.02)
    page = await calm.alert_page(id)
    label = present(re.search(r'aria-label="(Requests answered 5xx, over 5 min: [^"]*)"', page))[1]
    assert "12.0% at most" in label
    assert "limit 2%" in label
    assert 'data-values="values-value-value"' in page
    table = page.partition('<table id="values-value-value"')[2].partition("</table>")[0]
    assert "12.0%" in table
    assert table.count('<tr><th scope="row">') == 72


async def test_it_marks_firing_and_recovery(calm):
    """Each firing and recovery of the alert is marked, and none of another alert."""
    conn = calm.hound.conn
    id = await new_alert(conn, minutes=120)
    other = await new_alert(conn, "queue_stalled", minutes=60)
    for kind, minutes in (("fired", 120), ("recovered", 100), ("fired_again", 80), ("comment", 70)):
        await moment(calm, id, kind, minutes)
    await moment(calm, other, "fired", 60)
    page = await calm.alert_page(id)
    assert sorted(marks(page)) == [("fired", "67"), ("fired", "78"), ("recovered", "72")]
    assert "The oldest job has waited too long" in page.partition('<table id="values-value-value"')[2]


async def test_it_says_a_threshold_in_the_unit_of_the_chart(calm):
    """An age in seconds is drawn in minutes, and so is its limit."""
    await calm.hound.beat(beat_at="-9m")
    id = await new_alert(calm.hound.conn, "worker_heartbeat_missing", threshold=120.0)
    page = await calm.alert_page(id)
    assert re.search(r'aria-label="Age of the newest beat: value 9(\.\d)? min now, [^"]*limit 2 min"', page)


async def test_it_ends_an_hour_after_the_alert(calm):
    """The chart of an alert that is over ends an hour after it, and says when that was."""
    fired = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=2)
    over = fired + timedelta(minutes=30)
    id = await new_alert(calm.hound.conn, state="recovered", fired_at=fired, recovered_at=over)
    page = await calm.alert_page(id)
    end = over + timedelta(hours=1)
    assert f'data-end="{end:%a} {end.day}, {end:%H:%M}"' in page
    assert " now, " not in present(re.search(r'aria-label="(Oldest wait: [^"]*)"', page))[1]


async def test_it_draws_no_chart_of_what_rows_do_not_tell(calm):
    """A rule whose past value no row tells has no chart, and no empty place of one."""
    for rule, subject in (("job_stuck", None), ("slo_burn_fast", "upload_to_live"), ("source_unreadable", "tracks")):
        page = await calm.alert_page(await new_alert(calm.hound.conn, rule, subject=subject))
        assert "<h2>Value</h2>" not in page
        assert 'class="charts"' not in page


async def test_it_shows_the_alert_without_its_chart(calm):
    """Where the source cannot be read the page is there all the same, and says that the chart is not."""
    id = await new_alert(calm.hound.conn)
    await calm.hound.conn.execute("drop table hound.transcode_jobs")
    page = await calm.alert_page(id)
    assert "The chart cannot be drawn now." in page
    assert "<h2>Timeline</h2>" in page


@given(AGO, AGO, st.booleans())
def test_it_shows_the_beginning(fired_ago, lasted, is_over):
    """The firing lies within the chart, but for an alert that is longer than a day; so does its end, always."""
    now, fired_at = NOW, NOW - fired_ago
    over = min(now, fired_at + lasted) if is_over else None
    alert = an_alert(fired_at, over)
    asked = question_about(alert, now)
    end = asked.end or now
    assert end <= now
    assert end - (over or now) <= AFTER
    assert (over or now) <= end + timedelta(minutes=1)
    start = end - SPANS[asked.range]
    assert start <= fired_at or end - fired_at > timedelta(hours=24)
    assert asked.range == shown_range(fired_at, end)


def an_alert(fired_at, recovered_at):
    """An alert, as far as its chart goes."""
    fields: dict[str, Any] = dict.fromkeys(Alert.__struct_fields__)
    fields |= {"rule": "queue_age", "environment": "prod", "fired_at": fired_at, "recovered_at": recovered_at}
    return Alert(**fields)
