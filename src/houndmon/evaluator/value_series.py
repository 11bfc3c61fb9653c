"""A rule's own value over the past: by the figures that the rule is judged on, at each moment as it would have been."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

import msgspec

from houndmon.config.model import Config
from houndmon.core.clock import SPANS, Window
from houndmon.core.filters import Environment, Filters
from houndmon.core.source import Snapshot
from houndmon.core.stats import wilson
from houndmon.core.trend import Series
from houndmon.evaluator.baseline import QUIET, Share
from houndmon.evaluator.figures import abandoned, rejected, spike_of
from houndmon.evaluator.reading import subject_of
from houndmon.evaluator.value_windows import Stretches, runs, sums
from houndmon.panels.api.load import load_answer_counts
from houndmon.panels.api.model import AnswerCounts
from houndmon.panels.ingest.load import load_windows as load_uploads
from houndmon.panels.playback.load import load_windows as load_plays
from houndmon.panels.transcode.load import load_windows as load_finished
from houndmon.panels.transcode.trend import load_queue
from houndmon.panels.workers.ages import load_ages_seconds, load_stale_seconds
from houndmon.rulebook.book import SPECS, RuleName
from houndmon.rulebook.budget import BURN_RULES, BURN_SPANS_OF
from houndmon.rulebook.levels import LevelName
from houndmon.rulebook.spec import Rule
from houndmon.slo.level import Events, burn_rate


class ValueOf(msgspec.Struct, frozen=True):
    """Whose value is asked for, and by which configuration."""

    rule: Rule
    environment: Environment
    subject: str | None
    config: Config

    @property
    def filters(self) -> Filters:
        """The filters of its figures."""
        return Filters("24h", self.environment)


Load = Callable[[Snapshot, ValueOf, Stretches], Awaitable[Series]]
"""What reads the value of a rule over some stretches, in the value's own unit."""
CountShares = Callable[[Snapshot, ValueOf, Sequence[Window]], Awaitable[list[Share]]]
"""What counts the bad ones of a whole in some windows."""


async def count_failed_plays(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """The plays that failed, of those tried."""
    return [Share(one.failed, one.attempts) for one in await load_plays(snapshot, of.filters, *windows)]


async def count_abandoned_plays(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """The plays that the listener left, of all."""
    return [abandoned(one) for one in await load_plays(snapshot, of.filters, *windows)]


async def count_failed_jobs(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """The jobs that failed, of those finished."""
    return [Share(one.failed, one.finished) for one in await load_finished(snapshot, of.filters, *windows)]


async def count_rejected_uploads(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """The uploads that were rejected, of all."""
    return [rejected(one) for one in await load_uploads(snapshot, of.filters, *windows)]


async def count_answers(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """What a rule of answers counts as bad of one service."""
    found = await load_answer_counts(snapshot, of.filters, subject_of, *windows)
    return [spike_of(of.rule, one.get(of.subject or "", AnswerCounts())) for one in found]


async def count_any_requests(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """The requests of all services; none of them is bad."""
    found = await load_answer_counts(snapshot, of.filters, subject_of, *windows)
    return [Share(0, sum(one.requests for one in services.values())) for services in found]


async def count_stale_microseconds(snapshot: Snapshot, of: ValueOf, windows: Sequence[Window]) -> list[Share]:
    """The microseconds in which the newest beat was too old, of all since the first one."""
    found = await load_stale_seconds(snapshot, of.filters, windows)
    return [Share(round(stale * 1e6), round(whole * 1e6)) for stale, whole in found]


async def load_share(
    snapshot: Snapshot, of: ValueOf, stretches: Stretches, *, count: CountShares, width: timedelta
) -> Series:
    """A share of the window that a rule looks back on: at the end of each stretch, and at its worst in it."""
    seen = stretches.moved_back(timedelta(minutes=of.rule.delay_minutes), snapshot.clock.now)
    grain = min(width, stretches.step)
    counted = await count(snapshot, of, seen.windows(width, grain))
    each = runs([wilson(*share) for share in sums(counted, width // grain)], stretches.step // grain)
    worst = [max(run, key=lambda one: -1.0 if one.ratio is None else one.ratio) for run in each]
    return Series(
        name="value",
        values=[run[-1].ratio for run in each],
        low=[one.low for one in worst],
        high=[one.high for one in worst],
        worst=[one.ratio for one in worst] if grain < stretches.step else None,
    )


async def load_count(snapshot: Snapshot, of: ValueOf, stretches: Stretches, *, count: CountShares) -> Series:
    """How much of something came in the last 30 minutes, at the end of each stretch."""
    grain = min(QUIET, stretches.step)
    counted = sums(await count(snapshot, of, stretches.windows(QUIET, grain)), QUIET // grain)
    return Series(name="value", values=[float(run[-1].whole) for run in runs(counted, stretches.step // grain)])


async def load_burn(
    snapshot: Snapshot, of: ValueOf, stretches: Stretches, *, count: CountShares, level: LevelName
) -> Series:
    """The lower of two burn rates, over a long and a short window, at the end of each stretch."""
    long, short = (SPANS[span] for span in BURN_SPANS_OF[of.rule.name])
    grain = min(short, stretches.step)
    counted = await count(snapshot, of, stretches.windows(long, grain))
    slowly, lately = sums(counted, long // grain), sums(counted, short // grain)
    objective, ends = of.config.levels[level].objective, len(slowly)
    burns = [lower_burn(*pair, objective) for pair in zip(slowly, lately[-ends:], strict=True)]
    each = runs(burns, stretches.step // grain)
    worst = [max((one for one in run if one is not None), default=None) for run in each]
    return Series(name="value", values=[run[-1] for run in each], worst=worst if grain < stretches.step else None)


def lower_burn(slowly: Share, lately: Share, objective: float) -> float | None:
    """The lower of two burn rates; None where there is nothing to judge in either window."""
    burns = [burn_rate(Events(one.whole - one.bad, one.whole), objective) for one in (slowly, lately)]
    known = [burn for burn in burns if burn is not None]
    return min(known) if len(known) == len(burns) else None


async def load_wait(snapshot: Snapshot, of: ValueOf, stretches: Stretches) -> Series:
    """For how many minutes the oldest job waited."""
    queue = await load_queue(snapshot, of.filters, stretches.windows(stretches.step, stretches.step))
    return Series(
        name="value",
        values=[stretch[-1].wait_minutes for stretch in queue],
        worst=[max(at.wait_minutes for at in stretch) for stretch in queue],
    )


async def load_silence(snapshot: Snapshot, of: ValueOf, stretches: Stretches) -> Series:
    """How old the newest beat was, in seconds."""
    ages = await load_ages_seconds(snapshot, of.filters, stretches.windows(stretches.step, stretches.step))
    return Series(name="value", values=[last for last, _ in ages], worst=[most for _, most in ages])


def share_of(span: str, count: CountShares) -> Load:
    """The value of a rule that looks back on a span."""
    return partial(load_share, count=count, width=SPANS[span])


LEVELS: dict[LevelName, CountShares] = {
    "transcode_success": count_failed_jobs,
    "playback_success": count_failed_plays,
    "heartbeat_freshness": count_stale_microseconds,
}
"""What counts the events of a level; those of `upload_to_live` were judged otherwise then: what waited is live now."""
BURN_LOADS: dict[tuple[RuleName, str | None], Load] = {
    (name, level): partial(load_burn, count=count, level=level)
    for name in BURN_RULES
    for level, count in LEVELS.items()
}
LOADS: dict[tuple[RuleName, str | None], Load] = {
    ("queue_age", None): load_wait,
    ("queue_failure_ratio", None): share_of("1h", count_failed_jobs),
    ("worker_heartbeat_missing", None): load_silence,
    ("playback_failure_ratio", None): share_of("15m", count_failed_plays),
    ("playback_abandoned", None): share_of("15m", count_abandoned_plays),
    ("api_5xx_spike", None): share_of("5m", count_answers),
    ("api_4xx_spike", None): share_of("5m", count_answers),
    ("upload_rejection_ratio", None): share_of("1h", count_rejected_uploads),
    ("traffic_absent", "playback"): partial(load_count, count=count_failed_plays),
    ("traffic_absent", "ingest"): partial(load_count, count=count_rejected_uploads),
    ("traffic_absent", "api"): partial(load_count, count=count_any_requests),
    **BURN_LOADS,
}
"""What reads the value of each rule, by its subject where that decides; the key with None is for every subject."""
if {name for name, _ in LOADS} != {spec.name for spec in SPECS if spec.value_chart}:
    raise ImportError("a rule has a chart of its value and nothing that reads it, or the other way round")


def load_of(rule: RuleName, subject: str | None) -> Load | None:
    """What reads a rule's value for a subject; None where the rows do not tell what it was."""
    return LOADS.get((rule, subject)) or LOADS.get((rule, None))
