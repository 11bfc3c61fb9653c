import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting import new_alert
from houndmon.alerts import store
from houndmon.core import state_database
from houndmon.core.neutral import quoted
from houndmon.panels.playback.model import Attempts
from houndmon.rulebook.units import percent
from houndmon.web.dependencies import services_of
from houndmon.web.summary.answers import Answers, Cause, OldestJob, WorkerAlive
from houndmon.web.summary.blindness import Blindness
from houndmon.web.summary.status import assess
from houndmon.web.summary.text import summary_lines
from strangers import found_in

TEXT = {"Accept": "text/plain"}


async def summary(console, **params):
    console.invalidate()
    answer = await console.get("/api/summary", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_it_gives_the_five_answers(calm):
    """Failed transcodes, the oldest queued job, a living worker, the failure ratio of plays, the top cause."""
    hound = calm.hound
    await hound.job("failed", finished_at="-0s", error_code="OOM", times=2)
    await hound.job("queued", queued_at="-40m", job_id="job-7")
    await hound.beat(beat_at="-10s")
    await hound.play(times=37)
    await hound.play(outcome="failed", error_code="DECODE", times=3)
    await hound.upload(outcome="rejected", rejection_reason="clipping")
    found = await summary(calm)
    answers = found["answers"]
    assert answers["transcodes_failed_today"] == 2
    assert answers["oldest_queued_job"]["job_id"] == "job-7"
    assert answers["oldest_queued_job"]["age_minutes"] == pytest.approx(40, abs=0.5)
    assert answers["worker_alive"]["alive"] is True
    assert answers["worker_alive"]["heartbeat_age_seconds"] == pytest.approx(10, abs=30)
    assert answers["play_failure_ratio_24h"] == 3 / 40
    assert answers["top_failure_cause"] == {
        "area": "playback",
        "code": "DECODE",
        "count": 3,
        "share": 3 / 6,
        "window": "1h",
        "usual_per_hour": 0.0,
    }
    assert (found["environment"], found["stale"], found["unreadable"]) == ("prod", False, [])
    assert found["status"] == {"indicator": "none", "description": "All is well."}
    assert found["open_alerts"] == []


async def test_it_takes_the_meaning_out_of_names(calm):
    """What a chat bot gets, and what programs read off the page, holds codes and ids of strangers in neutral alone."""
    hostile, hound = "<!channel> `@all` [x](https://evil.example) ||/x", calm.hound
    await hound.job("queued", queued_at="-40m", job_id=hostile)
    await hound.play(outcome="failed", error_code=hostile, times=3)
    found = await summary(calm)
    assert found["answers"]["oldest_queued_job"]["job_id"] == hostile
    assert f"Oldest queued job: 40 min ({quoted(hostile)})." in found["text"].replace("40.0 min", "40 min")
    code = quoted(found["answers"]["top_failure_cause"]["code"])
    assert f"Top failure cause: {code} in playback, 3 " in found["text"]
    assert not [grammar for grammar in ("slack", "discord", "mattermost") if found_in(found["text"], grammar)]
    page = (await calm.get("/fragments/summary")).text
    (value,) = re.findall(r'data-answer="top_failure_cause" data-value="([^"]*)"', page)
    assert unescape(value) == code[1:-1]


async def test_it_answers_where_nothing_is(calm):
    """An empty Hound has no failures, no queue, nobody alive, no ratio and no cause."""
    found = (await summary(calm))["answers"]
    assert found == found | {
        "transcodes_failed_today": 0,
        "oldest_queued_job": {"age_minutes": None, "job_id": None, "queued": 0},
        "worker_alive": {"alive": False, "heartbeat_age_seconds": None, "alive_count": 0, "expected_count": 0},
        "play_failure_ratio_24h": None,
        "top_failure_cause": None,
    }


async def test_it_answers_for_one_environment(calm):
    """Another environment has its own answers."""
    await calm.hound.play(outcome="failed", environment="staging", error_code="X")
    assert (await summary(calm))["answers"]["play_failure_ratio_24h"] is None
    staging = await summary(calm, environment="staging")
    assert (staging["environment"], staging["answers"]["play_failure_ratio_24h"]) == ("staging", 1.0)
    assert staging["answers"]["top_failure_cause"]["code"] == "X"


async def test_it_looks_back_a_day_where_the_last_hour_had_no_failure(calm):
    """The top cause is of the last hour, or of the last 24 h when that hour had none."""
    await calm.hound.play(outcome="failed", error_code="OLD", occurred_at="-3h", times=9)
    await calm.hound.job("failed", finished_at="-2d", queued_at="-3d", claimed_at="-3d", started_at="-3d", times=50)
    found = await summary(calm)
    assert found["answers"]["top_failure_cause"] == {
        "area": "playback",
        "code": "OLD",
        "count": 9,
        "share": 1.0,
        "window": "24h",
        "usual_per_hour": None,
    }
    await calm.hound.upload(outcome="rejected", rejection_reason=" ")
    found = await summary(calm)
    assert found["answers"]["top_failure_cause"] == {
        "area": "ingest",
        "code": "unspecified",
        "count": 1,
        "share": 1.0,
        "window": "1h",
        "usual_per_hour": 0.0,
    }


async def test_it_names_the_same_cause_of_a_tie_each_time(calm):
    """Of causes that are as common the first by area's name is told, then the first by its own."""
    await calm.hound.play(outcome="failed", error_code="A", times=2)
    await calm.hound.upload(outcome="rejected", rejection_reason="z", times=2)
    await calm.hound.upload(outcome="rejected", rejection_reason="y", times=2)
    await calm.hound.job("failed", 2, error_code="B")
    cause = (await summary(calm))["answers"]["top_failure_cause"]
    assert (cause["area"], cause["code"]) == ("ingest", "y")


async def test_it_agrees_with_the_panels(calm):
    """One number, one source: what the summary says is what the panels say."""
    hound = calm.hound
    await hound.play(outcome="failed", times=3)
    await hound.play(times=4)
    await hound.job("queued", queued_at="-9d", job_id="stuck")
    await hound.beat(beat_at="-3m")
    answers = (await summary(calm))["answers"]
    assert answers["play_failure_ratio_24h"] == (await calm.panel("playback"))["last_24h"]["failure_ratio"]
    assert answers["oldest_queued_job"]["job_id"] == (await calm.panel("transcode"))["oldest_queued_job_id"]
    assert answers["worker_alive"]["alive"] == (await calm.panel("workers"))["alive"] is False


CAUSE = "top_failure_cause"


@pytest.mark.parametrize(
    ("relation", "unknown"),
    [
        ("upload_attempts", {CAUSE}),
        ("transcode_jobs", {"transcodes_failed_today", "oldest_queued_job", CAUSE}),
        ("worker_heartbeats", {"worker_alive"}),
        ("play_attempts", {"play_failure_ratio_24h", "plays_24h", CAUSE}),
    ],
)
async def test_it_says_what_it_cannot_tell(calm, relation, unknown):
    """A relation that cannot be read makes the status unknown; its own answers are the last good ones."""
    await calm.hound.play(outcome="failed", error_code="DECODE")
    await calm.hound.beat()
    good = await summary(calm)
    await calm.hound.conn.execute(f"alter table hound.{relation} rename to gone")
    found = await summary(calm)
    reason = f"relation hound.{relation} cannot be read: it does not exist"
    assert (found["stale"], found["unreadable"]) == (True, [reason])
    assert found["status"] == {"indicator": "unknown", "description": f"houndmon cannot tell: {reason}."}
    assert found["answers_as_of"] == dict.fromkeys(unknown, good["as_of"])
    assert {name: found["answers"][name] for name in unknown} == {name: good["answers"][name] for name in unknown}
    assert found["as_of"] > good["as_of"]
    await calm.hound.conn.execute(f"alter table hound.gone rename to {relation}")
    healed = await summary(calm)
    assert (healed["stale"], healed["status"]["indicator"], healed["answers_as_of"]) == (False, "none", {})


async def test_it_knows_no_count_that_it_cannot_read(calm, monkeypatch):
    """Where houndmon's own database is gone the alerts are the last known ones, with their time, and never none."""
    await new_alert(calm.hound.conn, "queue_age")
    good = await summary(calm)
    monkeypatch.setattr(state_database, "QUICK_READ_SECONDS", 0.0)
    found = await summary(calm)
    assert found["status"]["indicator"] == "unknown"
    assert [one["id"] for one in found["open_alerts"]] == [one["id"] for one in good["open_alerts"]]
    assert found["alerts_as_of"] == good["alerts_as_of"]
    assert "houndmon's own database" in found["status"]["description"]


@pytest.mark.parametrize(
    ("verdict", "latest", "evidence"),
    [
        ("breach", "46 of 893 requests", "46 of 893 requests"),
        ("unknown", "relation api_requests is gone", "40 of 900 requests; now relation api_requests is gone"),
        (None, None, "40 of 900 requests"),
    ],
)
async def test_it_gives_the_evidence_of_an_alert_that_cannot_be_judged(calm, verdict, latest, evidence):
    """What an alert had found stays its evidence while its rule can find nothing."""
    said = {"finding": "40 of 900 requests", "latest_finding": latest, "latest_verdict": verdict}
    await new_alert(calm.hound.conn, "api_5xx_spike", subject="gateway", **said)
    broken = (await summary(calm))["first_broken_stage"]
    assert broken["evidence"] == f"the API answers 5xx, `gateway` – {evidence}; plays are not affected so far"


async def test_it_keeps_the_last_summary_while_the_source_is_gone(calm, outage):
    """Where no connection can be had the last summary is served, as of its own time, with an unknown status."""
    await calm.hound.play()
    good = await summary(calm)
    async with outage():
        found = await summary(calm)
        assert (found["stale"], found["status"]["indicator"], found["as_of"]) == (True, "unknown", good["as_of"])
        assert found["unreadable"][0].startswith("source hound cannot be read: ")
        assert found["answers"] == good["answers"]
        assert found["text"].startswith("prod: houndmon cannot tell: ")
        assert (await calm.get("/api/summary", environment="staging")).status_code == 503
    assert (await summary(calm))["stale"] is False


async def test_it_cannot_tell_while_nobody_judges(serve, ticked):
    """With the evaluator late or never there, the status is unknown: no alert is no all-clear."""
    async with serve() as console:
        found = await summary(console)
        assert found["status"]["indicator"] == "unknown"
        assert "no rule has been evaluated yet" in found["status"]["description"]
        assert found["evaluator"] == {"last_evaluated_at": None, "lag_seconds": None}
        await ticked(300)
        found = await summary(console)
        assert found["status"]["indicator"] == "unknown"
        assert found["evaluator"]["lag_seconds"] == pytest.approx(300, abs=30)
        await ticked(0)
        assert (await summary(console))["status"]["indicator"] == "none"


async def test_it_gives_bots_plain_text(calm):
    """With `Accept: text/plain` the answer is the text alone, at most five lines; the two have their own ETags."""
    await calm.hound.job("queued", job_id="evil\nid: none\x1b[0m " + "x" * 500)
    json = await calm.get("/api/summary")
    text = await calm.client.get("/api/summary", headers=TEXT)
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == json.json()["text"] + "\n"
    assert len(text.text.splitlines()) == 4
    assert text.text.isascii() or "…" in text.text
    assert "\x1b" not in text.text
    assert max(len(line) for line in text.text.splitlines()) < 300
    assert text.headers["etag"] != json.headers["etag"]
    assert "accept" in text.headers["vary"].lower()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/plain", "text/plain"),
        ("text/plain, application/json", "text/plain"),
        ("text/plain;q=0.9, */*;q=0.1", "text/plain"),
        ("application/json, text/plain", "application/json"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("TEXT/PLAIN", "text/plain"),
        ("Text/Plain; Charset=utf-8, Application/JSON", "text/plain"),
        ("Application/JSON", "application/json"),
        ("text/plain;q=0.1, application/json", "application/json"),
        ("application/json;q=0.1, text/plain", "text/plain"),
        ("application/json ; Q=0.1 , text/plain ; q=0.2", "text/plain"),
        ("text/*", "text/plain"),
        ("text/html, text/plain;q=0.5", "text/plain"),
        ("", "application/json"),
        (";q, ,/", "application/json"),
        ("text/plain;q=inf", "application/json"),
        ("text/plain;q=1e999", "application/json"),
    ],
)
async def test_it_answers_in_the_form_that_is_asked_for(quiet, accept, kind):
    """Plain text only where it is asked for before JSON, in letters of any case; what cannot be read asks for JSON."""
    answer = await quiet.client.get("/api/summary", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)


async def test_it_answers_in_json_where_no_form_is_asked_for(quiet):
    """A client that does not say what it accepts gets JSON."""
    request = quiet.client.build_request("GET", "/api/summary")
    del request.headers["accept"]
    answer = await quiet.client.send(request)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("query", ["environment=all", "range=1h", "environment=prod&environment=prod"])
async def test_it_refuses_what_it_does_not_understand(quiet, query):
    """A summary knows its environment and nothing else."""
    answer = await quiet.get(f"/api/summary?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")


async def test_it_writes_ratios_as_the_page_does(console):
    """3 of 30,003 is not none: in the text as on the page, and in the sentence of who cannot play."""
    await console.hound.play(times=3, outcome="failed", platform="ios", browser="safari", error_code="DECODE")
    await console.hound.play(times=30_000, platform="ios", browser="safari")
    await new_alert(console.hound.conn, "playback_failure_ratio", severity="critical")
    found = (await console.get("/api/summary")).json()
    assert "Play failures, 24 h: <0.01% of 30,003 plays." in found["text"]
    broken = found["first_broken_stage"]["text"]
    assert broken.startswith("Play is broken: too many plays fail – ")
    assert ", mostly iOS Safari, most often `DECODE`." in broken
    assert "&lt;0.01%" in (await console.get("/fragments/summary")).text


WELL = assess("prod", [], Blindness())


@given(st.integers(0, 10**9), st.integers(1, 10**9))
def test_it_writes_no_ratio_as_none_or_all_that_is_not(part, rest):
    """Whatever the ratio of plays and the share of the commonest cause, the text has the words of the page."""
    share = part / (part + rest)
    cause = Cause("playback", "E", part, share)
    told = summary_lines("prod", WELL, Answers(play_failure_ratio_24h=share, top_failure_cause=cause))
    assert f"Play failures, 24 h: {percent(share)}." in told
    assert f"Top failure cause: `E` in playback, {part:,} in the last 1 h ({percent(share, 1)} of failures)." in told


def test_it_puts_the_answers_into_words():
    """The page's own first sentence, then the answers, or that there is none."""
    full = Answers(
        transcodes_failed_today=1234,
        oldest_queued_job=OldestJob(2.54, "job-7"),
        worker_alive=WorkerAlive(True, 9.4, 3, 4),
        play_failure_ratio_24h=0.0041,
        plays_24h=Attempts(12_000, 49, 0.0041),
        top_failure_cause=Cause("playback", "MEDIA_ERR", 61, 0.312, "1h", 4.2),
    )
    assert summary_lines("prod", WELL, full) == (
        "prod: All is well.\n"
        "Transcodes failed today: 1,234. Oldest queued job: 2.5 min (`job-7`).\n"
        "Worker alive: yes, 3 of 4, last beat 9 s ago. Play failures, 24 h: 0.41% of 12,000 plays.\n"
        "Top failure cause: `MEDIA_ERR` in playback, 61 in the last 1 h, usually 4 per hour (31.2% of failures)."
    )
    blind = assess("staging", None, Blindness("x", everywhere=True))
    assert summary_lines("staging", blind, Answers(), stale=True) == (
        "staging: houndmon cannot tell: x.\n"
        "Transcodes failed today: unknown. Oldest queued job: unknown.\n"
        "Worker alive: unknown. Play failures, 24 h: unknown.\n"
        "Top failure cause: unknown."
    )
    idle = Answers(
        transcodes_failed_today=0, oldest_queued_job=OldestJob(None, None), worker_alive=WorkerAlive(False, None)
    )
    told = summary_lines("prod", WELL, idle)
    assert "Oldest queued job: none." in told
    assert "Worker alive: no, and there never was a beat." in told


def test_it_tells_a_queue_of_unknown_age_from_an_empty_one():
    """Jobs that do not say since when they wait are no empty queue."""
    answers = Answers(oldest_queued_job=OldestJob(None, None, 3))
    said = "Oldest queued job: 3 queued, age unknown."
    assert said in summary_lines("prod", WELL, answers)


async def test_it_ends_its_sentences_once(calm):
    """Where all takes too long the last summary is served, and says so in a sentence with one full stop."""
    await summary(calm)
    services_of(calm.app).summaries._shared._deadline = 0.0
    async with calm.hound.conn.transaction():
        locked = "hound.upload_attempts, hound.transcode_jobs, hound.play_attempts, hound.worker_heartbeats"
        await calm.hound.conn.execute(f"lock table {locked} in access exclusive mode")
        found = await summary(calm)
    assert found["unreadable"] == ["It took too long to answer; ask again in a few seconds"]
    for text in (found["text"], found["status"]["description"], found["first_broken_stage"]["text"]):
        assert "a few seconds." in text
        assert ".." not in text


@pytest.mark.parametrize("table", ["rule_states", "ticks", "alerts", "silences"])
async def test_it_answers_while_its_own_tables_are_locked(calm, table, monkeypatch):
    """A lock on one of houndmon's own tables hides no figure of the source: the status alone is unknown, and why."""
    monkeypatch.setattr(state_database, "QUICK_READ_SECONDS", 1.5)
    await calm.hound.play(times=3)
    await calm.hound.beat()
    async with calm.hound.conn.transaction():
        await calm.hound.conn.execute(f"lock table houndmon.{table} in access exclusive mode")
        found = await summary(calm)
        strip = (await calm.get("/fragments/summary")).text
        rules, alerts = [(await calm.get(f"/fragments/{name}")).text for name in ("rules", "alerts")]
    why = "houndmon's own database cannot be read: it took too long to answer"
    assert found["status"] == {"indicator": "unknown", "description": f"houndmon cannot tell: {why}."}
    assert (found["stale"], found["answers"]["plays_24h"]["attempts"]) == (False, 3)
    assert found["answers"]["worker_alive"]["alive"] is True
    assert why in unescape(strip)
    assert "cannot be read</span>" not in strip
    assert (f"<strong>No verdicts.</strong> {why}. " in unescape(rules)) is (table != "silences")
    assert (f"<strong>Alerts cannot be read.</strong> {why}. " in unescape(alerts)) is (table in ("alerts", "silences"))
    assert (await summary(calm))["status"]["indicator"] == "none"


async def test_it_shows_alerts_while_what_judges_them_is_locked(calm, monkeypatch):
    """Whether an alert's subject is gone cannot be told behind a lock: the alert shows all the same."""
    monkeypatch.setattr(store, "GONE_SECONDS", 0.1)
    id = await new_alert(calm.hound.conn, "queue_stalled", severity="critical")
    async with calm.hound.conn.transaction():
        await calm.hound.conn.execute("lock table houndmon.rule_states in access exclusive mode")
        text = (await calm.get("/fragments/alerts")).text
    assert "cannot be read" not in text
    assert f'href="/alerts/{id}' in text


async def test_it_never_says_of_alerts_that_no_rule_was_evaluated(calm, monkeypatch):
    """Where houndmon's own database is gone the strip tells of when its alerts are, not that none was judged."""
    await new_alert(calm.hound.conn, "queue_stalled", severity="critical")
    good = await summary(calm)
    monkeypatch.setattr(state_database, "QUICK_READ_SECONDS", 0.0)
    calm.invalidate()
    strip = (await calm.get("/fragments/summary")).text
    assert "<strong>Transcode is broken:</strong>" in strip
    assert "No rule has been evaluated" not in strip
    assert f'The alerts are as of <time datetime="{good["alerts_as_of"][:19]}' in strip


async def test_it_says_beside_what_is_broken_that_the_evaluator_is_late(calm):
    """While an alert fires, an evaluator that is late is told of beside the broken stage: more may be broken by now."""
    conn = calm.hound.conn
    await new_alert(conn, "queue_stalled", severity="critical")
    on_time = (await calm.get("/fragments/summary")).text
    await conn.execute("update houndmon.ticks set finished_at = finished_at - interval '1 hour'")
    calm.invalidate()
    late = (await calm.get("/fragments/summary")).text
    await conn.execute("delete from houndmon.ticks")
    calm.invalidate()
    never = (await calm.get("/fragments/summary")).text
    for strip in (on_time, late, never):
        assert "<strong>Transcode is broken:</strong>" in strip
    assert "The evaluator is late." not in on_time
    assert "<strong>The evaluator is late.</strong> The rules were last evaluated <time" in late
    assert "<strong>Nobody can tell when the rules were last evaluated.</strong> The alerts are as of <time" in never
