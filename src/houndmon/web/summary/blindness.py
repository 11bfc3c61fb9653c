"""What houndmon cannot see just now, and why: figures, verdicts or alerts that could not be read. Pure."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from houndmon.alerts.model import StateRow
from houndmon.evaluator.ticks import Watched
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.parts import STAGE_OF_RELATION, Stage
from houndmon.rulebook.spec import Layer
from houndmon.web.summary.answers import SummaryFigures

Place = Stage | Layer
Unjudged = Mapping[Place | Literal["source"], str]
"""What the last tick could not judge, and why; `source` is all of it."""
LAST_TICK = timedelta(seconds=30)


class Blindness(msgspec.Struct, frozen=True):
    """Why houndmon cannot tell all, if so, and of which stages and layers; `everywhere` is of all."""

    reason: str | None = None
    places: frozenset[Place] = frozenset()
    everywhere: bool = False

    def hides(self, place: Place) -> bool:
        """Whether nobody can tell the state of a stage or layer."""
        return self.everywhere or place in self.places


def find_blindness(
    figures: SummaryFigures | None, watch: Watched, unjudged: Unjudged, problem: str | None = None
) -> Blindness:
    """What cannot be seen of an environment; `problem` is why its alerts or its figures could not be read at all.

    `figures` None: the source could not be read.
    """
    late = lateness(watch)
    unread = figures.unreadable if figures else []
    reason = problem or late or next(iter([*unread, *unjudged.values()]), None)
    everywhere = bool(problem or late or figures is None or "source" in unjudged)
    found: set[Place] = {place for place in unjudged if place != "source"}
    return Blindness(reason, frozenset(found | unread_places(figures)), everywhere)


def lateness(watch: Watched) -> str | None:
    """Why verdicts cannot be trusted, where they are old."""
    if watch.last_evaluated_at is None:
        return "no rule has been evaluated yet"
    if watch.lag_seconds is None:
        return "the last evaluation lies ahead of the clock, which has gone back"
    return f"the rules were last evaluated {watch.lag_seconds:.0f} s ago" if watch.is_late else None


def unread_places(figures: SummaryFigures | None) -> set[Place]:
    """The stages whose figures could not be read."""
    if figures is None:
        return set()
    parts = {
        "upload_attempts": figures.ingest,
        "transcode_jobs": figures.transcode,
        "worker_heartbeats": figures.liveness,
        "play_attempts": figures.playback,
    }
    return {STAGE_OF_RELATION[one] for one, part in parts.items() if part is None and one not in figures.absent}


def unjudged_places(states: Iterable[StateRow]) -> Unjudged:
    """Which stages and layers the last tick could not judge, and why.

    What was last judged long before is gone from the source, and hides nothing.
    """
    # What says which relation is at fault comes first: it is the better reason.
    known = sorted(states, key=lambda state: state.rule != "source_unreadable")
    newest = max((state.evaluated_at for state in known), default=None)
    found: dict[Place | Literal["source"], str] = {}
    for state in known:
        is_blind = state.verdict == "unknown" or (state.rule == "source_unreadable" and state.verdict == "breach")
        if is_blind and newest and newest - state.evaluated_at < LAST_TICK:
            found.setdefault(place_of(state), unjudged_reason(state))
    return found


def place_of(state: StateRow) -> Place | Literal["source"]:
    """The stage or layer that a finding speaks of; a relation that cannot be read hides its own."""
    if state.rule == "source_unreadable":
        if state.subject is None:
            return "source"
        return STAGE_OF_RELATION.get(state.subject, "api" if state.subject == "api_requests" else "sight")
    about = BOOK[state.rule].of(state.subject)
    return about.stage or about.layer


def unjudged_reason(state: StateRow) -> str:
    """Why a finding says nothing of its stage."""
    reason = state.reason or "nobody knows why"
    if state.rule == "source_unreadable":
        return f"{f'relation {state.subject}' if state.subject else 'the source'} cannot be read: {reason}"
    return f"the rule {state.rule} could not be evaluated: {reason}"
