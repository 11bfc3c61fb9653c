"""What is said of a rule: the form that every family fills in."""

from collections.abc import Callable, Mapping
from typing import Literal, get_args

import msgspec
from msgspec.structs import force_setattr

from houndmon.core.clock import Range
from houndmon.rulebook.detection import MINUTE, TICK_SECONDS, window_seconds
from houndmon.rulebook.levels import Levels
from houndmon.rulebook.parts import Part, Stage
from houndmon.rulebook.units import Unit

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")  # the worst first
OwnKey = Literal[
    "threshold",
    "ceiling",
    "minimum_sample",
    "minimum_bad",
    "baseline_factor",
    "delay_minutes",
    "stalled_after",
    "stuck_after",
    "silent_after",
    "idle_is_ok",
]
OWN_KEYS: tuple[OwnKey, ...] = get_args(OwnKey)
"""The keys that only some rules read: on another they would say what does not happen."""
Layer = Literal["chain", "api", "sight"]
Directness = Literal["itself", "beside", "budget"]
"""How directly a rule speaks of its stage: of the thing itself, of what lies beside it, of what it does to a budget."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, as it is configured. `owner_role` None on a burn rule: the service level's owner answers for it."""

    name: str
    enabled: bool = True
    threshold: float | None = None
    hold_seconds: float = 0  # `for`: how long the condition must last before it fires
    recover_after_seconds: float = 120
    minimum_sample: int = 1
    minimum_bad: int = 3
    baseline_factor: float = 3
    ceiling: float | None = None  # a share above which no baseline is asked
    delay_minutes: int = 0  # how far back the rule's window is moved, for counts that arrive late
    stalled_after_seconds: float = 15 * MINUTE  # in which nothing finishes while a job waits
    stuck_after_seconds: float = 6 * 60 * MINUTE  # after which nobody is believed to work at a job
    silent_after_seconds: float = 10 * MINUTE  # since a worker's newest beat, after which it works at nothing
    idle_is_ok: bool = False  # whether no worker need beat while no job waits
    severity: Severity = "critical"
    owner_role: str | None
    response_target_minutes: float
    runbook_url: str = ""  # houndmon's own, where none is given

    def __post_init__(self) -> None:
        if not self.runbook_url:
            force_setattr(self, "runbook_url", runbook(self.name))


def runbook(rule: str) -> str:
    """Where houndmon's own runbook of a rule lies, below the page's address."""
    return f"/runbooks/{rule}"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert is about: its unit, the panel that shows its cause, its area of the feed, its stage, its causes."""

    unit: Unit
    panel: str
    area: str
    stage: Stage | None
    explained_by: tuple[str, ...]

    @property
    def layer(self) -> Layer:
        """What it is a part of: the chain, the API below it, or houndmon's own sight."""
        if self.stage:
            return "chain"
        return "api" if self.area == "api" else "sight"


class ValueChart(msgspec.Struct, frozen=True, kw_only=True):
    """How a rule's own value is drawn over time: title and unit, and how many of the value's units make one of that."""

    title: str
    unit: Literal["count", "minutes", "ratio", "times"]
    divisor: float = 1.0


class RuleSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said of a rule but how it is judged. Every field must be given: half a spec does not import.

    `recovered` says what is well again once it has recovered, `no_value` what is wrong where it has no value: words of
    a notification.
    `subjects` are those whose panel, area, stage, unit or causes are not the rule's own. `explained_by` names the rules
    whose firing brings this one about. Where not `has_past`, rows do not tell what the rule would have found; one that
    `fails_with_lag` judges ages or absence, which a lagging replica belies. One that `is_of_source` finds the same in
    every environment.
    `sees_failure_after` gives the seconds until its condition is true, `for` apart. `chart` is the chart of its panel
    that draws the value which its threshold is for; most have none. `value_chart` is how an alert's page draws its
    value over time; None where the rows do not tell what that was.
    """

    title: str
    recovered: str
    unit: Unit
    no_value: str
    panel: str
    range: Range
    chart: str | None
    value_chart: ValueChart | None
    area: str
    stage: Stage | None
    directness: Directness
    subjects: Mapping[str, Subject]
    own_keys: tuple[OwnKey, ...]
    parts: frozenset[Part]
    has_past: bool
    fails_with_lag: bool
    is_of_source: bool
    explained_by: tuple[str, ...]
    condition: Callable[[Rule], str]
    sees_failure_after: Callable[[Rule, Levels], float | None]
    default: Rule

    @property
    def name(self) -> str:
        """What the rule is called in the file and in the API."""
        return self.default.name

    def of(self, subject: str | None) -> Subject:
        """What an alert is about, by its subject."""
        own = Subject(
            unit=self.unit, panel=self.panel, area=self.area, stage=self.stage, explained_by=self.explained_by
        )
        return self.subjects.get(subject, own) if subject else own

    def detection_seconds(self, rule: Rule, levels: Levels) -> float | None:
        """Seconds from the start of a total failure to the alert, at the most; None where the rule never sees one."""
        known = self.sees_failure_after(rule, levels)
        return None if known is None else known + rule.hold_seconds + TICK_SECONDS


def threshold_of(rule: Rule) -> float:
    """The threshold of a rule that has one."""
    assert rule.threshold is not None, f"{rule.name} has no threshold"
    return rule.threshold


def after(seconds: float) -> Callable[[Rule, Levels], float]:
    """The condition is true after a fixed time."""
    return lambda rule, levels: seconds


def after_share_of(span: str) -> Callable[[Rule, Levels], float]:
    """The condition is true once failures fill the threshold's share of a window."""
    return lambda rule, levels: threshold_of(rule) * window_seconds(span)


def times_usual(rule: Rule) -> str:
    """How a share must stand out from what is usual, in words; nothing where none is asked."""
    return f", and > {rule.baseline_factor:g} times the usual" if rule.baseline_factor else ""
