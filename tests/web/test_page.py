"""The page as it comes from the server: what it says before any script runs."""

import asyncio
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from alerting import new_alert
from factories import lock
from houndmon.alerts.model import StateRow
from houndmon.core import panel_cache
from houndmon.web import page
from houndmon.web.summary.blindness import unjudged_places

NAMES = ("transcodes_failed_today", "oldest_queued_job", "worker_alive", "play_failure_ratio_24h", "top_failure_cause")
LEADS_TO = ("transcode", "transcode", "workers", "playback", "playback")


async def strip(console, **params: Any) -> str:
    """The answer strip, read anew."""
    console.invalidate()
    html: str = (await console.get("/fragments/summary", **params)).text
    return html


def answers(html: str) -> dict[str, tuple[str, str]]:
    """The raw value of each answer, and the panel that it leads to."""
    found = re.findall(r'href="#panel-(\w+)" data-answer="(\w+)" data-value="([^"]*)"', html)
    return {name: (value, panel) for panel, name, value in found}


async def test_it_answers_five_questions(calm):
    """Each answer carries its name and raw value and leads to its panel; the ratio shows its sample."""
    hound = calm.hound
    await hound.job("failed", finished_at="-0s", times=2)
    await hound.job("queued", queued_at="-30m", job_id="job-7")
    await hound.beat()
    await hound.play(times=37)
    await hound.play(outcome="failed", error_code="DECODE", times=3)
    html = await strip(calm)
    found = answers(html)
    assert tuple(found) == NAMES
    assert tuple(panel for _, panel in found.values()) == LEADS_TO
    values = {name: value for name, (value, _) in found.items()}
    assert float(values.pop("oldest_queued_job")) == pytest.approx(30, abs=1)
    assert values == {
        "transcodes_failed_today": "2",
        "worker_alive": "true",
        "play_failure_ratio_24h": "0.075",
        "top_failure_cause": "DECODE",
    }
    assert '<span class="note">3 of 40</span>' in html
    page = (await calm.get("/")).text
    assert all(f'id="panel-{panel}"' in page for panel in LEADS_TO)


async def test_it_says_what_is_broken_and_what_to_do(calm):
    """A broken stage stands with evidence, since when, its owner, when to respond, its alert and its runbook."""
    hound = calm.hound
    await hound.play(times=40, outcome="failed", platform="ios", browser="safari", error_code="DECODE")
    await hound.play(times=60, platform="ios", browser="safari")
    id = await new_alert(hound.conn, "playback_failure_ratio", severity="critical", owner_role="streaming on-call")
    html = await strip(calm)
    assert 'data-verdict="broken" data-stage="play"' in html
    assert "<strong>Play is broken:</strong> <bdi>too many plays fail – " in html
    assert "mostly iOS Safari, most often DECODE" in html
    assert "<dt>Severity</dt>" in html
    assert re.search(r"<dt>Since</dt><dd><time [^>]+>\d\d:\d\d:\d\d</time> <span data-since=", html)
    assert "<dt>Owner</dt><dd><bdi>streaming on-call</bdi>" in html
    assert re.search(r"<dt>Respond by</dt><dd><time [^>]+>\d\d:\d\d:\d\d</time> <span data-until=", html)
    assert 'href="/runbooks/playback_failure_ratio">Runbook' in html
    assert f'href="/alerts/{id}">Alert {id}' in html
    assert re.findall(r'<li data-state="(\w+)"', html) == ["ok", "ok", "ok", "ok", "broken"]


async def test_it_tells_a_burning_budget_from_an_outage(calm):
    """A stage whose error budget alone burns is strained; with an alert of its own it is broken."""
    await new_alert(calm.hound.conn, "slo_burn_fast", subject="heartbeat_freshness", severity="critical")
    html = await strip(calm)
    assert re.findall(r'<li data-state="(\w+)"', html) == ["ok", "ok", "strained", "ok", "ok"]
    assert "<strong>Worker burns its budget:</strong>" in html
    await new_alert(calm.hound.conn, "worker_heartbeat_missing", severity="critical")
    assert re.findall(r'<li data-state="(\w+)"', await strip(calm)) == ["ok", "ok", "broken", "ok", "ok"]


async def test_it_gives_no_all_clear_for_what_no_figure_reads(calm):
    """Where the last tick could not judge a stage the verdict is `unknown`, and says which relation is at fault."""
    conn = calm.hound.conn
    assert 'data-verdict="ok"' in await strip(calm)
    query = (
        "insert into houndmon.rule_states (rule, environment, subject, verdict, state, reason, evaluated_at) values"
        " ('source_unreadable', 'prod', 'tracks', 'breach', 'pending', 'it does not exist', clock_timestamp()),"
        " ('slo_burn_slow', 'prod', 'upload_to_live', 'unknown', 'ok', 'it does not exist', clock_timestamp())"
    )
    await conn.execute(query)
    html = await strip(calm)
    assert 'data-verdict="unknown"' in html
    assert "relation tracks cannot be read: it does not exist" in html
    assert re.findall(r'<li data-state="(\w+)"', html) == ["ok", "ok", "ok", "unknown", "ok"]
    assert 'data-verdict="ok"' in await strip(calm, environment="staging")


def test_it_forgets_what_is_gone():
    """A subject that the last tick did not see blinds nobody."""
    now = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
    fields: dict[str, Any] = dict.fromkeys(StateRow.__struct_fields__) | {"environment": "prod", "state": "ok"}
    old = StateRow(**fields | {"rule": "queue_age", "verdict": "unknown", "evaluated_at": now - timedelta(minutes=9)})
    new = StateRow(**fields | {"rule": "queue_stalled", "verdict": "ok", "evaluated_at": now})
    assert unjudged_places([old, new]) == {}
    assert list(unjudged_places([old])) == ["transcode"]


async def page_with_alerts(console) -> str:
    """The page, once the alerts are drawn in it: what is not ready at once is left for the script to fetch."""
    for _ in range(40):
        html: str = (await console.get("/")).text
        if not re.search(r'id="panel-alerts" [^>]*data-state="(pending|failed)"', html):
            return html
    raise AssertionError("the alerts were never drawn")


TITLES: list[tuple[list[tuple[str, str]], str, str]] = [
    ([], "prod, 24h · houndmon", "favicon.svg"),
    ([("warning", "firing")], "warning, 1 firing · prod, 24h · houndmon", "favicon-warning.svg"),
    (
        [("warning", "firing"), ("critical", "firing")],
        "critical, 2 firing · prod, 24h · houndmon",
        "favicon-critical.svg",
    ),
    ([("critical", "recovered")], "1 to close · prod, 24h · houndmon", "favicon.svg"),
]


@pytest.mark.parametrize(("alerts", "title", "icon"), TITLES)
async def test_it_shows_the_worst_alert_in_the_tab(calm, alerts, title, icon):
    """Title and icon say the worst open alert, before any script runs; the icon is there."""
    for rule, (severity, state) in zip(("queue_age", "queue_stalled"), alerts, strict=False):
        await new_alert(calm.hound.conn, rule, severity=severity, state=state)
    html = await page_with_alerts(calm)
    assert f"<title>{title}</title>" in html
    assert f'<link rel="icon" id="icon" href="/static/{icon}?v=' in html
    assert 'data-title="prod, 24h · houndmon"' in html
    assert (await calm.get(f"/static/{icon}")).status_code == 200


async def test_it_offers_what_to_do_with_each_alert(calm):
    """A firing alert can be acknowledged where it stands, a recovered one leads to the form that closes it."""
    firing = await new_alert(calm.hound.conn, "queue_age")
    recovered = await new_alert(calm.hound.conn, "queue_stalled", state="recovered")
    html = (await calm.get("/fragments/alerts")).text
    assert f'<form method="post" action="/alerts/{firing}/acknowledge" data-stay=' in html
    assert f'data-key="c" href="/alerts/{recovered}#close">' in html
    assert 'data-open="2"' in html


async def test_it_defines_every_column_and_figure(calm):
    """Each figure's name and each column's head that has a definition shows it on focus too; no id stands twice."""
    hound = calm.hound
    await hound.insert("releases", [{"release_id": "r", "artist_id": "a", "title": "T", "artist_name": "A"}])
    owner = {"release_id": "r", "artist_id": "a"}
    await hound.track(times=12, **owner)
    await hound.job("failed", times=12, **owner)
    await hound.play(outcome="failed", error_code="X", **owner)
    await hound.upload(outcome="rejected", rejection_reason="Y", **owner)
    await hound.beat()
    await hound.requests(status_code=500)
    for name in ("transcode", "playback", "ingest", "api", "workers", "publish"):
        await calm.get(f"/api/panels/{name}", release_id="r")
    await calm.get("/api/support", release_id="r")
    html = (await calm.get("/", release_id="r")).text
    ids = Counter(re.findall(r'\sid="([^"]+)"', html))
    assert [id for id, count in ids.items() if count > 1] == []
    described = re.findall(r'<button type="button" class="def" aria-describedby="([^"]+)"', html)
    assert len(described) > 40
    assert [id for id in described if id not in ids] == []


@pytest.mark.parametrize("name", ["rules", "slos"])
async def test_it_defines_every_column_of_what_is_judged(calm, name):
    """Each head of the tables of rules and service levels shows its definition."""
    await calm.hound.conn.execute(
        "insert into houndmon.rule_states (rule, environment, verdict, state, evaluated_at) values"
        " ('queue_age', 'prod', 'ok', 'ok', clock_timestamp()), ('queue_stalled', 'prod', 'breach', 'firing', now())"
    )
    html = (await calm.get(f"/fragments/{name}")).text
    heads = re.findall(r'<th scope="col"[^>]*>(<button type="button" class="def" aria-describedby="[^"]+">)?', html)
    assert len(heads) >= 4
    assert all(heads)


async def test_it_holds_a_view_in_its_address(calm):
    """Every link of the switches keeps range, environment, filters, panel, wall and turn."""
    view = {"range": "6h", "environment": "staging"}
    more = {"artist_id": "a", "release_id": "r", "panel": "api", "wall": "1", "turn": "30"}
    html = (await calm.get("/", **view, **more)).text
    kept = {f"{name}={value}" for name, value in more.items()}
    for switch, own in (("range", "environment=staging"), ("environment", "range=6h")):
        nav = re.search(rf'data-switch="{switch}">(.*?)</nav>', html, re.DOTALL)
        assert nav
        links = re.findall(r'href="/\?([^"]+)"', nav[1])
        assert len(links) > 1
        for link in links:
            assert kept | {own} <= set(link.replace("&amp;", "&").split("&")), link
    assert re.search(r'<div class="panels">\s*<div class="slot focus" data-panel="api">', html)


async def test_it_comes_again_without_javascript(calm):
    """Where nothing can poll, the page refreshes itself: after 15 s, and after 2 s while something is missing."""
    html = (await calm.client.get("/")).text
    assert re.search(r'<noscript><meta http-equiv="refresh" content="(2|15)"></noscript>', html)
    assert "http-equiv" not in (await calm.client.get("/runbooks")).text


@pytest.mark.parametrize(
    "wrong", [{"wall": "yes"}, {"panel": "nothing"}, {"turn": "9"}, {"turn": "soon"}, {"turn": "3601"}]
)
async def test_it_asks_nothing_for_a_wrong_view(calm, wrong):
    """A view that does not exist is refused before any panel is read."""
    calm.invalidate()
    async with calm.hound.conn.transaction():
        await lock(calm.hound.conn, "hound.play_attempts", "hound.transcode_jobs")
        answer = await calm.get("/", **wrong)
        waiting = await calm.hound.conn.fetchval(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
        )
    assert (answer.status_code, waiting) == (400, 0)


async def test_it_waits_for_its_alerts(calm, monkeypatch):
    """Alerts that come a little late are on the page all the same, where they push nothing down afterwards."""
    monkeypatch.setattr(page, "ALERTS_WAIT_SECONDS", 600)
    monkeypatch.setattr(page, "PAGE_WAIT_SECONDS", 0.25)
    conn = calm.hound.conn
    await new_alert(conn, "queue_age")
    async with conn.transaction():
        await conn.execute("lock table houndmon.alerts in access exclusive mode")
        asked = asyncio.create_task(calm.get("/"))
        done, _ = await asyncio.wait([asked], timeout=page.PAGE_WAIT_SECONDS * 3)
        assert not done
    assert re.search(r'id="panel-alerts" [^>]*data-state="fresh"', (await asked).text)


async def test_it_logs_a_part_of_the_page_that_raised(serve, ticked):
    """A part of the page that fails as nobody foresaw leaves a place that asks again, and its trace in the log."""
    await ticked(0)
    async with serve() as console:
        await console.hound.conn.execute(
            "insert into houndmon.rule_states (rule, environment, verdict, state, evaluated_at)"
            " values ('no_such_rule', 'prod', 'ok', 'ok', now())"
        )
        with capture_logs() as logs:
            answer = await console.get("/")
            for _ in range(3):
                await asyncio.sleep(0)
    assert answer.status_code == 200
    (found,) = [entry for entry in logs if entry["event"] == "page_part_raised" and entry["part"] == "rules_context"]
    assert "no_such_rule" in str(found["exc_info"])
    assert found["exc_info"].__traceback__ is not None


async def test_it_waits_longer_than_its_server(calm):
    """A fragment that the server still works on within its own deadlines is not given up by the page."""
    found = re.search(r'"defaultTimeout": (\d+),', (await calm.get("/")).text)
    assert found
    assert int(found[1]) > 2_000 * max(panel_cache.DEADLINE_SECONDS, panel_cache.LONG_DEADLINE_SECONDS)
