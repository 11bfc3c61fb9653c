"""What the panels say to people, drawn from a real source."""

import re

import pytest

from alerting import NOTES, new_alert
from factories import NOW
from houndmon.alerts.model import Closing
from houndmon.alerts.store import close_alert
from houndmon.core import panel_cache as module
from houndmon.core.filters import Filters
from houndmon.core.settings import Settings
from houndmon.lifespan import source_identity
from houndmon.panels.incidents.model import Incident
from houndmon.web.dependencies import services_of
from houndmon.web.page import pending_context
from houndmon.web.titles import incident_text

MARK = "<b>queue_age fires: x"
TOLD = [
    (("queue_age", None, "fired", "3 queued"), "The oldest job has waited too long: 3 queued"),
    (("queue_age", None, "fired_again", "3 queued"), "The oldest job has waited too long, again: 3 queued"),
    (("queue_age", None, "recovered", "none queued"), "The oldest job has waited too long, recovered: none queued"),
    (("queue_age", None, "closed", "fires: x"), "The oldest job has waited too long, closed: fires: x"),
    (
        ("slo_burn_fast", "playback_success", "fired", "20 times"),
        "An error budget burns fast, Playback success: 20 times",
    ),
    (("api_5xx_spike", "a of b fires: c", "fired", "9%"), "The API answers 5xx, a of b fires: c: 9%"),
    (("no_such_rule", None, "fired", "x"), "the text"),
    ((None, None, None, None), "the text"),
]


@pytest.mark.parametrize(("parts", "words"), TOLD)
def test_it_tells_of_an_alert_by_its_title(parts, words):
    """What an alert did reads as elsewhere on the page; what others wrote stays as they wrote it."""
    assert incident_text(Incident("1", NOW, "prod", "api", "info", "the text", None, None, "manual", *parts)) == words


@pytest.mark.parametrize(("queued", "words"), [(0, "queue is empty"), (3, "age unknown")])
async def test_it_tells_an_empty_queue_from_one_of_unknown_age(console, queued, words):
    """A queue is called empty where no job is queued, not where none says since when it is."""
    await console.hound.job("queued", times=queued, queued_at=None)
    html = (await console.get("/fragments/panels/transcode")).text
    assert re.findall("queue is empty|age unknown", html) == [words]


async def test_it_shows_titles_in_the_feed_and_names_to_programs(console):
    """The feed shows the title of a rule; the API tells its name, and shows what people wrote as they wrote it."""
    conn = console.hound.conn
    await close_alert(
        conn, await new_alert(conn, "playback_failure_ratio", state="recovered"), Closing(**NOTES), "operator"
    )
    event = {"service_area": "play", "severity": "info", "impact": MARK}
    assert (await console.client.post("/api/incidents", json=event)).status_code == 201
    html = (await console.get("/fragments/panels/incidents")).text
    assert "<bdi>Too many plays fail, closed: The disk was full.</bdi>" in html
    assert "&lt;b&gt;queue_age fires: x" in html
    assert "playback_failure_ratio closed" not in html
    assert [one["impact"] for one in (await console.panel("incidents"))["items"]] == [
        MARK,
        "playback_failure_ratio closed: The disk was full.",
    ]


async def test_it_calls_a_rule_and_a_level_by_their_titles(console):
    """What explains an alert, and the service level that one is about, stand in words wherever an alert is shown."""
    why = "alert 3 explains it: worker_heartbeat_missing"
    id = await new_alert(console.hound.conn, "slo_burn_fast", subject="playback_success", suppressed_by=why)
    for path in ("/fragments/alerts", f"/alerts/{id}", "/alerts"):
        html = (await console.get(path)).text
        assert "An error budget burns fast, <bdi>Playback success</bdi>" in html, path
        assert ("alert 3 explains it: no worker sends heartbeats" in html) is (path != "/alerts")


async def test_it_shows_a_ratio_once(console):
    """Where the chosen range is the last 24 h, the playback panel says so once; in others both ratios stand."""
    await console.hound.play(outcome="failed", times=3)
    await console.hound.play(times=37)
    for range, times in (("24h", 1), ("1h", 2), ("7d", 2)):
        html = (await console.get("/fragments/panels/playback", range=range)).text
        figures = html.partition('<dl class="figures">')[2].partition("</dl>")[0]
        assert len(re.findall(r'<span class="value">7\.50%</span>', figures)) == times
        assert ('data-figure="last_24h"' in figures) is (range != "24h")


@pytest.mark.usefixtures("lasting")
async def test_it_draws_a_fragment_once_for_all_who_look(console, monkeypatch):
    """The same figures are drawn once, whoever asks; other figures, stale ones and a chart that came late anew."""
    path, panel_cache, drawn = "/fragments/panels/playback", services_of(console.app).panel_cache, list[str]()
    drawing = panel_cache.fragment

    def counting(name, filters, context, draw):
        def counted():
            drawn.append(name)
            return draw()

        return drawing(name, filters, context, counted)

    monkeypatch.setattr(panel_cache, "fragment", counting)
    first = await console.get(path)
    again = await console.get(path)
    assert (len(drawn), first.content, first.headers["etag"]) == (1, again.content, again.headers["etag"])
    await console.get(path, range="1h")
    await console.hound.play(outcome="failed")
    panel_cache.invalidate("playback")
    third = await console.get(path)
    assert (len(drawn), ">100%<" in third.text) == (3, True)
    await console.hound.conn.execute("alter table hound.play_attempts rename to gone")
    panel_cache.invalidate("playback")
    stale = [(await console.get(path)).text for _ in range(2)]
    assert (len(drawn), stale[0] == stale[1], 'data-state="stale"' in stale[0]) == (4, True, True)


async def test_it_keeps_as_many_drawings_as_fit(console, monkeypatch):
    """However many filters strangers ask for, the drawings that are kept are counted."""
    monkeypatch.setattr(module, "MOST_FRAGMENTS", 3)
    panel_cache = services_of(console.app).panel_cache
    context = pending_context(panel_cache.specs["ingest"], Filters())
    for artist in "abcde":
        panel_cache.fragment("ingest", Filters(artist_id=artist), context, lambda: "<p>")
    assert [filters.artist_id for _, filters in panel_cache._fragments] == ["c", "d", "e"]


async def test_it_says_where_there_is_nothing(quiet):
    """A page that is not there says so in a sentence, with a way back, and every page names the zone of its times."""
    page = await quiet.client.get("/nowhere", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "There is nothing at this address." in page.text
    for path in ("/alerts", "/silences", "/"):
        assert "Times are in <span data-zone-name>UTC</span>." in (await quiet.get(path)).text, path


@pytest.mark.parametrize(("severity", "tone"), [("critical", "bad"), ("warning", "warn"), ("info", "warn")])
async def test_it_says_the_severity_in_one_colour(calm, severity, tone):
    """A stage that breaks by a warning alone is not as red as one that breaks by what is critical, nor is the list."""
    await new_alert(calm.hound.conn, "queue_age", severity=severity)
    strip, alerts = (await calm.get("/fragments/summary")).text, (await calm.get("/fragments/alerts")).text
    assert f'<li data-state="broken" data-severity="{severity}" data-first>' in strip
    assert f'<div class="verdict" data-tone="{tone}"' in strip
    assert f'<li data-state="firing" data-severity="{severity}" id="alert-' in alerts
    assert f' data-tone="{tone}"' in alerts.partition("aria-labelledby")[0]


async def test_it_names_its_evidence(console):
    """Evidence stands in words, the finding first, whatever order it was kept in."""
    kept = '{"at": "2026-03-02T12:00:00.5Z", "low": 0.04, "value": 0.05, "odd_one": 7, "reason": "3 of 60 failed"}'
    id = await new_alert(console.hound.conn, "playback_failure_ratio", fired_evidence=kept)
    html = (await console.get(f"/alerts/{id}")).text
    shown = html.partition("As it fired")[2].partition("</dl>")[0]
    names = ["Finding", "Value", "95% interval, from", "Evaluated at", "Odd one"]
    assert re.findall(r"<dt>([^<]+)</dt>", shown) == names
    assert "2026-03-02 12:00:00 UTC" in shown


async def test_it_lists_runbooks_by_what_they_are_about(quiet):
    """The list of runbooks, and each link from one to another, says the title of a rule, not its name alone."""
    assert '<a href="/runbooks/queue_age">The oldest job has waited too long</a>' in (await quiet.get("/runbooks")).text
    page = (await quiet.get("/runbooks/queue_age")).text
    assert '<a href="/runbooks/worker_heartbeat_missing">No worker sends heartbeats</a>' in page


async def test_it_says_how_many_workers_are_alive(console):
    """The tile says how many of how many are alive; a start that nobody knows is a dash; a list that is cut says so."""
    hound = console.hound
    for number in range(53):
        await hound.beat(worker_id=f"w{number:02}", process_started_at="+1h")
    await hound.beat(worker_id="silent", beat_at="-10m")
    while "of 54 workers" not in (html := (await console.get("/fragments/panels/workers")).text):
        console.invalidate()  # the silent one's beat lies in minutes that are counted already: the next count has it
    assert "53 of 54 workers alive" in html
    assert '<td class="number when">—</td>' in html
    assert "4 more with older beats are not listed: 1 of all are missing, 53 alive." in html
    assert "Beats arrive late" not in html
    await hound.conn.execute(
        "insert into houndmon.beat_arrivals (source, environment, beat_at, seen_at)"
        " values ($2, 'staging', $1::timestamptz - interval '130 s', $1)",
        hound.now,
        source_identity(Settings(auth="off")),
    )
    html = (await console.get("/fragments/panels/workers?environment=staging")).text
    assert "Beats arrive late, by" in html
    assert "1 row over 120 s old on arrival: a clock runs behind" in html
