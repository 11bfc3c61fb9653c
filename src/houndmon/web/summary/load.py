"""Reads the summary's figures: the panels' own loads, in one snapshot."""

from collections.abc import Awaitable
from functools import partial
from typing import TypeVar

from houndmon.config.model import Config
from houndmon.core.clock import Range
from houndmon.core.filters import Environment, Filters
from houndmon.core.problems import SourceAbsent, SourceUnreadable
from houndmon.core.source import Snapshot
from houndmon.core.source_contract import is_ios_safari
from houndmon.panels.ingest.load import load as load_ingest
from houndmon.panels.playback.load import load as load_playback
from houndmon.panels.transcode.load import load as load_transcode
from houndmon.panels.workers.load import load_liveness
from houndmon.web.summary.answers import Answers, SummaryFigures, build_answers, top_cause

T = TypeVar("T")


async def load_areas(snapshot: Snapshot, environment: Environment, config: Config, span: Range) -> SummaryFigures:
    """What can be read of the areas that have failures, over a range; one that cannot be read leaves the others."""
    filters, unreadable = Filters(span, environment), list[str]()
    return SummaryFigures(
        now=snapshot.clock.now,
        environment=environment,
        ingest=await tried(snapshot, load_ingest(snapshot, filters, config), unreadable),
        transcode=await tried(snapshot, load_transcode(snapshot, filters, config), unreadable),
        playback=await tried(snapshot, load_playback(snapshot, filters, config), unreadable),
        unreadable=unreadable,
        absent=config.absent,
        is_ios_safari=partial(is_ios_safari, platforms=config.ios_platforms, browsers=config.ios_browsers),
    )


async def tried(snapshot: Snapshot, work: Awaitable[T], unreadable: list[str]) -> T | None:
    """What can be read, or None with the reason noted; what the source does not have is no reason."""
    try:
        async with snapshot.savepoint():
            return await work
    except SourceAbsent:
        return None
    except SourceUnreadable as error:
        unreadable.append(str(error))
        return None


async def load_answers(snapshot: Snapshot, environment: Environment, config: Config) -> tuple[Answers, SummaryFigures]:
    """The five answers. The top cause is of the last hour, or of the last 24 h when that hour has none."""
    figures = await load_areas(snapshot, environment, config, "1h")
    figures.liveness = await tried(snapshot, load_liveness(snapshot, Filters("1h", environment)), figures.unreadable)
    day = await load_areas(snapshot, environment, config, "24h")
    figures.unreadable = figures.unreadable or day.unreadable
    return build_answers(figures, top_cause(figures, day) or top_cause(day)), figures
