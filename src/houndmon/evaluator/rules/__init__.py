"""The judges: the panels' figures in, findings out. Pure; no rule reads anything by itself."""

from houndmon.evaluator.findings import Judge
from houndmon.evaluator.rules import api, budget, counts, ingest, playback, queue, source, traffic, workers
from houndmon.rulebook.book import NAMES

JUDGES: dict[str, Judge] = dict(
    [
        *queue.JUDGES.items(),
        *workers.JUDGES.items(),
        *playback.JUDGES.items(),
        *api.JUDGES.items(),
        *ingest.JUDGES.items(),
        *traffic.JUDGES.items(),
        *budget.JUDGES.items(),
        *source.JUDGES.items(),
        *counts.JUDGES.items(),
    ]
)
if set(JUDGES) != set(NAMES):
    raise ImportError(f"rules that have a judge or a spec, and not both: {set(JUDGES) ^ set(NAMES)}")
