"""What the summary answers: how bad it is, where it breaks first, the five answers, and what is open."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.alerts.model import Alert
from houndmon.core.filters import Environment
from houndmon.evaluator.levels import Level
from houndmon.evaluator.ticks import Watched
from houndmon.rulebook.parts import Stage
from houndmon.rulebook.spec import Layer, Severity
from houndmon.web.summary.answers import Answers


class Status(msgspec.Struct):
    """The state of an environment in one word and one sentence."""

    indicator: Annotated[
        Literal["none", "minor", "major", "critical", "unknown"],
        Meta(description="How bad it is; `unknown` where houndmon cannot tell.", examples=["none"]),
    ]
    description: Annotated[str, Meta(description="The same in a sentence.", examples=["All is well."])]


class BrokenStage(msgspec.Struct, kw_only=True):
    """Where it breaks first: a stage of upload, transcode, worker, publish, play, or a layer below them."""

    state: Annotated[
        Literal["ok", "recovered", "broken", "unknown"],
        Meta(
            description="Whether something is broken; `recovered`: all works again, and alerts wait to be closed; "
            "`unknown` where houndmon cannot tell.",
            examples=["broken"],
        ),
    ]
    stage: Annotated[Stage | None, Meta(description="The stage; null unless a stage is broken.", examples=["play"])] = (
        None
    )
    layer: Annotated[
        Layer | None,
        Meta(description="What it is a part of; `sight` is houndmon's own; null unless broken.", examples=["chain"]),
    ] = None
    head: Annotated[str, Meta(description="What is broken, in a few words.", examples=["Play is broken"])]
    evidence: Annotated[
        str,
        Meta(
            description="What is wrong, with the cause's finding.",
            examples=["too many plays fail – 45 of 517 failed in the last 15 min"],
        ),
    ]
    text: Annotated[
        str,
        Meta(
            description="The whole in a sentence or two.",
            examples=["Play is broken: too many plays fail. Streaming on-call, since 14:02 UTC, respond by 14:12 UTC."],
        ),
    ] = ""
    severity: Annotated[Severity | None, Meta(description="How bad it is.", examples=["critical"])] = None
    since: Annotated[datetime | None, Meta(description="When it fired.", examples=["2026-03-02T14:02:00Z"])] = None
    clear_since: Annotated[
        datetime | None,
        Meta(description="Since when it is clear, while it recovers.", examples=["2026-03-02T14:20:00Z"]),
    ] = None
    recovers_at: Annotated[
        datetime | None,
        Meta(description="When it will have recovered if that lasts.", examples=["2026-03-02T14:22:00Z"]),
    ] = None
    alert_id: Annotated[str | None, Meta(description="Its alert: the cause of others.", examples=["17"])] = None
    explains: Annotated[list[str], Meta(description="The open alerts that it explains.", examples=[["18"]])] = []
    owner_role: Annotated[str | None, Meta(description="Who answers for it.", examples=["streaming on-call"])] = None
    response_due_at: Annotated[
        datetime | None,
        Meta(description="The earliest time by which something must be taken.", examples=["2026-03-02T14:12:00Z"]),
    ] = None
    overdue: Annotated[bool, Meta(description="Nobody has taken it, and that time is past.", examples=[False])] = False
    acknowledged_at: Annotated[datetime | None, Meta(description="When somebody took it.", examples=[None])] = None
    runbook_url: Annotated[
        str | None, Meta(description="What to do.", examples=["/runbooks/playback_failure_ratio"])
    ] = None


class StageState(msgspec.Struct, kw_only=True):
    """One stage of the chain."""

    stage: Annotated[Stage, Meta(description="The stage.", examples=["play"])]
    state: Annotated[
        Literal["ok", "strained", "broken", "unknown", "absent"],
        Meta(
            description="`broken`: an alert of it fires; `strained`: only an error budget burns; `unknown`: houndmon "
            "does not see it; `absent`: this source has nothing of it, by houndmon.toml.",
            examples=["ok"],
        ),
    ]
    alert_id: Annotated[str | None, Meta(description="Its most direct firing alert.", examples=["17"])] = None


class LayerState(msgspec.Struct, kw_only=True):
    """A layer below the stages: the API, or houndmon's own sight."""

    layer: Annotated[Layer, Meta(description="The layer.", examples=["api"])]
    state: Annotated[
        Literal["ok", "strained", "broken", "unknown", "absent"],
        Meta(description="As of a stage.", examples=["ok"]),
    ]
    alert_id: Annotated[str | None, Meta(description="Its most direct firing alert.", examples=["17"])] = None


class Summary(msgspec.Struct, kw_only=True):
    """What `/api/summary` answers."""

    environment: Annotated[Environment, Meta(description="The environment asked for.", examples=["prod"])]
    status: Annotated[Status, Meta(description="Its state.")]
    first_broken_stage: Annotated[BrokenStage, Meta(description="Where the chain breaks first.")]
    stages: Annotated[list[StageState], Meta(description="Each stage: upload, transcode, worker, publish, play.")]
    layers: Annotated[list[LayerState], Meta(description="The layers below them: the API, and houndmon's own sight.")]
    answers: Annotated[Answers, Meta(description="The five answers.")]
    answers_as_of: Annotated[
        dict[str, datetime],
        Meta(description="The age of answers whose figures cannot be read now: the last good ones.", examples=[{}]),
    ]
    open_alerts: Annotated[
        list[Alert] | None,
        Meta(description="Firing and recovered alerts, the worst first; null where nobody can tell."),
    ]
    alerts_as_of: Annotated[
        datetime | None,
        Meta(
            description="When the alerts were read: before `as_of` where houndmon's own database cannot be read now.",
            examples=["2026-03-02T12:00:30Z"],
        ),
    ]
    silences_in_force: Annotated[
        int | None, Meta(description="How many silences hold; null where nobody can tell.", examples=[0])
    ]
    slos: Annotated[list[Level] | None, Meta(description="The service levels that can be read; null where none can.")]
    title: Annotated[
        str,
        Meta(description="The worst of it in the few words of a tab's title; empty where all is well.", examples=[""]),
    ]
    evaluator: Annotated[Watched, Meta(description="The watcher's own age.")]
    as_of: Annotated[
        datetime, Meta(description="The source's clock when it was read.", examples=["2026-03-02T12:00:30Z"])
    ]
    stale: Annotated[bool, Meta(description="Some of the source could not be read.", examples=[False])]
    is_last_good: Annotated[
        bool, Meta(description="Nothing could be read: these are the last good figures.", examples=[False])
    ] = False
    unreadable: Annotated[list[str], Meta(description="What could not be read, and why.")]
    text: Annotated[
        str, Meta(description="The same in at most five plain lines.", examples=["prod: none. All is well."])
    ]
    absent: Annotated[
        list[str], Meta(description="The relations that this source does not have, by houndmon.toml.", examples=[[]])
    ] = []
