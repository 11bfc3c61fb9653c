import json
import unicodedata
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from houndmon.config.model import RuleName
from houndmon.notify.message import Kind
from houndmon.notify.text import LISTED, build_message
from notify.conftest import announced, configured

CONFIG = msgspec.structs.replace(configured(), public_url="https://console.example.com/hound")
HOSTILE = "<script>alert(1)</script>\n\x07\x1b[31m\u202e\u2028😀" + "x" * 1_000_000


def test_it_names_all_that_a_person_needs() -> None:
    """Owner, response target, runbook, value against threshold, sample, since when, page and alert are in the text."""
    message = build_message("fired", "queue_age", [announced()], CONFIG)
    assert message.title == "FIRING: queue_age in prod, critical: transcode jobs wait too long"
    assert message.text == (
        "FIRING: queue_age in prod, critical: transcode jobs wait too long\n"
        "Owner: transcode on-call. Response target: 15 min.\n"
        "Runbook: https://console.example.com/hound/runbooks/queue_age\n"
        "Page: https://console.example.com/hound/?environment=prod&range=1h#panel-transcode\n"
        "\n"
        "- prod: 17.25 min (threshold 15 min), 31 queued; since 2026-03-02 11:43:00 UTC; "
        "acknowledge by 2026-03-02 11:58:00 UTC\n"
        "  https://console.example.com/hound/alerts/17"
    )
    assert message.runbook_url == "https://console.example.com/hound/runbooks/queue_age"
    assert message.url == "https://console.example.com/hound/?environment=prod&range=1h#panel-transcode"
    assert message.alerts[0].url == "https://console.example.com/hound/alerts/17"


@pytest.mark.parametrize(
    ("rule", "values", "words"),
    [
        ("queue_stalled", {"value": 21.0, "threshold": None, "sample_count": 3}, "21 min, 3 queued"),
        ("queue_stalled", {"value": None, "threshold": None}, "nothing finished in 7 days"),
        ("queue_failure_ratio", {"value": 0.125, "threshold": 0.05}, "12.5 % (threshold 5 %), 31 finished jobs"),
        (
            "worker_heartbeat_missing",
            {"value": 131.4, "threshold": 120, "sample_count": None},
            "131.4 s (threshold 120 s)",
        ),
        ("worker_heartbeat_missing", {"value": None, "threshold": 120}, "no worker ever beat, and jobs wait"),
        ("playback_failure_ratio", {"value": 0.0714, "threshold": 0.03}, "7.14 % (threshold 3 %), 31 attempts"),
        (
            "api_5xx_spike",
            {"subject": "gateway", "value": 0.0333, "threshold": 0.02},
            "gateway: 3.33 % (threshold 2 %)",
        ),
        ("traffic_absent", {"subject": "ingest", "value": 0.0, "threshold": None}, "ingest: 0 uploads in 30 min;"),
        ("traffic_absent", {"subject": "playback", "value": 0.0, "threshold": None}, "playback: 0 plays in 30 min;"),
        (
            "slo_burn_fast",
            {"subject": "playback_success", "value": 8.0, "threshold": 6.0},
            "8 × its budget's pace (thr",
        ),
        ("source_unreadable", {"subject": None, "value": None, "threshold": None}, "the source itself: cannot be read"),
        ("source_unreadable", {"subject": "tracks", "value": None, "threshold": None}, "tracks: cannot be read"),
        ("counts_differ", {"subject": None, "value": 3.0, "threshold": None}, "3 figures differ"),
    ],
)
def test_it_writes_each_rule_in_its_own_unit(rule: str, values: dict[str, Any], words: str) -> None:
    """Minutes, seconds, shares, counts and burn rates, and words where there is no value."""
    assert words in build_message("fired", rule, [announced(rule=rule, **values)], CONFIG).text


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
    assert build_message("fired", rule, [one], CONFIG).url.endswith(f"/?environment=staging&{place}")


def test_it_keeps_a_runbook_elsewhere() -> None:
    """An absolute runbook stays as it is."""
    message = build_message("fired", "queue_age", [announced(runbook_url="https://wiki.example.com/q")], CONFIG)
    assert message.runbook_url == "https://wiki.example.com/q"


def test_it_lists_ten_subjects_and_counts_the_rest() -> None:
    """Five hundred subjects make one readable notification; programs get all of them."""
    many = [announced(id=str(n), rule="api_5xx_spike", subject=f"service-{n}", value=0.1) for n in range(500)]
    message = build_message("fired", "api_5xx_spike", many, CONFIG)
    assert message.title.startswith("FIRING: api_5xx_spike in prod (500 subjects), critical")
    assert message.text.count("\n- ") == LISTED
    assert message.text.endswith("\nand 490 more")
    assert len(message.alerts) == 500
    ten = build_message("fired", "api_5xx_spike", many[:10], CONFIG)
    assert "more" not in ten.text


def test_it_names_every_owner_and_the_shortest_target() -> None:
    """Service levels of two owners in one notification: both are named, once each."""
    both = [
        announced(id="1", subject="a", owner_role="platform on-call", response_target_minutes=60),
        announced(id="2", subject="b", owner_role="streaming on-call"),
        announced(id="3", subject="c", owner_role="platform on-call"),
    ]
    message = build_message("fired", "slo_burn_fast", both, CONFIG)
    assert (message.owner_role, message.response_target_minutes) == ("platform on-call, streaming on-call", 15)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_it_has_words_for_every_kind(kind: Kind) -> None:
    """Each kind of notification says what happened, in capitals first."""
    message = build_message(kind, "queue_age", [announced()], CONFIG)
    assert message.title.split(":")[0] == kind.replace("fired", "firing").replace("_", " ").upper()
    assert ("nobody did" in message.text) == (kind == "overdue")
    assert ("acknowledge by" in message.text) == (kind in ("fired", "fired_again"))


SUBJECTS = st.none() | st.text(max_size=2000)
NUMBERS = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.sampled_from(get_args(RuleName)),
    st.lists(st.tuples(SUBJECTS, NUMBERS, NUMBERS, st.none() | st.integers(0, 2**63)), min_size=1, max_size=15),
)
@example("api_5xx_spike", [(HOSTILE, float("nan"), float("inf"), 2**63)])
@example("queue_age", [("", -0.0, None, 0)])
def test_it_makes_something_sound_of_anything(rule: str, drawn: list[tuple[Any, ...]]) -> None:
    """Whatever strangers name a service: one title line, no control characters, valid JSON, bounded length."""
    alerts = [announced(rule=rule, subject=s, value=v, threshold=t, sample_count=n) for s, v, t, n in drawn]
    message = build_message("fired", rule, alerts, CONFIG)
    for text in (message.title, message.text.replace("\n", "")):
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") or c in "\u202e\u2066"]
    assert message.text.count("\n- ") == min(len(alerts), LISTED)
    assert len(message.title) < 250
    assert len(message.text) < 10_000
    body = msgspec.json.encode(message)
    assert len(json.loads(body)["alerts"]) == len(alerts)
    assert b"\\u0000" not in body, "jsonb takes no NUL"
