"""The book: every rule's spec by its name, in the order in which rules are listed everywhere."""

from typing import Literal, get_args

from houndmon.rulebook import api, budget, counts, ingest, playback, queue, source, traffic, workers
from houndmon.rulebook.spec import RuleSpec

SPECS: tuple[RuleSpec, ...] = (
    *queue.SPECS,
    *workers.SPECS,
    *playback.SPECS,
    *api.SPECS,
    *ingest.SPECS,
    *traffic.SPECS,
    *budget.SPECS,
    *source.SPECS,
    *counts.SPECS,
)
RuleName = Literal[
    queue.Name, workers.Name, playback.Name, api.Name, ingest.Name, traffic.Name, budget.Name, source.Name, counts.Name
]
NAMES: tuple[RuleName, ...] = get_args(RuleName)
BOOK: dict[str, RuleSpec] = {spec.name: spec for spec in SPECS}
if tuple(spec.name for spec in SPECS) != NAMES:
    raise ImportError(f"a family names other rules than it has specs of, or in another order: {set(NAMES) ^ set(BOOK)}")
for _spec in SPECS:
    for _causes in (_spec.explained_by, *(one.explained_by for one in _spec.subjects.values())):
        if not set(_causes) <= set(BOOK):
            raise ImportError(f"{_spec.name} is explained by a rule that is not in the book: {_causes}")
