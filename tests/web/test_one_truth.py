"""Whatever is broken below it, the page, the text and the JSON never contradict each other."""

import asyncio
import re
from html import unescape
from typing import Any

import asyncpg
import pytest

from alerting import new_alert
from factories import lock
from houndmon.notify.outbox import SQL
from houndmon.web.dependencies import services_of
from web.one_truth import contradictions

TEXT = {"Accept": "text/plain"}
LOCKS = {
    "rows of the source": "hound.play_attempts, hound.transcode_jobs",
    "the alerts": "houndmon.alerts",
    "the rules' states": "houndmon.rule_states",
    "the ticks": "houndmon.ticks",
}
PATIENCE_SECONDS = 0.3
MARK = re.compile(r'data-findings="(\w+)"')
WAITS = "select from pg_stat_activity where wait_event_type = 'Lock' and strpos(query, $1) > 0"
WORSE = "update houndmon.alerts set latest_finding = $2, latest_verdict = 'breach' where id = $1"


async def sample(console, *, anew: bool = True) -> dict[str, Any]:
    """What each exit says at this moment, with new figures or those that are shared; None where it does not answer."""
    if anew:
        console.invalidate()
    answer = await console.get("/api/summary")
    strip, alerts = await console.get("/fragments/summary"), await console.get("/fragments/alerts")
    text = await console.client.get("/api/summary", headers=TEXT)
    return {
        "summary": answer.json() if answer.status_code == 200 else None,
        "text": text.text if text.status_code == 200 else None,
        "strip": unescape(strip.text),
        "alerts": unescape(alerts.text),
        "html": (alerts.text, strip.text),
    }


def check(said: dict[str, Any]) -> None:
    """Hold what was said against itself."""
    summary, strip = said["summary"], said["strip"]
    listed = len(re.findall(r'<li data-state="firing"', said["alerts"]))
    if summary is None:
        assert "All is well" not in strip
        return
    assert len(set(MARK.findall(strip) + MARK.findall(said["alerts"]))) <= 1
    assert contradictions(summary, said["text"], *said["html"]) == []
    is_well = summary["status"]["indicator"] == "none"
    for one in (strip, said["text"], summary["text"], summary["status"]["description"]):
        assert ("All is well" in one) == is_well, one
    assert f'data-indicator="{summary["status"]["indicator"]}"' in strip
    assert summary["first_broken_stage"]["head"] in strip
    assert summary["text"].startswith(f"prod: {summary['status']['description'].partition(':')[0].rstrip('.')}")
    if is_well:
        assert listed == 0
        assert summary["open_alerts"] == []
        assert summary["unreadable"] == []
    if ">none</a>" in strip:
        assert summary["open_alerts"] == []
    if summary["open_alerts"] is None:
        assert "cannot be read" in strip
        assert summary["silences_in_force"] is None
    stages = {one["state"] for one in (*summary["stages"], *summary["layers"])}
    assert is_well <= (stages <= {"ok", "absent"})
    for name in summary["answers_as_of"]:
        assert summary["answers_as_of"][name] < summary["as_of"] or summary["is_last_good"]


@pytest.mark.parametrize("fires", [False, True])
@pytest.mark.parametrize("what", LOCKS)
@pytest.mark.usefixtures("production_deadlines")
async def test_it_never_contradicts_itself_while_something_is_locked(calm, what, fires):
    """A table is locked for as long as it lasts, in the source or in houndmon's own database: before, during, after."""
    conn = calm.hound.conn
    await calm.hound.play(outcome="failed", error_code="DECODE")
    if fires:
        await new_alert(conn, "queue_age", severity="warning")
        await new_alert(conn, "source_unreadable", subject="tracks", severity="critical")
    check(await sample(calm))
    calm.limit(PATIENCE_SECONDS)
    async with conn.transaction():
        await conn.execute(f"lock table {LOCKS[what]} in access exclusive mode")
        held = await sample(calm)
        check(held)
        assert held["summary"] is None or held["summary"]["status"]["indicator"] != "none"
    check(await sample(calm))


async def test_it_never_contradicts_itself_while_all_is_gone(calm, outage):
    """Both databases are one here, and are gone: last good answers, alerts of before, and no all-clear."""
    await calm.hound.play()
    await new_alert(calm.hound.conn, "queue_age")
    check(await sample(calm))
    async with outage():
        held = await sample(calm)
        check(held)
        assert held["summary"]["status"]["indicator"] == "unknown"
        assert len(held["summary"]["open_alerts"]) == 1


@pytest.mark.parametrize(
    ("takes", "gives"),
    [
        ("alter table hound.play_attempts rename to gone", "alter table hound.gone rename to play_attempts"),
        ("alter table hound.tracks rename to gone", "alter table hound.gone rename to tracks"),
        (
            "alter table hound.worker_heartbeats rename beat_at to gone",
            "alter table hound.worker_heartbeats rename gone to beat_at",
        ),
    ],
)
async def test_it_never_contradicts_itself_while_a_relation_is_gone(calm, takes, gives):
    """A relation goes and comes back, or one of its columns: the answers are the last good ones meanwhile."""
    await calm.hound.play(outcome="failed", error_code="DECODE")
    await calm.hound.beat()
    check(await sample(calm))
    await calm.hound.conn.execute(takes)
    check(await sample(calm))
    await calm.hound.conn.execute(gives)
    found = await sample(calm)
    check(found)
    assert found["summary"]["answers_as_of"] == {}


async def test_it_follows_an_alert_within_the_life_of_shared_figures(calm):
    """An alert fires, is taken, recovers and is closed while the figures are shared: each exit knows at once."""
    conn = calm.hound.conn
    check(await sample(calm, anew=False))
    alert = await new_alert(conn, "queue_age", severity="critical")
    seen = []
    for change in (
        "insert into houndmon.acknowledgements (alert_id) values ($1)",
        "update houndmon.alerts set state = 'recovered', recovered_at = clock_timestamp() where id = $1",
        "update houndmon.alerts set state = 'closed', closed_at = clock_timestamp() where id = $1",
        "delete from houndmon.acknowledgements where alert_id = $1",
    ):
        said = await sample(calm, anew=False)
        check(said)
        first = said["summary"]["first_broken_stage"]
        seen.append((said["summary"]["open_alerts"] != [], first["state"], first["acknowledged_at"] is not None))
        await conn.execute(change, alert)
    assert seen == [(True, "broken", False), (True, "broken", True), (True, "recovered", False), (False, "ok", False)]


async def test_it_tells_the_finding_of_one_tick_in_both_places(calm):
    """A tick finds something else: strip and list say so at once, and carry another mark, each the same."""
    conn, marks = calm.hound.conn, []
    await calm.hound.job("queued", queued_at="-17m")
    alert = await new_alert(conn, "queue_age")
    for finding in ("31 queued, the oldest for 17.2 min", "33 queued, the oldest for 17.3 min"):
        await conn.execute(WORSE, alert, finding)
        said = await sample(calm, anew=False)
        check(said)
        assert finding in said["strip"]
        assert finding in said["alerts"]
        assert MARK.findall(said["strip"]) == MARK.findall(said["alerts"])
        marks += MARK.findall(said["strip"])
    assert len(set(marks)) == 2


async def test_it_draws_the_first_page_of_one_tick(calm, database):
    """A tick ends between the reading of the list and that of the strip: the page says the same in both."""
    conn = calm.hound.conn
    alert = await new_alert(conn, "queue_age")
    other = await asyncpg.connect(database)
    async with other.transaction():
        await lock(other, "hound.transcode_jobs", "houndmon.outbox")
        asked = asyncio.create_task(calm.get("/"))
        while not await conn.fetch(WAITS, SQL["dead_letters"]):  # the list has read its alerts; the strip does so last
            assert not asked.done()
            await asyncio.sleep(0.01)
        await conn.execute(WORSE, alert, "33 queued, the oldest for 17.3 min")
    page = (await asked).text
    await other.close()
    assert page.count("33 queued, the oldest for 17.3 min") == 2
    first, second = MARK.findall(page)
    assert first == second


@pytest.mark.usefixtures("lasting")
async def test_it_follows_a_panel_within_the_life_of_shared_figures(serve, ticked):
    """A panel turns stale, and is back, while the summary is shared: the strip is read anew each time."""
    await ticked(0)
    async with serve() as console:
        panels = services_of(console.app).panel_cache
        await console.hound.play(outcome="failed", error_code="DECODE")

        async def seen() -> tuple[str, bool]:
            panels.invalidate("playback")
            panel = (await console.get("/fragments/panels/playback")).text
            strip = (await console.get("/fragments/summary")).text
            return re.findall(r' data-state="(\w+)"', panel)[0], "All is well" in strip

        before = await seen()
        await console.hound.conn.execute("alter table hound.play_attempts rename to gone")
        gone = await seen()
        await console.hound.conn.execute("alter table hound.gone rename to play_attempts")
        assert [before, gone, await seen()] == [("fresh", True), ("stale", False), ("fresh", True)]


@pytest.mark.parametrize(
    "change",
    [
        "latest_finding = '9 jobs are queued, the oldest for 30 min', latest_verdict = 'breach'",
        "latest_verdict = 'ok', clear_since = clock_timestamp(), recovers_at = clock_timestamp() + interval '2 min'",
        "response_due_at = clock_timestamp() - interval '1 s', announced_at = fired_at",
        "response_due_at = clock_timestamp() + interval '1 h'",
    ],
    ids=["found anew", "recovering", "overdue", "due later"],
)
async def test_it_follows_what_is_said_of_an_alert_while_figures_are_shared(calm, lasting, change):
    """Another finding, a recovery under way or a deadline that passes is in the strip at once, as it is in the list."""
    alert = await new_alert(calm.hound.conn, "queue_age", severity="critical")
    await calm.hound.job("queued", queued_at="-30m")
    check(await sample(calm, anew=False))
    await calm.hound.conn.execute(f"update houndmon.alerts set {change} where id = $1", alert)
    check(await sample(calm, anew=False))


async def test_it_says_in_the_text_what_is_overdue(calm):
    """Once the deadline has passed the text says since when, as the strip does; in a silence nobody is late."""
    conn, over = calm.hound.conn, "response_due_at = clock_timestamp() - interval '1 s', announced_at = fired_at"
    alert = await new_alert(conn, "queue_age", severity="critical")
    await conn.execute(f"update houndmon.alerts set {over} where id = $1", alert)
    late = await sample(calm)
    check(late)
    assert "overdue since" in late["text"]
    assert late["summary"]["first_broken_stage"]["overdue"] is True
    await conn.execute("update houndmon.alerts set suppressed_by = 'silence 1: known' where id = $1", alert)
    silenced = await sample(calm)
    check(silenced)
    assert "overdue" not in silenced["text"]


@pytest.mark.parametrize("anew", [True, False])
async def test_it_calls_no_cause_none_that_it_could_not_read(calm, anew):
    """Where rejections cannot be read there may be a cause: the text says so, and does not call it none."""
    if not anew:
        check(await sample(calm))
    await calm.hound.conn.execute("alter table hound.upload_attempts rename to gone")
    found = await sample(calm)
    check(found)
    assert "Top failure cause: unknown." in found["text"]


BREAKS = {
    "all_clear": (lambda summary: summary["status"].update(indicator="none"), None),
    "indicator": (lambda summary: summary["status"].update(indicator="minor"), None),
    "one_text": (lambda summary: summary.update(text="prod: Play is broken."), None),
    "numbers": (lambda summary: summary.update(title="critical, 7 firing"), None),
    "listed": (None, (' id="alert-', ' id="alert-9')),
    "headline": (lambda summary: summary["first_broken_stage"].update(severity="warning"), None),
    "duties": (lambda summary: summary["first_broken_stage"].update(owner_role="somebody"), None),
    "ratios": (None, ("oldest for", "youngest for")),
    "recovering": (lambda summary: summary["first_broken_stage"].update(clear_since="2026-03-02T12:00:00Z"), None),
    "chain": (lambda summary: summary["stages"][1].update(state="ok"), None),
    "old_answers": (lambda summary: summary["answers_as_of"].update(worker_alive=summary["as_of"]), None),
    "answers": (lambda summary: summary["answers"].update(transcodes_failed_today=None), None),
    "live_figures": (lambda summary: summary["answers"]["oldest_queued_job"].update(queued=0), None),
}


@pytest.mark.parametrize("what", BREAKS)
async def test_it_would_catch_each_contradiction(calm, what):
    """Let one exit say something else than the others, and what holds them against each other tells which."""
    await calm.hound.job("queued", queued_at="-30m")
    alert = await new_alert(calm.hound.conn, "queue_age", severity="critical", latest_verdict="breach")
    await new_alert(calm.hound.conn, "queue_retrying", severity="warning")
    said = await sample(calm)
    assert alert == int(said["summary"]["first_broken_stage"]["alert_id"])
    alerts, strip = said["html"]
    assert contradictions(said["summary"], said["text"], alerts, strip) == []
    change, swap = BREAKS[what]
    if change:
        change(said["summary"])
    if swap:
        assert swap[0] in alerts
        alerts = alerts.replace(*swap)
    found = contradictions(said["summary"], said["text"], alerts, strip)
    assert any(one.startswith(f"{what}: ") for one in found), found


async def test_it_would_catch_a_contradiction(calm):
    """What is held against itself can differ: an alert that only one of the exits knows of is found out."""
    said = await sample(calm)
    check(said)
    with pytest.raises(AssertionError):
        check(said | {"alerts": '<li data-state="firing"'})
    with pytest.raises(AssertionError):
        check(said | {"text": "prod: houndmon cannot tell"})
