"""When incidents happen: a plan that depends on nothing but its seed and its start."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from houndmon.core.filters import Environment
from houndmon.demo.incidents import INCIDENTS, NO_INCIDENT, OPENING, IncidentKind

# Short enough that all of them happen within fifteen minutes, each after the other.
FIRST_AFTER = timedelta(seconds=15)
PAUSE_SECONDS = (4.0, 6.0)

# How often the demo holds served figures against the rows: each hour would be too seldom for a visitor.
SAMPLED_SECONDS = 40.0
KNOWN = {**INCIDENTS, OPENING.name: OPENING}


@dataclass(frozen=True, slots=True)
class Announcement:
    """An incident of the plan: what, when, what to expect; `phase` is `planned`, `began` or `healed`.

    `rule` is the alert rule that should fire, empty where none watches it.
    """

    name: str
    title: str
    begins_at: datetime
    ends_at: datetime
    expect: str
    rule: str
    environment: Environment = "prod"
    phase: str = "planned"


class Schedule:
    """The endless plan of incidents from `started_at` on; never two at once in an environment.

    `speed` shortens the pauses and rests, not the incidents: the rules' windows stay as they are.
    `first` names an incident that begins at once; `calm` plans none beside it. `opening` says that staging has stood
    still before the start.
    """

    def __init__(
        self,
        *,
        seed: int,
        started_at: datetime,
        speed: float = 1.0,
        calm: bool = False,
        first: str | None = None,
        opening: bool = False,
    ) -> None:
        if first is not None and first not in INCIDENTS:
            raise ValueError(f"no incident is called {first!r}; known: {', '.join(INCIDENTS)}")
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self._speed, self._calm = speed, calm
        self._started_at, self._rng = started_at, Random(f"{seed}:schedule")
        self._opening = _announce(OPENING, started_at) if opening and not calm else None
        self._planned: list[Announcement] = []
        self._plan = self._plan_all(INCIDENTS[first] if first else None)

    def on(self, now: datetime) -> list[Announcement]:
        """Return the incidents that are on at `now`, at most one an environment."""
        current, opening = self.current(now), self._opening
        found = [current] if current else []
        return [*found, opening] if opening and now < opening.ends_at else found

    def current(self, now: datetime) -> Announcement | None:
        """Return the incident that is on in prod at `now`."""
        place = self._after(now)
        last = self._planned[place - 1] if place else None
        return last if last and now < last.ends_at else None

    def incident(self, now: datetime, environment: str = "prod") -> IncidentKind:
        """Return what is going wrong in an environment at `now`, or health."""
        names = [announced.name for announced in self.on(now) if announced.environment == environment]
        return KNOWN[names[0]] if names else NO_INCIDENT

    def upcoming(self, now: datetime, count: int = 3) -> list[Announcement]:
        """Return the next incidents that begin after `now`."""
        place = self._after(now)
        while len(self._planned) < place + count and self._extend():
            pass
        return self._planned[place : place + count]

    def _after(self, now: datetime) -> int:
        while (not self._planned or self._planned[-1].begins_at <= now) and self._extend():
            pass
        return bisect_right(self._planned, now, key=lambda planned: planned.begins_at)

    def _extend(self) -> bool:
        planned = next(self._plan, None)
        if planned is not None:
            self._planned.append(planned)
        return planned is not None

    def _plan_all(self, first: IncidentKind | None) -> Iterator[Announcement]:
        free_at = self._started_at + FIRST_AFTER / self._speed
        rested: dict[str, datetime] = {}
        if first is not None:
            planned = _announce(first, self._started_at)
            yield planned
            free_at = max(free_at, planned.ends_at + self._pause())
            rested[first.name] = planned.ends_at + self._rest(first)
        while not self._calm:
            incident, ready_at = self._choose(rested)
            planned = _announce(incident, max(free_at, ready_at))
            yield planned
            free_at = planned.ends_at + self._pause()
            rested[incident.name] = planned.ends_at + self._rest(incident)

    def _choose(self, rested: dict[str, datetime]) -> tuple[IncidentKind, datetime]:
        ready = [
            (rested.get(incident.name, self._started_at), self._rng.random(), incident)
            for incident in INCIDENTS.values()
            if incident.scheduled
        ]
        ready_at, _, incident = min(ready, key=lambda one: one[:2])
        return incident, ready_at

    def _pause(self) -> timedelta:
        return timedelta(seconds=self._rng.uniform(*PAUSE_SECONDS)) / self._speed

    def _rest(self, incident: IncidentKind) -> timedelta:
        return timedelta(seconds=incident.rest_seconds) / self._speed


def _announce(incident: IncidentKind, at: datetime) -> Announcement:
    ends_at = at + timedelta(seconds=incident.seconds)
    return Announcement(
        incident.name, incident.title, at, ends_at, incident.expect, incident.rule, incident.environment
    )
