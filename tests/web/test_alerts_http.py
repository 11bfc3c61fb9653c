import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
from msgspec.structs import replace

from alerting import NOTES, new_alert
from houndmon.alerts.model import listed_alert
from houndmon.alerts.names import LEVEL_TITLES
from houndmon.alerts.store import read_open_alerts
from houndmon.config.defaults import DEFAULTS
from houndmon.evaluator.ticks import Watched
from houndmon.lifespan import POOL_SIZES
from houndmon.rulebook import parts
from houndmon.rulebook.book import RuleName
from houndmon.web.dependencies import services_of
from houndmon.web.summary.answers import SummaryFigures
from houndmon.web.summary.blindness import find_blindness
from houndmon.web.summary.status import assess
from houndmon.web.titles import TITLES

RULES = get_args(RuleName)
JSON, FORM = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}


def problem(answer, code):
    """A problem document."""
    assert (answer.status_code, answer.headers["content-type"]) == (code, "application/problem+json"), answer.text
    return answer.json()


def post(console, path, body=None, **more):
    return console.client.post(path, json={} if body is None else body, **more)


async def summary(console, **params):
    console.invalidate()
    answer = await console.get("/api/summary", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_it_shows_an_alert(calm):
    """A listing shows what the contract names; the single alert shows timeline and evidence as well."""
    id = await new_alert(calm.hound.conn, subject="x")
    listed = (await calm.get("/api/alerts")).json()
    assert listed["next_cursor"] is None
    (item,) = listed["items"]
    single = (await calm.get(f"/api/alerts/{id}")).json()
    assert item == {name: single[name] for name in item}
    assert set(single) - set(item) == {
        "acknowledgement",
        "cause",
        "evidence",
        "explains",
        "fired_last_7_days",
        "previous_notes",
        "timeline",
    }
    assert item == item | {
        "id": str(id),
        "rule": "queue_age",
        "environment": "prod",
        "subject": "x",
        "state": "firing",
        "severity": "warning",
        "value": 20.5,
        "threshold": 15.0,
        "sample_count": 3,
        "owner_role": "transcode on-call",
        "response_target_minutes": 15.0,
        "runbook_url": "/runbooks/queue_age",
        "acknowledged_at": None,
        "overdue": False,
        "recovered_at": None,
        "closed_at": None,
        "flaps": 0,
        "notes": None,
        "previous_alert_id": None,
    }
    assert (single["timeline"], single["evidence"]) == ([], {"fired": {"value": 20.5}, "recovered": None})


async def test_it_takes_an_alert(calm):
    """Acknowledging twice is acknowledging once; a closed alert cannot be taken, and an unknown one is not there."""
    id = await new_alert(calm.hound.conn)
    first = await post(calm, f"/api/alerts/{id}/acknowledge", {"note": "Looking at it."})
    again = await post(calm, f"/api/alerts/{id}/acknowledge", {"note": "Me too."})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["acknowledged_at"] == again.json()["acknowledged_at"] is not None
    assert again.json()["acknowledgement"] == "Looking at it."
    assert [moment["kind"] for moment in again.json()["timeline"]] == ["acknowledged"]
    await calm.hound.conn.execute("update houndmon.alerts set state = 'closed', closed_at = now()")
    problem(await post(calm, f"/api/alerts/{id}/acknowledge"), 409)
    for unknown in ("999", "0", "-1", "x", "9" * 30, "%00"):
        code = 400 if unknown == "%00" else 404
        problem(await post(calm, f"/api/alerts/{unknown}/acknowledge"), code)
        problem(await post(calm, f"/api/alerts/{unknown}/close", NOTES), code)
        problem(await calm.get(f"/api/alerts/{unknown}"), code)


async def test_it_closes_an_alert(calm):
    """Closing a recovered alert answers with the closed one; closing it again is refused, and gives the notes back."""
    id = await new_alert(calm.hound.conn, state="recovered")
    closed = await post(calm, f"/api/alerts/{id}/close", NOTES)
    assert (closed.status_code, closed.json()["state"], closed.json()["notes"]) == (200, "closed", NOTES)
    other = NOTES | {"root_cause": "Something else was it."}
    assert problem(await post(calm, f"/api/alerts/{id}/close", other), 409)["notes"] == other
    assert (await calm.get(f"/api/alerts/{id}")).json()["notes"] == NOTES


async def test_it_does_not_close_what_fires(calm):
    """A firing alert cannot be closed; nothing that was typed is lost."""
    id = await new_alert(calm.hound.conn)
    refused = problem(await post(calm, f"/api/alerts/{id}/close", NOTES), 409)
    assert refused["notes"] == NOTES
    assert "still fires" in refused["detail"]


async def test_it_says_which_notes_are_wrong(calm):
    """Notes that are missing, null, blank or too short once trimmed: 422, an error for each, and the notes back."""
    id = await new_alert(calm.hound.conn, state="recovered")
    typed = {"root_cause": "  nine char  ", "mitigation": "\u200b" * 20}
    refused = problem(await post(calm, f"/api/alerts/{id}/close", typed), 422)
    assert [error["field"] for error in refused["errors"]] == ["root_cause", "mitigation", "prevention"]
    assert refused["notes"] == typed | {"prevention": ""}
    absent = NOTES | {"mitigation": None}
    refused = problem(await post(calm, f"/api/alerts/{id}/close", absent), 422)
    assert ([error["field"] for error in refused["errors"]], refused["notes"]) == (["mitigation"], absent)
    padded = {name: f"\n  {text[:10]:x<10}\t " for name, text in NOTES.items()}
    assert (await post(calm, f"/api/alerts/{id}/close", padded)).status_code == 200


async def test_it_refuses_endless_notes(calm):
    """A note of more than 4000 characters is refused, one of a megabyte before it is read; the alert stays open."""
    id = await new_alert(calm.hound.conn, state="recovered")
    for size, code in ((4001, 422), (60_000, 422), (70_000, 413), (1_000_000, 413)):
        problem(await post(calm, f"/api/alerts/{id}/close", NOTES | {"root_cause": "x" * size}), code)
    assert (await calm.get(f"/api/alerts/{id}")).json()["state"] == "recovered"


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}, JSON, JSON | {"Content-Length": "0"}])
async def test_it_is_acknowledged_without_a_body(calm, headers):
    """Who takes an alert need not say why: an acknowledgement without a body is one without a note."""
    id = await new_alert(calm.hound.conn)
    request = calm.client.build_request("POST", f"/api/alerts/{id}/acknowledge")
    request.headers = httpx.Headers({"Host": request.headers["host"]} | headers)
    answer = await calm.client.send(request)
    assert answer.status_code == 200, answer.text
    assert answer.json()["acknowledged_at"] is not None
    assert answer.json()["acknowledgement"] is None


async def test_it_refuses_acknowledgements_that_are_none(calm):
    """A body that is no acknowledgement is bad input, one that does not say it is JSON is refused: nobody took it."""
    id = await new_alert(calm.hound.conn)
    path = f"/api/alerts/{id}/acknowledge"
    for body in (b"{", b" ", b"[]", b"null", b'{"note": 7}', b'{"notes": "x"}'):
        assert problem(await calm.client.post(path, content=body, headers=JSON), 400)["errors"], body
    for headers in ({}, {"Content-Type": "text/plain"}, FORM):
        problem(await calm.client.post(path, content=b'{"note": "x"}', headers=headers), 415)
    assert (await calm.get(f"/api/alerts/{id}")).json()["acknowledged_at"] is None


async def test_it_refuses_closings_that_are_none(calm):
    """What is no closing is bad input, never an error of ours."""
    id = await new_alert(calm.hound.conn, state="recovered")
    wrong = (b"7", b"{}", b'"\\u0000abcdefghijkl"')
    typed = [b'{"root_cause": ' + value + b"}" for value in wrong]
    for body in (b"{", b"[]", b"null", *typed, b'{"cause": "x"}', b"[" * 50_000):
        answer = await calm.client.post(f"/api/alerts/{id}/close", content=body, headers=JSON)
        assert problem(answer, 400)["errors"], body[:40]


async def test_it_is_closed_by_one_of_two_hundred(calm):
    """Of 200 closings at once exactly one wins; 199 get 409, each with its own notes."""
    id = await new_alert(calm.hound.conn, state="recovered")
    bodies = [NOTES | {"root_cause": f"Root cause number {number}."} for number in range(200)]
    answers = await asyncio.gather(*(post(calm, f"/api/alerts/{id}/close", body) for body in bodies))
    codes = [answer.status_code for answer in answers]
    assert (codes.count(200), codes.count(409)) == (1, 199), set(codes)
    for answer, body in zip(answers, bodies, strict=True):
        assert answer.json()["notes"] == body
    winner = bodies[codes.index(200)]
    assert (await calm.get(f"/api/alerts/{id}")).json()["notes"] == winner
    assert await calm.hound.conn.fetchval("select count(*) from houndmon.transitions where kind = 'closed'") == 1
    assert await calm.hound.conn.fetchval("select count(*) from houndmon.incidents") == 1


async def test_it_lists_what_is_asked_for(calm):
    """Alerts are listed by state, environment, rule, severity, owner and text; open ones unless told."""
    conn = calm.hound.conn
    firing = await new_alert(conn)
    recovered = await new_alert(conn, "queue_stalled", state="recovered")
    closed = await new_alert(conn, state="closed")
    staging = await new_alert(conn, environment="staging")

    async def ids(**params):
        answer = await calm.get("/api/alerts", **params)
        assert answer.status_code == 200, answer.text
        return {int(item["id"]) for item in answer.json()["items"]}

    assert await ids() == await ids(state="open") == {firing, recovered, staging}
    assert await ids(state="closed") == {closed}
    assert await ids(state="all") == {firing, recovered, closed, staging}
    assert await ids(state="all", environment="prod", rule="queue_age") == {firing, closed}
    assert await ids(environment="staging") == {staging}
    assert await ids(rule="api_5xx_spike") == set()
    assert await ids(state="firing") == {firing, staging}
    assert await ids(state="recovered", severity="warning", owner="transcode on-call") == {recovered}
    assert await ids(state="all", severity="critical") == await ids(owner="nobody") == set()
    assert await ids(text="STALLED") == {recovered}


async def test_it_refuses_listings_that_cannot_be(quiet):
    """An unknown state, rule, place or parameter is bad input, and named."""
    wrong = (
        "state=pending",
        "environment=dev",
        "rule=x",
        "severity=x",
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "page=2",
    )
    for query in (*wrong, "state=all&state=all"):
        found = problem(await quiet.get(f"/api/alerts?{query}"), 400)
        assert [error["field"] for error in found["errors"]] == [query.partition("=")[0]]


async def test_it_pages_through_all_alerts_once(calm):
    """Page after page gives every alert once, the newest first, though many fired in one moment."""
    ids = [await new_alert(calm.hound.conn, state="closed", minutes=number // 4) for number in range(11)]
    await calm.hound.conn.execute("update houndmon.alerts set fired_at = date_trunc('minute', fired_at)")
    seen, params = [], {"state": "all", "limit": 3}
    while True:
        page = (await calm.get("/api/alerts", **params)).json()
        seen += [int(item["id"]) for item in page["items"]]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    whole = (await calm.get("/api/alerts", state="all")).json()["items"]
    assert seen == [int(item["id"]) for item in whole]
    assert sorted(seen) == ids


async def test_it_silences_alerts(calm):
    """A silence is made, listed and ended; what is ended holds no more, and cannot be ended again."""
    ends_at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    wanted = {"rule": "queue_age", "reason": "Planned maintenance.", "ends_at": ends_at}
    made = await post(calm, "/api/silences", wanted)
    assert made.status_code == 201
    silence = made.json()
    assert silence == silence | {"rule": "queue_age", "environment": None, "subject": None, "in_force": True}
    assert (await calm.get("/api/silences")).json() == {"items": [silence], "in_force": 1}
    assert (await summary(calm))["silences_in_force"] == 1
    ended = await calm.client.delete(f"/api/silences/{silence['id']}")
    assert (ended.status_code, ended.content) == (204, b"")
    assert (await calm.get("/api/silences")).json()["in_force"] == 0
    problem(await calm.client.delete(f"/api/silences/{silence['id']}"), 404)


NO_SILENCES: list[dict[str, Any]] = [
    {"reason": None},
    {"reason": "short"},
    {"reason": " " * 30},
    {"reason": "x" * 4001},
    {"reason": "x\u0000" * 20},
    {"ends_at": None},
    {"ends_at": "2020-01-01T00:00:00Z"},
    {"ends_at": "2126-01-01T00:00:00Z"},
    {"ends_at": "9999-12-31T23:59:59-23:00"},
    {"ends_at": "2026-01-01T00:00:00"},
    {"ends_at": "tomorrow"},
    {"rule": "no_such_rule"},
    {"environment": "dev"},
    {"subject": "x" * 501},
    {"until": "x"},
]


async def test_it_refuses_silences_that_cannot_be(calm):
    """A silence needs a reason and an end at most 7 days ahead, and knows its rules: all else is bad input."""
    ends_at = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    for changes in NO_SILENCES:
        wanted: dict[str, Any] = {"reason": "Planned maintenance.", "ends_at": ends_at} | changes
        body = {name: value for name, value in wanted.items() if value is not None}
        assert problem(await post(calm, "/api/silences", body), 400)["errors"], changes
    assert (await calm.get("/api/silences")).json()["items"] == []


STATE = (
    "insert into houndmon.rule_states (rule, environment, subject, verdict, state, value, threshold, sample_count,"
    " reason, evaluated_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())"
)


async def test_it_has_an_endpoint_for_each_rule(quiet):
    """Each rule has its own endpoint, and all answer in one shape."""
    for rule in RULES:
        answer = await quiet.get(f"/api/rules/{rule}", environment="prod")
        assert answer.status_code == 200
        assert answer.json().keys() == {"items", "evaluator", "stale"}
        assert {item["rule"] for item in answer.json()["items"]} <= {rule}


@pytest.mark.usefixtures("production_deadlines")
async def test_it_shows_what_a_rule_found(calm):
    """A rule's item holds verdict, state, figures, whose it is, and its open alert; burns are the level owner's."""
    conn = calm.hound.conn
    id = await new_alert(conn)
    await conn.execute(STATE, "queue_age", "prod", None, "breach", "firing", 20.5, 15.0, 3, "3 queued")
    await conn.execute(STATE, "slo_burn_fast", "prod", "playback_success", "ok", "ok", 0.5, 6.0, 100, "burns")
    await conn.execute(STATE, "queue_age", "staging", None, "unknown", "ok", None, 15.0, None, "it does not exist")
    items = (await calm.get("/api/rules/queue_age")).json()["items"]
    assert [(item["environment"], item["verdict"], item["state"]) for item in items] == [
        ("prod", "breach", "firing"),
        ("staging", "unknown", "ok"),
    ]
    assert items[0] == items[0] | {
        "subject": None,
        "value": 20.5,
        "threshold": 15.0,
        "sample_count": 3,
        "owner_role": "transcode on-call",
        "response_target_minutes": 15.0,
        "runbook_url": "/runbooks/queue_age",
        "open_alert_id": str(id),
    }
    assert items[1]["open_alert_id"] is None
    everything = (await calm.get("/api/rules", environment="prod")).json()
    assert [item["rule"] for item in everything["items"]] == ["queue_age", "slo_burn_fast"]
    assert everything["items"][1]["owner_role"] == "streaming on-call"
    assert everything["stale"] is False
    await conn.execute("update houndmon.ticks set finished_at = finished_at - interval '1 minute'")
    assert (await calm.get("/api/rules")).json()["stale"] is True


async def test_it_knows_no_such_rule_or_level(quiet):
    """What there is none of is not found, and what cannot be asked is bad input."""
    for path in ("/api/rules/no_such_rule", "/api/slos/no_such_level"):
        problem(await quiet.get(path), 404)
    for path in ("/api/rules?environment=dev", "/api/rules/queue_age?subject=x", "/api/slos?environment=dev"):
        problem(await quiet.get(path), 400)
    problem(await quiet.get("/api/slos/playback_success?range=1h"), 400)


async def test_it_shows_service_levels(calm):
    """Each level has its SLI, its budget and its burn rates; without events they are null, and nothing is met."""
    await calm.hound.play(times=980)
    await calm.hound.play(times=20, outcome="failed")
    level = (await calm.get("/api/slos/playback_success")).json()
    assert (level["sli"], level["good"], level["total"], level["objective"]) == (0.98, 980, 1000, 0.99)
    assert level["error_budget_remaining_ratio"] == pytest.approx(-1)
    assert level["burn_rates"] == {span: pytest.approx(2) for span in ("30m", "1h", "2h", "6h", "24h")} | {
        "5m": level["burn_rates"]["5m"]  # these plays lie on the edge of the last five minutes
    }
    assert (level["met"], level["window"], level["owner_role"]) == (False, "24h", "streaming on-call")
    listed = (await calm.get("/api/slos")).json()
    assert [one["name"] for one in listed["items"]] == list(DEFAULTS.levels)
    empty = listed["items"][1]
    assert (empty["name"], empty["sli"], empty["total"], empty["met"]) == ("transcode_success", None, 0, None)
    assert set(empty["burn_rates"].values()) == {None}
    assert empty["error_budget_remaining_ratio"] is None


async def test_it_shows_the_levels_that_it_can_read(calm):
    """A level whose relation is gone is named with the reason; the others are shown all the same."""
    await calm.hound.conn.execute("alter table hound.tracks rename to lost")
    listed = (await calm.get("/api/slos")).json()
    assert [one["name"] for one in listed["items"]] == [name for name in DEFAULTS.levels if name != "upload_to_live"]
    assert listed["unreadable"] == {"upload_to_live": "it does not exist"}
    assert problem(await calm.get("/api/slos/upload_to_live"), 503)["relation"] == "tracks"


HOW_BAD = [
    ({}, "none"),
    ({"queue_age": ("warning", "recovered")}, "minor"),
    ({"queue_age": ("critical", "recovered")}, "minor"),
    ({"queue_age": ("info", "firing")}, "minor"),
    ({"queue_age": ("warning", "firing")}, "major"),
    ({"queue_age": ("warning", "firing"), "queue_stalled": ("critical", "firing")}, "critical"),
    ({"queue_age": ("critical", "closed")}, "none"),
]


async def test_it_says_how_bad_it_is(calm):
    """The status is that of the worst firing alert; a recovered one still wants its notes; with none all is well."""
    for known, indicator in HOW_BAD:
        await calm.hound.conn.execute("delete from houndmon.alerts")
        for rule, (severity, state) in known.items():
            await new_alert(calm.hound.conn, rule, severity=severity, state=state)
        found = await summary(calm)
        assert found["status"]["indicator"] == indicator, known
        assert {a["rule"] for a in found["open_alerts"]} == {rule for rule in known if known[rule][1] != "closed"}
        assert len(found["text"].splitlines()) <= 5
        assert found["text"].startswith(f"prod: {found['status']['description']}\n")
    assert (await summary(calm, environment="staging"))["status"]["indicator"] == "none"


@pytest.mark.usefixtures("production_deadlines")
async def test_it_never_says_none_when_it_is_late(calm):
    """With the evaluator late the status is unknown; a critical alert that fires stays critical."""
    await calm.hound.conn.execute("update houndmon.ticks set finished_at = finished_at - interval '1 minute'")
    assert (await summary(calm))["status"]["indicator"] == "unknown"
    assert (await summary(calm))["first_broken_stage"]["state"] == "unknown"
    await new_alert(calm.hound.conn, severity="warning")
    assert (await summary(calm))["status"]["indicator"] == "unknown"
    await new_alert(calm.hound.conn, "queue_stalled", severity="critical")
    found = (await summary(calm))["status"]
    assert found["indicator"] == "critical"
    assert "cannot tell everything: the rules were last evaluated" in found["description"]


READ = SummaryFigures(
    now=datetime(2026, 3, 2, 12, tzinfo=UTC), environment="prod", absent=frozenset(parts.RELATION_OF_PART.values())
)
STAGES = [
    ("traffic_absent", "ingest", "upload"),
    ("queue_age", None, "transcode"),
    ("queue_stalled", None, "transcode"),
    ("queue_failure_ratio", None, "transcode"),
    ("slo_burn_fast", "transcode_success", "transcode"),
    ("worker_heartbeat_missing", None, "worker"),
    ("slo_burn_day", "heartbeat_freshness", "worker"),
    ("slo_burn_slow", "upload_to_live", "publish"),
    ("playback_failure_ratio", None, "play"),
    ("traffic_absent", "playback", "play"),
    ("slo_burn_fast", "playback_success", "play"),
]


async def test_it_names_the_first_broken_stage(calm):
    """Of all firing alerts the one counts whose stage comes first: upload, transcode, worker, publish, play."""
    conn = calm.hound.conn
    assert (await summary(calm))["first_broken_stage"] == {
        "state": "ok",
        "stage": None,
        "layer": None,
        "head": "All is well",
        "evidence": "All five stages of prod work: upload, transcode, worker, publish, play",
        "text": "All is well. All five stages of prod work: upload, transcode, worker, publish, play.",
        "severity": None,
        "since": None,
        "clear_since": None,
        "recovers_at": None,
        "alert_id": None,
        "explains": [],
        "owner_role": None,
        "response_due_at": None,
        "overdue": False,
        "acknowledged_at": None,
        "runbook_url": None,
    }
    strains = [one for one in STAGES if one[0].startswith("slo_burn") and one[2] != "publish"]
    direct = [one for one in STAGES if one not in strains]
    for those in (strains, direct):  # what breaks a stage comes before what burns its budget
        for rule, subject, stage in reversed(those):  # from the last stage to the first
            await new_alert(conn, rule, subject=subject, severity="critical", minutes=1)
            found = (await summary(calm))["first_broken_stage"]
            assert (found["state"], found["stage"]) == ("broken", stage)
            how = "burns its budget" if those is strains else "is broken"
            assert found["text"].startswith(f"{stage.capitalize()} {how}: ")
    assert {stage for _, _, stage in STAGES} == set(parts.STAGES)


async def test_it_says_who_must_do_what_by_when(calm):
    """The first broken stage says what is wrong, since when, whose it is, and by when to take it."""
    finding = "3 queued, nothing finished for 16 min"
    id = await new_alert(calm.hound.conn, "queue_stalled", severity="critical", finding=finding)
    found = (await summary(calm))["first_broken_stage"]
    alert = (await calm.get(f"/api/alerts/{id}")).json()
    since, due = alert["fired_at"][11:16], alert["response_due_at"][11:16]
    assert found["text"] == (
        "Transcode is broken: the transcode queue is stalled – 3 queued, nothing finished for 16 min. "
        f"Owner: transcode on-call, since {since} UTC, respond by {due} UTC."
    )
    assert (found["since"], found["alert_id"], found["runbook_url"]) == (
        alert["fired_at"],
        str(id),
        "/runbooks/queue_stalled",
    )
    await post(calm, f"/api/alerts/{id}/acknowledge")
    assert "acknowledged" in (await summary(calm))["first_broken_stage"]["text"]


async def test_it_names_the_worst_alert_of_a_stage(conn):
    """Within a stage the worst alert counts, and of equal ones the oldest."""
    await new_alert(conn, "queue_failure_ratio", severity="warning", minutes=90)
    oldest = await new_alert(conn, "queue_stalled", severity="critical", minutes=30)
    await new_alert(conn, "queue_age", severity="critical", minutes=10)
    alerts = [listed_alert(row) for row in await read_open_alerts(conn)]
    watch = Watched(datetime.now(UTC), 1.0)
    assert assess("prod", alerts, find_blindness(READ, watch, {})).first.alert_id == str(oldest)


async def test_it_tells_who_cannot_play(calm):
    """Where plays fail, the text says for which client and with which error."""
    await calm.hound.play(times=40, outcome="failed", platform="iOS", browser="Safari", error_code="DECODE")
    await calm.hound.play(times=60, platform="iOS", browser="Safari")
    await calm.hound.play(times=900)
    await new_alert(calm.hound.conn, "playback_failure_ratio", severity="critical")
    text = (await summary(calm))["first_broken_stage"]["text"]
    assert text.startswith("Play is broken: too many plays fail – ")
    assert ", mostly iOS Safari, most often `DECODE`." in text


@pytest.mark.parametrize(("lag", "late"), [(0.0, False), (12.9, False), (13.1, True), (None, True)])
@pytest.mark.usefixtures("production_deadlines")
def test_it_is_late_past_two_ticks(lag, late):
    """The evaluator is late once more than two ticks are missing, and before its first."""
    watch = Watched(None if lag is None else datetime.now(UTC), lag)
    blindness = find_blindness(READ, watch, {})
    assert (blindness.reason is not None) is late
    assert (assess("prod", [], blindness).status.indicator == "none") is not late


def test_it_gives_no_all_clear_where_it_is_blind():
    """Whatever fires, a source that cannot be read is never `none`."""
    watch = Watched(datetime.now(UTC), 1.0)
    figures = replace(READ, unreadable=["relation hound.tracks cannot be read: it does not exist"])
    assert assess("prod", [], find_blindness(figures, watch, {})).status.indicator == "unknown"


RESPONSES = ("acknowledge", "unacknowledge", "hand-over", "comments", "close")
ACTS = [*(f"/api/alerts/{{id}}/{word}" for word in RESPONSES), "/api/silences"]
FORMS = [
    *(f"/alerts/{{id}}/{word}" for word in RESPONSES),
    "/alerts/close",
    "/silences",
    "/silences/1/end",
    "/dead-letters/1/retry",
]
STRANGE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


async def test_it_takes_no_orders_from_other_sites(calm):
    """A change that another site's page asks for is refused, as JSON, as a form and as a deletion."""
    id = await new_alert(calm.hound.conn, state="recovered")
    for headers in STRANGE:
        for path in ACTS:
            problem(await post(calm, path.format(id=id), NOTES, headers=headers), 403)
        for path in FORMS:
            answer = await calm.client.post(path.format(id=id), data=NOTES, headers=headers)
            assert answer.status_code == 403, (path, headers)
        assert (await calm.client.delete("/api/silences/1", headers=headers)).status_code == 403
    assert (await calm.get(f"/api/alerts/{id}")).json()["state"] == "recovered"


async def test_it_takes_json_that_says_so(calm):
    """The API takes JSON alone: what a form of another site could send is refused."""
    id = await new_alert(calm.hound.conn, state="recovered")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        for path in ACTS:
            headers = {"Content-Type": kind}
            problem(await calm.client.post(path.format(id=id), content=json.dumps(NOTES), headers=headers), 415)
    assert (await calm.get(f"/api/alerts/{id}")).json()["state"] == "recovered"


async def test_it_says_that_its_own_database_is_away(calm, outage):
    """With houndmon's own database away alerts and rules answer 503, and the summary cannot tell."""
    async with outage():
        for path in ("/api/alerts", "/api/rules", "/api/silences"):
            problem(await calm.get(path), 503)


async def test_it_takes_forms(calm):
    """The page's forms work without JavaScript: done is 303 to the alert's page, or back to the panel."""
    id = await new_alert(calm.hound.conn, state="recovered")
    taken = await calm.client.post(f"/alerts/{id}/acknowledge", data={"note": "Looking at it."})
    assert (taken.status_code, taken.headers["location"]) == (303, f"/alerts/{id}")
    closed = await calm.client.post(f"/alerts/{id}/close", data=NOTES)
    assert (closed.status_code, closed.headers["location"]) == (303, f"/alerts/{id}")
    alert = (await calm.get(f"/api/alerts/{id}")).json()
    assert (alert["state"], alert["acknowledgement"], alert["notes"]) == ("closed", "Looking at it.", NOTES)
    silenced = await calm.client.post("/silences", data={"rule": "", "reason": "Planned maintenance.", "hours": "168"})
    assert (silenced.status_code, silenced.headers["location"]) == (303, "/#panel-alerts")
    (silence,) = (await calm.get("/api/silences")).json()["items"]
    assert (silence["rule"], silence["in_force"]) == (None, True)
    ended = await calm.client.post(f"/silences/{silence['id']}/end")
    assert ended.status_code == 303
    assert (await calm.get("/api/silences")).json()["in_force"] == 0


async def test_it_refuses_silences_of_forms(calm):
    """A form that cannot be a silence is refused as the API would refuse it."""
    no_such_rule = {"hours": "1", "rule": "no_such", "reason": "Planned maintenance."}
    for data in (no_such_rule, {"hours": "2", "reason": "Planned maintenance."}, {"hours": "1", "reason": "short"}, {}):
        assert (await calm.client.post("/silences", data=data)).status_code == 400, data
    assert (await calm.get("/api/silences")).json()["items"] == []


BROKEN = [b"", b"a=%00", b"note=%ff%fe", b"&&&=&", b"root_cause=1&root_cause=2", b"\xff\xfe", b"a=b;c=d"]


@pytest.mark.parametrize("path", FORMS)
async def test_it_answers_whatever_a_form_sends(calm, path):
    """No form, however broken, is an error of ours."""
    id = await new_alert(calm.hound.conn)
    for content in BROKEN:
        answer = await calm.client.post(path.format(id=id), content=content, headers=FORM)
        assert answer.status_code < 500, content


@pytest.mark.parametrize(("state", "code"), [("firing", 409), ("recovered", 422)])
async def test_it_keeps_what_was_typed(calm, state, code):
    """A form that is refused comes back with all that was typed, escaped, and what is wrong beside it."""
    id = await new_alert(calm.hound.conn, state=state)
    typed = NOTES | {"root_cause": "<b>&\"'" if code == 422 else "<b>&\"' was the cause"}
    answer = await calm.client.post(f"/alerts/{id}/close", data=typed)
    assert (answer.status_code, answer.headers["content-type"]) == (code, "text/html; charset=utf-8")
    assert "&lt;b&gt;&amp;" in answer.text
    assert "<b>&" not in answer.text
    assert NOTES["mitigation"] in answer.text
    assert ("needs 10 to 4000 characters" in answer.text) is (code == 422)
    assert ("still fires" in answer.text) is (code == 409)


async def test_it_draws_an_alert(calm):
    """The page of an alert shows what it is, its timeline, and the form that closes it."""
    id = await new_alert(calm.hound.conn, state="recovered")
    page = await calm.client.get(f"/alerts/{id}")
    assert page.status_code == 200
    assert f'action="/alerts/{id}/close"' in page.text
    for name in NOTES:
        assert f'name="{name}"' in page.text
    assert (await calm.client.get("/alerts/999")).status_code == 404


@pytest.mark.parametrize("name", ["alerts", "rules", "slos"])
async def test_it_draws_its_panels(calm, outage, name):
    """Each panel draws what there is, and says so where its database is away."""
    await new_alert(calm.hound.conn, "api_5xx_spike", subject="<script>alert(1)</script>")
    panel = await calm.get(f"/fragments/{name}")
    assert panel.status_code == 200
    assert "<script>alert(1)" not in panel.text
    calm.invalidate()
    async with outage():
        assert (await calm.get(f"/fragments/{name}")).status_code == 200


async def test_it_draws_what_a_rule_found(calm):
    """The rules panel shows each value against its threshold in the rule's unit, its sample and its response target."""
    conn = calm.hound.conn
    await conn.execute(STATE, "queue_age", "prod", None, "breach", "firing", 20.5, 15.0, 1234, "1,234 queued")
    await conn.execute(STATE, "api_5xx_spike", "prod", "gateway", "ok", "ok", 0.012, 0.05, 5678, "of 5,678")
    await conn.execute(STATE, "source_unreadable", "prod", None, "ok", "ok", None, None, None, "readable")
    text = (await calm.get("/fragments/rules")).text
    rows = {rule: text.partition(f">{TITLES[rule]}</a>")[2].partition("</tr>")[0] for rule in TITLES}
    assert "<small>20 min against 15 min, sample 1,234</small>" in rows["queue_age"]
    assert "transcode on-call    <small>respond within 15 min</small>" in rows["queue_age"]
    assert "<small>1.20% against 5.00%, sample 5,678</small>" in rows["api_5xx_spike"]
    assert "<small>no value</small>" in rows["source_unreadable"]


async def test_it_draws_every_burn_rate(calm):
    """The panel of service levels shows how fast each budget burns over 5m, 30m, 1h, 2h, 6h and 24h."""
    await calm.hound.play(times=980)
    await calm.hound.play(times=20, outcome="failed", occurred_at="-1m")
    await calm.hound.play(times=1000, occurred_at="-90m")
    burns = (await calm.get("/api/slos/playback_success")).json()["burn_rates"]
    text = (await calm.get("/fragments/slos")).text
    row = text.partition(f"{LEVEL_TITLES['playback_success']} <small>")[2].partition("</tr>")[0]
    cells = re.findall(r'<td class="number" data-label="Burn (\w+)">([^< ]*) <small>(\w+ [^<]*)</small>', row)
    pairs = (("1h", "5m"), ("6h", "30m"), ("24h", "2h"))
    assert cells == [(long, f"{burns[long]:.1f}", f"{short} {burns[short]:.1f}") for long, short in pairs]
    assert len(set(burns.values())) > 1


async def test_it_waits_for_a_place_to_write_in(calm):
    """Where every connection is taken for longer than a reading waits, what people ask for is done all the same."""
    recovered, firing = (
        await new_alert(calm.hound.conn, "queue_stalled", state="recovered"),
        await new_alert(calm.hound.conn),
    )
    state = services_of(calm.app).database
    taken = [await state.pool.acquire() for _ in range(POOL_SIZES["state"])]
    silence = {"reason": "Planned maintenance.", "ends_at": (datetime.now(UTC) + timedelta(hours=2)).isoformat()}
    asked = asyncio.gather(
        post(calm, f"/api/alerts/{recovered}/close", NOTES),
        post(calm, f"/api/alerts/{firing}/acknowledge"),
        post(calm, "/api/silences", silence),
        calm.client.post(f"/alerts/{firing}/acknowledge"),
        calm.client.post("/silences", data={"reason": "Planned maintenance.", "hours": "1"}),
    )
    problem(await calm.get("/api/alerts"), 503)  # a reading has given up by now
    for conn in taken:
        await state.pool.release(conn)
    assert [answer.status_code for answer in await asked] == [200, 200, 201, 303, 303]


async def test_it_gives_notes_back_that_it_could_not_keep(calm, outage):
    """A closing that houndmon's own database does not take is 503 with the notes; the page has them to send again."""
    id = await new_alert(calm.hound.conn, state="recovered")
    typed = NOTES | {"root_cause": "<b>&\"' was the cause"}
    async with outage():
        assert problem(await post(calm, f"/api/alerts/{id}/close", typed), 503)["notes"] == typed
        page = await calm.client.post(f"/alerts/{id}/close", data=typed)
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert f'action="/alerts/{id}/close"' in page.text
    assert "&lt;b&gt;&amp;" in page.text
    assert "<b>&" not in page.text
    for name in ("mitigation", "prevention"):
        assert f">{NOTES[name]}</textarea>" in page.text
