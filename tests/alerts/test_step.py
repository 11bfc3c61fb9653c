from datetime import timedelta
from functools import partial

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from factories import NOW
from houndmon.alerts import step as steps
from houndmon.alerts.step import Memory, Step, step

HOLD, RECOVER = 60, 120
LIVES = settings(max_examples=150, stateful_step_count=40, deadline=None, derandomize=True)
MUTANTS = settings(LIVES, max_examples=5000, phases=[Phase.generate])  # that they are caught is enough
ago = {seconds: NOW - timedelta(seconds=seconds) for seconds in (1, 59, 60, 61, 119, 120, 121)}
judged = partial(step, now=NOW, hold_seconds=HOLD, recover_after_seconds=RECOVER)
NEVER, FIRING, RECOVERED = Memory(), Memory(alert="firing"), Memory(alert="recovered")

TABLE = [
    # verdict, clears, memory; then state, change, pending_since, clear_since
    ("breach", False, NEVER, "pending", None, NOW, None),
    ("breach", False, Memory(ago[59]), "pending", None, ago[59], None),
    ("breach", False, Memory(ago[60]), "firing", "fired", None, None),
    ("breach", False, Memory(ago[61]), "firing", "fired", None, None),
    ("breach", False, FIRING, "firing", None, None, None),
    ("breach", False, Memory(None, ago[119], "firing"), "firing", None, None, None),
    ("breach", False, RECOVERED, "pending", None, NOW, None),
    ("breach", False, Memory(ago[59], None, "recovered"), "pending", None, ago[59], None),
    ("breach", False, Memory(ago[60], None, "recovered"), "firing", "fired_again", None, None),
    ("ok", True, NEVER, "ok", None, None, None),
    ("ok", True, Memory(ago[59]), "ok", None, None, None),
    ("ok", True, Memory(ago[61]), "ok", None, None, None),
    ("ok", True, FIRING, "firing", None, None, NOW),
    ("ok", True, Memory(None, ago[119], "firing"), "firing", None, None, ago[119]),
    ("ok", True, Memory(None, ago[120], "firing"), "recovered", "recovered", None, None),
    ("ok", True, RECOVERED, "recovered", None, None, None),
    ("ok", True, Memory(ago[59], None, "recovered"), "recovered", None, None, None),
    ("ok", False, Memory(None, ago[121], "firing"), "firing", None, None, None),
    ("insufficient", True, Memory(None, ago[120], "firing"), "recovered", "recovered", None, None),
    ("insufficient", True, FIRING, "firing", None, None, NOW),
    ("insufficient", False, Memory(None, ago[121], "firing"), "firing", None, None, None),
    ("insufficient", False, Memory(ago[61]), "ok", None, None, None),
    ("no_data", False, NEVER, "ok", None, None, None),
    ("no_data", False, Memory(ago[61]), "ok", None, None, None),
    ("no_data", False, Memory(None, ago[121], "firing"), "firing", None, None, None),
    ("no_data", False, RECOVERED, "recovered", None, None, None),
    ("unknown", False, NEVER, "ok", None, None, None),
    ("unknown", False, Memory(ago[61]), "pending", None, ago[61], None),
    ("unknown", False, FIRING, "firing", None, None, None),
    ("unknown", False, Memory(None, ago[121], "firing"), "firing", None, None, None),
    ("unknown", False, RECOVERED, "recovered", None, None, None),
    ("unknown", False, Memory(ago[61], None, "recovered"), "pending", None, ago[61], None),
]


@pytest.mark.parametrize(("verdict", "clears", "before", "state", "change", "pending", "clear"), TABLE)
def test_it_takes_every_verdict_from_every_state(verdict, clears, before, state, change, pending, clear):
    """Each verdict leads from each state to the one that the table says, at the very second."""
    alert = state if state in ("firing", "recovered") else before.alert
    assert judged(verdict, clears, before) == Step(state, Memory(pending, clear, alert), change)


def test_it_fires_at_once_without_a_hold():
    """A rule that need not hold fires at its first breach, and recovers at once where it need not stay clear."""
    at_once = partial(step, now=NOW, hold_seconds=0, recover_after_seconds=0)
    assert at_once("breach", False, NEVER).change == "fired"
    assert at_once("breach", False, RECOVERED).change == "fired_again"
    assert at_once("ok", True, FIRING).change == "recovered"


@pytest.mark.parametrize("verdict", ["breach", "ok"])
def test_it_never_counts_time_that_runs_backwards(verdict):
    """Where the clock was set back, what began `later` begins now: it fires and recovers no earlier for it."""
    ahead = NOW + timedelta(hours=1)
    before = Memory(ahead) if verdict == "breach" else Memory(None, ahead, "firing")
    taken = judged(verdict, verdict == "ok", before)
    assert taken.change is None
    assert NOW in (taken.memory.pending_since, taken.memory.clear_since)


class Reference:
    """The life of an alert in ten lines: how long the present run of breaches, or of health, has lasted."""

    def __init__(self):
        self.state, self.run, self.word, self.flaps = "ok", [], None, 0

    def judge(self, verdict, clears, now):
        word = "bad" if verdict == "breach" else "good" if clears else None
        blind = verdict == "unknown" and self.word == "bad"  # what cannot be read ends no breach, and no alert
        if word is None or word != self.word:
            self.run = self.run if blind else []
        self.run = [at for at in self.run if at <= now] + ([now] if word else [])
        self.word = "bad" if blind else word
        lasted = now - self.run[0] if self.run else -1
        if word == "bad" and self.state != "firing" and lasted >= HOLD:
            self.flaps += self.state == "recovered"
            self.state, self.run, self.word = "firing", [], None
        elif word == "good" and self.state == "firing" and lasted >= RECOVER:
            self.state, self.run, self.word = "recovered", [], None


class Life(RuleBasedStateMachine):
    """Any verdicts at any times, before the step and before the reference."""

    taken = staticmethod(steps.step)

    def __init__(self):
        super().__init__()
        self.now, self.memory, self.reference = 0, Memory(), Reference()
        self.shown, self.flaps = "ok", 0

    def judge(self, verdict, clears):
        self.reference.judge(verdict, clears, self.now)
        at = NOW + timedelta(seconds=self.now)
        taken = self.taken(verdict, clears, self.memory, at, hold_seconds=HOLD, recover_after_seconds=RECOVER)
        assert taken.change is None or verdict not in ("unknown", "no_data")
        self.flaps += taken.change == "fired_again"
        self.memory, self.shown = taken.memory, taken.state

    @rule(seconds=st.sampled_from([0, 1, 5, 5, 5, 55, 59, 60, 61, 120, 3600]))
    def time_passes(self, seconds):
        self.now += seconds

    @rule(seconds=st.sampled_from([1, 30, 3600]))
    def clock_is_set_back(self, seconds):
        self.now -= seconds

    @rule(ticks=st.sampled_from([1, 2, 11, 12, 13, 24, 25, 26]))
    def breaches(self, ticks):
        for _ in range(ticks):
            self.judge("breach", False)
            self.now += 5

    @rule(verdict=st.sampled_from(["ok", "insufficient"]), ticks=st.sampled_from([1, 2, 11, 12, 13, 24, 25, 26]))
    def clears(self, verdict, ticks):
        for _ in range(ticks):
            self.judge(verdict, True)
            self.now += 5

    @rule(verdict=st.sampled_from(["unknown", "no_data", "insufficient"]))
    def says_nothing(self, verdict):
        self.judge(verdict, False)

    @precondition(lambda self: self.memory.alert == "recovered")
    @rule()
    def somebody_closes(self):
        self.memory = Memory(self.memory.pending_since)
        self.reference.state, self.reference.flaps, self.flaps = "ok", 0, 0
        self.shown = "pending" if self.memory.pending_since else "ok"

    @invariant()
    def it_agrees(self):
        open_state = self.memory.alert or "ok"
        assert (open_state, self.flaps) == (self.reference.state, self.reference.flaps)
        assert self.shown in (open_state, "pending")


def test_it_lives_as_the_reference_does():
    """Whatever comes in whatever order, the step fires, recovers and flaps when the reference does."""
    run_state_machine_as_test(Life, settings=LIVES)


def forgetful(verdict, clears, before, now, **limits):
    """A step that takes what cannot be read for health."""
    return step("ok" if verdict == "unknown" else verdict, clears or verdict == "unknown", before, now, **limits)


def hasty(verdict, clears, before, now, **limits):
    """A step that fires a tick early."""
    return step(verdict, clears, before, now, **limits | {"hold_seconds": HOLD - 5})


def late(verdict, clears, before, now, **limits):
    """A step that fires a tick late."""
    return step(verdict, clears, before, now, **limits | {"hold_seconds": HOLD + 5})


def trusting(verdict, clears, before, now, **limits):
    """A step that lets silence between two signs of health count as health."""
    if before.alert == "firing" and verdict in ("unknown", "no_data"):
        return Step("firing", before)
    return step(verdict, clears, before, now, **limits)


def backwards(verdict, clears, before, now, **limits):
    """A step that believes a clock that was set back: what began before the change still counts."""
    if verdict == "breach" and before.pending_since and before.pending_since > now:
        return step(verdict, clears, Memory(now - timedelta(seconds=HOLD), None, before.alert), now, **limits)
    return step(verdict, clears, before, now, **limits)


@pytest.mark.parametrize("wrong", [forgetful, hasty, late, trusting, backwards], ids=lambda wrong: wrong.__name__)
def test_it_would_catch_a_wrong_step(wrong):
    """The reference finds each of these wrong steps: the test of the life of an alert can fail."""
    mutant = type("Mutant", (Life,), {"taken": staticmethod(wrong)})
    with pytest.raises((AssertionError, ExceptionGroup)):
        run_state_machine_as_test(mutant, settings=MUTANTS)
