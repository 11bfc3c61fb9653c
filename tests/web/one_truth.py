"""Holds what houndmon says in one place against what it says in the others: JSON, text, the page's strip and its list.

All four must be of one moment and one environment. What is found are sentences, each one contradiction.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from houndmon.rulebook.book import BOOK
from houndmon.rulebook.spec import SEVERITIES
from houndmon.rulebook.units import count
from web.exits import Row, Said, near, part, spoken, stage_item, times
from web.page_truth import WELL, counted_open, page_contradictions

WORDS = {None: "unknown", True: "yes", False: "no"}
NEVER_NULL = {"transcodes_failed_today", "oldest_queued_job", "worker_alive"}  # once they were read
INDICATORS = {"critical": "critical", "warning": "major", "info": "minor"}


def contradictions(summary: dict[str, Any], text: str, alerts: str, page: str) -> list[str]:
    """What contradicts what: the summary as JSON and as text, the list of alerts and the strip as HTML."""
    said = Said(alerts, page, summary, text)
    return [*page_contradictions(said), *(f"{check.__name__}: {one}" for check in CHECKS for one in check(said))]


def all_clear(said: Said) -> Iterator[str]:
    """All is well in every exit or in none, and only where nothing is open, blind or broken."""
    status = said.summary["status"]
    is_well = status["indicator"] == "none"
    exits = {"JSON": status["description"], "text": said.text, "strip": said.page, "its head": said.first["head"]}
    yield from (
        f"{name} and the indicator {status['indicator']}" for name, s in exits.items() if (WELL in s) != is_well
    )
    if is_well and (said.open or said.summary["unreadable"] or said.summary["title"]):
        yield "all is well, and something is open, unreadable, or in the title"
    if is_well != (said.first["state"] == "ok"):
        yield f"the indicator {status['indicator']} over {said.first['state']}"
    states = {one["state"] for one in (*said.summary["stages"], *said.summary["layers"])}
    if is_well and not states <= {"ok", "absent"}:
        yield f"all is well over stages that are {states}"


def indicator(said: Said) -> Iterator[str]:
    """The indicator is that of the most severe alert that fires, and the strip has the same."""
    shown = said.summary["status"]["indicator"]
    worst = min((one["severity"] for one in said.firing), key=SEVERITIES.index, default=None)
    if worst == "critical" and shown != "critical":
        yield f"a critical alert fires under {shown}"
    if shown not in ("unknown", "none") and worst and shown != INDICATORS[worst]:
        yield f"{shown} over alerts of which the worst is {worst}"
    if f'data-indicator="{shown}"' not in said.page:
        yield "the strip has another indicator"
    if (worst or "") != part(said.page, r'data-worst="(\w*)"') and worst != "info":
        yield f"the worst alert is {worst}, and the tab's icon is another"


def one_text(said: Said) -> Iterator[str]:
    """The text alone is the text in the JSON, and begins as the strip does."""
    if said.text.strip() != said.summary["text"].strip():
        yield "the text alone is not the text in the JSON"
    sentence = said.sentence
    head = said.first["head"]
    first_line = said.text.partition("\n")[0].replace("`", "")
    if not sentence.startswith(head):
        yield f"the strip begins with {sentence!r}, the JSON with {head!r}"
    if head not in first_line:
        yield f"the text begins with {first_line!r}, the JSON with {head!r}"
    evidence = said.first["evidence"].replace("`", "")
    if evidence[:200] not in sentence:
        yield f"the strip says {sentence!r}, the JSON {evidence!r}"
    if said.first["state"] in ("broken", "unknown") and evidence[:200] not in first_line:
        yield f"the text says {first_line!r}, the JSON {evidence!r}"


def numbers(said: Said) -> Iterator[str]:
    """How many alerts are open is the same in JSON, strip, title and list; null where nobody can tell."""
    opened = said.summary["open_alerts"]
    if opened is None:
        if counted_open(said) is not None:
            yield f"nobody knows the alerts, and the strip counts {counted_open(said)}"
        if said.summary["silences_in_force"] is not None:
            yield "nobody knows the alerts, and the silences are counted"
        return
    if counted_open(said) != len(opened):
        yield f"{len(opened)} alerts are open, and the strip was drawn for another number"
    firing, title = len(said.firing), said.summary["title"].removeprefix("? ")
    wanted = f", {firing} firing" if firing else f"{len(opened)} to close" if opened else ""
    if not title.endswith(wanted) and title != "?":
        yield f"the title {title!r} over {firing} firing of {len(opened)}"
    if said.first["state"] == "recovered" and not said.first["evidence"].startswith(f"{len(opened)} alert"):
        yield f"{said.first['evidence']!r} of {len(opened)} open alerts"


def listed(said: Said) -> Iterator[str]:
    """The list has each open alert, once for itself or under its cause, in the state and severity of the JSON."""
    if said.rows is None or said.summary["open_alerts"] is None:
        return
    known = {one["id"]: one for one in said.open}
    rows = {row.id: row for row in said.rows}
    if part(said.alerts, r'data-open="(\d*)"') != str(len(known)) or len(rows) != len(said.rows):
        yield "the list was drawn for another number of alerts"
    if said.listed != set(known):
        yield f"JSON has the alerts {sorted(known)}, the list {sorted(said.listed)}"
    if {one["id"] for one in said.causes} != {row.id for row in said.rows if row.state == "firing"}:
        yield "the list does not lead with what no other alert explains"
    for id in rows.keys() & known.keys():
        yield from (f"alert {id}: {one}" for one in differences(rows[id], known[id]))


def differences(row: Row, alert: dict[str, Any]) -> Iterator[str]:
    """What a row of the list says otherwise than the JSON."""
    badge, due = spoken(row.cell("badge")), row.cell("due")
    fires = alert["state"] == "firing"
    if row.state != alert["state"] or not badge.startswith(alert["severity"] if fires else "recovered"):
        yield f"{alert['state']}, {alert['severity']} in JSON, {badge} in the list"
    if ("recovering" in badge) != (alert["clear_since"] is not None):
        yield "it recovers in one place and not in the other"
    if ("if that lasts" in row.finding) != (alert["clear_since"] is not None):
        yield f"it recovers, or does not, and the list says {row.finding!r}"
    if (alert["clear_since"] is None) != (alert["recovers_at"] is None):
        yield "it has one of `clear_since` and `recovers_at`"
    if alert["clear_since"] is not None and alert["latest_verdict"] == "breach":
        yield "it recovers while its condition is true"
    if spoken(row.cell("owner")) != alert["owner_role"]:
        yield f"its owner is {alert['owner_role']} in JSON, {spoken(row.cell('owner'))} in the list"
    if fires and alert["acknowledged_at"] is None:
        if not near(times(due)[:1], alert["response_due_at"]):
            yield f"it is due at {alert['response_due_at']} in JSON, at {times(due)} in the list"
        if ("overdue" in due) != alert["overdue"]:
            yield "it is overdue in one place and not in the other"


def headline(said: Said) -> Iterator[str]:
    """What leads fires, is no symptom, and is the most severe of its stage."""
    first, lead = said.first, said.lead
    if (first["state"] == "broken") != bool(said.firing):
        yield f"{len(said.firing)} alerts fire, and the first place is {first['state']}"
    if first["state"] != "broken":
        return
    if lead is None or lead not in said.causes:
        yield f"alert {first['alert_id']} leads, and does not fire, or is a symptom"
        return
    rivals = [one for one in said.causes if place(one) == place(lead) and group(one) == group(lead)]
    worst = min((one["severity"] for one in rivals), key=SEVERITIES.index)
    shown = spoken(said.duty("Severity") or "")
    if not first["severity"] == lead["severity"] == worst == shown:
        yield f"{first['severity']} leads, the strip says {shown}, and the worst of its stage is {worst}"
    if (first["stage"], first["layer"]) != place(lead):
        yield f"alert {lead['id']} leads, and is not of {first['stage'] or first['layer']}"


def chain(said: Said) -> Iterator[str]:
    """The chain of stages is the same in JSON and strip, and what leads is broken in it."""
    stages, first = {one["stage"]: one["state"] for one in said.summary["stages"]}, said.first
    for stage, state in stages.items():
        if f'<li data-state="{state}"' not in (item := stage_item(said.page, stage)):
            yield f"{stage} is {state} in JSON, and {spoken(item)} in the strip"
    if first["state"] != "broken":
        return
    there = stages | {one["layer"]: one["state"] for one in said.summary["layers"]}
    if there[first["stage"] or first["layer"]] not in ("broken", "strained"):
        yield f"{first['head']}, and the chain says otherwise"
    if "plays are not affected" in first["evidence"] and stages["play"] != "ok":
        yield "plays are said not to be affected, and the stage play is not well"


def place(alert: dict[str, Any]) -> tuple[str | None, str]:
    """The stage and the layer that an alert is of."""
    about = BOOK[alert["rule"]].of(alert["subject"])
    return about.stage, about.layer


def group(alert: dict[str, Any]) -> tuple[bool, bool]:
    """Whether an alert tells of a budget, and whether it recovers: what is broken now leads."""
    return BOOK[alert["rule"]].directness == "budget", alert["clear_since"] is not None


def duties(said: Said) -> Iterator[str]:
    """Owner, beginning and deadline are the lead's in every exit; the deadline is the earliest of what waits."""
    first, lead = said.first, said.lead
    if first["state"] != "broken" or lead is None:
        return
    owners = {first["owner_role"], lead["owner_role"], spoken(said.duty("Owner") or "")}
    if len(owners) != 1 or f"Owner: {first['owner_role']}," not in said.text:
        yield f"the owners are {owners}, and the text has perhaps another"
    if not near(times(said.duty("Since") or ""), lead["fired_at"]) or first["since"] != lead["fired_at"]:
        yield "the strip begins at another time than its alert"
    if first["acknowledged_at"] is not None:
        return
    waiting = [one for one in said.causes if one["acknowledged_at"] is None]
    earliest = min((one["response_due_at"] for one in waiting), key=datetime.fromisoformat, default=None)
    if earliest is None or datetime.fromisoformat(first["response_due_at"]) != datetime.fromisoformat(earliest):
        yield f"the deadline is {first['response_due_at']}, and the earliest of what waits {earliest}"
    by, over = said.duty("Respond by"), said.duty("Overdue since")
    if not near(times(by or over or ""), first["response_due_at"]):
        yield "the strip has another deadline than the JSON"
    late = any(one["overdue"] for one in waiting if one["response_due_at"] == first["response_due_at"])
    for name, is_over in (("strip", over is not None), ("text", "overdue since" in said.text.partition("\n")[2])):
        if is_over != late:
            yield f"the {name} says that it is {'' if is_over else 'not '}overdue, and its alert the opposite"


def ratios(said: Said) -> Iterator[str]:
    """What was found is said with the same figures in the strip, in the JSON and in the list."""
    row = next((one for one in said.rows or [] if one.id == said.first["alert_id"]), None)
    if row is None or said.first["state"] != "broken":
        return
    finding = row.finding.rstrip("…")
    if finding not in said.first["evidence"].replace("`", ""):
        yield f"the strip says {said.first['evidence']!r}, the list {finding!r}"


def recovering(said: Said) -> Iterator[str]:
    """What recovers says so in head, sentence and duties, and until when it must last; nothing else does."""
    lead = said.lead
    recovers = lead is not None and lead["clear_since"] is not None
    exits = {
        "JSON": "recovering" in said.first["head"],
        "clear_since": said.first["clear_since"] is not None,
        "recovers_at": said.first["recovers_at"] is not None,
        "evidence": "if that lasts" in said.first["evidence"],
        "text": "recovering" in said.text.partition("\n")[0],
        "strip": said.duty("Recovers") is not None,
    }
    yield from (f"{name} and its alert: one of them recovers" for name, it in exits.items() if it != recovers)


def answers(said: Said) -> Iterator[str]:
    """Each of the five answers is the same in JSON, strip and text, and no number where it could not be read."""
    known, lines, absent = said.summary["answers"], said.text, said.summary["absent"]
    failed, worker = known["transcodes_failed_today"], known["worker_alive"]
    number, alive = "unknown" if failed is None else count(failed), WORDS[worker and worker["alive"]]
    shown = {
        "transcodes_failed_today": number.replace("unknown", "—"),
        "worker_alive": alive.replace("unknown", "—").capitalize(),
    }
    for name, value in shown.items():
        if said.answer(name) != value:
            yield f"{name} is {known[name]} in JSON, and {said.answer(name)} in the strip"
    if "worker_heartbeats" not in absent and f"Worker alive: {alive}" not in lines:
        yield f"a worker is alive: {alive}, and the text does not say so"
    if "transcode_jobs" not in absent:
        if f"Transcodes failed today: {number}." not in lines:
            yield f"{number} transcodes failed, and the text does not say so"
        if ("Oldest queued job: unknown" in lines) != (known["oldest_queued_job"] is None):
            yield "the oldest queued job is known in one of JSON and text"
    cause = said.answer("top_failure_cause")
    if ("Top failure cause: none." in lines) != (cause == "None"):
        yield f"the top cause is {cause} in the strip, and otherwise in the text"


def old_answers(said: Said) -> Iterator[str]:
    """An answer that is not of now is a last good one, says its age, and makes the summary stale."""
    for name, at in said.summary["answers_as_of"].items():
        if not said.summary["stale"]:
            yield f"{name} is of {at}, and the summary is not stale"
        if said.summary["answers"][name] is None and name in NEVER_NULL:
            yield f"{name} is of {at}, and null"


def live_figures(said: Said) -> Iterator[str]:
    """What fires now and what is measured now are of one mind: no worker, no job, no play beside an alert of them."""
    known = said.summary["answers"]
    for one in said.firing:
        if one["latest_verdict"] != "breach" or said.summary["answers_as_of"]:
            continue
        if one["rule"] == "worker_heartbeat_missing" and known["worker_alive"] and known["worker_alive"]["alive"]:
            yield "no worker beats, and a worker is alive"
        job = known["oldest_queued_job"]
        if one["rule"] in ("queue_age", "queue_stalled") and job and not job["queued"]:
            yield f"{one['rule']} fires now, and no job is queued"


CHECKS: tuple[Callable[[Said], Iterator[str]], ...] = (
    all_clear,
    indicator,
    one_text,
    numbers,
    listed,
    headline,
    chain,
    duties,
    ratios,
    recovering,
    answers,
    old_answers,
    live_figures,
)
