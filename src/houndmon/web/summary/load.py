"""Reads the summary's figures: the panels' own loads, in one snapshot."""

from collections.abc import Awaitable
from typing import TypeVar

import msgspec

from houndmon.kit.clock import Range
from houndmon.kit.filters import Environment, Filters
from houndmon.kit.problems import SourceUnreadable
from houndmon.kit.source import Snapshot
from houndmon.panels.ingest.load import load as load_ingest
from houndmon.panels.playback.load import load as load_playback
from houndmon.panels.transcode.load import load as load_transcode
from houndmon.panels.workers.load import load_liveness
from houndmon.web.summary.model import Answers, Figures, answers, top_cause

T = TypeVar("T")


async def load_figures(snapshot: Snapshot, environment: Environment, span: Range = "1h") -> Figures:
    """What can be read of the panels at the snapshot's time; one that fails leaves the others."""
    filters = Filters(span, environment)
    unreadable: list[str] = []

    async def tried(work: Awaitable[T]) -> T | None:
        try:
            async with snapshot.part():
                return await work
        except SourceUnreadable as error:
            unreadable.append(str(error))
            return None

    return Figures(
        now=snapshot.clock.now,
        environment=environment,
        ingest=await tried(load_ingest(snapshot, filters)),
        transcode=await tried(load_transcode(snapshot, filters)),
        playback=await tried(load_playback(snapshot, filters)),
        liveness=await tried(load_liveness(snapshot, filters)),
        unreadable=unreadable,
    )


async def load_answers(snapshot: Snapshot, environment: Environment) -> tuple[Answers, Figures]:
    """The five answers. The top cause is of the last hour, or of the last 24 h when that hour has none."""
    figures = await load_figures(snapshot, environment)
    cause = top_cause(figures)
    if cause is None:
        day = await load_figures(snapshot, environment, "24h")
        cause = top_cause(day)
        figures = msgspec.structs.replace(figures, unreadable=figures.unreadable or day.unreadable)
    return answers(figures, cause), figures
