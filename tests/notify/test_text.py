import json
import unicodedata
from datetime import datetime, timedelta
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.core.clock import SPANS
from houndmon.notify.announced import AnnouncedAlert
from houndmon.notify.message import Message, NotificationKind
from houndmon.notify.text import HEADLINES, MOST_LISTED_ALERTS, build_message
from houndmon.rulebook.book import RuleName
from notify.conftest import FIRED_AT, announced, configured

CONFIG = msgspec.structs.replace(configured(), public_url="https://console.example.com/hound")
NOISE = "<script>alert(1)</script>\n\x07\x1b[31m\u202e\u2028😀" + "x" * 1_000_000
CAUSES = [{"code": "DECODE", "count": 54, "share": 0.885}, {"code": None, "count": 7, "share": 0.115}]


def built(kind: NotificationKind, *alerts: AnnouncedAlert, now: datetime = FIRED_AT) -> Message:
    return build_message(kind, alerts[0].rule, list(alerts), CONFIG, now)


def test_it_names_all_that_a_person_needs() -> None:
    """Finding and limit, since when, owner, by when, runbook, page and alert are in the text, each once."""
    message = built("fired", announced())
    assert message.title == "FIRING: The oldest job has waited too long, in prod (critical)"
    assert message.text == (
        "FIRING: The oldest job has waited too long, in prod (critical)\n"
        "31 jobs are queued, the oldest for 17 min; limit 15 min.\n"
        "Firing since 11:43 UTC. Acknowledge by 11:58 UTC.\n"
        "Owner: transcode on-call, to respond within 15 min\n"
        "Runbook: https://console.example.com/hound/runbooks/queue_age\n"
        "Page: https://console.example.com/hound/?environment=prod&range=1h#panel-transcode\n"
        "Alert: https://console.example.com/hound/alerts/17"
    )
    assert message.runbook_url == "https://console.example.com/hound/runbooks/queue_age"
    assert message.url == "https://console.example.com/hound/?environment=prod&range=1h#panel-transcode"
    assert message.alerts[0].url == "https://console.example.com/hound/alerts/17"


@pytest.mark.parametrize("kind", get_args(NotificationKind))
def test_it_says_no_line_twice(kind: NotificationKind) -> None:
    """A channel that shows the title above the text shows it once; no line of a text is there twice."""
    message = built(kind, announced(evidence={"causes": CAUSES, "clients": CAUSES}))
    assert message.text == f"{message.title}\n{message.body}"
    lines = message.text.splitlines()
    assert len(set(lines)) == len(lines)
    assert message.title not in message.body


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        (
            "fired_again",
            {"flaps": 1},
            (
                "31 jobs are queued, the oldest for 17 min; limit 15 min.\n"
                "First fired at 11:43 UTC, recovered and fires again. Acknowledge by 11:58 UTC.\n"
            ),
        ),
        (
            "overdue",
            {},
            (
                "31 jobs are queued, the oldest for 17 min; limit 15 min.\n"
                "Firing since 11:43 UTC; nobody acknowledged it by 11:58 UTC.\n"
            ),
        ),
        (
            "overdue",
            {"recovered_at": FIRED_AT + timedelta(minutes=5), "reason": "no job is queued"},
            (
                "No job waits too long any more; no job is queued.\n"
                "Fired at 11:43 UTC, recovered at 11:48 UTC; nobody acknowledged it by 11:58 UTC.\n"
            ),
        ),
        (
            "recovered",
            {"recovered_at": FIRED_AT + timedelta(minutes=22), "reason": "no job is queued"},
            (
                "No job waits too long any more; no job is queued.\n"
                "Fired at 11:43 UTC, recovered at 12:05 UTC. It waits to be closed with notes.\n"
            ),
        ),
        (
            "closed",
            {"recovered_at": FIRED_AT + timedelta(minutes=22), "reason": ""},
            "No job waits too long any more.\nFired at 11:43 UTC, recovered at 12:05 UTC, and closed.\n",
        ),
    ],
)
def test_it_says_what_happened(kind: NotificationKind, changes: dict[str, Any], told: str) -> None:
    """Each kind has its headline, what is found now and its times; what recovered says how, and never the opposite."""
    message = built(kind, announced(**changes))
    assert message.title == f"{HEADLINES[kind]}: The oldest job has waited too long, in prod (critical)"
    assert message.body.startswith(told)
    assert message.body.removeprefix(told).startswith(
        "Owner: transcode on-call\n" if kind != "fired_again" else "Owner:"
    )


def test_it_tells_the_top_causes() -> None:
    """Codes and clients with how often each came, silent workers, the oldest job, the figures: at most some of each."""
    plays = announced(
        rule="playback_failure_ratio",
        evidence={"causes": CAUSES, "clients": [{"code": "ios safari", "count": 58, "share": 0.95}]},
    )
    assert (
        "\nTop causes: `DECODE` 54 (88%), (no name) 7 (12%)\nTop clients: `ios safari` 58 (95%)\n"
        in built("fired", plays).text
    )
    stuck = announced(rule="job_stuck", evidence={"silent_workers": [f"w-{n}" for n in range(7)]})
    assert "\nSilent workers: `w-0`, `w-1`, `w-2`, `w-3`, `w-4` and 2 more\n" in built("overdue", stuck).text
    oldest = announced(evidence={"job_id": 20931, "queued": 31})
    assert "\nOldest job: `20931`\n" in built("fired", oldest).text
    differ = announced(rule="counts_differ", evidence={"figures": ["prod plays"]})
    assert "\nFigures: `prod plays`\n" in built("fired", differ).text
    well = announced(evidence={"job_id": 20931}, recovered_at=FIRED_AT)
    assert "Oldest job" not in built("recovered", well).text
    assert (
        built("fired", announced(evidence={"causes": "of an older release"})).text == built("fired", announced()).text
    )


def test_it_dates_what_is_not_of_today() -> None:
    """A time of another day has its date."""
    message = built("overdue", announced(), now=FIRED_AT + timedelta(days=1))
    assert "Firing since 2026-03-02 11:43 UTC; nobody acknowledged it by 2026-03-02 11:58 UTC." in message.text


def test_it_calls_the_environment_as_the_team_does() -> None:
    """Title and text have the team's name of it; what programs read, and addresses, keep houndmon's."""
    config = msgspec.structs.replace(CONFIG, environment_names={"prod": "live"})
    message = build_message("fired", "queue_age", [announced()], config, FIRED_AT)
    assert message.title == "FIRING: The oldest job has waited too long, in live (critical)"
    assert (message.environment, "?environment=prod&" in message.url) == ("prod", True)


@pytest.mark.parametrize(
    ("rule", "values", "words"),
    [
        ("queue_age", {"value": 17.25, "threshold": 15}, "17 min; limit 15 min."),
        ("queue_stalled", {"value": None, "threshold": None}, "Nothing finished in 7 days."),
        ("queue_failure_ratio", {"value": 0.125, "threshold": 0.05}, "12.5%; limit 5%."),
        ("worker_heartbeat_missing", {"value": 360.98, "threshold": 120}, "6 min; limit 2 min."),
        ("worker_heartbeat_missing", {"value": None, "threshold": None}, "No worker ever beat, and jobs wait."),
        ("slo_burn_day", {"subject": "playback_success", "value": 1.46, "threshold": 1.0}, "1.5×; limit 1×."),
        ("traffic_absent", {"subject": "ingest", "value": 0.0, "threshold": None}, "0 uploads in 30 min."),
        ("source_unreadable", {"subject": "tracks", "value": None, "threshold": None}, "Cannot be read."),
        ("counts_differ", {"value": 3.0, "threshold": None}, "3 figures differ."),
    ],
)
def test_it_writes_the_value_where_nobody_put_it_into_words(rule: str, values: dict[str, Any], words: str) -> None:
    """Minutes, shares, counts and burn rates as people say them, and words where there is no value."""
    assert f"\n{words}\n" in built("fired", announced(rule=rule, reason="", **values)).text


@pytest.mark.parametrize(
    ("rule", "subject", "title"),
    [
        ("api_5xx_spike", "gateway", "The API answers 5xx, `gateway`"),
        ("slo_burn_fast", "playback_success", "An error budget burns fast, Playback success"),
        ("source_unreadable", "tracks", "The source cannot be read, tracks"),
        ("source_unreadable", None, "The source cannot be read"),
        ("traffic_absent", "ingest", "Traffic is absent, ingest"),
    ],
)
def test_it_titles_an_alert_as_the_page_does(rule: str, subject: str | None, title: str) -> None:
    """The rule's title, then the subject: what strangers named stands in backticks."""
    assert built("fired", announced(rule=rule, subject=subject)).title == f"FIRING: {title}, in prod (critical)"


@pytest.mark.parametrize(
    ("rule", "subject", "place"),
    [
        ("worker_heartbeat_missing", None, "range=1h#panel-workers"),
        ("playback_failure_ratio", None, "range=1h#panel-playback"),
        ("api_4xx_spike", "gateway", "range=1h#panel-api"),
        ("traffic_absent", "ingest", "range=1h#panel-ingest"),
        ("slo_burn_slow", "upload_to_live", "range=6h#panel-publish"),
        ("slo_burn_day", "heartbeat_freshness", "range=24h#panel-workers"),
        ("source_unreadable", "tracks", "range=1h#panel-alerts"),
    ],
)
def test_it_links_to_where_the_cause_shows(rule: str, subject: str | None, place: str) -> None:
    """The page opens at the rule's panel, in the alert's environment, over a fitting range."""
    one = announced(rule=rule, subject=subject, environment="staging")
    assert built("fired", one).url.endswith(f"/?environment=staging&{place}")


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=30)), min_size=1, max_size=4))
@example([timedelta(hours=1)])
@example([timedelta(minutes=59), timedelta(hours=6)])
def test_it_links_to_a_range_that_shows_the_firing(ages: list[timedelta]) -> None:
    """The range is the shortest from the rule's own on that reaches back to the first firing, or else the longest."""
    now = FIRED_AT + timedelta(days=30)
    alerts = [announced(id=str(n), rule="slo_burn_slow", fired_at=now - age) for n, age in enumerate(ages)]
    span = built("recovered", *alerts, now=now).url.partition("range=")[2].partition("#")[0]
    assert max(ages) < SPANS[span] or span == "7d"
    shorter = {"6h": None, "24h": "6h", "7d": "24h"}[span]
    assert shorter is None or max(ages) >= SPANS[shorter]


def test_it_keeps_a_runbook_elsewhere() -> None:
    """An absolute runbook stays as it is."""
    message = built("fired", announced(runbook_url="https://wiki.example.com/q"))
    assert message.runbook_url == "https://wiki.example.com/q"


def test_it_lists_ten_subjects_and_counts_the_rest() -> None:
    """Five hundred subjects make one readable notification; programs get all of them."""
    many = [announced(id=str(n), rule="api_5xx_spike", subject=f"service-{n}", reason="it fails") for n in range(500)]
    message = built("fired", *many)
    assert message.title == "FIRING: The API answers 5xx, 500 subjects, in prod (critical)"
    assert message.text.count("\n- ") == MOST_LISTED_ALERTS
    assert "\nand 490 more\n" in message.text
    assert len(message.alerts) == 500
    two = [
        announced(id=str(n), rule="api_5xx_spike", subject=f"s-{n}", threshold=0.02, reason="it fails") for n in (1, 2)
    ]
    assert built("fired", *two).body == (
        "- The API answers 5xx, `s-1`: It fails; limit 2%.\n"
        "  Firing since 11:43 UTC. Acknowledge by 11:58 UTC.\n"
        "  https://console.example.com/hound/alerts/1\n"
        "- The API answers 5xx, `s-2`: It fails; limit 2%.\n"
        "  Firing since 11:43 UTC. Acknowledge by 11:58 UTC.\n"
        "  https://console.example.com/hound/alerts/2\n"
        "Owner: transcode on-call, to respond within 15 min\n"
        "Runbook: https://console.example.com/hound/runbooks/queue_age\n"
        "Page: https://console.example.com/hound/?environment=prod&range=1h#panel-api"
    )
    assert "more" not in built("fired", *many[:10]).text


def test_it_names_every_owner_and_the_shortest_target() -> None:
    """Service levels of two owners in one notification: both are named, once each."""
    both = [
        announced(id="1", rule="slo_burn_fast", owner_role="platform on-call", response_target_minutes=1440),
        announced(id="2", rule="slo_burn_fast", owner_role="streaming on-call", response_target_minutes=60),
        announced(id="3", rule="slo_burn_fast", owner_role="platform on-call", response_target_minutes=1440),
    ]
    message = built("fired", *both)
    assert (message.owner_role, message.response_target_minutes) == ("platform on-call, streaming on-call", 60)
    assert "\nOwner: platform on-call, streaming on-call, to respond within 60 min\n" in message.text
    assert "to respond within 24 h\n" in built("fired", both[0]).text


SUBJECTS = st.none() | st.text(max_size=2000)
NUMBERS = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.sampled_from(get_args(RuleName)),
    st.sampled_from(get_args(NotificationKind)),
    st.lists(st.tuples(SUBJECTS, NUMBERS, NUMBERS, st.none() | st.integers(0, 2**63)), min_size=1, max_size=15),
)
@example("api_5xx_spike", "fired", [(NOISE, float("nan"), float("inf"), 2**63)])
@example("queue_age", "overdue", [("", -0.0, None, 0)])
def test_it_makes_something_sound_of_anything(rule: str, kind: NotificationKind, drawn: list[tuple[Any, ...]]) -> None:
    """Whatever strangers name a service: one title line, no control characters, valid JSON, bounded length."""
    alerts = [
        announced(id=str(i), rule=rule, subject=s, value=v, threshold=t, sample_count=n, reason="")
        for i, (s, v, t, n) in enumerate(drawn)
    ]
    message = built(kind, *alerts)
    for text in (message.title, message.text.replace("\n", "")):
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert message.text.count("\n- ") == (min(len(alerts), MOST_LISTED_ALERTS) if len(alerts) > 1 else 0)
    assert len(message.title) < 250
    assert len(message.text) < 10_000
    body = msgspec.json.encode(message)
    assert len(json.loads(body)["alerts"]) == len(alerts)
    assert b"\\u0000" not in body, "jsonb takes no NUL"
