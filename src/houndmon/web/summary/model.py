"""The five answers, folded from the panels' own."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from houndmon.alerts.model import Alert
from houndmon.evaluator.levels import Level
from houndmon.evaluator.watch import Watched
from houndmon.kit.filters import Environment
from houndmon.kit.stats import canonical
from houndmon.panels.ingest.model import Ingest
from houndmon.panels.playback.model import Attempts, Playback
from houndmon.panels.transcode.model import Transcode
from houndmon.panels.workers.model import Liveness

Stage = Literal["upload", "transcode", "worker", "publish", "play"]
Area = Literal["transcode", "playback", "ingest"]


class OldestJob(msgspec.Struct):
    """The job that has been queued for longest."""

    age_minutes: Annotated[float | None, Meta(description="How long it has waited; null if none.", examples=[2.5])]
    job_id: Annotated[str | None, Meta(description="Its id; null if none.", examples=["job-20931"])]


class WorkerAlive(msgspec.Struct):
    """Whether anybody works."""

    alive: Annotated[bool, Meta(description="The newest beat is at most 120 s old.", examples=[True])]
    heartbeat_age_seconds: Annotated[
        float | None, Meta(description="The age of that beat; null if there never was one.", examples=[9.1])
    ]


class Cause(msgspec.Struct):
    """The commonest failure."""

    area: Annotated[Area, Meta(description="Where it happens.", examples=["playback"])]
    code: Annotated[str, Meta(description="The error code, or the rejection reason.", examples=["MEDIA_ERR_DECODE"])]
    count: Annotated[int, Meta(description="Failures with it.", examples=[61])]
    share: Annotated[float, Meta(description="Their share of the failures of all three areas.", examples=[0.31])]


class Answers(msgspec.Struct, kw_only=True):
    """The five answers; null where the source cannot be read, as where there is nothing to say."""

    transcodes_failed_today: Annotated[
        int | None, Meta(description="Jobs that failed since local midnight.", examples=[9])
    ] = None
    oldest_queued_job: Annotated[OldestJob | None, Meta(description="The job that has been queued for longest.")] = None
    worker_alive: Annotated[WorkerAlive | None, Meta(description="Whether any worker beats.")] = None
    play_failure_ratio_24h: Annotated[
        float | None, Meta(description="failed / attempts over 24 h; null without attempts.", examples=[0.0041])
    ] = None
    plays_24h: Annotated[Attempts | None, Meta(description="The sample of that ratio.")] = None
    top_failure_cause: Annotated[
        Cause | None, Meta(description="The commonest failure of the last hour, or else of the last 24 h.")
    ] = None


class Figures(msgspec.Struct, kw_only=True):
    """What could be read of the panels, all on one clock; None where it could not."""

    now: datetime
    environment: Environment
    ingest: Ingest | None = None
    transcode: Transcode | None = None
    playback: Playback | None = None
    liveness: Liveness | None = None
    unreadable: list[str] = []

    @property
    def failures(self) -> int:
        """The failures of all three areas."""
        rejected = self.ingest.rejected if self.ingest else 0
        jobs = self.transcode.jobs_by_status.failed if self.transcode else 0
        return rejected + jobs + (self.playback.failed if self.playback else 0)


def top_cause(figures: Figures) -> Cause | None:
    """The commonest failure of a window, of all three areas, ties by area; None without one."""
    whole = figures.failures
    first: list[tuple[Area, str, int]] = []
    if figures.transcode and (failures := figures.transcode.top_failures):
        first.append(("transcode", failures[0].error_code, failures[0].count))
    if figures.playback and (errors := figures.playback.top_errors):
        first.append(("playback", errors[0].error_code, errors[0].count))
    if figures.ingest and (reasons := figures.ingest.rejection_reasons):
        first.append(("ingest", reasons[0].reason, reasons[0].count))
    if not first:
        return None
    area, code, count = min(first, key=lambda cause: (-cause[2], cause[0]))
    return Cause(area, code, count, canonical(count / whole))


def answers(figures: Figures, cause: Cause | None) -> Answers:
    """The five answers of some figures."""
    job, alive, plays = figures.transcode, figures.liveness, last_24h(figures)
    return Answers(
        transcodes_failed_today=job.failed_today if job else None,
        oldest_queued_job=OldestJob(job.oldest_queued_age_minutes, job.oldest_queued_job_id) if job else None,
        worker_alive=WorkerAlive(alive.alive, alive.heartbeat_age_seconds) if alive else None,
        play_failure_ratio_24h=plays.failure_ratio if plays else None,
        plays_24h=plays,
        top_failure_cause=cause,
    )


def last_24h(figures: Figures) -> Attempts | None:
    """The plays of the last 24 h."""
    return figures.playback.last_24h if figures.playback else None


class Status(msgspec.Struct):
    """The state of an environment in one word and one sentence."""

    indicator: Annotated[
        Literal["none", "minor", "major", "critical", "unknown"],
        Meta(description="How bad it is; `unknown` where houndmon cannot tell.", examples=["none"]),
    ]
    description: Annotated[str, Meta(description="The same in a sentence.", examples=["All is well."])]


class BrokenStage(msgspec.Struct, kw_only=True):
    """The first stage of upload, transcode, worker, publish, play that is broken."""

    state: Annotated[
        Literal["ok", "broken", "unknown"],
        Meta(description="Whether one is broken; `unknown` where houndmon cannot tell.", examples=["broken"]),
    ]
    stage: Annotated[Stage | None, Meta(description="The stage; null unless one is broken.", examples=["play"])] = None
    text: Annotated[
        str, Meta(description="The same in a sentence, with its evidence.", examples=["All five stages work."])
    ]
    evidence: Annotated[
        str | None, Meta(description="What is wrong, alone.", examples=["7.9% of iOS Safari plays fail"])
    ] = None
    since: Annotated[datetime | None, Meta(description="Since when.", examples=["2026-03-02T14:02:00Z"])] = None
    alert_id: Annotated[str | None, Meta(description="Its alert.", examples=["17"])] = None
    owner_role: Annotated[str | None, Meta(description="Who answers for it.", examples=["streaming on-call"])] = None
    response_due_at: Annotated[
        datetime | None, Meta(description="By when to take it.", examples=["2026-03-02T14:12:00Z"])
    ] = None
    acknowledged_at: Annotated[datetime | None, Meta(description="When somebody took it.", examples=[None])] = None
    runbook_url: Annotated[
        str | None, Meta(description="What to do.", examples=["/runbooks/playback_failure_ratio"])
    ] = None


class StageState(msgspec.Struct, kw_only=True):
    """One stage of the chain."""

    stage: Annotated[Stage, Meta(description="The stage.", examples=["play"])]
    state: Annotated[
        Literal["ok", "strained", "broken", "unknown"],
        Meta(
            description="`broken`: an alert of it fires; `strained`: only an error budget burns; `unknown`: houndmon "
            "does not see it.",
            examples=["ok"],
        ),
    ]
    alert_id: Annotated[str | None, Meta(description="Its most direct firing alert.", examples=["17"])] = None


class Summary(msgspec.Struct, kw_only=True):
    """What `/api/summary` answers."""

    environment: Annotated[Environment, Meta(description="The environment asked for.", examples=["prod"])]
    status: Annotated[Status, Meta(description="Its state.")]
    first_broken_stage: Annotated[BrokenStage, Meta(description="Where the chain breaks first.")]
    stages: Annotated[list[StageState], Meta(description="Each stage: upload, transcode, worker, publish, play.")]
    answers: Annotated[Answers, Meta(description="The five answers.")]
    open_alerts: Annotated[list[Alert], Meta(description="Firing and recovered alerts, the worst first.")]
    silences_in_force: Annotated[int, Meta(description="How many silences hold now.", examples=[0])]
    slos: Annotated[list[Level], Meta(description="The service levels that can be read.")]
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
