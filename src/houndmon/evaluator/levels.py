"""Service levels from figures: which events are good, of which total."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from houndmon.core.answer import Anomaly
from houndmon.core.clock import Clock
from houndmon.core.filters import Environment
from houndmon.evaluator.figures import (
    BeatFigures,
    EnvironmentFigures,
    PlayFigures,
    PublishFigures,
    QueueFigures,
    Unreadable,
)
from houndmon.panels.workers.model import fresh_seconds
from houndmon.rulebook.levels import LEVEL_BOOK, LevelName, ServiceLevel
from houndmon.rulebook.parts import RELATION_OF_PART
from houndmon.slo.level import BURN_SPANS, Events, budget_remaining, burn_rate, is_met

LevelPart = QueueFigures | PlayFigures | BeatFigures | PublishFigures
"""A part of the figures that service levels are read from."""


class BurnRates(msgspec.Struct, rename={"m5": "5m", "m30": "30m", "h1": "1h", "h2": "2h", "h6": "6h", "h24": "24h"}):
    """How fast the budget is spent over each span; 1 spends just all of it. Null without events."""

    m5: Annotated[
        float | None, Meta(description="Burn rate over 5 minutes; 1 spends just all of the budget.", examples=[0.4])
    ]
    m30: Annotated[
        float | None, Meta(description="Burn rate over 30 minutes; 1 spends just all of the budget.", examples=[0.4])
    ]
    h1: Annotated[
        float | None, Meta(description="Burn rate over 1 hour; 1 spends just all of the budget.", examples=[0.5])
    ]
    h2: Annotated[
        float | None, Meta(description="Burn rate over 2 hours; 1 spends just all of the budget.", examples=[0.5])
    ]
    h6: Annotated[
        float | None, Meta(description="Burn rate over 6 hours; 1 spends just all of the budget.", examples=[0.4])
    ]
    h24: Annotated[
        float | None, Meta(description="Burn rate over 24 hours; 1 spends just all of the budget.", examples=[0.4])
    ]


class Level(msgspec.Struct, kw_only=True):
    """A service level in one environment."""

    name: Annotated[LevelName, Meta(description="The service level.", examples=["playback_success"])]
    environment: Annotated[Environment, Meta(description="The environment.", examples=["prod"])]
    as_of: Annotated[datetime, Meta(description="The source's clock.", examples=["2026-03-02T12:00:30Z"])]
    objective: Annotated[float, Meta(description="The share that shall be good, in (0, 1).", examples=[0.99])]
    window: Annotated[str, Meta(description="The window of SLI and budget.", examples=["24h"])]
    sli: Annotated[float | None, Meta(description="good / total, in [0, 1]; null without events.", examples=[0.996])]
    good: Annotated[float | int, Meta(description="Good events (seconds, for heartbeats).", examples=[41060])]
    total: Annotated[
        float | int,
        Meta(description="All events that count (for heartbeats, seconds from the first beat on).", examples=[41230]),
    ]
    error_budget_remaining_ratio: Annotated[
        float | None, Meta(description="What is left of the budget; below 0 when overspent.", examples=[0.59])
    ]
    burn_rates: Annotated[BurnRates, Meta(description="How fast the budget is spent.")]
    met: Annotated[bool | None, Meta(description="Whether the objective is met; null without events.", examples=[True])]
    owner_role: Annotated[str, Meta(description="Who answers for it.", examples=["streaming on-call"])]
    runbook_url: Annotated[str, Meta(description="What to do.", examples=["/runbooks/slo_burn_fast"])]
    anomalies: Annotated[
        list[Anomaly], Meta(description="Of `upload_to_live`: tracks of the window that something is wrong with.")
    ] = []


def level_events(name: LevelName, part: LevelPart, span: str) -> Events:
    """The events of a level over one span, from its part of the figures."""
    match name, part:
        case "upload_to_live", PublishFigures():
            tracks = part.spans[span]
            return Events(tracks.in_time, tracks.judged)
        case "transcode_success", QueueFigures():
            jobs = part.finished[span]
            return Events(jobs.completed, jobs.finished)
        case "playback_success", PlayFigures():
            plays = part.spans[span]
            return Events(plays.attempts - plays.failed, plays.attempts)
        case "heartbeat_freshness", BeatFigures():
            return fresh_events(part, span)
    raise AssertionError(f"{name} is not read from {type(part).__name__}")


def fresh_events(beats: BeatFigures, span: str) -> Events:
    """Seconds in which the newest beat was fresh, of the span's from the first beat on; none where none ever beat."""
    if beats.liveness.last_heartbeat_at is None:
        return Events(0.0, 0.0)
    start = max(beats.starts[span], beats.begun_at or beats.starts[span])
    whole = (beats.now - start).total_seconds()
    return Events(fresh_seconds(beats.pauses, start, Clock(beats.now)), whole)


def part_of(figures: EnvironmentFigures, name: LevelName) -> LevelPart | Unreadable:
    """The part of the figures that a level is read from; Unreadable where it could not be."""
    part: LevelPart | Unreadable = getattr(figures, LEVEL_BOOK[name].part)
    return part


def relation_of(name: LevelName) -> str:
    """The relation that a level is read from."""
    return RELATION_OF_PART[LEVEL_BOOK[name].part]


def evaluate_level(settings: ServiceLevel, figures: EnvironmentFigures) -> Level | Unreadable:
    """One service level; Unreadable where its relation could not be read."""
    part = part_of(figures, settings.name)
    if isinstance(part, Unreadable):
        return part
    own = level_events(settings.name, part, settings.window)
    burns = [burn_rate(level_events(settings.name, part, span), settings.objective) for span in BURN_SPANS]
    return Level(
        name=settings.name,
        environment=figures.environment,
        as_of=part.now,
        objective=settings.objective,
        window=settings.window,
        sli=own.sli,
        good=own.good,
        total=own.total,
        error_budget_remaining_ratio=budget_remaining(own, settings.objective),
        burn_rates=BurnRates(*burns),
        met=is_met(own, settings.objective),
        owner_role=settings.owner_role,
        runbook_url=settings.runbook_url,
        anomalies=part.anomalies if isinstance(part, PublishFigures) else [],
    )
