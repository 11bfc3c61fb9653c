"""What a message holds for programs, and of strangers' names."""

import json

import msgspec
import pytest

from houndmon.core.neutral import neutral
from houndmon.notify.announced import ExplainedAlert
from houndmon.notify.message import Message
from notify.conftest import announced
from notify.test_text import CAUSES, built
from strangers import HOSTILE


def test_it_tells_what_explains_what() -> None:
    """A cause lists what it explains, and a symptom names its cause; programs get ids, titles and addresses."""
    symptoms = [
        ExplainedAlert(id="18", rule="queue_age", subject=None),
        ExplainedAlert(id="19", rule="slo_burn_fast", subject="heartbeat_freshness"),
    ]
    cause = built("fired", announced(rule="worker_heartbeat_missing", explains=symptoms))
    assert (
        "\nIt explains: The oldest job has waited too long; An error budget burns fast, Heartbeat freshness\n"
        in cause.text
    )
    assert [(one.id, one.rule, one.title, one.url[-10:]) for one in cause.alerts[0].explains] == [
        ("18", "queue_age", "The oldest job has waited too long", "/alerts/18"),
        ("19", "slo_burn_fast", "An error budget burns fast, Heartbeat freshness", "/alerts/19"),
    ]
    many = [ExplainedAlert(id=str(n), rule="api_5xx_spike", subject=f"s-{n}") for n in range(9)]
    assert "`s-4`; and 4 more\n" in built("fired", announced(explains=many)).text
    symptom = built("fired", announced(explained_by="12"))
    assert "\nExplained by: https://console.example.com/hound/alerts/12\n" in symptom.text
    assert symptom.alerts[0].explained_by == "12"


def test_it_gives_programs_what_people_read() -> None:
    """The JSON has title, reason, evidence, addresses, stage, severity and owner, of the message and of each alert."""
    message = built(
        "fired",
        announced(rule="api_5xx_spike", subject="gateway", threshold=0.02, evidence={"causes": CAUSES, "bad": 61}),
    )
    found = json.loads(msgspec.json.encode(message))
    assert found["title"] == "FIRING: The API answers 5xx, `gateway`, in prod (critical)"
    assert (found["reason"], found["stage"]) == (found["alerts"][0]["reason"], found["alerts"][0]["stage"])
    assert found["alerts"][0] == {
        "id": "17",
        "subject": "gateway",
        "value": 17.25,
        "threshold": 0.02,
        "sample_count": 31,
        "fired_at": "2026-03-02T11:43:00Z",
        "response_due_at": "2026-03-02T11:58:00Z",
        "url": "https://console.example.com/hound/alerts/17",
        "reason": "31 jobs are queued, the oldest for 17 min; limit 2%",
        "evidence": {"causes": CAUSES, "bad": 61},
        "stage": None,  # the API is a layer below the stages
        "severity": "critical",
        "owner_role": "transcode on-call",
        "explained_by": None,
        "explains": [],
    }


def test_it_reads_messages_of_an_older_release() -> None:
    """What waits in the outbox over an upgrade is sent: what it does not say is empty."""
    old = json.loads(msgspec.json.encode(built("fired", announced())))
    for name in ("reason", "stage"):
        del old[name], old["alerts"][0][name]
    for name in ("evidence", "severity", "owner_role", "explained_by", "explains"):
        del old["alerts"][0][name]
    read = msgspec.json.decode(json.dumps(old), type=Message)
    assert (read.reason, read.alerts[0].evidence, read.body) == ("", {}, built("fired", announced()).body)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_it_lets_no_name_out_as_it_came(hostile: str) -> None:
    """Whoever named a service, a code, a client, a worker or a job: text and JSON have it neutral, and no other way."""

    def told(name: str) -> Message:
        causes = [{"code": name, "count": 1, "share": 1.0}]
        evidence = {"causes": causes, "clients": causes, "silent_workers": [name], "job_id": name, "figures": [name]}
        explains = [ExplainedAlert(id="18", rule="api_4xx_spike", subject=name)]
        return built("fired", announced(rule="api_5xx_spike", subject=name, evidence=evidence, explains=explains))

    plain = told("innocent")
    assert plain.text.count("`innocent`") == plain.text.count("innocent") == 7
    short, long = neutral(hostile), neutral(hostile, 500)
    assert told(hostile).text == plain.text.replace("innocent", short)
    as_json = msgspec.json.encode([told(hostile).alerts, told(hostile).title]).decode()
    wanted = msgspec.json.encode([plain.alerts, plain.title]).decode()
    quoted, bare = (msgspec.json.encode(text).decode()[1:-1] for text in (short, long))
    assert as_json == wanted.replace("`innocent`", f"`{quoted}`").replace("innocent", bare)
