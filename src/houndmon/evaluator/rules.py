"""Judges the rules: the panels' figures in, verdicts out. Pure; no rule reads anything by itself."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from houndmon.alerts.step import Finding, Verdict
from houndmon.config.detection import BURN_SPANS_OF
from houndmon.config.model import BURN_RULES, Config, Rule, RuleName
from houndmon.evaluator.figures import (
    RELATIONS,
    Beats,
    Figures,
    Playing,
    Requests,
    Unreadable,
    Uploading,
)
from houndmon.evaluator.findings import above, finding, ratio_finding, unknown, weighed
from houndmon.evaluator.levels import events, part_of
from houndmon.kit.stats import ratio, wilson
from houndmon.panels.api.model import Service
from houndmon.slo.level import burn_rate

MOST_COUNTED = 2**63 - 1  # what PostgreSQL's bigint holds; telemetry may claim more


def judge(config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """What every rule finds in an environment; `now` dates what could not be read.

    A rule that raises is `unknown`, and the others go on.
    """
    found: list[Finding] = []
    for name, rule in config.rules.items():
        try:
            found += JUDGES[name](rule, config, figures, now)
        except Exception as error:  # noqa: BLE001 -- one rule that fails must not stop the others
            found.append(unknown(rule, figures, None, f"the rule itself failed: {type(error).__name__}", now))
    return found


def queue_age(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """How long the oldest queued job has waited; an empty queue is ok."""
    if isinstance(queue := figures.queue, Unreadable):
        return [unknown(rule, figures, None, queue.clause, now)]
    age, jobs = queue.panel.oldest_queued_age_minutes, queue.panel.jobs_by_status
    return [
        finding(
            rule,
            figures,
            None,
            "breach" if above(age, rule.threshold) else "ok",
            queue.now,
            value=age,
            sample_count=jobs.queued,
            reason=f"{jobs.queued:,} queued, the oldest for {age:.1f} min" if age is not None else "no job is queued",
            evidence={"job_id": queue.panel.oldest_queued_job_id, "queued": jobs.queued},
        )
    ]


def queue_stalled(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """Whether a job waits and nothing finishes."""
    if isinstance(queue := figures.queue, Unreadable):
        return [unknown(rule, figures, None, queue.clause, now)]
    idle = queue.idle_minutes
    since = f"nothing finished for {idle:.0f} min" if idle is not None else "nothing finished in 7 days"
    return [
        finding(
            rule,
            figures,
            None,
            "breach" if queue.panel.stalled else "ok",
            queue.now,
            value=idle,
            sample_count=queue.panel.jobs_by_status.queued,
            reason=f"{queue.panel.jobs_by_status.queued:,} queued, {since}",
            evidence={"oldest_queued_age_minutes": queue.panel.oldest_queued_age_minutes},
        )
    ]


def queue_failure_ratio(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """The share of jobs that failed in the last hour."""
    if isinstance(queue := figures.queue, Unreadable):
        return [unknown(rule, figures, None, queue.clause, now)]
    jobs = queue.finished["1h"]
    return [ratio_finding(rule, figures, jobs.failed, jobs.finished, queue.now, "hour", jobs.codes)]


def worker_heartbeat_missing(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """How long no worker has beaten; where none ever did, whether jobs wait for one."""
    if isinstance(beats := figures.beats, Unreadable):
        return [unknown(rule, figures, None, beats.clause, now)]
    age = beats.liveness.heartbeat_age_seconds
    if age is not None:
        verdict: Verdict = "breach" if above(age, rule.threshold) else "ok"
        return [
            finding(rule, figures, None, verdict, beats.now, value=age, reason=f"the newest beat is {age:.0f} s old")
        ]
    if isinstance(queue := figures.queue, Unreadable):
        return [unknown(rule, figures, None, f"no beat ever, and of the queue: {queue.clause}", now)]
    jobs = queue.panel.jobs_by_status
    waiting = jobs.queued + jobs.in_progress + jobs.retrying
    reason = f"no worker ever beat, and {waiting:,} jobs wait"
    return [finding(rule, figures, None, "breach" if waiting else "no_data", beats.now, reason=reason)]


def playback_failure_ratio(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """The share of plays that failed in the last 15 minutes."""
    if isinstance(playing := figures.playing, Unreadable):
        return [unknown(rule, figures, None, playing.clause, now)]
    plays = playing.spans["15m"]
    return [ratio_finding(rule, figures, plays.failed, plays.attempts, playing.now, "15 min", plays.codes)]


def api_spike(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """The share of 4xx or 5xx of each service in the last 5 minutes, against the 24 h before."""
    if isinstance(requests := figures.requests, Unreadable):
        return [unknown(rule, figures, None, requests.clause, now)]
    return [service_finding(rule, figures, requests, service) for service in requests.recent.values()]


def service_finding(rule: Rule, figures: Figures, requests: Requests, service: Service) -> Finding:
    """One service. 5xx are judged by the interval's low end, 4xx by the share itself."""
    is_5xx = rule.name == "api_5xx_spike"
    bad = service.errors_5xx if is_5xx else service.errors_4xx
    known = requests.baseline.get(service.service)
    before = (known.ratio_5xx if is_5xx else known.ratio_4xx) if known else None
    share = ratio(bad, service.requests)
    measured = wilson(bad, service.requests).low if is_5xx else share
    crossed = above(measured, rule.threshold) and above(share, rule.baseline_factor * (before or 0))
    verdict, clears = weighed(rule, bad, service.requests, crossed=crossed)
    return finding(
        rule,
        figures,
        service.service,
        verdict,
        requests.now,
        value=share,
        sample_count=min(service.requests, MOST_COUNTED),
        clears=clears,
        reason=f"{bad:,} of {service.requests:,} requests in the last 5 min; {before or 0:.2%} in the 24 h before",
        evidence={"span": "5 min", "bad": min(bad, MOST_COUNTED), "baseline_ratio": before},
    )


def traffic_absent(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """Whether plays or uploads have ceased that came a week before at this time."""
    return [
        quiet_finding(rule, figures, "playback", figures.playing, now),
        quiet_finding(rule, figures, "ingest", figures.uploading, now),
    ]


def quiet_finding(
    rule: Rule, figures: Figures, subject: str, part: Playing | Uploading | Unreadable, now: datetime
) -> Finding:
    """One kind of traffic. Where there is some, all is well; where there is none, the week before decides."""
    if isinstance(part, Unreadable):
        return unknown(rule, figures, subject, part.clause, now)
    current = part.spans["30m"].attempts if isinstance(part, Playing) else part.uploads
    verdict: Verdict = "ok"
    if not current:
        enough = part.week_before >= rule.minimum_sample
        verdict = "breach" if enough else "insufficient" if part.week_before else "no_data"
    return finding(
        rule,
        figures,
        subject,
        verdict,
        part.now,
        value=current,
        sample_count=max(current, part.week_before),
        reason=f"{current:,} in the last 30 min, {part.week_before:,} in the same 30 min a week before",
        evidence={"week_before": part.week_before},
    )


def slo_burn(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """How fast each service level spends its budget: the lower of a long and a short span."""
    return [burn_finding(rule, config, figures, name, now) for name in config.levels]


def burn_finding(rule: Rule, config: Config, figures: Figures, name: Any, now: datetime) -> Finding:
    """One level. The short span lets an alert end soon after the trouble does."""
    level, part = config.levels[name], part_of(figures, name)
    if isinstance(part, Unreadable):
        return unknown(rule, figures, name, part.clause, now)
    long, short = (events(name, part, span) for span in BURN_SPANS_OF[rule.name])
    burns = [burn_rate(long, level.objective), burn_rate(short, level.objective)]
    known = [burn for burn in burns if burn is not None]
    evidence = dict(zip(BURN_SPANS_OF[rule.name], burns, strict=True))
    if len(known) < len(burns):
        return finding(rule, figures, name, "no_data", part.now, reason="no events to judge", evidence=evidence)
    crossed = above(min(known), rule.threshold)
    # Time has no events to count: a level of seconds needs no smallest number of bad ones.
    enough = isinstance(part, Beats) or short.bad >= rule.minimum_bad
    spans = " and ".join(f"{burn:.1f}× over {span}" for span, burn in zip(BURN_SPANS_OF[rule.name], known, strict=True))
    return finding(
        rule,
        figures,
        name,
        "breach" if enough and crossed else "ok",
        part.now,
        clears=not crossed,
        value=min(known),
        sample_count=int(short.total),
        reason=f"burns its budget at {spans}",
        evidence=evidence,
    )


def source_unreadable(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """Whether each relation could be read, and the source itself (no subject)."""
    parts = {relation: getattr(figures, part) for part, relation in RELATIONS.items()}
    failed = {relation: part for relation, part in parts.items() if isinstance(part, Unreadable)}
    gone = [part for part in failed.values() if part.relation is None]
    found = [source_finding(rule, figures, None, gone[0] if len(gone) == len(parts) else None, now)]
    for relation in parts:
        if len(gone) == len(parts):
            # One alert says that the source is gone; its relations are merely unknown.
            found.append(unknown(rule, figures, relation, gone[0].reason, now))
        else:
            found.append(source_finding(rule, figures, relation, failed.get(relation), now))
    return found


def source_finding(
    rule: Rule, figures: Figures, subject: str | None, part: Unreadable | None, now: datetime
) -> Finding:
    """One relation, or the source itself."""
    reason = part.reason if part else "it can be read"
    return finding(rule, figures, subject, "breach" if part else "ok", now, reason=reason)


def counts_differ(rule: Rule, config: Config, figures: Figures, now: datetime) -> list[Finding]:
    """Whether the last hour's sample found a figure that is not that of the rows; nothing before the first one."""
    if (sampled := figures.sampled) is None:
        return []
    return [
        finding(
            rule,
            figures,
            None,
            "breach" if sampled.differing else "ok",
            sampled.now,
            value=sampled.differing,
            sample_count=sampled.figures,
            reason=f"{sampled.differing:,} of {sampled.figures:,} figures differ from the source's rows",
            evidence={"figures": sampled.shown},
        )
    ]


JUDGES: dict[RuleName, Callable[[Rule, Config, Figures, datetime], list[Finding]]] = {
    "queue_age": queue_age,
    "queue_stalled": queue_stalled,
    "queue_failure_ratio": queue_failure_ratio,
    "worker_heartbeat_missing": worker_heartbeat_missing,
    "playback_failure_ratio": playback_failure_ratio,
    "api_5xx_spike": api_spike,
    "api_4xx_spike": api_spike,
    "traffic_absent": traffic_absent,
    **dict.fromkeys(BURN_RULES, slo_burn),
    "source_unreadable": source_unreadable,
    "counts_differ": counts_differ,
}
