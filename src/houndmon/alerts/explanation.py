"""What explains what: which of several open alerts is the cause, and which are its symptoms. Pure.

The table itself is the rules' own `explained_by`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from houndmon.core.filters import ENVIRONMENTS, Environment
from houndmon.rulebook.book import BOOK
from houndmon.rulebook.spec import SEVERITIES, Severity


class OpenAlert(Protocol):
    """What must be known of an alert to tell its cause."""

    @property
    def id(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def environment(self) -> Environment: ...
    @property
    def subject(self) -> str | None: ...
    @property
    def state(self) -> Literal["firing", "recovered", "closed"]: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def fired_at(self) -> datetime: ...
    @property
    def recovered_at(self) -> datetime | None: ...


A = TypeVar("A", bound=OpenAlert)


def root_causes(alerts: Iterable[A]) -> dict[str, A]:
    """The cause of each alert that another one explains, by its id: the end of the chain of explanations."""
    by_rule: dict[str, list[A]] = {}
    for alert in alerts:
        if alert.state != "closed":
            by_rule.setdefault(alert.rule, []).append(alert)
    known = [alert for those in by_rule.values() for alert in those]
    nearest = {alert.id: cause for alert in known if (cause := nearest_cause(alert, by_rule))}
    found = {}
    for id, cause in nearest.items():
        root = cause
        while root.id in nearest:
            root = nearest[root.id]
        found[id] = root
    return found


def nearest_cause(alert: A, by_rule: Mapping[str, Sequence[A]]) -> A | None:
    """What explains an alert first: what fires before what recovered, the most severe, the oldest.

    Looked for among the alerts of its possible causes alone: hundreds may be open that explain nothing.
    """
    rules = {*BOOK[alert.rule].of(alert.subject).explained_by, *([alert.rule] if BOOK[alert.rule].is_of_source else [])}
    causes = [other for rule in rules for other in by_rule.get(rule, ()) if explains(other, alert)]
    return min(causes, key=lambda one: (one.state, SEVERITIES.index(one.severity), one.fired_at, one.id), default=None)


def explains(cause: OpenAlert, effect: OpenAlert) -> bool:
    """Whether one open alert brings another about: by the rules, and by when each fired."""
    return is_cause_of(cause, effect) and is_in_force(cause, effect)


def is_cause_of(cause: OpenAlert, effect: OpenAlert) -> bool:
    """Whether the rules say that an alert explains another; a budget explains none but its own level's."""
    of_source = BOOK[effect.rule].is_of_source
    if of_source and cause.rule == effect.rule and cause.subject == effect.subject:
        return ENVIRONMENTS.index(cause.environment) < ENVIRONMENTS.index(effect.environment)
    if cause.environment != effect.environment or cause.rule not in BOOK[effect.rule].of(effect.subject).explained_by:
        return False
    if cause.rule == effect.rule:
        return cause.subject is None and effect.subject is not None  # the whole explains its parts
    return BOOK[cause.rule].directness != "budget" or cause.subject == effect.subject


def is_in_force(cause: OpenAlert, effect: OpenAlert) -> bool:
    """Whether a cause still accounts for an effect, or did.

    What it does to a budget lasts: the windows of a burn rate hold the failures for hours after their cause is gone.
    Anything else that still fires once its cause has recovered stands for itself.
    """
    if effect.recovered_at and effect.recovered_at < cause.fired_at:
        return False
    if BOOK[effect.rule].directness == "budget":
        return True
    if effect.state == "firing":
        return cause.state == "firing"
    return not cause.recovered_at or effect.fired_at <= cause.recovered_at
